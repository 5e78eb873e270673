"""A study asks for each piece of work once, and its smoke profile runs from JAFFE's files to the scores."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fer_utils import data
from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe import protocol as steps
from fer_utils.papers.mobilenet_jaffe.settings import (
    EPOCH_SELECTIONS,
    PROFILES,
    READINGS,
    SPLITS,
    Retraining,
    Settings,
)
from fer_utils.papers.mobilenet_jaffe.study import Study, comparisons
from fer_utils.papers.mobilenet_jaffe.tuning import tune
from fer_utils.reproduce.units import Store, run_units, unit_key
from tests.stand_ins import write_jaffe

SETTINGS = Settings(image_size=32, quota=24, epochs=2)


class CountingMapper:
    """Runs each unit once and counts what was run; features are made up unless ``real``."""

    def __init__(self, real: bool = False) -> None:
        self.real, self.ran, self.stored = real, Counter(), {}

    def __call__(
        self, function: Callable[..., dict[str, Any]], calls: Sequence[Mapping[str, Any]], stage: str
    ) -> list[dict[str, Any]]:
        assert stage
        return [self._one(function, call) for call in calls]

    def _one(self, function: Callable[..., dict[str, Any]], call: Mapping[str, Any]) -> dict[str, Any]:
        key = unit_key(function, call)
        if key not in self.stored:
            self.ran[function.__name__] += 1
            self.stored[key] = made_up(call) if function is steps.extract and not self.real else function(**call)
        return self.stored[key]


def made_up(call: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Eight features an image that tell the class, in a noise that hangs on the pictures and their normalisation."""
    pool = call["pool"]
    rng = np.random.default_rng(zlib.crc32(f"{call['faces'].fingerprint} {call['normalisation']}".encode()))
    return {"activations": (np.eye(8)[pool.label] + rng.normal(0, 0.2, (len(pool), 8))).astype(np.float32)}


@pytest.fixture
def mapper() -> CountingMapper:
    return CountingMapper()


@pytest.fixture
def study(drawn: FaceSet, mapper: CountingMapper) -> Study:
    return Study(drawn, SETTINGS, [0, 1], mapper)


# -- what is compared ------------------------------------------------------------------------------


def test_comparisons_change_one_factor_each() -> None:
    groups = comparisons(SETTINGS)
    assert {name: list(levels) for name, levels in groups.items()} == {
        "normalisation": ["raw", "0-1", "-1..1", "per-image"],
        "face crop": ["whole picture", "cropped face"],
        "learning rate": ["0.01", "0.001"],
        "batch size": ["8", "32"],
    }
    for levels in groups.values():
        assert SETTINGS in levels.values()
        for condition in levels.values():
            changed = [name for name, value in vars(condition).items() if value != getattr(SETTINGS, name)]
            assert len(changed) <= 1


def test_settings_are_compared_on_fewer_images_where_asked(drawn: FaceSet, mapper: CountingMapper) -> None:
    settings = SETTINGS.but(compared_quota=12)
    study = Study(drawn, settings, [0], mapper)
    base = study.readings["raw pixels"]
    levels = comparisons(base)["batch size"]
    assert {condition.quota for condition in levels.values()} == {12} and base.quota == SETTINGS.quota
    assert len(study.plan_of(levels["32"]).pool) < len(study.plan.pool)
    assert set(study.plan_of(levels["32"]).splits) == {"A", "D"}
    study.train_all()
    before = dict(mapper.ran)
    # A test part of A grows with the quota; D's photographs are the same.
    assert len(study.answers(levels["32"], "A")) < len(study.answers(base, "A"))
    assert len(study.answers(levels["32"], "D")) == len(study.answers(base, "D"))
    study.compare("raw pixels", "batch size", "D")
    assert dict(mapper.ran) == before, "all of it was trained at once"
    assert SETTINGS.but(compared_quota=10_000).compared().quota == SETTINGS.quota


# -- one piece of work, once -----------------------------------------------------------------------


