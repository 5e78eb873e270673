"""The GPU is asked of torch. Neither a driver nor torch's own hardware is needed here: both are made up."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from fer_utils import accelerators
from tests.gpus import pretend


@pytest.fixture(autouse=True)
def asked_anew():
    for question in (accelerators._why_no_cuda, accelerators._why_no_mps):
        question.cache_clear()
    yield
    for question in (accelerators._why_no_cuda, accelerators._why_no_mps):
        question.cache_clear()


@pytest.mark.parametrize("visible", [None, "0", "0,1", "1,-1", "GPU-8932f937"])
def test_a_gpu_that_torch_can_use_is_there_whatever_the_system_s_folders_hold(monkeypatch, visible):
    """As under WSL2, which has no ``/proc/driver/nvidia``."""
    pretend(monkeypatch, visible=visible)
    assert accelerators.why_not("cuda") is None


@pytest.mark.parametrize("visible", ["", " ", "-1", "-1,0"])
def test_hidden_gpus_are_not_there_and_nothing_is_imported_to_know_it(monkeypatch, visible):
    monkeypatch.setattr(accelerators, "_why_no_cuda", lambda: pytest.fail("was asked"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert accelerators.why_not("cuda") == f"CUDA_VISIBLE_DEVICES={visible!r} hides every NVIDIA GPU"


@pytest.mark.parametrize(
    ("made_up", "reason"),
    [
        ({"driver": False}, "there is no NVIDIA driver (libcuda.so.1)"),
        ({"works": False, "built": None}, "the installed torch 9.9 is a build without CUDA"),
        ({"works": False}, "torch 9.9 finds no NVIDIA GPU that it can use"),
        ({"installed": False}, "torch is not installed"),
    ],
)
def test_a_driver_alone_is_no_gpu(monkeypatch, made_up, reason):
    pretend(monkeypatch, **made_up)
    assert accelerators.why_not("cuda") == reason


def test_torch_is_not_imported_where_there_is_no_driver(monkeypatch):
    pretend(monkeypatch, driver=False)
    monkeypatch.setattr(accelerators.importlib, "import_module", lambda name: pytest.fail(f"imported {name}"))
    assert accelerators.why_not("cuda")


@pytest.mark.parametrize(("there", "reason"), [(True, None), (False, "torch 9.9 finds no Apple GPU that it can use")])
def test_apple_s_gpu_is_asked_of_torch_too(monkeypatch, there, reason):
    pretend(monkeypatch)
    sys.modules["torch"].backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: there))
    assert accelerators.why_not("mps") == reason
