"""What the benchmarks share: a stopwatch, and the file in which the ratios are recorded.

``make bench`` runs them; an ordinary ``make test`` skips them. They check that the two programs agree
and record how much faster one is; they never fail for being slow.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fer_utils
from fer_utils.devices import describe
from fer_utils.files import write_json

RESULTS = Path(fer_utils.__file__).parents[1] / "results"
SAME_MACHINE = ("platform", "python", "processor", "cores", "gpu")
NOTHING: dict[str, Any] = {"machine": {}, "ratios": []}

Recorder = Callable[..., None]


def seconds(function: Callable[[], object], rounds: int) -> float:
    """The shortest of ``rounds`` runs: what disturbs a run only ever makes it longer."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.fixture
def record() -> Recorder:
    """Write one ratio into ``results/benchmarks.json``, or that of a GPU; others measured on this machine stay."""

    def write(name: str, *, ours: str, against: str, ratio: float, how: str) -> None:
        machine = describe()
        file = RESULTS / ("benchmarks.json" if machine["used"] == "cpu" else "benchmarks_gpu.json")
        stored = _stored(file)
        if any(stored["machine"].get(fact) != machine.get(fact) for fact in SAME_MACHINE):
            stored = NOTHING
        entries = {entry["name"]: entry for entry in stored["ratios"]}
        # Three digits: a second run moves the third.
        entries[name] = {"name": name, "ours": ours, "against": against, "ratio": float(f"{ratio:.3g}"), "how": how}
        machine = {**stored["machine"], **machine}
        write_json(file, {"machine": machine, "ratios": [entries[key] for key in sorted(entries)]})

    return write


def _stored(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return NOTHING
