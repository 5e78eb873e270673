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
from fer_utils.papers.clifer.protocol import BASELINES, CLASSES, MEMORY_CONDITIONS, ORACLE, TEST_CONDITIONS
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
        orders = len(study.orders) if found["condition"] in MEMORY_CONDITIONS else 1
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


def test_a_face_is_rebuilt_from_its_own_code_with_its_own_expression(study: Study) -> None:
    few = study.faces.select(np.arange(1, len(study.faces), 7))
    rebuilt = study.rebuilt("sound", few)
    assert rebuilt.shape == few.images.shape and rebuilt.dtype == np.uint8
    for row in (0, len(few) - 1):
        model = study.imagination(few.subjects[row], "sound")
        every = model.pictures(model.encode(few.images[[row]]), range(len(CLASSES)))[0]
        np.testing.assert_array_equal(rebuilt[row], every[CLASSES.index(few.table["label"].iloc[row])])


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


def test_the_account_of_forgetting_adds_up(study: Study) -> None:
    account = study.account("published").set_index(["condition", "memory"])
    assert len(account) == len(BASELINES) + len(MEMORIES) * (len(MEMORY_CONDITIONS) + 1)
    np.testing.assert_allclose(account["just learnt"] - account["lost"], account["at the end"])
    remembering = account.drop(index=[(name, "") for name in BASELINES])
    np.testing.assert_allclose(remembering["of it overwritten"] + remembering["of it aged"], remembering["lost"])
    assert account.loc[[(name, "") for name in BASELINES], "of it aged"].isna().all()


def test_what_is_lost_by_age_is_kept_where_nothing_ages(
    drawn: FaceSet, mapped: Mapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edges are cut at once and their neurons removed. The codes of a class lie together, far from all others."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 0.6, (len(CLASSES), 50))
    codes = centres[drawn.labels] + rng.normal(0, 0.15, (len(drawn), 50))
    memory = QUICK.memory
    young = memory.but(episodic=memory.episodic.but(max_age=1), semantic=memory.semantic.but(max_age=1))
    hasty = Study(drawn, QUICK.but(memory=young), [0], mapped)
    monkeypatch.setattr(hasty, "codes", lambda protocol: [codes])
    gdm = hasty.account("published").set_index(["condition", "memory"]).loc[("GDM", "GDM-E")]
    assert gdm["lost"] > 0.5 and gdm["of it aged"] > 0.3 > gdm["of it overwritten"]


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
    gains = retention.gains(study.scores("published"), [*MEMORY_CONDITIONS[1:], ORACLE], "GDM")
    drawn.append(figures.gain_curves(gains, CLASSES, "GDM"))
    recalls = {name: study.forgetting("published", memory=number) for number, name in enumerate(MEMORIES)}
    without = {condition: recall for condition, recall in recalls["GDM-S"].items() if condition not in BASELINES}
    forgetting = figures.forgetting_curves(recalls | {"GDM-S": without}, CLASSES)
    assert [axis.axison for axis in forgetting.axes].count(False) == len(BASELINES)
    drawn.append(forgetting)
    rng = np.random.default_rng(0)
    frame = {"weights": rng.normal(size=(3, 2)), "labels": np.array([0, 1, -1]), "edges": np.array([[0, 1]])}
    drawn.append(figures.growth({"after 1": frame, "after 2": frame}, rng.normal(size=(9, 2)), np.arange(9) % 3))
    for figure in drawn:
        shown = [axis for axis in figure.axes if axis.axison]
        assert any(axis.get_xlabel() for axis in shown) and shown[0].get_ylabel()
        plt.close(figure)


def test_a_difference_is_grey_where_nothing_moved() -> None:
    face = np.full((4, 4, 3), 100, np.uint8)
    moved = face.copy()
    moved[0, 0], moved[1, 1] = 110, 0
    found = figures.less(np.stack([face, moved]), face)
    assert (found[0] == 128).all() and (found[1, 0, 0] == 158).all() and (found[1, 1, 1] == 0).all()


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
        "learn_person": sum(len(study.answers(protocol)) + len(study.ageless(protocol)) for protocol in PROTOCOLS),
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