def test_features_are_computed_once_an_image_condition(study: Study, mapper: CountingMapper) -> None:
    for name, reading, factor in product("AD", READINGS.values(), comparisons(SETTINGS)):
        study.compare(reading, factor, name)
    # Four normalisations and a crop of either reading; learning rates and batch sizes train on what is there.
    assert mapper.ran["extract"] == 6
    # On each split both readings, each with a crop, another rate and batch size, and two more normalisations.
    assert mapper.ran["train"] == 2 * (2 * 4 + 2)
    study.compare("raw pixels", "normalisation", "A")
    study.curve(SETTINGS, "D")
    assert mapper.ran == {"extract": 6, "train": 20}


def test_an_epoch_chosen_within_training_costs_one_more_run(study: Study, mapper: CountingMapper) -> None:
    for selection in EPOCH_SELECTIONS:
        study.answers(SETTINGS, "C", selection)
    assert mapper.ran == {"extract": 1, "train": 2}
    for protocol in ("published", "sound"):
        study.audit(protocol)
    assert mapper.ran["audit_faces"] == len(SPLITS)


def test_settings_that_change_the_pictures_change_the_features(study: Study, mapper: CountingMapper) -> None:
    base = study.features([SETTINGS])[0]
    same = study.features([SETTINGS.but(learning_rate=0.5, batch_size=7, epochs=9)])[0]
    assert same is base and mapper.ran["extract"] == 1
    for changed in ({"normalisation": "0-1"}, {"image_size": 48}, {"weights": "none"}, {"trainable": "last_block"}):
        study.features([SETTINGS.but(**changed)])
    assert mapper.ran["extract"] == 5


def test_a_weights_file_is_known_by_its_content(study: Study, mapper: CountingMapper, tmp_path: Path) -> None:
    path, copy = tmp_path / "a.weights.h5", tmp_path / "b.weights.h5"
    path.write_bytes(b"1"), copy.write_bytes(b"1")
    study.features([SETTINGS.but(weights=str(path)), SETTINGS.but(weights=str(copy))])
    assert mapper.ran["extract"] == 1
    copy.write_bytes(b"2")
    study.features([SETTINGS.but(weights=str(copy))])
    assert mapper.ran["extract"] == 2


# -- what comes out --------------------------------------------------------------------------------


def test_compare_gives_a_row_a_level(study: Study) -> None:
    table = study.compare("raw pixels", "batch size", "D")
    assert set(table["reading"]) == {"raw pixels"}
    assert list(table["level"]) == ["8", "32"]
    assert set(table["factor"]) == {"batch size"} and set(table["protocol"]) == {"D"}
    assert (table["low %"] <= table["accuracy %"]).all() and (table["accuracy %"] <= table["high %"]).all()
    assert table[["accuracy %", "macro F1"]].to_numpy().min() >= 0 and table["macro F1"].max() <= 100
    base = study.answers(SETTINGS, "D")
    np.testing.assert_allclose(table["accuracy %"][1], 100 * base.accuracy().value)
    np.testing.assert_allclose(table["macro F1"][1], 100 * base.macro_f1())
    # More steps of the same size learn these made-up features better.
    assert table["accuracy %"][0] > table["accuracy %"][1]


def test_a_curve_ends_in_the_last_epoch_s_accuracy(study: Study) -> None:
    for name in "AC":
        curve, folds = study.curve(SETTINGS, name), study.plan.splits[name].folds
        assert curve.shape == (2, len(folds)) and ((curve >= 0) & (curve <= 1)).all()
        sizes = [len(fold.test) for fold in folds]
        expected = study.answers(SETTINGS, name, "last_epoch").accuracy().value
        np.testing.assert_allclose(np.average(curve[-1], weights=sizes), expected)
        best = study.answers(SETTINGS, name, "test_fold").accuracy().value
        np.testing.assert_allclose(np.average(curve.max(axis=0), weights=sizes), best)


def test_audits_of_splits_and_of_protocols(study: Study) -> None:
    assert study.audits["D"].text() == "none found"
    assert study.audits["A"].shares()["subject"] == 1
    assert study.audit("published").reports == {"": study.audits["A"]}
    assert study.audit("sound").text() == study.audits["C"].text() == "none found"
    with pytest.raises(UsageError, match="published, sound"):
        study.audit("A")


