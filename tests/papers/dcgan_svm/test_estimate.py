"""The dry run asks for what the notebook runs, and knows the shapes of what comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from fer_utils.papers.dcgan_svm import estimate
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.cast import Role
from fer_utils.papers.planning import Planner
from fer_utils.papers.study import Unit
from fer_utils.reproduce.units import unit_key
from tests.papers.dcgan_svm.conftest import CAST

PARAMETERS = {
    "dataset": "drawn", "profile": "smoke", "protocol": "both", "seeds": [0], "device": "auto", "width": 4,
    "steps": None, "optimiser": None, "feature": None, "search": None, "search_range": None, "space": "mobilenet",
}  # fmt: skip


@pytest.fixture
def at_hand(played: dict[str, Role], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "cast", lambda dataset: CAST)
    # What is counted and which shapes come back does not depend on how many pictures are drawn and judged.
    few = estimate.PROFILES["smoke"].but(generated=16, judged=8, searched=2)
    monkeypatch.setitem(estimate.PROFILES, "smoke", few)
    monkeypatch.setattr("fer_utils.gans.train.SETTLING", 2)


class Runs:
    """A mapper that runs each different call once and compares its result with what the estimate expects."""

    def __init__(self) -> None:
        self.kinds = {kind.unit: kind for kind in estimate.KINDS}
        self.results: dict[str, dict[str, Any]] = {}
        self.count: Counter[Unit] = Counter()

    def __call__(self, unit: Unit, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        return [self._result(unit, call) for call in calls]

    def _result(self, unit: Unit, call: Mapping[str, Any]) -> dict[str, Any]:
        key = unit_key(unit, call)
        if key not in self.results:
            self.results[key], expected = unit(**call), self.kinds[unit].result(call)
            self.count[unit] += 1
            for name, value in expected.items():
                if isinstance(value, np.ndarray):
                    assert self.results[key][name].shape == value.shape, (unit.__name__, name)
                    assert self.results[key][name].dtype == value.dtype, (unit.__name__, name)
        return self.results[key]


def test_the_dry_run_counts_what_a_run_computes(at_hand: None) -> None:
    runs, planner = Runs(), Planner(estimate.KINDS, unit_key)
    for mapper in (runs, planner):
        estimate.ask(PARAMETERS, mapper)
    assert {unit: len(asked.work) for unit, asked in planner.asked.items()} == runs.count
    assert runs.count[steps.train_gan] > 4 and runs.count[steps.recognise] > 10
    for asked in planner.asked.values():
        assert min(asked.work) > 0 and asked.memory > 0


def test_a_probe_does_a_small_part(at_hand: None) -> None:
    planner = Planner(estimate.KINDS, unit_key)
    estimate.ask({**PARAMETERS, "width": 16, "steps": 40}, planner)
    for unit, asked in planner.asked.items():
        probe = asked.kind.probe(asked.example)
        assert unit(**probe)
        assert 0 < asked.kind.work(probe) < 1e9
    gan = planner.asked[steps.train_gan]
    assert gan.kind.work(gan.kind.probe(gan.example)) < max(gan.work) / 2
