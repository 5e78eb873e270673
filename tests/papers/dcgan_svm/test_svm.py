"""Kernels computed once, and the same answers as plain SVMs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.svm import SVC

from fer_utils.errors import FerError
from fer_utils.papers.dcgan_svm import svm
from fer_utils.papers.dcgan_svm.svm import Setting
from fer_utils.splits import Fold, grouped_folds, random_folds

CLASSES, PEOPLE = 4, 12


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """96 rows of 30 features in float32, four overlapping classes, twelve people with a shift of their own."""
    random = np.random.default_rng(0)
    labels, people = np.tile(np.arange(CLASSES), 24), np.repeat(np.arange(PEOPLE), 8)
    centres, shifts = random.normal(0, 1, (CLASSES, 30)), random.normal(0, 0.7, (PEOPLE, 30))
    features = centres[labels] + shifts[people] + random.normal(0, 1.5, (96, 30))
    return features.astype(np.float32), labels, people


@pytest.mark.parametrize("setting", [Setting(1.0, 1.0), Setting(100.0, 3.0), Setting(0.1, 0.3)])
def test_a_slice_of_the_kernel_answers_as_a_plain_svm(data, setting: Setting) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    distances = svm.squared_distances(features)
    gamma = setting.gamma(svm.typical_distance(distances))
    kernel = np.exp(-gamma * distances)
    for fold in random_folds(labels, 4, 0):
        predicted, scores = svm.answer(kernel, labels, fold, setting.C, CLASSES)
        plain = SVC(C=setting.C, gamma=gamma, decision_function_shape="ovr")
        plain.fit(features[fold.train].astype(np.float64), labels[fold.train])
        given = features[fold.test].astype(np.float64)
        assert np.array_equal(predicted, plain.predict(given))
        assert np.allclose(scores, plain.decision_function(given), atol=1e-6)


def test_pooled_accuracy_is_scikit_learn_s(data) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    distances, folds = svm.squared_distances(features), random_folds(labels, 4, 0)
    typical = svm.typical_distance(distances)
    tried = [Setting(C, scale) for C in (0.1, 1.0, 30.0) for scale in (0.2, 0.7, 3.0)]
    ours = [
        svm.pooled_accuracy(svm.kernel_of(distances, setting.gamma(typical)), labels, folds, setting.C)
        for setting in tried
    ]
    where = np.empty(len(labels), int)
    for number, fold in enumerate(folds):
        where[fold.test] = number
    grid = [{"C": [setting.C], "gamma": [setting.gamma(typical)]} for setting in tried]
    plain = GridSearchCV(SVC(), grid, cv=PredefinedSplit(where)).fit(features.astype(np.float64), labels)
    # Folds are of one size here, so a mean over folds is a mean over rows.
    assert np.allclose(ours, plain.cv_results_["mean_test_score"])
    assert len(np.unique(ours)) > 2


def test_any_number_of_threads_answers_alike(data, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    kernel, folds, found = svm.kernel_of(svm.squared_distances(features), 0.02), random_folds(labels, 4, 0), []
    for cores in (1, 3):
        monkeypatch.setattr(svm, "available_cores", lambda cores=cores: cores)
        assert svm.at_once(96) == cores
        found.append(svm.pooled_accuracy(kernel, labels, folds, 10.0))
    assert found[0] == found[1]
    # Slices of RAF-DB's size: two of them fill the room, however many cores there are.
    monkeypatch.setattr(svm, "available_cores", lambda: 64)
    assert svm.at_once(15_339) == 2 and svm.at_once(60_000) == 1


def test_many_rows_are_kept_in_single_precision(data, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    exact = svm.squared_distances(features)
    monkeypatch.setattr(svm, "SINGLE_FROM", 96)
    distances = svm.squared_distances(features)
    assert exact.dtype == np.float64 and distances.dtype == np.float32
    assert np.allclose(distances, exact, rtol=1e-5, atol=1e-3)
    kernel = svm.kernel_of(distances, 0.02)
    assert kernel.dtype == np.float32
    for fold in random_folds(labels, 4, 0):
        predicted, scores = svm.answer(kernel, labels, fold, 1.0, CLASSES)
        expected, margins = svm.answer(svm.kernel_of(exact, 0.02), labels, fold, 1.0, CLASSES)
        # LibSVM stops at a tolerance of 1e-3.
        assert np.array_equal(predicted, expected) and np.allclose(scores, margins, atol=1e-2)


def test_typical_distance_is_that_of_different_rows() -> None:
    assert svm.typical_distance(svm.squared_distances(np.array([[0.0], [1.0], [3.0]]))) == (1 + 4 + 9) / 3
    # A change of unit changes the distances and leaves the kernel.
    features = np.random.default_rng(0).normal(0, 1, (6, 3))
    kernels = []
    for unit in (1.0, 1000.0):
        distances = svm.squared_distances(unit * features)
        kernels.append(np.exp(-Setting(1, 0.7).gamma(svm.typical_distance(distances)) * distances))
    assert np.allclose(*kernels)


def test_a_class_that_training_lacks_comes_last(data) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    kernel = np.exp(-0.02 * svm.squared_distances(features))
    fold = Fold("", np.flatnonzero(labels != 2), np.flatnonzero(labels == 2))
    predicted, scores = svm.answer(kernel, labels, fold, 1.0, CLASSES)
    assert (predicted != 2).all() and (scores[:, 2] < np.delete(scores, 2, axis=1).min(axis=1)).all()


def test_one_class_teaches_nothing(data) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    kernel = np.exp(-0.02 * svm.squared_distances(features))
    fold = Fold("", np.flatnonzero(labels == 2), np.flatnonzero(labels != 2))
    with pytest.raises(FerError, match="one class only"):
        svm.answer(kernel, labels, fold, 1.0, CLASSES)


def test_two_classes_have_opposite_scores(data) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    rows = np.flatnonzero(labels < 2)
    kernel = np.exp(-0.02 * svm.squared_distances(features[rows]))
    fold = Fold("", np.arange(30), np.arange(30, len(rows)))
    predicted, scores = svm.answer(kernel, labels[rows], fold, 1.0, 2)
    assert np.array_equal(scores[:, 0], -scores[:, 1]) and np.array_equal(scores.argmax(axis=1), predicted)


def test_linear_scores_are_those_of_a_plain_linear_svm(data) -> None:  # type: ignore[no-untyped-def]
    features, labels, people = data
    shown = np.stack([labels == 1, labels >= 2], axis=1)
    folds = grouped_folds(people, 4, 0)
    scores = svm.linear_scores(features, shown, folds)
    # LibSVM's own defaults, on features as they are: another unit is another C.
    exact, other = features.astype(np.float64), svm.linear_scores(0.01 * features, shown, folds)
    for fold in folds:
        for unit in range(2):
            plain = SVC(kernel="linear").fit(exact[fold.train], shown[fold.train, unit])
            assert np.allclose(scores[fold.test, unit], plain.decision_function(exact[fold.test]), atol=1e-6)
    assert not np.allclose(scores, other, atol=0.1)


def test_nothing_to_learn_is_no_score(data) -> None:  # type: ignore[no-untyped-def]
    features, labels, _ = data
    shown = np.stack([np.zeros(96, bool), labels == 1, np.arange(96) == 95], axis=1)
    scores = svm.linear_scores(features, shown, [Fold("", np.arange(60), np.arange(60, 96))])
    assert np.isnan(scores[:60]).all() and np.isnan(scores[60:, [0, 2]]).all() and np.isfinite(scores[60:, 1]).all()