def test_a_protocol_is_judged_by_its_split_and_choice_of_epoch(study: Study) -> None:
    """Under each reading: the paper's words first, then what the network was trained on."""
    assert list(study.readings) == ["raw pixels", "pixels −1 to 1"]
    for mode, reading in READINGS.items():
        base = SETTINGS.but(normalisation=mode)
        assert study.readings[reading] == base
        assert study.judged("published", reading) is study.answers(base, "A", "test_fold")
        assert study.judged("sound", reading) is study.answers(base, "C", "inner_split")
    with pytest.raises(UsageError, match="published, sound"):
        study.judged("A", "raw pixels")
    with pytest.raises(UsageError, match="Did you mean 'raw pixels'"):
        study.judged("published", "raw pixel")


@pytest.mark.parametrize("seeds", [[], [0, 1, 0]])
def test_seeds_must_be_there_and_different(drawn: FaceSet, mapper: CountingMapper, seeds: list[int]) -> None:
    with pytest.raises(UsageError, match="seeds must be different whole numbers"):
        Study(drawn, SETTINGS, seeds, mapper)


def test_everything_the_notebook_needs_is_trained_at_once(study: Study, mapper: CountingMapper) -> None:
    # Both readings on four splits with inner folds; eight other conditions on A and D.
    assert study.train_all() == 2 * 2 * 4 + 8 * 2
    assert mapper.ran == {"extract": 6, "train": 32}
    for base in study.readings.values():
        for name in SPLITS:
            study.answers(base, name, "inner_split")
    for name, reading, factor in product("AD", READINGS.values(), comparisons(SETTINGS)):
        study.compare(reading, factor, name)
    assert mapper.ran == {"extract": 6, "train": 32}


# -- more than the head ----------------------------------------------------------------------------


def test_everything_trained_has_no_features(study: Study) -> None:
    with pytest.raises(FerError, match=r"use Study\.tuned"):
        study.features([SETTINGS, SETTINGS.but(trainable="all")])


