"""NVML is asked in its own terms, and whatever it cannot tell is left out."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fer_utils import nvml

UUID = "01234567-89ab-cdef-0123-456789abcdef"


class Library:
    """Plays NVML: 0 is its word for success."""

    def __init__(self, fails: int = 0) -> None:
        self.fails, self.begun = fails, False

    def nvmlInit_v2(self) -> int:
        self.begun = True
        return 0

    def nvmlSystemGetDriverVersion(self, text: Any, length: ctypes.c_uint) -> int:
        assert self.begun and length.value == len(text)
        text.value = b"580.1"
        return self.fails

    def nvmlDeviceGetHandleByUUID(self, name: ctypes.c_char_p, card: Any) -> int:
        assert name.value == f"GPU-{UUID}".encode()
        card._obj.value = 7
        return self.fails

    def nvmlDeviceGetTotalEnergyConsumption(self, card: ctypes.c_void_p, used: Any) -> int:
        assert card.value == 7
        used._obj.value = 5_000_000_000_250
        return 0


@pytest.fixture(autouse=True)
def a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=UUID))


def test_driver_and_energy_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml.ctypes, "CDLL", lambda name: Library())
    assert nvml.driver() == "580.1" and nvml.joules() == 5_000_000_000.25


def test_what_nvml_cannot_tell_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml.ctypes, "CDLL", lambda name: Library(fails=3))
    assert nvml.driver() is None and nvml.joules() is None


def test_without_the_library_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(nvml.ctypes, "CDLL", missing)
    assert nvml.driver() is None and nvml.joules() is None
