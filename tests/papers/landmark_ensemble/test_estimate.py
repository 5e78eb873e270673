"""The planner asks for what the notebook asks for, and its zeros have the shapes of real results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from fer_utils import data
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble import estimate as room
from fer_utils.papers.landmark_ensemble import protocol
from fer_utils.papers.landmark_ensemble.estimate import KINDS, ask
from fer_utils.papers.landmark_ensemble.learnt import learning_curves
from fer_utils.papers.landmark_ensemble.settings import KINDS as NETWORKS
from fer_utils.papers.landmark_ensemble.settings import PARAMETERS, settings_for
from fer_utils.papers.landmark_ensemble.study import Study
from fer_utils.papers.planning import Kind, Planner
from fer_utils.papers.study import Unit
from fer_utils.reproduce.units import unit_key

SMOKE = {name: one.default for name, one in PARAMETERS.items()} | {"profile": "smoke", "turned": None}


class Recorder(Planner):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(KINDS, unit_key)
        self.calls: dict[str, tuple[Kind, Mapping[str, Any]]] = {}

    def __call__(self, unit: Unit, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        for call in calls:
            self.calls[unit_key(unit, call)] = (self._kinds[unit], call)
        return super().__call__(unit, calls, stage)


@pytest.fixture(autouse=True)
def drawn_sets(drawn: FaceSet, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(data, "load", lambda name: drawn)
    yield


@pytest.fixture
def asked() -> Recorder:
    recorder = Recorder()
    ask(SMOKE | {"dataset": "drawn", "wild": "none"}, recorder)
    return recorder


def test_what_is_asked_for_is_what_the_study_asks_for(drawn: FaceSet, asked: Recorder) -> None:
    by_hand = Recorder()
    study = Study(drawn, settings_for("smoke", "drawn"), [0], by_hand)
    for name in ("published", "sound"):
        study.audit(name)
        for kind in NETWORKS:
            study.trained(kind, name)
    study.closer().trained("el", "sound")
    learning_curves(study)
    rest = [kind.title for key, (kind, _) in asked.calls.items() if key not in by_hand.calls]
    assert set(by_hand.calls) <= set(asked.calls)
    # Beside the study's own: the photographs, and dlib in the mirror on both sets.
    assert sorted(rest) == ["faces and landmarks", *["landmarks in the mirror"] * 2]
    assert len(asked.asked[protocol.train].work) == 5


def test_more_costs_more() -> None:
    def work(**changes: object) -> float:
        planner = Planner(KINDS, unit_key)
        ask(SMOKE | {"dataset": "drawn", "wild": "none", **changes}, planner)
        return sum(planner.asked[protocol.train].work)

    smoke = work()
    assert smoke < work(seeds=[0, 1]) < work(profile="quick") < work(profile="evening") < work(profile="paper")
    assert work(wild="drawn") > smoke


@pytest.mark.parametrize(
    "title", ["augmentation", "leak audit", "landmarks in the mirror", "training", "learning curves"]
)
def test_results_have_the_shapes_of_real_ones(asked: Recorder, title: str) -> None:
    for kind, call in asked.calls.values():
        if kind.title == title:
            probe = kind.probe(call)
            zeros, real = kind.result(probe), kind.unit(**probe)
            shapes = [{name: np.shape(value) for name, value in one.items()} for one in (zeros, real)]
            assert shapes[0] == shapes[1]
            kinds = [{name: np.asarray(v).dtype.kind for name, v in one.items()} for one in (zeros, real)]
            assert kinds[0] == kinds[1]


def test_a_probe_is_a_small_part(asked: Recorder) -> None:
    call = {**asked.asked[protocol.train].example}
    paper = {**call, "settings": settings_for("paper"), "batches": 6}
    assert room.train_work(room.train_probe(paper)) < room.train_work(paper) / 100