@pytest.mark.parametrize("trainable", ["last_block", "all"])
def test_tuned_asks_for_what_it_needs(study: Study, mapper: CountingMapper, trainable: str) -> None:
    """The units' arguments; what :func:`tune` makes of them is tested in ``test_tuning.py``."""
    asked = []

    def answer(function: Any, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        if function is steps.extract:
            return mapper(function, calls, stage)
        asked.extend(calls)
        truth = [study.plan.pool.label[call["fold"].test] for call in calls]
        return [{"predicted": right[None, None].astype(np.int16), "loss": np.zeros((1, 1))} for right in truth]

    study.mapper, study.retraining = answer, Retraining((trainable,), quota=30, epochs=1)
    plan = study.small_plan
    answers = study.tuned(trainable, 1e-2, "D")
    # Every photograph is tested once, by the folds of the first seed; few images of it are trained on.
    assert answers.accuracy().value == 1 and len(answers) == 72
    assert [call["seed"] for call in asked] == plan.splits["D"].seeds == study.plan.splits["D"].seeds[:10]
    assert [call["fold"] for call in asked] == plan.splits["D"].folds
    for call in asked:
        assert len(call["fold"].train) == 3 * 27 and call["pool"] is plan.pool
        assert (call["normalisation"], call["learning_rate"], call["epochs"]) == ("-1..1", 1e-2, 1)
        assert (call["activations"] is None) == (trainable == "all")
    assert mapper.ran["extract"] == (trainable == "last_block")
    study.tuned(trainable, 1e-2, "D")
    assert len(asked) == 10


def test_deeper_training_takes_few_images_however_many_classes_there_are(study: Study) -> None:
    for quota, most in ((200, 200), (5_000, 1_000 // 3)):
        study.retraining = Retraining(("all",), quota=quota)
        study.__dict__.pop("small_plan", None)
        (fold,) = study.small_plan.splits["A"].folds
        assert len(fold.train) + len(fold.test) == 3 * most


def test_depths_are_compared_on_the_same_few_images(study: Study, mapper: CountingMapper) -> None:
    assert len(study.compare_depths()) == 0 and mapper.ran == {}

    def answer(function: Any, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        if function is not tune:
            return mapper(function, calls, stage)
        truth = [call["pool"].label[call["fold"].test] for call in calls]
        return [{"predicted": right[None, None].astype(np.int16), "loss": np.zeros((1, 1))} for right in truth]

    study.mapper, study.retraining = answer, Retraining(("last_block", "all"), quota=30, epochs=1)
    table = study.compare_depths()
    assert len(table) == 3 * 2 * 2 and set(table["protocol"]) == {"A", "D"}
    assert (table[table["trained"] != "head"]["accuracy %"] == 100).all()
    assert (table[table["trained"] == "head"]["accuracy %"] < 100).any()


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("trainable", ["last_block", "all"])
def test_tuned_for_one_epoch(drawn: FaceSet, trainable: str) -> None:
    """For real, on A: one answer a test image."""
    mapper = CountingMapper(real=True)
    real = Study(drawn, SETTINGS, [0], mapper, retraining=Retraining((trainable,), quota=6, epochs=1))
    answers = real.tuned(trainable, 1e-3, "A")
    (fold,) = real.small_plan.splits["A"].folds
    np.testing.assert_array_equal(answers.truth, real.small_plan.pool.label[fold.test])
    assert answers.predicted.shape == (1, len(fold.test)) and set(answers.predicted[0]) <= {0, 1, 2}
    assert mapper.ran == {"tune": 1} | ({"extract": 1} if trainable == "last_block" else {})


# -- the whole way ---------------------------------------------------------------------------------


def test_the_smoke_profile_on_jaffe_s_layout_with_its_palette_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_jaffe(tmp_path / "jaffe")
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    plain = data.load("jaffe")
    # As in the owners' archive: KA.AN1.39 and all of KM have a palette of greys.
    palettes = [file for file in folder.glob("*.tiff") if file.name.startswith(("KA.AN1.39.", "KM."))]
    for file in palettes:
        with Image.open(file) as picture:
            picture.load()
        picture.putpalette([value for value in range(256) for _ in range(3)])
        picture.save(file)
    faces, store = data.load("jaffe"), Store(tmp_path / "units")
    assert len(palettes) == 23 and {Image.open(file).mode for file in palettes} == {"P"}
    assert faces.fingerprint == plain.fingerprint and faces.differences == () and "palette of greys" in faces.notes[0]

    def run(function: Any, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        return run_units(function, calls, stage=stage, workers=1, store=store)

    smoke = PROFILES["smoke"]
    study = Study(faces, smoke, [0], run)
    answers = {}
    for name in SPLITS:
        for selection in EPOCH_SELECTIONS:
            answers[name, selection] = study.answers(smoke, name, selection)
            assert ((answers[name, selection].predicted >= 0) & (answers[name, selection].predicted < 7)).all()
    # 22 of 24 images a class are trained on.
    assert len(answers["A", "last_epoch"]) == 7 * 2
    for name in "BCD":
        given = answers[name, "last_epoch"]
        assert len(given) == 213 and set(given.people) == set(faces.subjects)
        np.testing.assert_array_equal(np.bincount(given.truth), np.bincount(faces.labels))
    assert study.audits["A"].shares()["subject"] == 1 and study.audits["B"].shares()["source"] == 0
    for name in "CD":
        # The drawn stand-ins are alike enough to be near duplicates of each other; real people are not.
        counts = study.audits[name].counts | {"near": 0}
        assert counts == {"subject": 0, "clip": None, "source": 0, "exact": 0, "near": 0}

    # One unit of features, two of heads a split, one audit a split; another study finds them all.
    stored = sorted((tmp_path / "units").rglob("*.npz"))
    assert len(stored) == 1 + 2 * 4 + 4
    again = Study(faces, smoke, [0], run).answers(smoke, "C", "inner_split")
    np.testing.assert_array_equal(again.predicted, answers["C", "inner_split"].predicted)
    assert sorted((tmp_path / "units").rglob("*.npz")) == stored
