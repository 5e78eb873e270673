"""Made-up GPUs, drivers and builds of torch."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from fer_utils import accelerators, devices


def pretend(
    monkeypatch: pytest.MonkeyPatch,
    *,
    driver: bool = True,
    installed: bool = True,
    works: bool = True,
    built: str | None = "13.0",
    visible: str | None = "0",
) -> None:
    """Let this process see an NVIDIA driver, and a torch that can use a GPU, or not.

    Args:
        driver: whether the driver's library is there.
        installed: whether torch is.
        works: what ``torch.cuda.is_available()`` says.
        built: for which CUDA torch was built.
        visible: ``CUDA_VISIBLE_DEVICES``.
    """
    accelerators._why_no_cuda.cache_clear()
    torch = SimpleNamespace(
        __version__="9.9",
        __spec__=SimpleNamespace(name="torch"),
        cuda=SimpleNamespace(is_available=lambda: works, get_device_name=lambda index: "NVIDIA X9"),
        version=SimpleNamespace(cuda=built),
        get_default_dtype=lambda: "torch.float32",
        get_float32_matmul_precision=lambda: "highest",
        get_num_threads=lambda: 2,
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    if not installed:
        monkeypatch.setattr(accelerators.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(accelerators, "_driver_there", lambda: driver)
    monkeypatch.delenv(devices.CHOSEN, raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
