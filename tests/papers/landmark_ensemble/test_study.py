"""A study asks for each piece of work once, resumes at the fold it was at, and fills the paper's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble import pipeline, points, protocol, study
from fer_utils.papers.landmark_ensemble.checks import error_by_angle, landmark_check
from fer_utils.papers.landmark_ensemble.learnt import landmark_changes, learning_curves
from fer_utils.papers.landmark_ensemble.pipeline import Prepared, prepare
from fer_utils.papers.landmark_ensemble.settings import MEMBERS, PARTS, TRANSFERRED, settings_for
from fer_utils.papers.landmark_ensemble.study import Study, train_all
from fer_utils.reproduce.units import unit_key
from tests.papers.landmark_ensemble.conftest import TINY


class CountingMapper:
    """Runs each unit once and counts what was run; faces are taken as prepared, training is made up."""

    def __init__(self, faces: Prepared) -> None:
        self.faces, self.ran, self.stored, self.stop_after = faces, Counter(), {}, None

    def __call__(
        self, function: Callable[..., dict[str, Any]], calls: Sequence[Mapping[str, Any]], stage: str
    ) -> list[dict[str, Any]]:
        assert stage
        return [self._one(function, call) for call in calls]

    def _one(self, function: Callable[..., dict[str, Any]], call: Mapping[str, Any]) -> dict[str, Any]:
        key = unit_key(function, call)
        if key not in self.stored:
            if function is protocol.train and self.ran["train"] == self.stop_after:
                raise KeyboardInterrupt
            self.ran[function.__name__] += 1
            self.stored[key] = self._result(function, call)
        return self.stored[key]

    def _result(self, function: Callable[..., dict[str, Any]], call: Mapping[str, Any]) -> dict[str, Any]:
        if function is prepare:
            first = self.faces.select(np.arange(len(call["faces"])))
            return {name: np.asarray(value) for name, value in vars(first).items()}
        return made_up(call) if function is protocol.train else function(**call)


def made_up(call: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Networks that know the answer but for noise; EL's are surer, and the second look is the better one."""
    sure = {"baseline": 0.2, "control": 0.6, "ftl": 1.0, "el": 3.0}[call["kind"]]
    longest = max(len(task.fold.test) for task in call["tasks"])
    rng = np.random.default_rng(len(call["kind"]))
    given = rng.normal(0, 1, (2, len(call["tasks"]), MEMBERS, longest, call["n_classes"])).astype(np.float32)
    for number, task in enumerate(call["tasks"]):
        right = np.eye(call["n_classes"])[call["labels"][task.fold.test]]
        given[1, number, :, : len(right)] += sure * right
    powers = np.exp(given)
    aside = np.tile(np.array([2.0, 1.0], np.float32)[:, None, None], (1, len(call["tasks"]), MEMBERS))
    aside *= 1 if len(call["tasks"][0].aside) else np.nan
    found = {"scores": powers / powers.sum(-1, keepdims=True), "aside": aside, "epochs": np.array([3, 4])}
    if call["kind"] in TRANSFERRED:
        landmarks = np.full((len(call["tasks"]), MEMBERS, longest, 40), 0.5, np.float32)
        found |= {
            "before": landmarks,
            "after": landmarks + np.float32(0.1),
            "seen": np.full((len(call["tasks"]), MEMBERS), 0.03),
        }
    return found


@pytest.fixture
def mapper(drawn_faces: Prepared) -> CountingMapper:
    return CountingMapper(drawn_faces)


@pytest.fixture
def small(drawn: FaceSet, mapper: CountingMapper) -> Study:
    return Study(drawn, TINY, [0], mapper)


def test_every_fold_and_kind_is_a_unit_and_runs_once(small: Study, mapper: CountingMapper) -> None:
    """Four kinds in three folds under two protocols, and EL's first fold at 64 pixels."""
    assert train_all([small]) == 2 * 3 * 4 + 1
    small.accuracies("published"), small.accuracies("sound"), landmark_changes(small)
    small.closer().first_task("el")
    assert mapper.ran == {"prepare": 1, "draw": 2, "train": 25}


