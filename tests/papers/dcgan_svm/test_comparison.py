"""Trained and untrained discriminators compared fairly, with all labels and with few."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fer_utils import splits
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.cast import Role
from fer_utils.papers.dcgan_svm.comparison import Comparison
from fer_utils.papers.dcgan_svm.features import UNTRAINED
from fer_utils.papers.dcgan_svm.study import Study
from fer_utils.splits import Fold
from tests.papers.dcgan_svm.conftest import SETTINGS, run_all


@pytest.fixture
def study(played: dict[str, Role]) -> Study:
    return Study(played, SETTINGS, [0], run_all)


def test_discriminators_are_compared_at_equal_batch_norm_statistics(study: Study) -> None:
    study.cast = {**study.cast, "celeba": Role("strangers")}
    asked: list[Any] = []

    def spy(function: Any, given: Any, stage: str) -> list[dict[str, Any]]:
        asked.extend(given if function in (steps.extract, steps.extract_control) else ())
        return run_all(function, given, stage)

    study.mapper = spy
    Comparison(study).controls("sound")
    reference = study.role_faces("celeba").images
    assert study.reference == "celeba" and not study.has_met(UNTRAINED, "frontal")
    discriminators = [call for call in asked if "weights" in call or call["control"] == UNTRAINED]
    assert len(discriminators) > 3 and all(np.array_equal(call["seen"], reference) for call in discriminators)


def test_all_seeds_are_compared_and_the_same_people_labelled(played: dict[str, Role]) -> None:
    study = Study({name: played[name] for name in ("celeba", "frontal")}, SETTINGS, [0, 1], run_all)
    comparison = Comparison(study)
    controls, few = comparison.controls("sound"), comparison.few_labels()
    # Another seed is another GAN, another projection, other untrained weights; and the same pixels.
    assert {way: len(each.answers.predicted) for way, each in controls.items()} == {
        "celeba": 2, "frontal": 2, "pixels": 1, "HOG": 1, "random projection": 2, "untrained discriminator": 2,
    }  # fmt: skip
    assert comparison.labelled == [1, 2, 4]
    assert all(each.correct.shape[1:] == (3, 72) for each in few.values())
    # The mouth is drawn by class: one person's labels do for pixels, and not for a GAN of one epoch.
    assert few["pixels"].accuracy(0).value > 0.95 > few["celeba"].accuracy(0).value
    added = comparison.added(controls, few)
    assert len(added) == 2 * (3 + 1) and np.isfinite(added["trained - untrained %"]).all()
    value = few["celeba"].accuracy(0).value - few[UNTRAINED].accuracy(0).value
    assert math.isclose(added["trained - untrained %"][0], 100 * value)


def test_few_labels_use_no_label_but_theirs(study: Study) -> None:
    calls: list[Any] = []

    def spy(function: Any, given: Any, stage: str) -> list[dict[str, Any]]:
        calls.extend(given if function is steps.recognise_few else ())
        return run_all(function, given, stage)

    study.mapper = spy
    Comparison(study).few_labels()
    (call,) = [call for call in calls if call["features"].shape[1] == 64 * 64 * 3]
    honest = steps.recognise_few(**call)["predicted"]
    for fold in call["folds"]:
        spoilt = call["labels"].copy()
        spoilt[fold.test] = (spoilt[fold.test] + 1) % 4
        again = steps.recognise_few(**{**call, "labels": spoilt})["predicted"]
        assert np.array_equal(again[..., fold.test], honest[..., fold.test])


def test_where_all_are_labelled_there_is_one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    random, fitted, few = np.random.default_rng(0), [], steps._few

    def spy(distances: np.ndarray, labels: np.ndarray, fold: Fold) -> np.ndarray:
        fitted.append(len(fold.train))
        return few(distances, labels, fold)

    monkeypatch.setattr(steps, "_few", spy)
    labels, groups = np.tile([0, 1], 12), np.repeat(np.arange(6), 4)
    call = {"features": random.normal(size=(24, 3)), "labels": labels, "groups": groups, "counts": [2, 4], "draws": 3}
    predicted = steps.recognise_few(**call, folds=splits.grouped_folds(groups, 3, 0), seed=0)["predicted"]
    # Three folds of four people to learn from: two of them in three draws, and all of them once.
    assert sorted(fitted) == [8] * 9 + [16] * 3
    assert (predicted >= 0).all() and (predicted[1] == predicted[1][0]).all()
