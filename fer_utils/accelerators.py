"""Which accelerators can compute here: the framework that would use one is asked, not the system's folders.

A driver's files prove nothing: WSL2 has a GPU without ``/proc/driver/nvidia``, a CPU build of torch cannot use the GPU
that a driver announces, and ``CUDA_VISIBLE_DEVICES=-1`` hides it. Importing torch takes seconds, so it is asked once,
late, and only where the system has the library without which its answer can only be no.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
from functools import cache

DRIVER = "libcuda.so.1"
"""What torch loads NVIDIA's driver by, under WSL2 too."""


def why_not(device: str) -> str | None:
    """Why torch cannot compute on ``"cuda"`` or ``"mps"`` in this process, as half a sentence; ``None`` if it can."""
    if device == "mps":
        return _why_no_mps()
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    # CUDA reads the list up to the first number that names no device.
    if hidden is not None and (not hidden.strip() or hidden.strip().startswith("-")):
        return f"CUDA_VISIBLE_DEVICES={hidden!r} hides every NVIDIA GPU"
    return _why_no_cuda()


@cache
def _why_no_cuda() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    if not _driver_there():
        return f"there is no NVIDIA driver ({DRIVER})"
    torch = importlib.import_module("torch")
    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None:
        return f"the installed torch {torch.__version__} is a build without CUDA"
    return f"torch {torch.__version__} finds no NVIDIA GPU that it can use"


@cache
def _why_no_mps() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    torch = importlib.import_module("torch")
    if torch.backends.mps.is_available():
        return None
    return f"torch {torch.__version__} finds no Apple GPU that it can use"


def _driver_there() -> bool:
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True