def test_one_training_serves_both_protocols_if_asked(drawn: FaceSet, mapper: CountingMapper) -> None:
    once = Study(drawn, TINY.but(train_twice=False), [0], mapper)
    assert train_all([once]) == 13
    once.accuracies("published"), once.accuracies("sound")
    assert mapper.ran["train"] == 13


def test_where_nobody_is_set_aside_the_last_epoch_counts(drawn: FaceSet, mapper: CountingMapper) -> None:
    short = Study(drawn, TINY.but(aside_share=0.0), [0], mapper)
    assert (short.selection("published"), short.selection("sound")) == ("test_fold", "last_epoch")
    assert train_all([short]) == 13 and not any(len(task.aside) for task in short.tasks("sound"))
    assert {call["kept"] for call in short.work(("published", "sound"))} == {"last_epoch"}
    with pytest.raises(FerError, match="without the people set aside"):
        short.outcome("el", "sound", "inner_split")


def test_weights_are_kept_after_the_epoch_that_table_1_scores(small: Study) -> None:
    kept = {call["kept"] for call in small.work(("published",))}, {call["kept"] for call in small.work(("sound",))}
    assert kept == ({"test_fold"}, {"inner_split"})


def test_pictures_large_enough_for_grad_cam(small: Study, drawn: FaceSet, mapper: CountingMapper) -> None:
    closer = small.closer()
    assert closer.crops.shape[1:] == (64, 64) and closer.settings.filters == (2, 2) and len(closer.tasks("sound")) == 1
    large = Study(drawn, TINY.but(image_size=64), [0], mapper)
    assert large.closer() is large and train_all([large]) == 24


def test_seeds_answer_for_the_same_pictures(drawn: FaceSet, mapper: CountingMapper) -> None:
    found = Study(drawn, TINY, [0, 1], mapper).outcome("el", "sound")
    answers, members = found.answers(), found.members()
    assert answers.predicted.shape == (2, 36) and members.predicted.shape == (10, 36) and found.epochs.shape == (6, 5)
    assert sorted(answers.pictures) == list(range(36)) and "2 seeds" in answers.accuracy().how
    for seed in range(2):
        own = found.of_seed(seed)
        np.testing.assert_array_equal(own.answers().predicted[0], answers.predicted[seed])
        np.testing.assert_array_equal(own.members().predicted, members.predicted[5 * seed : 5 * seed + 5])


def test_learning_curves_have_a_point_an_epoch(drawn: FaceSet, drawn_faces: Prepared) -> None:
    found = learning_curves(Study(drawn, TINY, [0], CountingMapper(drawn_faces)))
    assert list(found) == ["the paper's rates", "one cycle"]
    for own in found.values():
        assert len(own["landmarks"]) == 1 and len(own["expressions"]) == 4 and 0 < own["landmarks"][0] < 100


def test_interrupted_in_the_third_fold_it_resumes_there(small: Study, mapper: CountingMapper) -> None:
    mapper.stop_after = 2
    with pytest.raises(KeyboardInterrupt):
        small.trained("el", "sound")
    assert mapper.ran["train"] == 2
    mapper.stop_after = None
    small.trained("el", "sound")
    assert mapper.ran["train"] == 3


def test_table_1_has_the_paper_s_rows(small: Study) -> None:
    table = small.accuracies("sound").set_index("network")
    assert list(table.index) == [
        "Baseline",
        "Baseline, equal work",
        "FTL",
        *(part.capitalize() for part in PARTS),
        "EL",
    ]
    assert table.loc["EL", "accuracy %"] > table.loc["FTL", "accuracy %"] > table.loc["Baseline", "accuracy %"]
    assert (table["people"] == 6).all() and (table["low %"] <= table["accuracy %"]).all()
    assert small.outcome("el", "sound").epochs.shape == (3, 5) and (small.outcome("el", "sound").epochs == 4).all()


