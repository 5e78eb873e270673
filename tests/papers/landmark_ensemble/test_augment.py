"""Points move with their pixels, and a mirrored face is a face."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble.augment import affine_matrix, draw_variants, mirror, move_points, variant
from fer_utils.papers.landmark_ensemble.pipeline import Prepared, landmarks_of_crops, prepare, prepared
from fer_utils.papers.landmark_ensemble.settings import Augmentation

STILL = Augmentation(rotation=0, shift=0, shear=0, flip=False, variants=1)


@pytest.fixture(scope="module")
def real(photographs: FaceSet) -> Prepared:
    return prepared(prepare(faces=photographs, detector_size=300, clahe_clip=2.0, clahe_tiles=8, landmark_size=160,
                            margin=0.1, detector="ssd"))  # fmt: skip


def test_the_mirrored_points_are_those_of_the_mirrored_photograph(real: Prepared) -> None:
    """dlib on the mirror image against the permuted points; without the permutation eyes and brows change sides."""
    pairs = [mirror(image, points) for image, points in zip(real.crops, real.points, strict=True)]
    images, points = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    seen = landmarks_of_crops(images)
    assert np.abs(seen - points).mean() < 3
    unpermuted = real.points.copy()
    unpermuted[..., 0] = 159 - unpermuted[..., 0]
    assert np.abs(seen - unpermuted).mean() > 20


def test_mirroring_twice_changes_nothing(real: Prepared) -> None:
    image, points = mirror(*mirror(real.crops[0], real.points[0]))
    np.testing.assert_array_equal(image, real.crops[0])
    np.testing.assert_allclose(points, real.points[0], atol=1e-4)


def test_points_follow_the_pixels() -> None:
    """A single bright spot: wherever it goes, its point goes."""
    size, spot = 61, np.array([40.0, 22.0])
    image = np.zeros((size, size), np.uint8)
    image[21:24, 39:42] = 255
    points = np.tile(spot, (68, 1)).astype(np.float32)
    strong = Augmentation(rotation=30, shift=0.1, shear=20, flip=True, variants=1)
    weights = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1)
    for number in range(20):
        moved, where = variant(image, points, 0, number, strong)
        centre = (moved[..., None] * weights).sum(axis=(0, 1)) / moved.sum()
        np.testing.assert_allclose(where[0], centre, atol=0.3)


def test_all_ranges_at_zero_leave_a_face_alone(drawn_faces: Prepared) -> None:
    images, points = draw_variants(drawn_faces, STILL)
    np.testing.assert_array_equal(images, drawn_faces.crops)
    np.testing.assert_allclose(points, drawn_faces.points, atol=1e-5)


def test_matrices_stay_within_their_ranges() -> None:
    augmentation = Augmentation()
    for seed in range(50):
        matrix = affine_matrix(np.random.default_rng(seed), 100, augmentation)
        angle = np.rad2deg(np.arctan2(matrix[1, 0], matrix[0, 0]))
        assert abs(angle) <= 15 and abs(np.linalg.det(matrix[:, :2]) - 1) < 1e-3
        centre = move_points(np.full((1, 2), 49.5), matrix)[0]
        assert np.abs(centre - 49.5).max() <= 5 + 1e-4


def test_variants_are_laid_out_by_face_and_repeat(drawn_faces: Prepared) -> None:
    two = Augmentation(variants=2)
    images, points = draw_variants(drawn_faces, two)
    assert images.shape == (72, 32, 32) and points.shape == (72, 68, 2)
    image, where = variant(drawn_faces.crops[5], drawn_faces.points[5], 5, 1, two)
    np.testing.assert_array_equal(images[11], image)
    np.testing.assert_array_equal(points[11], where)
    again, _ = draw_variants(drawn_faces, two)
    np.testing.assert_array_equal(images, again)
    other, _ = draw_variants(drawn_faces, Augmentation(variants=2, seed=1))
    assert not np.array_equal(images, other)


def test_detected_landmarks_are_near_the_moved_ones(real: Prepared) -> None:
    three = {"variants": 3, "shift": 0.0}
    images, moved = draw_variants(real, Augmentation(**three))
    same, detected = draw_variants(real, Augmentation(**three, landmarks="detected"))
    np.testing.assert_array_equal(images, same)
    assert 0 < np.abs(moved - detected).mean() < 8
