"""The dry run asks for what the notebook asks for; results have the right shapes, probes are small."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest

from fer_utils.errors import UsageError
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import audit_faces
from fer_utils.papers.mobilenet_jaffe import claims, estimate
from fer_utils.papers.mobilenet_jaffe.protocol import extract, train
from fer_utils.papers.mobilenet_jaffe.settings import EPOCH_SELECTIONS, PARAMETERS, PROFILES, READINGS, SPLITS
from fer_utils.papers.mobilenet_jaffe.study import Study, comparisons
from fer_utils.papers.mobilenet_jaffe.tuning import tune
from fer_utils.papers.planning import Asked, Planner
from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.units import unit_key

KINDS = {kind.unit: kind for kind in estimate.KINDS}


class Asking(Planner):
    """A planner that keeps the calls themselves."""

    def __init__(self) -> None:
        super().__init__(estimate.KINDS, unit_key)
        self.calls: dict[str, tuple[Any, Mapping[str, Any]]] = {}

    def _answer(self, kind: Any, call: Any) -> dict[str, Any]:
        self.calls[unit_key(kind.unit, call)] = kind.unit, call
        return super()._answer(kind, call)


@pytest.fixture
def crop(monkeypatch: pytest.MonkeyPatch, drawn: FaceSet) -> None:
    """No face is detected in a drawing, so cropping does something else to it."""
    cropped = drawn.with_images(255 - drawn.images)
    monkeypatch.setattr("fer_utils.papers.mobilenet_jaffe.study.crop_faces", lambda *given, **more: (cropped, None))


def asked(monkeypatch: pytest.MonkeyPatch, faces: FaceSet, **changes: Any) -> Asking:
    monkeypatch.setattr(estimate.data, "load", lambda name: faces)
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    planner = Asking()
    estimate.ask({**defaults, "profile": "smoke", "seeds": [0], **changes}, planner)
    return planner


def of(planner: Planner, unit: Any) -> Asked:
    return planner.asked[unit]


@pytest.mark.usefixtures("crop")
def test_it_asks_for_what_the_study_s_methods_ask_for(monkeypatch: pytest.MonkeyPatch, drawn: FaceSet) -> None:
    planner, notebook = asked(monkeypatch, drawn), Asking()
    study = Study(drawn, PROFILES["smoke"], [0], notebook, "ssd")
    for name in SPLITS:
        for selection in EPOCH_SELECTIONS:
            for base in study.readings.values():
                study.answers(base, name, selection)
    for name, reading, factor in product("AD", READINGS.values(), comparisons(study.settings)):
        study.compare(reading, factor, name)
    list(claims.findings(study, PROTOCOLS))
    assert set(planner.calls) == set(notebook.calls)
    # Four normalisations and two crops; both readings on four splits with inner folds, eight conditions on A and D.
    assert {unit.__name__: len(found.work) for unit, found in planner.asked.items()} == {
        "audit_faces": 4, "extract": 6, "train": 2 * 2 * 4 + 8 * 2,
    }  # fmt: skip


@pytest.mark.usefixtures("crop")
def test_the_notebook_s_parameters_count(monkeypatch: pytest.MonkeyPatch, drawn: FaceSet) -> None:
    base = asked(monkeypatch, drawn)
    longer = asked(monkeypatch, drawn, epochs=4)
    assert sum(of(longer, train).work) == 2 * sum(of(base, train).work)
    assert sum(of(longer, extract).work) == sum(of(base, extract).work)
    more = asked(monkeypatch, drawn, seeds=[0, 1, 2])
    assert 2.9 < sum(of(more, train).work) / sum(of(base, train).work) < 3.1
    larger = asked(monkeypatch, drawn, quota=240)
    assert sum(of(larger, extract).work) > sum(of(base, extract).work)
    tuned = asked(monkeypatch, drawn, tune=["last_block", "all"], tune_epochs=2, tune_quota=60)
    # Two depths at two rates, one fold of A and ten of D.
    assert len(of(tuned, tune).work) == 2 * 2 * 11 and max(of(tuned, tune).work) > 8 * min(of(tuned, tune).work)
    # The trunk of the last block is another part of the network, and heads learn from as few images.
    assert len(of(tuned, extract).work) == 6 + 2
    # What is trained hangs on the profile where nobody says.
    evening = asked(monkeypatch, drawn, profile="evening", quota=30, tune_quota=30)
    assert len(of(evening, tune).work) == 2 * 2 * 11
    nothing = asked(monkeypatch, drawn, profile="evening", quota=30, tune=[])
    assert tune not in nothing.asked
    with pytest.raises(UsageError, match="Did you mean 'smoke'"):
        asked(monkeypatch, drawn, profile="smok")


@pytest.mark.usefixtures("crop")
def test_the_paper_s_size_is_stated_before_it_starts(monkeypatch: pytest.MonkeyPatch, drawn: FaceSet) -> None:
    planner = asked(monkeypatch, drawn, profile="paper", tune=[])
    # Three classes of 11,350 images x 1280 float32; the folds' deeper pool holds some more.
    assert 3 * 11_350 * 1_280 * 4 < of(planner, extract).stored / 6 < 1.4 * 3 * 11_350 * 1_280 * 4


@pytest.mark.usefixtures("crop")
def test_results_are_shaped_like_those_of_the_real_units(monkeypatch: pytest.MonkeyPatch, drawn: FaceSet) -> None:
    planner, checked = asked(monkeypatch, drawn, tune=["last_block"], tune_epochs=1, tune_quota=30), set()
    for unit, call in planner.calls.values():
        if unit is tune or (unit is extract and "extract" in checked):
            continue
        checked.add(unit.__name__)
        real, zeros = unit(**call), KINDS[unit].result(call)
        assert set(real) == set(zeros)
        for name, value in real.items():
            if isinstance(value, np.ndarray):
                assert (value.shape, value.dtype) == (zeros[name].shape, zeros[name].dtype)
            else:
                assert type(value) is type(zeros[name])
    assert checked == {"audit_faces", "extract", "train"}


@pytest.mark.usefixtures("crop", "eagerly")
def test_probes_are_calls_of_less_work(monkeypatch: pytest.MonkeyPatch, drawn: FaceSet) -> None:
    planner = asked(monkeypatch, drawn, quota=240, tune=["all"], tune_epochs=2, tune_quota=60)
    for unit in (audit_faces, extract, train, tune):
        found = of(planner, unit)
        probe = found.kind.probe(found.example)
        assert set(probe) == set(found.example)
        assert 0 < found.kind.work(probe) <= max(found.work) and found.kind.memory(probe) >= 0
        assert unit(**probe)
