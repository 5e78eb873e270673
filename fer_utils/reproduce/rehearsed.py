"""What one call of a unit does to the process that it runs in: time, memory, arithmetic, and what it returns."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.store import array_digest

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Seen:
    """One call, watched.

    Attributes:
        seconds: of the call, libraries already imported.
        memory: bytes, the most that the process ever held, libraries included.
        gpu_memory: bytes, the most that torch held on an NVIDIA GPU; 0 without one.
        operations: floating-point operations of torch's products and convolutions.
        launches: how many of torch's operators were called: a GPU starts a kernel for each. An optimiser's step counts
            as one, since there it is one kernel.
        arrays: shape and dtype of each array that was returned.
        digests: of their bytes.
    """

    seconds: float
    memory: float
    gpu_memory: float
    operations: float
    launches: int
    arrays: dict[str, tuple[tuple[int, ...], str]]
    digests: dict[str, str]


def look(module: str, qualname: str, call: Mapping[str, Any], environment: Mapping[str, str], dies_in: str) -> Seen:
    """Run a unit here and say what was seen.

    Args:
        module, qualname: of the unit.
        call: its keyword arguments.
        environment: put before any of ours is imported.
        dies_in: a folder: this process is killed when the first file has been written there. Empty: it lives.
    """
    os.environ |= environment
    unit = getattr(importlib.import_module(module), qualname)
    torch = importlib.import_module("torch")
    if dies_in:
        _die_after_saving_in(Path(dies_in))
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with counter() as counted:
        started = time.perf_counter()
        result = unit(**call)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    arrays = {name: value for name, value in result.items() if isinstance(value, np.ndarray)}
    return Seen(
        seconds,
        peak(),
        float(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else 0.0,
        float(counted.operations),
        counted.launches,
        {name: (value.shape, str(value.dtype)) for name, value in arrays.items()},
        {name: array_digest(value) for name, value in arrays.items()},
    )


GROUPS = 9
"""The place of ``groups`` among the arguments of a convolution's backward pass; what is asked of it stands behind."""


def peak() -> float:
    """Bytes, the most that this process ever held. On Linux ``getrusage`` would count what its parent had held."""
    if STATUS.is_file():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024.0 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


@contextlib.contextmanager
def counter() -> Iterator[Any]:
    """Count every operator of torch's that is called inside, and the operations of those that torch has a formula for.

    torch's own FlopCounterMode also follows modules, and so refuses the second gradient of a gradient penalty. Its
    formula takes the weights' gradient of a grouped convolution for that of an ungrouped one; here it is that of one
    group, times the groups.
    The kernels asked for are those of a training: some operators are several kernels where each bit must repeat.
    """
    modes = importlib.import_module("torch.utils._python_dispatch")
    formulas = importlib.import_module("torch.utils.flop_counter").flop_registry
    backward = importlib.import_module("torch").ops.aten.convolution_backward

    class Counter(modes.TorchDispatchMode):  # type: ignore[name-defined]
        operations, launches, in_optimiser = 0, 0, False

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found = function(*args, **(kwargs or {}))
            self.launches += not self.in_optimiser
            if function.overloadpacket in formulas:
                formula = formulas[function.overloadpacket]
                self.operations += formula(*args, **(kwargs or {}), out_val=found)
                groups = args[GROUPS] if function.overloadpacket is backward else 1
                if groups > 1 and args[GROUPS + 1][1]:
                    weights = formula(*args[: GROUPS + 1], (False, True, False), out_val=found)
                    self.operations -= weights - weights // groups
            return found

    counted = Counter()

    def begin(*_: Any) -> None:
        counted.launches += 1
        counted.in_optimiser = True

    def end(*_: Any) -> None:
        counted.in_optimiser = False

    importlib.import_module("fer_utils.devices").deterministic_kernels()
    optimisers = importlib.import_module("torch.optim.optimizer")
    before = optimisers.register_optimizer_step_pre_hook(begin)
    after = optimisers.register_optimizer_step_post_hook(end)
    try:
        with counted:
            yield counted
    finally:
        before.remove()
        after.remove()


def _die_after_saving_in(folder: Path) -> None:
    """Kill this process, as the system would, when a file in ``folder`` has got its name."""
    replace = os.replace

    def last(source: Any, target: Any, **where: Any) -> None:
        replace(source, target, **where)
        if Path(target).parent == folder:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = last  # type: ignore[assignment]
