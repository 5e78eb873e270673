"""The whole study on drawn faces: every unit, every table, and an estimate of what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import estimate, figures, retention
from fer_utils.papers.clifer.gdm import MEMORIES
from fer_utils.papers.clifer.protocol import BASELINES, CLASSES, TEST_CONDITIONS
from fer_utils.papers.clifer.settings import PARAMETERS
from fer_utils.papers.clifer.study import PROTOCOLS, Study
from fer_utils.papers.planning import Kind, Planner
from fer_utils.reproduce.units import Store, run_units, unit_key
from tests.papers.clifer.conftest import CLIPS, FRAMES, PEOPLE, SETTINGS

QUICK = SETTINGS.but(imagination=SETTINGS.imagination.but(epochs=1), mlp=SETTINGS.mlp.__class__(epochs=1))


class Mapped:
    """``Run.map`` with a store of its own; counts the units that were computed."""

    def __init__(self, folder: Path) -> None:
        self.store, self.computed = Store(folder), 0
        self.calls: list[tuple[Callable, Mapping[str, Any]]] = []

    def __call__(self, function: Callable, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        self.calls += [(function, call) for call in calls]
        before = len(list(self.store.folder.rglob("*.npz")))
        # In this process: starting workers takes longer than all that they would compute.
        found = run_units(function, calls, stage=stage, workers=1, store=self.store)
        self.computed += len(list(self.store.folder.rglob("*.npz"))) - before
        return found


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    return Mapped(tmp_path_factory.mktemp("units"))


@pytest.fixture(scope="module")
def study(drawn: FaceSet, mapped: Mapped) -> Study:
    return Study(drawn, QUICK, [0], mapped)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_person_is_asked_about_every_frame_under_every_condition(study: Study, protocol: str) -> None:
    answers = study.answers(protocol)
    folds = {"published": 1, "sound": 2}[protocol]
    assert len(answers) == PEOPLE * folds * len(TEST_CONDITIONS)
    for condition in TEST_CONDITIONS:
        asked = sum(len(found["truth"]) for found in answers if found["condition"] == condition)
        assert asked == PEOPLE * len(CLASSES) * CLIPS * FRAMES
    for found in answers:
        orders = 1 if found["condition"] == BASELINES[1] else len(study.orders)
        assert found["predicted"].shape == (orders, len(CLASSES), len(MEMORIES), len(found["truth"]))


def test_sound_is_left_out_where_somebody_shows_a_class_in_one_clip_only(drawn: FaceSet, mapped: Mapped) -> None:
    once = drawn.select(~drawn.table["sequence"].eq("p2-fear-1").to_numpy())
    whole, lacking = Study(drawn, QUICK, [0], mapped), Study(once, QUICK, [0], mapped)
    assert whole.possible(PROTOCOLS) == (list(PROTOCOLS), "")
    allowed, why = lacking.possible(PROTOCOLS)
    assert allowed == ["published"] and "p2 has fear in one clip only" in why
    with pytest.raises(FerError, match="p2 has fear"):
        lacking.possible(["sound"])


def test_what_was_computed_is_fetched(study: Study, drawn: FaceSet, mapped: Mapped) -> None:
    first = study.scores("published")
    before = mapped.computed
    again = Study(drawn, QUICK, [0], mapped).scores("published")
    assert mapped.computed == before and again.equals(first)


def test_in_sound_nobody_is_encoded_by_a_model_that_saw_them(study: Study) -> None:
    rows = study.training_rows("sound")
    for person in study.people:
        seen = set(study.faces.subjects[rows[study.model_of(person, "sound")]])
        assert person not in seen
    assert set(study.faces.subjects[study.training_rows("published")[0]]) == set(study.people)


def test_scores_and_tables(study: Study) -> None:
    table = study.scores("sound")
    assert set(table["condition"]) == set(TEST_CONDITIONS) and set(table["experiment"]) == {1, 2}
    last = table[table["step"] == len(CLASSES)]
    first, second = (last[last["experiment"] == number]["f1 micro"].to_numpy() for number in (1, 2))
    np.testing.assert_array_equal(first, second)
    curve = retention.curve_table(table, 0)
    assert len(curve) == 2 * len(TEST_CONDITIONS) * len(MEMORIES) * len(CLASSES)
    recalls = study.forgetting("sound")
    assert set(recalls) == set(TEST_CONDITIONS) and recalls["GDM"].shape == (6, 6)
    assert np.isnan(recalls["GDM"][3, 2]) and not np.isnan(recalls["GDM"][3, 3:]).any()


def test_orders(drawn: FaceSet, mapped: Mapped) -> None:
    whole = Study(drawn, QUICK.but(order_study=True), [0], mapped)
    assert len(whole.orders) == 11 and len(whole.compared) == 6 and len(whole.neutral_first) == 5
    assert whole.orders[0] == [CLASSES.index(name) for name in CLASSES] and 0 in whole.neutral_first
    assert len({whole.orders[number][0] for number in whole.compared}) == 6
    assert len(Study(drawn, QUICK, [0], mapped).orders) == 1


def test_the_first_people_by_name_can_be_chosen(drawn: FaceSet, study: Study, mapped: Mapped) -> None:
    assert Study(drawn, QUICK.but(people=3), [0], mapped).people == study.people[:3]


def test_another_protocol_is_refused(study: Study) -> None:
    with pytest.raises(UsageError, match="protocol must be one of published, sound"):
        study.models("A")


def test_figures_are_labelled(study: Study) -> None:
    curve = retention.curve_table(study.scores("published"), 0)
    drawn = [figures.f1_curves(curve, experiment, CLASSES) for experiment in (1, 2)]
    drawn.append(figures.forgetting_curves(study.forgetting("published"), CLASSES))
    rng = np.random.default_rng(0)
    frame = {"weights": rng.normal(size=(3, 2)), "labels": np.array([0, 1, -1]), "edges": np.array([[0, 1]])}
    drawn.append(figures.growth({"after 1": frame, "after 2": frame}, rng.normal(size=(9, 2)), np.arange(9) % 3))
    for figure in drawn:
        assert all(axis.get_xlabel() for axis in figure.axes) and figure.axes[0].get_ylabel()
        plt.close(figure)


def test_a_dry_run_asks_for_the_units_that_are_run(
    drawn: FaceSet, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate.data, "load", lambda name: drawn)
    # For reading: what the planner makes up must not look void.
    monkeypatch.setitem(estimate.PROFILES, "smoke", QUICK.but(for_reading=True))
    planner = Planner(estimate.KINDS, unit_key)
    knobs = {name: parameter.default for name, parameter in PARAMETERS.items()}
    estimate.ask({**knobs, "profile": "smoke"}, planner)
    counts = {unit.__name__: len(asked.work) for unit, asked in planner.asked.items()}
    assert counts == {
        "train_imagination": sum(len(study.training_rows(protocol)) for protocol in PROTOCOLS),
        "encode": sum(len(study.models(protocol)) for protocol in PROTOCOLS),
        "learn_person": sum(len(study.answers(protocol)) for protocol in PROTOCOLS),
        "audit_faces": 2 * len(PROTOCOLS),
    }


@pytest.mark.parametrize("kind", estimate.KINDS, ids=lambda kind: kind.title)
def test_a_plan_s_zeros_have_the_shapes_of_results_and_a_probe_does_less(
    kind: Kind, drawn: FaceSet, study: Study, mapped: Mapped
) -> None:
    study.audit("published")
    calls = [call for unit, call in mapped.calls if unit is kind.unit]
    small = kind.probe(calls[0])
    assert 0 < kind.work(small) <= kind.work(calls[0])
    planned, result = kind.result(calls[0]), kind.unit(**calls[0])
    assert {name: np.shape(value) for name, value in planned.items()} == {
        name: np.shape(value) for name, value in result.items()
    }


def test_the_leak_audit_shows_what_each_protocol_has_seen(study: Study) -> None:
    leak = study.audit("sound")
    published, sound = study.audit("published").reports, leak.reports
    for part in ("memories", "imagination"):
        assert published[part].shares()["source"] == 1.0
        assert sound[part].shares()["source"] == 0.0
    assert sound["memories"].shares()["subject"] == 1.0 and sound["memories"].shares()["clip"] == 0.0
    assert sound["imagination"].shares()["subject"] == 0.0
    assert leak.text().startswith("memories: subject 100 %") and "; imagination: " in leak.text()
