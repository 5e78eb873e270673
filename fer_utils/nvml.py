"""What NVIDIA's management library, which comes with every driver, tells of a card. Nothing is told without it."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
LONGEST = 96
"""Bytes of a version, more than NVML writes."""


def driver() -> str | None:
    """The driver's version, such as ``"580.159.04"``; ``None`` where nobody tells."""
    with contextlib.suppress(OSError, AttributeError):
        version = ctypes.create_string_buffer(LONGEST)
        if not _loaded().nvmlSystemGetDriverVersion(version, ctypes.c_uint(LONGEST)):
            return version.value.decode("ascii", "replace")
    return None


def joules() -> float | None:
    """The energy that torch's first card has used since its driver was loaded, by whomever; ``None``: nobody tells."""
    with contextlib.suppress(OSError, AttributeError):
        library, card, used = _loaded(), ctypes.c_void_p(), ctypes.c_ulonglong()
        # By its own name: CUDA_VISIBLE_DEVICES may have given it another number.
        name = f"GPU-{importlib.import_module('torch').cuda.get_device_properties(0).uuid}".encode()
        if library.nvmlDeviceGetHandleByUUID(ctypes.c_char_p(name), ctypes.byref(card)):
            return None
        if not library.nvmlDeviceGetTotalEnergyConsumption(card, ctypes.byref(used)):
            return used.value / 1e3
    return None


def _loaded() -> Any:
    library = ctypes.CDLL(LIBRARY)
    library.nvmlInit_v2()
    return library
