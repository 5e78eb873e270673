"""Where the arithmetic runs, and how it is kept repeatable."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import platform
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fer_utils import accelerators, nvml
from fer_utils.errors import FerError, UsageError, check_choice
from fer_utils.silence import hidden, quiet_stderr, silence_tensorflow

DEVICES = ("auto", "cpu", "cuda", "mps")
BACKENDS = ("tensorflow", "torch")

CHOSEN = "FER_DEVICE"
"""Environment: the device that was asked for; worker processes inherit it."""

MPS_NOTE = (
    "Apple's GPU rounds as it likes: no run repeats another to the last digit, and numbers are not promised to equal "
    "those of a CPU or of an NVIDIA GPU."
)

GPU_PRECISION = "float32, its convolutions in TF32; paper 2's classifiers and DCGANs in bfloat16"
"""On an NVIDIA GPU; elsewhere all is float32."""

TENSORFLOW_THREADS = 2
"""Fixed, because TensorFlow's sums on a CPU depend on the number of threads in the last bits: with a
fixed number, machines with two cores and with sixteen store the same features. Torch's do not."""

KERAS_SETTINGS = {"floatx": "float32", "image_data_format": "channels_last", "epsilon": 1e-7}
"""Keras' own defaults, which a user's ``keras.json`` may have changed."""

_KERAS_DEVICE = contextlib.ExitStack()
"""Where a Keras that was loaded before the device was chosen was told to compute; left when another is chosen."""

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"

REACH_NUMBERS = (
    # PyTorch, TensorFlow and the library of kernels that both use
    "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_DEFAULT_FPMATH_MODE", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TF_XLA_FLAGS", "XLA_FLAGS",
    # linear algebra, NumPy, numba
    "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES",
    "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_DISABLE_JIT", "NUMBA_OPT",
)  # fmt: skip
"""Environment variables that a user may have good reasons to set and that change the last digits, or more."""


def choose_device(device: str) -> str:
    """Settle where arithmetic runs, best before torch or TensorFlow is imported.

    Args:
        device: ``"auto"`` (an NVIDIA GPU if torch can use one, else the CPU), ``"cpu"`` (hide the GPU from every
            framework), ``"cuda"`` or ``"mps"`` (insist on NVIDIA's or Apple's GPU; read :data:`MPS_NOTE`).

    Returns:
        ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises:
        UsageError: an unknown device.
        FerError: a GPU was insisted on, and the framework that would use it cannot.
    """
    check_device(device)
    os.environ[CHOSEN] = device
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if device == "mps":
        # What Metal lacks runs on the CPU instead of ending the run.
        os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] = "1"
        print(f"device mps: {MPS_NOTE}")
    used = in_use()
    _tell_keras(used)
    return used


def check_device(device: str) -> None:
    """Refuse a device that is not available here; changes nothing. See :func:`choose_device` for the errors."""
    check_choice("device", device, DEVICES)
    if device not in ("cuda", "mps"):
        return
    reason = accelerators.why_not(device)
    if reason:
        raise FerError(f"device {device} was asked for, but {reason}. Use --device auto or cpu.")
    if os.environ.get("KERAS_BACKEND") == "tensorflow":
        raise FerError(
            f"device {device} was asked for, but KERAS_BACKEND=tensorflow, which computes on the CPU here. "
            f"Set KERAS_BACKEND=torch before Python starts, or use --device auto or cpu."
        )


def in_use() -> str:
    """Where torch, and Keras on torch, compute in this process: ``"cpu"``, ``"cuda"`` or ``"mps"``."""
    if os.environ.get(CHOSEN) == "mps":
        return "mps"
    return "cuda" if gpu_visible() else "cpu"


def gpu_visible() -> bool:
    """Whether torch can use an NVIDIA GPU here, and nobody chose to do without."""
    return os.environ.get(CHOSEN) not in ("cpu", "mps") and accelerators.why_not("cuda") is None


def prefer_keras_backend(preferred: str) -> str:
    """Settle which backend Keras will use, without importing it yet.

    A Keras that is loaded keeps its own; then ``KERAS_BACKEND`` wins; then torch where there is a GPU
    (TensorFlow is kept to the CPU); then ``preferred``; then whichever is installed.

    Returns:
        The backend's name, now also in ``KERAS_BACKEND``.

    Raises:
        UsageError: neither backend is installed, or another one was named.
    """
    if "keras" in sys.modules:
        wanted = sys.modules["keras"].backend.backend()
    else:
        wanted = os.environ.get("KERAS_BACKEND") or ("torch" if in_use() != "cpu" else preferred)
    check_choice("KERAS_BACKEND", wanted, BACKENDS)
    installed = [name for name in (wanted, *BACKENDS) if importlib.util.find_spec(name)]
    if not installed:
        raise UsageError("neither TensorFlow nor torch is installed; see README.md, 'Two commands'")
    os.environ["KERAS_BACKEND"] = installed[0]
    return installed[0]


def import_keras(preferred: str) -> Any:
    """Import Keras on the settled backend, silently, with its own default settings, and give the module.

    Raises:
        UsageError: see :func:`prefer_keras_backend`.
        FerError: Keras refuses the user's ``keras.json``.
    """
    if "keras" not in sys.modules:
        backend = prefer_keras_backend(preferred)
        silence_tensorflow()
        os.environ["KERAS_TORCH_DEVICE"] = in_use()
        if sys.modules.get("tensorflow") is None:
            os.environ.pop(ONEDNN, None)
        with quiet_stderr():
            try:
                importlib.import_module("keras")
            except ValueError as error:
                raise FerError(
                    f"Keras refuses its settings file: {error} Mend or delete ~/.keras/keras.json."
                ) from error
            if backend == "tensorflow":
                config = importlib.import_module("tensorflow").config
                config.threading.set_intra_op_parallelism_threads(TENSORFLOW_THREADS)
                config.threading.set_inter_op_parallelism_threads(TENSORFLOW_THREADS)
                config.set_visible_devices([], "GPU")
                # Creating the first tensor prints more lines; they belong behind the curtain too.
                importlib.import_module("keras.ops").zeros(1)
    keras = importlib.import_module("keras")
    _pin(keras)
    return keras


