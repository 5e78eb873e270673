"""Devices, backends, silence and seeds. Frameworks are imported in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys

import numpy as np
import pytest

from fer_utils import devices
from fer_utils.errors import FerError, UsageError

IMPORT_AND_REPORT = """
import json, sys
import numpy as np
from fer_utils import devices
keras = devices.import_keras("tensorflow")
again = devices.import_keras("torch")

def draws(seed):
    devices.seed_everything(seed)
    return [float(keras.random.normal((1,))[0]), float(keras.layers.Dense(1).kernel_initializer((2, 1))[0, 0])]

needed = "tensorflow" in sys.modules
import tensorflow

print(json.dumps({
    "same module": again is keras,
    "seven times two": float(keras.ops.sum(keras.ops.ones(7) * 2)),
    "repeats": draws(3) == draws(3),
    "seeds differ": draws(3) != draws(4),
    "torch deterministic": "torch" in sys.modules and sys.modules["torch"].are_deterministic_algorithms_enabled(),
    "tensorflow was needed": needed,
    "facts": devices.describe(),
}))
"""


@pytest.fixture(scope="module")
def reports() -> dict[str, tuple[str, str]]:
    """Standard output and error of one process a backend, run at once.

    TensorFlow is set to be talkative, and somebody imports it beside torch, too.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}
    processes = {
        backend: subprocess.Popen(
            [sys.executable, "-c", IMPORT_AND_REPORT],
            env={**clean, "TF_CPP_MIN_LOG_LEVEL": "0", "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for backend in devices.BACKENDS
    }
    return {backend: process.communicate(timeout=120) for backend, process in processes.items()}


@pytest.mark.parametrize("backend", devices.BACKENDS)
def test_keras_is_imported_silently_on_the_backend_asked_for(reports, backend):
    out, err = reports[backend]
    assert err == ""
    report = json.loads(out)  # which fails on any other line
    assert report["facts"]["keras_backend"] == backend
    assert report["same module"] is True
    assert report["seven times two"] == 14.0
    assert report["tensorflow was needed"] is (backend == "tensorflow")


@pytest.mark.parametrize("backend", devices.BACKENDS)
def test_seeds_reach_the_backend(reports, backend):
    report = json.loads(reports[backend][0])
    assert report["repeats"] and report["seeds differ"]
    assert report["torch deterministic"] is (backend == "torch")


def test_an_unknown_backend_is_refused_before_keras_is_imported():
    """In a process of its own, since Keras would be loaded already in this one."""
    program = """
import sys
from fer_utils.devices import import_keras
from fer_utils.errors import FerError, UsageError
try:
    import_keras("tensorflow")
except UsageError as error:
    print(error, error.exit_code, "keras" in sys.modules)
"""
    environment = {**os.environ, "KERAS_BACKEND": "tensorfow"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "KERAS_BACKEND must be one of tensorflow, torch, not 'tensorfow'. Did you mean 'tensorflow'? 2 False\n"
    )


# ------------------------------------------------------------------ choosing


@pytest.fixture
def backend_variable(monkeypatch):
    """Set ``KERAS_BACKEND`` for a test; what the code sets is undone too. This machine's own GPU is hidden."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def put(value: str | None) -> None:
        monkeypatch.setenv("KERAS_BACKEND", value or "")
        if value is None:
            monkeypatch.delenv("KERAS_BACKEND")

    return put


def install(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: name if name in names else None)


@pytest.mark.parametrize(
    ("variable", "preferred", "installed", "settled"),
    [
        (None, "tensorflow", ("tensorflow", "torch"), "tensorflow"),
        (None, "torch", ("tensorflow", "torch"), "torch"),
        ("", "torch", ("tensorflow", "torch"), "torch"),
        ("torch", "tensorflow", ("tensorflow", "torch"), "torch"),
        ("tensorflow", "torch", ("tensorflow", "torch"), "tensorflow"),
        (None, "tensorflow", ("torch",), "torch"),
        (None, "torch", ("tensorflow",), "tensorflow"),
    ],
)
def test_the_variable_wins_then_the_preference_then_what_is_installed(
    monkeypatch, backend_variable, variable, preferred, installed, settled
):
    backend_variable(variable)
    install(monkeypatch, *installed)
    assert devices.prefer_keras_backend(preferred) == settled
    assert os.environ["KERAS_BACKEND"] == settled


@pytest.mark.parametrize("variable", ["jax", "Torch", "tensorflow "])
def test_an_unknown_backend_is_refused(backend_variable, variable):
    backend_variable(variable)
    with pytest.raises(UsageError, match="KERAS_BACKEND must be one of tensorflow, torch") as refusal:
        devices.prefer_keras_backend("torch")
    assert repr(variable) in str(refusal.value) and refusal.value.exit_code == 2
    assert os.environ["KERAS_BACKEND"] == variable


def test_no_backend_at_all_is_a_clear_error(monkeypatch, backend_variable):
    backend_variable(None)
    install(monkeypatch)
    with pytest.raises(UsageError, match=r"neither TensorFlow nor torch is installed; see README\.md"):
        devices.prefer_keras_backend("torch")


@pytest.fixture
def driver(monkeypatch):
    """Pretend that an NVIDIA driver is there, or is not."""

    def put(there: bool, visible: str = "0,1") -> None:
        monkeypatch.setattr(devices.Path, "exists", lambda path: there)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return put


@pytest.mark.parametrize(
    ("device", "visible", "chosen"), [("cpu", "", "cpu"), ("auto", "0,1", "cuda"), ("cuda", "0,1", "cuda")]
)
def test_only_cpu_hides_the_gpu(driver, device, visible, chosen):
    driver(True)
    assert devices.choose_device(device) == chosen
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible


def test_a_gpu_that_is_not_there_cannot_be_insisted_on(driver):
    driver(False)
    assert devices.choose_device("auto") == "cpu"
    with pytest.raises(FerError, match="no NVIDIA GPU is visible"):
        devices.choose_device("cuda")


@pytest.mark.parametrize(("visible", "backend"), [("0", "torch"), ("", "tensorflow")])
def test_a_visible_gpu_brings_torch_which_can_use_it(monkeypatch, driver, backend_variable, visible, backend):
    backend_variable(None)
    install(monkeypatch, "tensorflow", "torch")
    driver(True, visible)
    assert devices.prefer_keras_backend("tensorflow") == backend


@pytest.mark.parametrize("device", ["gpu", "cuda:0", "CPU", ""])
def test_an_unknown_device_is_refused(monkeypatch, device):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(UsageError) as refusal:
        devices.choose_device(device)
    assert str(refusal.value).startswith(f"device must be one of auto, cpu, cuda, not {device!r}.")
    assert refusal.value.exit_code == 2
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


# ------------------------------------------------------------------ seeds and facts


@pytest.fixture
def no_frameworks(monkeypatch):
    """Leave the settings of frameworks that other tests have loaded alone."""
    for name in ("keras", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("no_frameworks")
def test_python_and_numpy_repeat_with_the_seed():
    def draws(seed: int) -> tuple[float, float]:
        devices.seed_everything(seed)
        return random.random(), float(np.random.rand())  # noqa: NPY002

    assert draws(0) == draws(0) != draws(1)
    assert draws(0)[0] != draws(1)[0] and draws(0)[1] != draws(1)[1]
    assert draws(2**32 + 5) == draws(2**32 + 5)


@pytest.mark.usefixtures("no_frameworks")
def test_facts_about_the_machine():
    facts = devices.describe()
    assert facts["platform"] == f"{platform.system()} {platform.machine()}"
    assert facts["python"] == platform.python_version()
    assert facts["cores"] == devices.available_cores() >= 1
    assert facts["memory_gib"] > 0.1
    assert facts["gpu"] is None and "keras_backend" not in facts
    json.dumps(facts, allow_nan=False)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity on this system")
def test_cores_are_those_this_process_may_use():
    program = """
import os
from fer_utils.devices import available_cores
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(available_cores())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
