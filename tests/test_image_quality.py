"""Known answers for every measure of image quality."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from fer_utils.image_quality import (
    fid,
    inception_score,
    kid,
    memorisation,
    nearest,
    ssim,
    variety,
)


def pictures(n: int, seed: int, side: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def gaussian_distance(mean: np.ndarray, covariance: np.ndarray, mean_2: np.ndarray, covariance_2: np.ndarray) -> float:
    """The squared Fréchet distance as Dowson & Landau 1982 write it, to compare :func:`fid` with.

    ``|m - m2|² + tr(C + C2 - 2 (C C2)^½)``.
    """
    # The square root through eigenvalues: scipy's sqrtm fails on singular matrices.
    values, axes = linalg.eigh(covariance)
    root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    cross = np.sqrt(np.maximum(linalg.eigvalsh(root @ covariance_2 @ root), 0)).sum()
    return float(((mean - mean_2) ** 2).sum() + np.trace(covariance) + np.trace(covariance_2) - 2 * cross)


def test_frechet_distance_of_gaussians_has_a_closed_form() -> None:
    # In one dimension it is (m - m2)² + (s - s2)²; independent dimensions add up.
    mean, mean_2 = np.array([0.0, 1.0, 2.0]), np.array([3.0, 1.0, 0.0])
    spread, spread_2 = np.array([1.0, 2.0, 0.5]), np.array([2.0, 2.0, 3.0])
    expected = ((mean - mean_2) ** 2).sum() + ((spread - spread_2) ** 2).sum()
    found = gaussian_distance(mean, np.diag(spread**2), mean_2, np.diag(spread_2**2))
    assert math.isclose(found, expected, rel_tol=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(50, 40, 6), (12, 15, 30), (9, 60, 20)], ids=["tall", "wide", "mixed"])
def test_fid_is_the_gaussian_distance_of_means_and_covariances(n: int, m: int, d: int) -> None:
    random = np.random.default_rng(0)
    real = random.normal(0, 1, (n, d)) @ random.normal(0, 1, (d, d))
    generated = random.normal(1, 2, (m, d))
    moments = [moment for x in (real, generated) for moment in (x.mean(axis=0), np.cov(x, rowvar=False))]
    # Eigenvalues that should be 0 are so only to half the digits once their root is taken.
    assert math.isclose(fid(real, generated), gaussian_distance(*moments), rel_tol=1e-6)


def test_fid_of_a_shift_is_the_squared_shift_and_of_itself_zero() -> None:
    real = np.random.default_rng(1).normal(0, 1, (30, 8))
    assert math.isclose(fid(real, real + 2.0), 8 * 4.0, rel_tol=1e-9)
    assert abs(fid(real, real)) < 1e-9
    assert fid(real.astype(np.float32), real.astype(np.float32)[::-1]) < 1e-9


def test_fid_of_large_samples_nears_the_true_distance() -> None:
    random = np.random.default_rng(2)
    real, generated = random.normal(0, 1, (20_000, 3)), random.normal(1, 3, (20_000, 3))
    assert math.isclose(fid(real, generated), 3 * (1 + 4), rel_tol=0.02)


def test_kid_by_hand() -> None:
    # D = 1: k(x, y) = (xy + 1)³. Within {0, 1}: 1. Within {2, 3}: 343. Between: 1, 1, 27, 64.
    real, generated = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    assert math.isclose(kid(real, generated), 1 + 343 - 2 * (1 + 1 + 27 + 64) / 4)


def test_kid_is_unbiased_on_samples_of_one_distribution() -> None:
    random = np.random.default_rng(3)
    values = np.array([kid(random.normal(0, 1, (20, 4)), random.normal(0, 1, (25, 4))) for _ in range(400)])
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean()) < 3 * error and (values < 0).any()
    # The biased estimate keeps the diagonal, and would be far above zero.
    assert error < 0.05


def test_kid_grows_with_the_distance() -> None:
    random = np.random.default_rng(4)
    real = random.normal(0, 1, (100, 5))
    near, far = (kid(real, random.normal(shift, 1, (100, 5))) for shift in (0.3, 1.0))
    assert 0 < near < far


@pytest.mark.parametrize("measure", [fid, kid])
def test_sets_that_do_not_fit_are_refused(measure) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="at least two"):
        measure(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="different length"):
        measure(np.zeros((5, 4)), np.zeros((5, 3)))


def test_inception_score_runs_from_one_to_the_number_of_classes() -> None:
    assert math.isclose(inception_score(np.full((10, 4), 0.25)), 1.0)
    assert math.isclose(inception_score(np.tile(np.eye(4), (3, 1))), 4.0)
    # Certain of one class for every picture: no variety, so 1 again.
    assert math.isclose(inception_score(np.tile(np.eye(4)[0], (6, 1))), 1.0)
    # Half certain of one, half of the other of two classes out of four.
    assert math.isclose(inception_score(np.repeat(np.eye(4)[:2], 5, axis=0)), 2.0)


@given(st.integers(2, 6), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_inception_score_stays_within_its_bounds(classes: int, seed: int) -> None:
    score = inception_score(np.random.default_rng(seed).dirichlet(np.ones(classes), 20))
    assert 1 <= score <= classes


def test_ssim_of_equal_and_of_constant_pictures() -> None:
    same = pictures(3, 0)
    assert np.allclose(ssim(same, same), 1.0)
    # Two constants a, b: only the luminance term remains, (2ab + c) / (a² + b² + c), c = (0.01 · 255)².
    dark, light = np.full((1, 16, 16), 50, np.uint8), np.full((1, 16, 16), 150, np.uint8)
    c = (0.01 * 255) ** 2
    assert np.allclose(ssim(dark, light), (2 * 50 * 150 + c) / (50**2 + 150**2 + c))
    assert ssim(same, pictures(3, 9)).max() < 0.5


def test_nearest_finds_the_noisy_copy() -> None:
    real = pictures(20, 5)
    noisy = np.clip(real[[7, 3]].astype(int) + 4, 0, 255).astype(np.uint8)
    assert nearest(noisy, real).tolist() == [7, 3]


def test_variety_is_zero_for_one_picture_and_one_for_the_real_ones() -> None:
    real = pictures(12, 6)
    assert variety(np.repeat(real[:1], 8, axis=0), real) == 0
    assert math.isclose(variety(real, real), 1.0)
    # Half the contrast, half the distances.
    assert math.isclose(variety(real // 2, real), 0.5, rel_tol=0.02)


def test_memorisation_tells_copies_from_new_pictures() -> None:
    training = pictures(30, 7)
    copied, new = memorisation(training[:10], training), memorisation(pictures(10, 8), training)
    assert copied.copies == 1 and copied.generated == 0
    assert new.copies < 0.3 and math.isclose(new.generated, new.real, rel_tol=0.05)
    # Two independent uniform pixels differ by 255/√6 root mean square; the nearest of 30 by a little less.
    assert 0.9 * 255 / math.sqrt(6) < new.real < 255 / math.sqrt(6)