def _pin(keras: Any) -> None:
    """Give Keras the settings that all numbers here are made with, whatever ``keras.json`` or a cell said."""
    for name, value in KERAS_SETTINGS.items():
        getattr(keras.config, f"set_{name}")(value)
    keras.config.set_dtype_policy("float32")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


def _tell_keras(device: str) -> None:
    """Keras on torch would choose by itself, and prefers Apple's GPU; one that is loaded has chosen already."""
    before, os.environ["KERAS_TORCH_DEVICE"] = os.environ.get("KERAS_TORCH_DEVICE"), device
    keras = sys.modules.get("keras")
    if keras is not None and keras.backend.backend() == "torch" and device != before:
        _KERAS_DEVICE.close()
        _KERAS_DEVICE.enter_context(keras.device(device))


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and, where Keras is loaded, its backend; ask for deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (libraries still draw from it)
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
        on_tensorflow = keras.backend.backend() == "tensorflow"
        # Keras seeds TensorFlow wherever it is installed: for torch it would import it, which takes seconds a process.
        with contextlib.nullcontext() if on_tensorflow else hidden("tensorflow"):
            keras.utils.set_random_seed(seed)
        if on_tensorflow:
            importlib.import_module("tensorflow").config.experimental.enable_op_determinism()
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
        deterministic_kernels()


def deterministic_kernels() -> None:
    """Ask torch, where it is loaded, for kernels that give the same bits every time; a GPU's would else add anyhow."""
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Nothing here reads memory before it writes it; to fill every new tensor first is a write for nothing.
        torch.utils.deterministic.fill_uninitialized_memory = False


def arithmetic() -> dict[str, str]:
    """What reaches numbers here beside code, data and library versions: for a unit's key, a worker, a receipt.

    Cheap, and the same before and after a library is imported: an absent one is described as :func:`import_keras`
    will set it up. On an ordinary machine nothing but the device, Keras' backend and its defaults is in it.
    """
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if keras else os.environ.get("KERAS_BACKEND", "")
    facts = {"device": in_use(), "keras backend": backend}
    facts["keras device"] = "cpu" if backend == "tensorflow" else in_use()
    for name, value in KERAS_SETTINGS.items():
        facts[f"keras {name}"] = str(getattr(keras.config, name)() if keras else value)
    facts["keras dtype policy"] = keras.config.dtype_policy().name if keras else "float32"
    torch = sys.modules.get("torch")
    if torch is not None and str(torch.get_default_dtype()) != "torch.float32":
        facts["torch dtype"] = str(torch.get_default_dtype())
    if torch is not None and torch.get_float32_matmul_precision() != "highest":
        facts["torch float32 products"] = torch.get_float32_matmul_precision()
    # A flag that TensorFlow has not read yet is taken away before it can.
    named = (*REACH_NUMBERS, ONEDNN) if sys.modules.get("tensorflow") else REACH_NUMBERS
    return facts | {name: os.environ[name] for name in named if os.environ.get(name)}


def describe() -> dict[str, object]:
    """Facts about this machine for a receipt: processor, cores, threads, memory in GiB; if in use, GPU and driver."""
    used = in_use()
    facts: dict[str, object] = {
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": available_cores(),
        "used": used,
        "gpu": None,
    }
    with contextlib.suppress(ValueError, OSError):
        facts["memory_gib"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    if used == "cuda":
        facts["gpu"] = importlib.import_module("torch").cuda.get_device_name(0)
        facts["driver"] = nvml.driver()
        facts["precision"] = GPU_PRECISION
    if used == "mps":
        facts.update(gpu="Apple GPU (Metal)", note=MPS_NOTE)
    if "torch" in sys.modules:
        facts["torch_threads"] = sys.modules["torch"].get_num_threads()
    if "keras" in sys.modules:
        facts["keras_backend"] = sys.modules["keras"].backend.backend()
    return facts


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


F = TypeVar("F", bound=Callable[..., Any])


def one_core(unit: F) -> F:
    """Mark a unit of work that computes on a single core, so that several may share a processor (:func:`at_once`)."""
    unit.one_core = True  # type: ignore[attr-defined]
    return unit


def beside_gpu(unit: F) -> F:
    """Mark a :func:`one_core` unit whose work is the processor's where there is a GPU too: a core each, as without."""
    unit.beside_gpu = True  # type: ignore[attr-defined]
    return unit


def one_thread() -> None:
    """Keep torch to one thread in this process.

    Its sums depend on how many threads share them. And networks as narrow as a laptop can train gain nothing from a
    second one (five stacked networks of paper 3 at 24 pixels: 113 ms a step with one thread, 106 with two, 900 with two
    on a busy machine); a second core does better by training something else (:func:`one_core`).
    """
    importlib.import_module("torch").set_num_threads(1)


def at_once(unit: Callable[..., Any]) -> int:
    """How many calls of ``unit`` run at once where nobody said: one a core for a :func:`one_core` unit, else 1.

    Where there is a GPU, units queue for it, but for those that are marked :func:`beside_gpu`.
    """
    alone = not getattr(unit, "one_core", False) or (in_use() != "cpu" and not getattr(unit, "beside_gpu", False))
    return 1 if alone else available_cores()


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
