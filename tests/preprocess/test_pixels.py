"""Pixel functions against answers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.errors import UsageError
from fer_utils.preprocess import NORMALISATIONS, clahe, normalise, resize, to_grey, to_rgb


def random_images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_grey_weighs_the_channels_as_bt601_says() -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 10, 10]], np.uint8)
    grey = to_grey(colours.reshape(1, 1, 5, 3))
    assert grey.dtype == np.uint8
    assert grey.tolist() == [[[76, 150, 29, 255, 10]]]


def test_grey_pictures_go_to_colour_and_back_unchanged() -> None:
    grey = random_images(2, 5, 7)
    colour = to_rgb(grey)
    assert colour.shape == (2, 5, 7, 3)
    assert all(np.array_equal(colour[..., channel], grey) for channel in range(3))
    assert np.array_equal(to_grey(colour), grey)
    assert np.array_equal(to_grey(grey), grey)
    assert np.array_equal(to_rgb(colour), colour)


def test_shrinking_averages_areas() -> None:
    # Bilinear interpolation would look at the four middle pixels of each area only.
    picture = np.zeros((1, 4, 8), np.uint8)
    picture[0, 0, :4] = 200
    picture[0, :, 4:] = 60
    assert resize(picture, (1, 2)).tolist() == [[[50, 60]]]


def test_growing_is_bilinear() -> None:
    ramp = np.array([[[0, 100]]], np.uint8)
    # Pixel centres of the four new columns lie at -0.25, 0.25, 0.75 and 1.25 of the old ones.
    assert resize(ramp, (1, 4)).tolist() == [[[0, 25, 75, 100]]]


def test_one_side_may_shrink_while_the_other_grows() -> None:
    picture = np.array([[[0, 100], [100, 200]]], np.uint8)
    assert resize(picture, (1, 4)).tolist() == [[[50, 75, 125, 150]]]


def test_resize_keeps_the_colour_mode_and_takes_height_first() -> None:
    assert resize(random_images(3, 8, 8), (4, 6)).shape == (3, 4, 6)
    assert resize(random_images(3, 8, 8, 3), np.int64(5)).shape == (3, 5, 5, 3)
    same = random_images(2, 6, 6, 3)
    assert np.array_equal(resize(same, 6), same)


@pytest.mark.parametrize("size", [0, -3, (4, 0), (2.5, 4)])
def test_impossible_sizes_are_refused(size: object) -> None:
    with pytest.raises(UsageError, match="positive whole numbers"):
        resize(random_images(1, 4, 4), size)  # type: ignore[arg-type]


def test_clahe_spreads_low_contrast_and_keeps_equal_channels_equal() -> None:
    dull = (100 + random_images(2, 64, 64) // 16).astype(np.uint8)
    lively = clahe(dull, clip_limit=40.0, tiles=1)
    assert np.ptp(dull) == 15
    assert np.ptp(lively) > 200
    assert np.array_equal(clahe(to_rgb(dull), 40.0, 1), to_rgb(lively))


def test_clahe_with_a_low_limit_and_one_tile_is_close_to_the_identity() -> None:
    # Clipped to a flat histogram, the tone curve is the straight line.
    even = np.tile(np.arange(256, dtype=np.uint8), (1, 256, 1))
    assert np.abs(clahe(even, clip_limit=1.0, tiles=1).astype(int) - even).max() <= 1


def test_clahe_works_tile_by_tile() -> None:
    halves = np.zeros((1, 64, 64), np.uint8)
    halves[:, :, :32] = random_images(1, 64, 32) // 16
    halves[:, :, 32:] = 200 + random_images(1, 64, 32) // 16
    local, whole = clahe(halves, 40.0, 8), clahe(halves, 40.0, 1)
    assert np.ptp(local[:, :, :16]) > 2 * np.ptp(whole[:, :, :16])


@pytest.mark.parametrize(("clip_limit", "tiles"), [(0.0, 8), (float("nan"), 8), (2.0, 0)])
def test_clahe_refuses_meaningless_settings(clip_limit: float, tiles: int) -> None:
    with pytest.raises(UsageError, match="CLAHE needs"):
        clahe(random_images(1, 8, 8), clip_limit, tiles)


def test_normalisations_map_the_ends_of_the_range() -> None:
    ends = np.array([[[0, 51, 255]]], np.uint8)
    assert normalise(ends, "raw").tolist() == [[[0, 51, 255]]]
    assert np.allclose(normalise(ends, "0-1"), [[[0, 0.2, 1]]], atol=1e-7)
    assert np.allclose(normalise(ends, "-1..1"), [[[-1, -0.6, 1]]], atol=1e-7)
    assert all(normalise(ends, mode).dtype == np.float32 for mode in NORMALISATIONS)


def test_per_image_gives_each_picture_mean_zero_and_variance_one() -> None:
    images = random_images(4, 9, 9, 3)
    images[1] //= 4
    values = normalise(images, "per-image").astype(np.float64)
    assert np.allclose(values.mean(axis=(1, 2, 3)), 0, atol=1e-6)
    assert np.allclose(values.var(axis=(1, 2, 3)), 1, atol=1e-6)


@pytest.mark.parametrize("tone", [0, 141, 255])
def test_a_picture_of_one_tone_becomes_zeros(tone: int) -> None:
    # At this size and tone 141 the mean in float32 is off by a rounding error.
    plain = np.full((1, 1000, 1001), tone, np.uint8)
    assert not normalise(plain, "per-image").any()


def test_an_unknown_normalisation_is_a_usage_error_with_a_hint() -> None:
    with pytest.raises(UsageError, match=r"unknown normalisation '-1\.\.\.1'.*Did you mean '-1\.\.1'"):
        normalise(random_images(1, 2, 2), "-1...1")


@pytest.mark.parametrize("images", [np.zeros((1, 4, 4)), np.zeros((4, 4), np.uint8), np.zeros((1, 4, 4, 4), np.uint8)])
def test_only_stacks_of_uint8_pictures_are_taken(images: np.ndarray) -> None:
    for work in (to_grey, to_rgb, lambda x: resize(x, 4), clahe, lambda x: normalise(x, "raw")):
        with pytest.raises(ValueError, match="images must be uint8"):
            work(images)


def test_the_argument_is_left_alone() -> None:
    images = random_images(2, 16, 16, 3)
    before = images.copy()
    for result in (to_grey(images), to_rgb(images), resize(images, 16), clahe(images), normalise(images, "raw")):
        result[...] = 0
    assert np.array_equal(images, before)
