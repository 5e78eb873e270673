"""The judges of the avatars, on cases with known answers, and the promises for the studio."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils import data
from fer_utils.avatars import quality
from fer_utils.datasets.avatar_shoots import landmarks
from fer_utils.faces import FaceSet
from fer_utils.preprocess import detect_faces


@pytest.fixture(scope="module")
def studio():
    return data.load("avatars_studio")


@pytest.fixture(scope="module")
def some(studio):
    return studio.select(np.arange(0, len(studio), 11))


def square(x, y, half):
    return np.array([[x - half, y - half, x + half, y + half, 1.0]])


def test_a_face_is_found_by_a_box_of_its_size_about_its_nose():
    points = np.zeros((1, 68, 2))
    points[0, :, 1] = np.linspace(40, 120, 68)
    points[0, :, 0] = 80
    points[0, quality.NOSE_TIP] = (80, 80)
    assert quality.found([square(80, 80, 40)], points).tolist() == [True]
    for miss in (square(20, 80, 40), square(80, 80, 15), square(80, 80, 150), np.empty((0, 5))):
        assert quality.found([miss], points).tolist() == [False]
    assert quality.found([np.concatenate([square(20, 20, 9), square(80, 80, 40)])], points).tolist() == [True]


def test_both_detectors_find_the_studio_and_dlib_agrees_with_the_truth(some):
    boxes = detect_faces(some.images, "dlib")
    assert quality.found(boxes, landmarks(some)).mean() >= 0.99
    assert quality.found(detect_faces(some.images, "ssd"), landmarks(some)).mean() >= 0.99
    assert np.nanmedian(quality.landmark_errors(some, boxes)) < 0.05


def test_a_landmark_error_is_missing_where_no_face_was_found(some):
    boxes = detect_faces(some.images[:3], "dlib")
    boxes[1] = np.empty((0, 5))
    assert np.isnan(quality.landmark_errors(some.select(np.arange(3)), boxes)).tolist() == [False, True, False]


def test_the_studio_is_neither_trivial_nor_hopeless(studio):
    score = quality.svm_accuracy(studio)
    assert 0.60 < score.value < 0.95
    assert score.low > 2 / 8


def test_shuffled_labels_bring_the_judge_to_chance(some):
    labels = np.random.default_rng(0).permutation(some.table["label"])
    shuffled = FaceSet(some.name, some.images, some.table.assign(label=labels), some.classes)
    assert quality.svm_correct(shuffled).mean() < 0.4