def test_published_networks_see_those_set_aside(small: Study) -> None:
    published, sound = small.tasks("published"), small.tasks("sound")
    for all_of_them, fewer in zip(published, sound, strict=True):
        assert len(all_of_them.fold.train) == len(fewer.fold.train) + len(fewer.aside) and not len(all_of_them.aside)
        np.testing.assert_array_equal(all_of_them.fold.test, fewer.fold.test)
    with pytest.raises(FerError, match="without the people set aside"):
        small.outcome("el", "published", "inner_split")


def test_the_audit_finds_people_apart(small: Study) -> None:
    report = small.audit("published").reports[""]
    assert report.n_test == 36 and report.counts["subject"] == report.counts["source"] == 0


def test_the_audit_of_two_sets_counts_over_both(drawn: FaceSet, mapper: CountingMapper) -> None:
    """The second set holds the first one's pictures: every test image is known, though no person or source is."""
    other = replace(drawn, name="other", table=drawn.table.assign(source="other " + drawn.table["source"]))
    report = Study(drawn, TINY.but(aside_share=0.1), [0], mapper, tested=[other]).audit("published").reports[""]
    assert report.n_test == report.counts["exact"] == 36 and report.counts["subject"] == report.counts["source"] == 0


def test_differences_are_in_points(small: Study) -> None:
    table = small.differences("sound").set_index("difference")
    el, baseline = (small.outcome(kind, "sound").answers().accuracy().value for kind in ("el", "baseline"))
    work = "Baseline, equal work"
    assert list(table.index) == [
        "FTL - Baseline",
        "EL - FTL",
        "EL - Baseline",
        f"FTL - {work}",
        f"EL - {work}",
        f"{work} - Baseline",
    ]
    np.testing.assert_allclose(table["half-width"], (table["high"] - table["low"]) / 2)
    assert table.loc["EL - Baseline", "points"] == pytest.approx(100 * (el - baseline))
    assert (table["low"] <= table["points"]).all() and table["McNemar p"].between(0, 1).all()


def test_seeds_come_once(drawn: FaceSet, mapper: CountingMapper) -> None:
    with pytest.raises(UsageError, match="seeds must be different"):
        Study(drawn, TINY, [0, 0], mapper)


