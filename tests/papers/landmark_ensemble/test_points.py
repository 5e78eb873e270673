"""Parts, the mirror's permutation, and scaling."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.papers.landmark_ensemble.points import (
    MIRROR,
    PART_POINTS,
    outputs_of,
    pixels,
    targets,
    whole_face,
)
from fer_utils.papers.landmark_ensemble.settings import PARTS


def test_parts_cover_the_points_once_in_the_paper_s_numbers() -> None:
    numbers = [number for part in PARTS for number in range(68)[PART_POINTS[part]]]
    assert sorted(numbers) == list(range(68))
    assert {part: outputs_of(part) for part in PART_POINTS} == {
        "eyebrows": 20, "eyes": 24, "nose": 18, "mouth": 40, "jaw": 34, "all": 136,
    }  # fmt: skip
    assert {part: (PART_POINTS[part].start, PART_POINTS[part].stop) for part in PARTS} == {
        "eyebrows": (17, 27), "eyes": (36, 48), "nose": (27, 36), "mouth": (48, 68), "jaw": (0, 17),
    }  # fmt: skip


def test_the_mirror_is_its_own_inverse_and_stays_within_parts() -> None:
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(68))
    for part in PARTS:
        own = np.arange(68)[PART_POINTS[part]]
        assert set(MIRROR[own]) == set(own)
    assert np.flatnonzero(np.arange(68) == MIRROR).tolist() == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


def test_targets_are_shares_in_x_y_order_and_come_back() -> None:
    points = np.random.default_rng(0).uniform(0, 160, (3, 68, 2)).astype(np.float32)
    shares = targets(points, "nose", 160)
    assert shares.shape == (3, 18) and shares.dtype == np.float32
    assert shares.min() >= 0 and shares.max() <= 1
    assert shares[1, :4] == pytest.approx(points[1, 27:29].ravel() / 160)
    np.testing.assert_allclose(pixels(shares, 160), points[:, 27:36], rtol=1e-6)


def test_five_networks_make_a_whole_face() -> None:
    points = np.random.default_rng(1).uniform(0, 48, (4, 68, 2)).astype(np.float32)
    shares = np.zeros((5, 4, 40), np.float32)
    for number, part in enumerate(PARTS):
        shares[number, :, : outputs_of(part)] = targets(points, part, 48)
    np.testing.assert_allclose(whole_face(shares, 48), points, rtol=1e-5)
