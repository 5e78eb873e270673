"""From a photograph to a crop with landmarks, and points that follow the crop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.data import load
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble.pipeline import Prepared, enlarge, known_points, outside, prepare, prepared
from fer_utils.papers.landmark_ensemble.points import PART_POINTS
from fer_utils.preprocess import detect_faces, landmarks68

HOW = {
    "detector_size": 300,
    "clahe_clip": 2.0,
    "clahe_tiles": 8,
    "landmark_size": 160,
    "margin": 0.1,
    "detector": "ssd",
}


@pytest.fixture(scope="module")
def found(photographs: FaceSet) -> Prepared:
    return prepared(prepare(faces=photographs, **HOW))


def test_shapes_and_report(found: Prepared) -> None:
    assert found.crops.shape == (3, 160, 160) and found.crops.dtype == np.uint8
    assert found.points.shape == (3, 68, 2) and found.points.dtype == np.float32
    assert found.report().iloc[0].tolist() == [3, 3, 0, 0, 0]


def test_parts_lie_where_a_face_has_them(found: Prepared) -> None:
    height = {part: found.points[:, which, 1].mean(axis=1) for part, which in PART_POINTS.items()}
    assert (height["eyebrows"] < height["eyes"]).all() and (height["eyes"] < height["nose"]).all()
    assert (height["nose"] < height["mouth"]).all()


def test_the_crop_holds_the_face(found: Prepared) -> None:
    """About the 68 points a tenth of their extent is left on each side of the longer one; in the crop, a twelfth."""
    assert not outside(found.points, 160).any()
    low, high = found.points.min(axis=1) + 0.5, 159.5 - found.points.max(axis=1)
    longer = np.minimum(low, high).min(axis=1)
    np.testing.assert_allclose(longer, 160 / 12, atol=1.5)


def test_avatars_true_landmarks_lie_in_the_crop() -> None:
    """Where dlib did not place them: the truth is within the crop in at least 95 % of the studio's faces."""
    studio = load("avatars_studio").select(np.arange(0, 576, 12))
    seen = prepared(prepare(faces=studio, **HOW))
    truth = seen.into_crop(known_points(studio), studio.images.shape[1:3])
    assert outside(truth, 160).any(axis=1).mean() <= 0.05
    assert not outside(seen.points, 160).any()


def test_what_is_outside() -> None:
    points = np.array([[[-0.6, 3], [-0.5, 3]], [[3, 9.5], [3, 9.6]]])
    assert outside(points, 10).tolist() == [[True, False], [False, True]]


def test_points_of_the_whole_photograph_land_on_those_of_the_crop(found: Prepared, photographs: FaceSet) -> None:
    """dlib on the photograph, with dlib's own box, mapped into the crop: the same face but for the tree's own noise."""
    boxes = np.stack([boxes[0] for boxes in detect_faces(photographs.images, "dlib")])
    mapped = found.into_crop(landmarks68(photographs.images, boxes), photographs.images.shape[1:3])
    assert np.abs(mapped - found.points).mean() < 4
    assert np.abs(mapped[:, 36:68] - found.points[:, 36:68]).mean() < 3


def test_into_crop_by_hand() -> None:
    square = Prepared(np.zeros((1, 160, 160), np.uint8), np.zeros((1, 68, 2), np.float32), np.array([[100, 50, 80]]),
                      np.array([1]), 300)  # fmt: skip
    points = np.tile(np.array([74.5, 44.5]), (1, 68, 1))
    # 150 pixels to 300: (74.5 + 0.5) * 2 - 0.5 = 149.5; 49.5 in the square, twice as large in the crop.
    np.testing.assert_allclose(square.into_crop(points, (150, 150))[0, 0], [99.5, 79.5])


def test_a_smaller_crop_keeps_points_in_place(found: Prepared) -> None:
    half = found.at(80)
    assert half.crops.shape == (3, 80, 80)
    np.testing.assert_allclose(half.points + 0.5, (found.points + 0.5) / 2, rtol=1e-5)


def test_a_picture_without_a_face_is_kept_whole() -> None:
    plain = np.full((1, 64, 64), 90, np.uint8)
    table = pd.DataFrame({"label": ["neutral"], "subject": ["nobody"], "source": ["plain"]})
    found = prepared(prepare(faces=FaceSet("plain", plain, table, ("neutral",)), **HOW))
    assert found.found.tolist() == [0] and found.report()["no face (whole picture)"].tolist() == [1]
    # The predictor always answers, and looked at the whole picture.
    assert not outside(found.points, 160).any() and found.squares[0, 2] > 150


def test_enlarging_is_grey_and_square(photographs: FaceSet) -> None:
    assert enlarge(photographs.images, 300).shape == (3, 300, 300)


def test_known_points_come_from_the_table(photographs: FaceSet) -> None:
    with pytest.raises(FerError, match="no known landmarks"):
        known_points(photographs)
    columns = {
        f"{axis}_{point}": [float(100 * row + point + (axis == "y")) for row in range(3)]
        for point in range(68)
        for axis in "xy"
    }
    table = pd.concat([photographs.table, pd.DataFrame(columns)], axis=1)
    known = FaceSet("known", photographs.images, table, photographs.classes)
    points = known_points(known)
    assert points.shape == (3, 68, 2)
    assert points[2, 5].tolist() == [205.0, 206.0]