def test_landmark_change_by_hand(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """All points at the middle of the crop: the made-up heads are right before and a tenth of the side off after."""
    middle = np.full((36, 68, 2), 16.0, np.float32)
    monkeypatch.setattr(type(small), "points", middle)
    table = landmark_changes(small)
    assert table["part"].tolist() == list(PARTS)
    np.testing.assert_allclose(table["before %"], 0, atol=1e-4)
    np.testing.assert_allclose(table["change %"], 10, atol=1e-4)
    np.testing.assert_allclose(table["training faces %"], 3, atol=1e-4)
    # Turned faces differ from their mean, upright ones are all the same here but for that mean.
    assert (table["mean face, training %"] > 0.1).all()


def test_cross_data_keeps_common_classes_and_scores_each_set(drawn: FaceSet, mapper: CountingMapper) -> None:
    known = drawn.table["label"] != "surprise"
    other = replace(drawn.select(known.to_numpy()), name="other", classes=("happiness", "neutral"))
    cross = Study(other, TINY, [0], mapper, tested=[drawn])
    assert cross.classes == ("happiness", "neutral") and len(cross.labels) == 48
    (fold,) = cross.folds
    assert fold.train.tolist() == list(range(24)) and fold.test.tolist() == list(range(24, 48))
    found = cross.outcome("el", "sound", tested_on="drawn")
    assert len(found.truth) == 24 and set(found.row) == set(range(24, 48))
    # The same name is another person in another data set.
    assert not set(cross.subjects[:24]) & set(cross.subjects[24:])
    alone = drawn.select((drawn.table["label"] == "surprise").to_numpy())
    with pytest.raises(FerError, match="fewer than two classes in common"):
        Study(alone, TINY, [0], mapper, tested=[other])


def test_only_the_expressions_asked_for_are_kept(drawn: FaceSet, mapper: CountingMapper) -> None:
    study = Study(drawn, TINY.but(classes=("surprise", "neutral", "fear")), [0], mapper)
    assert study.classes == ("neutral", "surprise")
    assert set(study.sets[0].table["label"]) == {"neutral", "surprise"} and len(study.labels) == 24
    with pytest.raises(FerError, match="of neutral, fear drawn have fewer than two classes in common; name others"):
        Study(drawn, TINY.but(classes=("neutral", "fear")), [0], mapper)


def test_a_set_with_its_own_split_keeps_it(drawn: FaceSet, mapper: CountingMapper) -> None:
    split = np.where(np.arange(36) < 20, "Train", "Val")
    own = replace(drawn, table=drawn.table.assign(split=split))
    (fold,) = Study(own, TINY, [0], mapper).folds
    assert (len(fold.train), len(fold.test)) == (20, 16)
    (cross,) = Study(own, TINY, [0], mapper, tested=[replace(drawn, name="other")]).folds
    assert len(cross.train) == 20 and len(cross.test) == 16 + 36


def test_where_people_are_unknown_movies_are_set_aside_whole(drawn: FaceSet, mapper: CountingMapper) -> None:
    movies = drawn.table.assign(subject=drawn.table["source"], sequence=drawn.subjects, split="Train")
    movies.loc[movies["sequence"] == "p5", "split"] = "Val"
    (task,) = Study(replace(drawn, table=movies), TINY, [0], mapper).tasks("sound")
    assert not set(drawn.subjects[task.aside]) & set(drawn.subjects[task.fold.train])
    assert len(task.aside) % 6 == 0 and set(drawn.subjects[task.fold.test]) == {"p5"}


def test_a_predictor_that_contradicts_itself_is_found_out(
    drawn_faces: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the same of every picture, mirrored or not: right for a symmetric face, off for one moved aside."""
    middle = np.linspace(5, 26, 68)[:, None] * np.ones(2)
    middle = np.float32((middle + (middle * [-1, 1] + [31, 0])[points.MIRROR]) / 2)
    aside = middle + np.float32([2, 0])
    height = np.ptp(middle[:, 1])
    for told, gap in ((middle, 0.0), (aside, 4 / height)):
        every = np.repeat(told[None], len(drawn_faces.crops), axis=0)
        monkeypatch.setattr(pipeline, "landmarks_of_crops", lambda crops, every=every: every.copy())
        table = landmark_check({"drawn": drawn_faces}, CountingMapper(drawn_faces))
        assert table.loc[0, "mirror gap %"] == pytest.approx(100 * gap, abs=1e-4)
        assert table.loc[0, "data"] == "drawn" and table.loc[0, "one face"] == 36


def test_landmark_error_by_angle_by_hand(drawn_faces: Prepared) -> None:
    """Truth in 32-pixel pictures and crops of the same size: three pixels off on a face 14 pixels high."""
    truth = drawn_faces.points.copy()
    turned = np.repeat([0, 45], 18)
    truth[18:, :, 0] += 3
    table = error_by_angle(drawn_faces, truth, turned, (32, 32)).set_index("angle")
    heights = np.ptp(truth[18:, :, 1], axis=1)
    assert table["images"].tolist() == [18, 18] and table.loc[0, "all"] < 1e-3
    assert table.loc[45, "mouth"] == pytest.approx(float((300 / heights).mean()), rel=1e-3)
    assert table["failed %"].tolist() == [0, 100]


def test_processors_take_a_fold_at_a_time_and_gpus_all(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "gpu_visible", lambda: False)
    assert [len(call["tasks"]) for call in small._calls("el", "sound")] == [1, 1, 1]
    # Small networks gain by standing side by side, the paper's do not.
    assert study.networks_together(TINY) == 5 and study.networks_together(settings_for("paper")) == 1
    monkeypatch.setattr(study, "gpu_visible", lambda: True)
    (call,) = small._calls("el", "sound")
    assert len(call["tasks"]) == 3 and call["together"] == 50
