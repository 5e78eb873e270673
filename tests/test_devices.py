"""Devices, backends, silence and seeds. Frameworks are imported in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fer_utils import accelerators, devices
from fer_utils.errors import FerError, UsageError
from tests.gpus import pretend

IMPORT_AND_REPORT = """
import json, sys
import numpy as np
from fer_utils import devices
before = devices.arithmetic()
keras = devices.import_keras("tensorflow")
after = devices.arithmetic()
again = devices.import_keras("torch")

def draws(seed):
    devices.seed_everything(seed)
    return [float(keras.random.normal((1,))[0]), float(keras.layers.Dense(1).kernel_initializer((2, 1))[0, 0])]

needed = "tensorflow" in sys.modules
print(json.dumps({
    "same module": again is keras,
    "seven times two": float(keras.ops.sum(keras.ops.ones(7) * 2)),
    "repeats": draws(3) == draws(3),
    "seeds differ": draws(3) != draws(4),
    "torch deterministic": "torch" in sys.modules and sys.modules["torch"].are_deterministic_algorithms_enabled(),
    "tensorflow was needed": needed,
    "facts": devices.describe(),
    "arithmetic": [before, after],
    "layer": [str(keras.layers.Dense(1).compute_dtype), keras.layers.Conv2D(1, 1).data_format],
    "limits": [keras.config.max_epochs(), keras.config.max_steps_per_epoch()],
    "a cell's own": [keras.config.set_floatx("float16"), devices.arithmetic()["keras floatx"]][1],
    "pinned again": devices.import_keras("torch").config.floatx(),
}))
"""

STRANGE = {"floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first", "backend": "jax"}
"""A user's ``keras.json``: none of it may reach a number."""
STRANGE_VARIABLES = {
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "KERAS_TORCH_DEVICE": "meta",
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Standard output and error of one process a backend, run at once, for a user with strange settings of Keras.

    TensorFlow is set to be talkative. What it says where somebody imports it late, beside torch: test_silence.py.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_", "FER_"))}
    keras_home = tmp_path_factory.mktemp("keras")
    (keras_home / "keras.json").write_text(json.dumps(STRANGE))
    clean |= {**STRANGE_VARIABLES, "KERAS_HOME": str(keras_home)}
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
    return {backend: process.communicate(timeout=600) for backend, process in processes.items()}


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


@pytest.mark.parametrize("backend", devices.BACKENDS)
def test_a_user_s_settings_of_keras_reach_no_number(reports, backend):
    report = json.loads(reports[backend][0])
    assert report["layer"] == ["float32", "channels_last"]
    assert report["limits"] == [None, None]
    before, after = report["arithmetic"]
    assert before == after, "a key made before Keras is imported is another than one made after"
    assert after["keras floatx"] == "float32"
    assert after["keras image_data_format"] == "channels_last"
    assert float(after["keras epsilon"]) == 1e-7
    assert after["keras backend"] == backend
    assert (after["device"], after["keras device"]) == ("cpu", "cpu")
    assert devices.ONEDNN not in after


@pytest.mark.parametrize("backend", devices.BACKENDS)
def test_what_a_cell_sets_after_the_import_is_told_and_pinned_by_the_next(reports, backend):
    report = json.loads(reports[backend][0])
    assert report["a cell's own"] == "float16"
    assert report["pinned again"] == "float32"


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
    """Set ``KERAS_BACKEND`` for a test; what the code sets is undone too. No GPU is visible, no Keras loaded."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delitem(sys.modules, "keras", raising=False)

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
def gpu(monkeypatch):
    """Make up a GPU (:func:`tests.gpus.pretend`); what choosing a device sets is undone."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "")
    monkeypatch.setenv(devices.CHOSEN, "")

    def put(**made_up) -> None:
        pretend(monkeypatch, **made_up)

    yield put
    accelerators._why_no_cuda.cache_clear()


@pytest.mark.parametrize(
    ("device", "visible", "chosen"), [("cpu", "", "cpu"), ("auto", "0", "cuda"), ("cuda", "0", "cuda")]
)
def test_only_cpu_hides_the_gpu(gpu, device, visible, chosen):
    gpu()
    assert devices.choose_device(device) == chosen == devices.in_use()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
    assert os.environ["KERAS_TORCH_DEVICE"] == chosen
    assert devices.arithmetic()["device"] == chosen
    assert devices.describe()["used"] == chosen
    assert devices.describe()["gpu"] == ("NVIDIA X9" if chosen == "cuda" else None)
    cores = devices.available_cores()
    assert devices.at_once(devices.one_core(lambda: {})) == (1 if chosen == "cuda" else cores)
    # What does not need the GPU fills the cores meanwhile.
    assert devices.at_once(devices.beside_gpu(devices.one_core(lambda: {}))) == cores
    assert devices.at_once(lambda: {}) == 1


@pytest.mark.parametrize(
    ("made_up", "reason"),
    [
        ({"driver": False}, "there is no NVIDIA driver"),
        ({"works": False, "built": None}, "is a build without CUDA"),
        ({"visible": "-1"}, "CUDA_VISIBLE_DEVICES='-1' hides every NVIDIA GPU"),
        ({"visible": ""}, "CUDA_VISIBLE_DEVICES='' hides every NVIDIA GPU"),
    ],
)
def test_a_gpu_that_cannot_be_used_cannot_be_insisted_on(gpu, made_up, reason):
    gpu(**made_up)
    assert devices.choose_device("auto") == "cpu"
    assert devices.arithmetic()["device"] == "cpu"
    with pytest.raises(FerError, match=f"^device cuda was asked for, but .*{reason}.*Use --device auto or cpu"):
        devices.choose_device("cuda")


@pytest.mark.parametrize(("visible", "backend"), [("0", "torch"), ("", "tensorflow"), ("-1", "tensorflow")])
def test_a_usable_gpu_brings_torch_which_can_use_it(monkeypatch, gpu, backend_variable, visible, backend):
    backend_variable(None)
    gpu(visible=visible)
    install(monkeypatch, "tensorflow", "torch")
    assert devices.prefer_keras_backend("tensorflow") == backend


def test_a_gpu_is_not_promised_to_keras_on_tensorflow(monkeypatch, gpu):
    gpu()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(FerError, match="KERAS_BACKEND=tensorflow, which computes on the CPU here"):
        devices.choose_device("cuda")
    assert devices.choose_device("auto") == "cuda"
    assert devices.arithmetic()["keras device"] == "cpu"


def test_apple_s_gpu_is_a_choice_that_says_what_it_does_not_promise(monkeypatch, gpu, capsys):
    gpu(driver=False)
    monkeypatch.setenv("PYTORCH_ENABLE_MPS_FALLBACK", "")
    monkeypatch.setattr(accelerators, "_why_no_mps", lambda: None)
    assert devices.choose_device("auto") == "cpu", "nobody gets it without asking"
    assert devices.choose_device("mps") == "mps" == devices.in_use()
    assert "no run repeats another to the last digit" in capsys.readouterr().out
    assert devices.describe()["note"] == devices.MPS_NOTE
    assert (devices.gpu_visible(), os.environ["KERAS_TORCH_DEVICE"]) == (False, "mps")
    assert (devices.arithmetic()["device"], devices.at_once(devices.one_core(lambda: {}))) == ("mps", 1)
    monkeypatch.setattr(accelerators, "_why_no_mps", lambda: "there is none")
    with pytest.raises(FerError, match="device mps was asked for, but there is none"):
        devices.choose_device("mps")


def test_a_keras_that_chose_for_itself_is_told_where_to_compute(monkeypatch, gpu):
    gpu(visible="")
    told = []
    keras = SimpleNamespace(
        backend=SimpleNamespace(backend=lambda: "torch"),
        device=lambda name: contextlib.nullcontext(told.append(name)),
    )
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "cuda")
    devices.choose_device("cpu")
    devices.choose_device("cpu")
    assert told == ["cpu"]


@pytest.mark.parametrize("name", devices.REACH_NUMBERS)
def test_a_variable_that_reaches_numbers_is_told(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    before = devices.arithmetic()
    monkeypatch.setenv(name, "other")
    assert devices.arithmetic() == {**before, name: "other"}


@pytest.mark.parametrize("device", ["gpu", "cuda:0", "CPU", ""])
def test_an_unknown_device_is_refused(monkeypatch, device):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(UsageError) as refusal:
        devices.choose_device(device)
    assert str(refusal.value).startswith(f"device must be one of auto, cpu, cuda, mps, not {device!r}.")
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
