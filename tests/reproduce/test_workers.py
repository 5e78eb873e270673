"""A worker that would compute other numbers is told so, or made equal while there is time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fer_utils import devices
from fer_utils.errors import FerError
from fer_utils.reproduce import units, workers
from tests.reproduce.toy_units import square, which_keras

CALL = {"number": 2, "log": "/dev/null"}
KERAS = "keras backend"


@pytest.fixture(autouse=True)
def a_fresh_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a process that has computed nothing yet and has not loaded Keras."""
    monkeypatch.setattr(workers, "_agreed", [])
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    yield


def compute(surroundings: dict[str, str], code: list[Any] | None = None) -> int:
    found = workers.compute(workers.name_of(square), code or workers.code_of(square), surroundings, CALL)
    return int(found["square"][0])


def test_a_worker_with_the_same_surroundings_computes() -> None:
    assert compute(devices.arithmetic()) == 4


def test_a_worker_asks_for_deterministic_kernels() -> None:
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        compute(devices.arithmetic())
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def test_a_worker_with_other_code_is_refused() -> None:
    source, libraries = workers.code_of(square)
    for code in (["another", libraries], [source, {**libraries, "numpy": "0.1"}]):
        with pytest.raises(FerError, match="a worker has other code"):
            compute(devices.arithmetic(), code)


@pytest.mark.parametrize("there", ["torch", None])
def test_a_backend_is_made_equal_before_keras_is_loaded(monkeypatch: pytest.MonkeyPatch, there: str | None) -> None:
    for here in ("tensorflow", ""):
        monkeypatch.setattr(workers, "_agreed", [])
        if there:
            monkeypatch.setenv("KERAS_BACKEND", there)
        assert compute({**devices.arithmetic(), KERAS: here}) == 4
        assert devices.arithmetic()[KERAS] == here


def loaded(monkeypatch: pytest.MonkeyPatch, backend: str, **config: Any) -> None:
    """Keras, as a unit or the user's start-up file has loaded and set it."""
    settings = {"floatx": "float32", "image_data_format": "channels_last", "epsilon": 1e-7, **config}
    functions = {name: lambda value=value: value for name, value in settings.items()}
    functions["dtype_policy"] = lambda: SimpleNamespace(name="float32")
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: backend), config=SimpleNamespace(**functions))
    monkeypatch.setitem(sys.modules, "keras", keras)


def test_a_backend_that_is_loaded_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {**devices.arithmetic(), KERAS: "tensorflow"}
    loaded(monkeypatch, "torch")
    with pytest.raises(FerError, match=r"other numbers.*keras backend: torch there, tensorflow here.*anew"):
        compute(wanted)
    loaded(monkeypatch, "tensorflow")
    assert compute(wanted) == 4


def apart(surroundings: dict[str, str], fails: bool = False) -> dict[str, Any]:
    unit = workers.name_of(which_keras), workers.code_of(which_keras)
    return workers.compute_apart(*unit, surroundings, {"fails": fails})


def test_a_cluster_s_worker_serves_papers_that_want_another_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after each other on one cluster: who has loaded one backend starts a process for the other."""
    wanted = {**devices.arithmetic(), KERAS: "tensorflow"}
    assert apart(wanted) == {"backend": "tensorflow", "process": os.getpid()}
    loaded(monkeypatch, "torch")
    found = apart(wanted)
    assert found["backend"] == "tensorflow" and found["process"] != os.getpid()
    with pytest.raises(FerError, match="no such backend"):
        apart(wanted, fails=True)
    # Once agreed upon, a backend is not taken for the one that was loaded since.
    assert apart({**wanted, KERAS: "torch"})["process"] == os.getpid()


def test_a_process_apart_that_dies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(monkeypatch, "torch")
    monkeypatch.setattr(workers.sys, "executable", "/bin/false")
    with pytest.raises(FerError, match="which_keras ended with exit code 1, without a result"):
        apart({**devices.arithmetic(), KERAS: "tensorflow"})


def test_keras_settings_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = devices.arithmetic()
    loaded(monkeypatch, "", floatx="float16")
    with pytest.raises(FerError, match="keras floatx: float16 there, float32 here"):
        compute(wanted)


def test_variables_that_reach_numbers_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    wanted = devices.arithmetic()
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    with pytest.raises(FerError, match="ATEN_CPU_CAPABILITY: default there, not set here"):
        compute(wanted)
    assert compute(devices.arithmetic()) == 4


def test_a_unit_that_loads_keras_does_not_turn_its_worker_away(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = devices.arithmetic()
    assert compute(wanted) == 4
    loaded(monkeypatch, wanted[KERAS] or "tensorflow")
    assert compute(wanted) == 4


@pytest.mark.parametrize("name", ["KERAS_BACKEND", "ATEN_CPU_CAPABILITY"])
def test_what_reaches_numbers_is_in_the_key(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = units.unit_key(square, CALL)
    monkeypatch.setenv(name, "torch")
    assert units.unit_key(square, CALL) != before


def test_a_parent_that_is_no_more_is_noticed() -> None:
    import os
    import subprocess

    assert workers._exists(os.getpid())
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    assert not workers._exists(gone.pid)
