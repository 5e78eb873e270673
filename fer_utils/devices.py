"""Where the arithmetic runs, and how it is kept repeatable."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import platform
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fer_utils.errors import FerError, UsageError, check_choice

DEVICES = ("auto", "cpu", "cuda")
BACKENDS = ("tensorflow", "torch")

TENSORFLOW_THREADS = 2
"""Fixed, because TensorFlow's sums on a CPU depend on the number of threads in the last bits: with a
fixed number, machines with two cores and with sixteen store the same features. Torch's do not."""


def choose_device(device: str) -> str:
    """Settle where arithmetic runs, before torch or TensorFlow is imported.

    Args:
        device: ``"auto"`` (a GPU if there is one), ``"cpu"`` (hide the GPU from every framework) or
            ``"cuda"`` (insist on one).

    Returns:
        ``"cpu"`` or ``"cuda"``.

    Raises:
        UsageError: an unknown device.
        FerError: ``"cuda"``, and no NVIDIA GPU is visible.
    """
    check_choice("device", device, DEVICES)
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if device == "cuda" and not gpu_visible():
        raise FerError("device cuda was asked for, but no NVIDIA GPU is visible here. Use --device auto or cpu.")
    return "cuda" if gpu_visible() else "cpu"


def gpu_visible() -> bool:
    """Whether there is an NVIDIA driver and its GPU is not hidden; asks no framework, so it is quick."""
    return Path("/proc/driver/nvidia/version").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != ""


def prefer_keras_backend(preferred: str) -> str:
    """Settle which backend Keras will use, without importing it yet.

    ``KERAS_BACKEND`` wins; then torch where a GPU is visible (``tensorflow-cpu`` cannot use it);
    then ``preferred``; then whichever is installed.

    Returns:
        The backend's name, now also in ``KERAS_BACKEND``.

    Raises:
        UsageError: neither backend is installed, or ``KERAS_BACKEND`` names an unknown one.
    """
    wanted = os.environ.get("KERAS_BACKEND") or ("torch" if gpu_visible() else preferred)
    check_choice("KERAS_BACKEND", wanted, BACKENDS)
    installed = [name for name in (wanted, *BACKENDS) if importlib.util.find_spec(name)]
    if not installed:
        raise UsageError("neither TensorFlow nor torch is installed; see README.md, 'Install'")
    os.environ["KERAS_BACKEND"] = installed[0]
    return installed[0]


def import_keras(preferred: str) -> Any:
    """Import Keras on the settled backend, silently, and give the module."""
    if "keras" not in sys.modules:
        backend = prefer_keras_backend(preferred)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with quiet_stderr():
            importlib.import_module("keras")
            if backend == "tensorflow":
                threading = importlib.import_module("tensorflow").config.threading
                threading.set_intra_op_parallelism_threads(TENSORFLOW_THREADS)
                threading.set_inter_op_parallelism_threads(TENSORFLOW_THREADS)
                # Creating the first tensor prints more lines; they belong behind the curtain too.
                importlib.import_module("keras.ops").zeros(1)
    return importlib.import_module("keras")


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere for a moment.

    TensorFlow's C++ side writes lines with a process number and the time there, whatever its
    log level; they would make two executed notebooks differ.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and, where Keras is loaded, its backend; ask for deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (libraries still draw from it)
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
        keras.utils.set_random_seed(seed)
        if keras.backend.backend() == "tensorflow":
            importlib.import_module("tensorflow").config.experimental.enable_op_determinism()
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.manual_seed(seed)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


REACH_NUMBERS = ("TF_ENABLE_ONEDNN_OPTS", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")


def arithmetic() -> dict[str, str]:
    """What reaches numbers here beside code, data and library versions: for a unit's key, and to compare workers."""
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if keras else os.environ.get("KERAS_BACKEND", "")
    facts = {"device": "gpu" if gpu_visible() else "cpu", "keras backend": backend}
    if keras:
        facts["keras floatx"] = keras.config.floatx()
    else:
        facts["keras floatx"] = "float32"
    return facts | {name: os.environ[name] for name in REACH_NUMBERS if os.environ.get(name)}


def describe() -> dict[str, object]:
    """Facts about this machine for a receipt: processor, cores, memory in GiB, GPU if one is visible."""
    facts: dict[str, object] = {
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": available_cores(),
        "gpu": None,
    }
    with contextlib.suppress(ValueError, OSError):
        facts["memory_gib"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        facts["gpu"] = sys.modules["torch"].cuda.get_device_name(0)
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


def one_thread() -> None:
    """Keep torch to one thread in this process.

    Its sums depend on how many threads share them. And networks as narrow as a laptop can train gain nothing from a
    second one (five stacked networks of paper 3 at 24 pixels: 113 ms a step with one thread, 106 with two, 900 with two
    on a busy machine); a second core does better by training something else (:func:`one_core`).
    """
    importlib.import_module("torch").set_num_threads(1)


def at_once(unit: Callable[..., Any]) -> int:
    """How many calls of ``unit`` run at once where nobody said: one a core for a :func:`one_core` unit, else 1."""
    return available_cores() if getattr(unit, "one_core", False) and not gpu_visible() else 1


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
