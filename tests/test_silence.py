"""Nothing of TensorFlow's reaches descriptor 2, whoever imports it and on whatever processor.

Its lines are written by a package that stands in for it, because which ones the real one writes hangs on the processor.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_utils import silence

# As TensorFlow 2.16 to 2.21 write them with and without AVX-512, with a GPU, and with a CPU build on a GPU machine.
LINES = """\
2026-03-01 11:02:03.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on. You may see slightly \
different numerical results due to floating-point round-off errors from different computation orders. To turn them \
off, set the environment variable `TF_ENABLE_ONEDNN_OPTS=0`.
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795639888.901263    7159 port.cc:153] oneDNN custom operations are on. You may see others.
I0000 00:00:1795639888.901263    7159 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available \
CPU instructions in performance-critical operations.
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler \
flags.
E0000 00:00:1745000000.000001      17 cuda_dnn.cc:8579] Unable to register cuDNN factory: it is registered already
W0000 00:00:1745000000.000001      17 computation_placer.cc:177] computation placer already registered.
2026-03-01 11:02:03.123456: E external/local_xla/xla/stream_executor/cuda/cuda_driver.cc:152] failed call to cuInit
"""

TENSORFLOW = f"""
import os
os.write(2, {LINES.encode()!r})
class random:
    set_seed = staticmethod(lambda seed: None)
"""
KERAS = """
import types
class backend:
    backend = staticmethod(lambda: "torch")
class config:
    floatx = staticmethod(lambda: "float32")
    image_data_format = staticmethod(lambda: "channels_last")
    epsilon = staticmethod(lambda: 1e-7)
    dtype_policy = staticmethod(lambda: types.SimpleNamespace(name="float32"))
for name in ("floatx", "image_data_format", "epsilon", "dtype_policy", "max_epochs", "max_steps_per_epoch"):
    setattr(config, "set_" + name, staticmethod(lambda value: None))
class utils:
    def set_random_seed(seed):
        try:
            import tensorflow
        except ImportError:
            return
        tensorflow.random.set_seed(seed)
"""


@pytest.fixture
def talkative(tmp_path: Path) -> Path:
    """A folder with packages of TensorFlow's and Keras' names; the first writes :data:`LINES` when it is imported."""
    for name, source in (("tensorflow", TENSORFLOW), ("keras", KERAS)):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "__init__.py").write_text(source)
    return tmp_path / "packages"


def test_an_import_of_tensorflow_is_silent_and_without_the_curtain_it_is_not(talkative, monkeypatch, capfd):
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if not isinstance(each, silence._Curtain)])
    monkeypatch.syspath_prepend(str(talkative))
    # Set and not deleted first, so that afterwards what was there before is there again, if it was nothing.
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    def said() -> str:
        monkeypatch.delitem(sys.modules, "tensorflow")
        importlib.import_module("tensorflow")
        return capfd.readouterr().err

    assert said() == LINES
    silence.silence_tensorflow()
    silence.silence_tensorflow()
    assert sum(isinstance(finder, silence._Curtain) for finder in sys.meta_path) == 1
    assert said() == ""
    # The module is none of the curtain's afterwards.
    module = sys.modules["tensorflow"]
    assert type(module.__loader__).__name__ == type(module.__spec__.loader).__name__ == "SourceFileLoader"
    assert module.random.set_seed(1) is None


def test_a_user_s_log_level_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for before, after in ((None, silence.LOG_LEVEL), ("0", "0")):
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        if before:
            monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", before)
        silence.silence_tensorflow()
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == after


PROGRAM = """
import sys
from pathlib import Path
from fer_utils.devices import import_keras, seed_everything
from fer_utils.reproduce.units import Store, run_units
from tests.reproduce.toy_units import seeded
keras = import_keras("torch")
seed_everything(3)
assert "tensorflow" not in sys.modules, "on torch nobody needs it"
found = run_units(seeded, [{"seed": 1}, {"seed": 2}], stage="s", workers=2, store=Store(Path(sys.argv[1])))
import tensorflow
print([unit["imported"] for unit in found], tensorflow.__file__)
"""


def test_kernel_and_workers_are_silent_on_torch(talkative, tmp_path):
    """In processes of their own, where Keras imports TensorFlow late or a unit does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    root = str(Path(__file__).parents[1])
    environment |= {
        "PYTHONPATH": f"{talkative}{os.pathsep}{root}", "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": "",
        "FER_PROGRESS": os.devnull, "TF_CPP_MIN_LOG_LEVEL": "0",
    }  # fmt: skip
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "units")]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.stderr == "" and done.returncode == 0
    assert done.stdout == f"[True, True] {talkative / 'tensorflow' / '__init__.py'}\n"


def test_known_lines_are_told_from_all_others():
    others = "I0000 is no time\n[W1125 20:58 NNPACK.cpp:61] Could not initialize NNPACK!\n\n  W: no newline"
    assert silence.without_tensorflow(LINES) == ""
    assert silence.without_tensorflow(others) == others
    first, *rest = LINES.splitlines(keepends=True)
    assert silence.without_tensorflow(first + "mine\n" + "".join(rest) + "and mine") == "mine\nand mine"
    # What ends the process must be seen.
    fatal = "F0000 00:00:1745000000.000001      17 tensor.cc:844] Check failed: dtype() == expected\n"
    assert silence.without_tensorflow(fatal) == fatal


@pytest.mark.parametrize(("name", "before"), [("fer_no_such_package", None), ("json", sys.modules["json"])])
def test_a_module_is_hidden_for_a_moment_unless_it_is_in_use(name, before):
    with silence.hidden(name):
        if before is None:
            with pytest.raises(ImportError):
                importlib.import_module(name)
        else:
            assert importlib.import_module(name) is before
    assert sys.modules.get(name) is before


# -- descriptor 2 ----------------------------------------------------------------------------------


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()  # noqa: PTH112, PTH208


def test_descriptor_2_is_quiet_within_and_restored_after(capfd):
    before, descriptors = os.fstat(2), open_descriptors()
    os.write(2, b"before ")
    with silence.quiet_stderr():
        os.write(2, b"unheard ")
        print("unheard too", file=sys.__stderr__, flush=True)
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"
    assert os.path.samestat(os.fstat(2), before)
    assert open_descriptors() == descriptors


def test_descriptor_2_is_restored_after_an_error(capfd):
    descriptors = open_descriptors()
    with pytest.raises(RuntimeError, match="inside"), silence.quiet_stderr():
        raise RuntimeError("inside")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
    assert open_descriptors() == descriptors


def test_output_is_not_silenced(capfd):
    with silence.quiet_stderr():
        os.write(1, b"heard")
    assert capfd.readouterr().out == "heard"
