"""The affine maps against hand-made ones, and quotas that come out exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe import augment
from fer_utils.papers.mobilenet_jaffe.augment import ORIGINAL, Pool, affine_matrix, draw_quota, make_pool, variant
from fer_utils.papers.mobilenet_jaffe.settings import PROFILES, Augmentation

STILL = {"rotation": 0.0, "shift": 0.0, "shear": 0.0, "zoom": 0.0}
SIZE = 101
CENTRE = np.array([50.0, 50.0])


class Extreme:
    """Stands in for a generator: every draw is the upper end of its range."""

    def uniform(self, low: float, high: float, size: int | None = None) -> Any:
        return high if size is None else np.full(size, high)


def moved(point: tuple[float, float], **ranges: float) -> np.ndarray:
    """Where the largest map within ``ranges`` takes a point ``(x, y)`` of a picture of side ``SIZE``."""
    matrix = affine_matrix(Extreme(), SIZE, Augmentation(**{**STILL, **ranges}))  # type: ignore[arg-type]
    return matrix @ [*point, 1.0]


def pictures(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(0, 256, shape, dtype=np.uint8)


# -- one map ---------------------------------------------------------------------------------------


def test_without_ranges_the_map_is_the_identity_and_the_picture_stays() -> None:
    rng = np.random.default_rng(0)
    matrix = affine_matrix(rng, SIZE, Augmentation(**STILL))
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-12)
    for image in (pictures(rng, 32, 32), pictures(rng, 33, 33, 3)):
        np.testing.assert_array_equal(variant(image, 3, 5, Augmentation(**STILL)), image)


@pytest.mark.parametrize(
    ("ranges", "point", "target"),
    [
        # A quarter turn takes the point right of the centre to the one below it (y points down).
        ({"rotation": 90.0}, (60, 50), (50, 60)),
        ({"rotation": 90.0}, (50, 60), (40, 50)),
        ({"rotation": 30.0}, (70, 50), (50 + 20 * np.cos(np.pi / 6), 60)),
        # A shift is a share of the side, the same everywhere.
        ({"shift": 0.1}, (50, 50), (60.1, 60.1)),
        ({"shift": 0.1}, (0, 0), (10.1, 10.1)),
        # A zoom by 1.2 about the centre.
        ({"zoom": 0.2}, (60, 45), (62, 44)),
        # A shear moves along x by a share of the distance in y.
        ({"shear": 0.1}, (50, 70), (52, 70)),
        ({"shear": 0.1}, (50, 30), (48, 30)),
        # Zoom first, then shear, then rotation, then shift: (60, 50) -> (62, 50) -> same -> (50, 62) -> + 10.1.
        ({"zoom": 0.2, "shear": 0.1, "rotation": 90.0, "shift": 0.1}, (60, 50), (60.1, 72.1)),
        # (50, 60) -> (50, 62) -> (51.2, 62) -> (38, 51.2) -> + 10.1.
        ({"zoom": 0.2, "shear": 0.1, "rotation": 90.0, "shift": 0.1}, (50, 60), (48.1, 61.3)),
    ],
)
def test_a_point_goes_where_it_should(
    ranges: dict[str, float], point: tuple[float, float], target: tuple[float, float]
) -> None:
    np.testing.assert_allclose(moved(point, **ranges), target, atol=1e-9)


@pytest.mark.parametrize("ranges", [{"rotation": 37.0}, {"zoom": 0.3}, {"shear": 0.4}])
def test_without_a_shift_the_centre_stays(ranges: dict[str, float]) -> None:
    np.testing.assert_allclose(moved((50, 50), **ranges), CENTRE, atol=1e-9)


def test_draws_fill_their_ranges_and_never_leave_them() -> None:
    ranges = Augmentation(rotation=15, shift=0.1, shear=0.2, zoom=0.3)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(500):
        matrix = affine_matrix(rng, SIZE, ranges)
        # rotation @ [[zoom_x, shear * zoom_y], [0, zoom_y]], taken apart again
        angle = np.arctan2(matrix[1, 0], matrix[0, 0])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        upper = turn.T @ matrix[:, :2]
        shift = (matrix @ [*CENTRE, 1.0] - CENTRE) / SIZE
        found.append([np.rad2deg(angle) / 15, *shift / 0.1, upper[0, 1] / upper[1, 1] / 0.2,
                      (upper[0, 0] - 1) / 0.3, (upper[1, 1] - 1) / 0.3])  # fmt: skip
    drawn = np.array(found)
    assert np.abs(drawn).max() <= 1 + 1e-9
    assert (drawn.min(axis=0) < -0.95).all() and (drawn.max(axis=0) > 0.95).all()
    # Uniform: mean 0 (standard error 0.026) and variance 1/3.
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.11)
    np.testing.assert_allclose(drawn.var(axis=0), 1 / 3, atol=0.06)
    # Width and height zoom apart, and no two ranges share a draw.
    assert np.abs(np.corrcoef(drawn.T) - np.eye(6)).max() < 0.2


def test_the_picture_follows_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment.np.random, "default_rng", lambda seed: Extreme())
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[50, 60] = 255  # x = 60, y = 50
    turned = variant(image, 0, 0, Augmentation(**{**STILL, "rotation": 90.0}))
    assert turned[60, 50] == 255 and int(turned.sum()) == 255
    shifted = variant(image, 0, 0, Augmentation(**{**STILL, "shift": 10 / SIZE}))
    assert shifted[60, 70] == 255 and int(shifted.sum()) == 255


def test_what_comes_from_outside_repeats_the_edge() -> None:
    strong = Augmentation(rotation=45, shift=0.5, shear=0.5, zoom=0.5)
    plain = np.full((40, 40, 3), (10, 120, 240), np.uint8)
    for number in range(10):
        np.testing.assert_array_equal(variant(plain, 0, number, strong), plain)


# -- the endless row of variants -------------------------------------------------------------------


def test_a_variant_depends_on_seed_source_and_number_alone() -> None:
    image = pictures(np.random.default_rng(1), 40, 40)
    asked = [(source, number) for source in range(4) for number in range(5)]
    forwards = {pair: variant(image, *pair, Augmentation()) for pair in asked}
    np.random.default_rng(0).random(7)
    for pair in reversed(asked):
        np.testing.assert_array_equal(variant(image, *pair, Augmentation()), forwards[pair])
    distinct = {picture.tobytes() for picture in forwards.values()}
    assert len(distinct) == len(asked)
    other_seed = variant(image, 0, 0, Augmentation(seed=1))
    assert not np.array_equal(other_seed, forwards[0, 0])


def test_the_original_is_left_alone() -> None:
    image = pictures(np.random.default_rng(1), 40, 40, 3)
    np.testing.assert_array_equal(variant(image, 9, ORIGINAL, Augmentation()), image)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (40, 48)])
def test_shape_and_type_stay(shape: tuple[int, ...]) -> None:
    image = pictures(np.random.default_rng(1), *shape)
    given = variant(image, 0, 0, Augmentation())
    assert given.shape == shape and given.dtype == np.uint8


def test_a_pool_draws_the_images_of_its_rows(drawn: FaceSet) -> None:
    everyone = np.arange(len(drawn))
    pool = make_pool(drawn.labels, [everyone], [48], 3)
    assert (len(pool), pool.n_sources) == (72 * 3, 72)
    np.testing.assert_array_equal(pool.images(drawn, range(72), Augmentation()), drawn.images)
    rows = np.array([200, 75, 3])
    expected = [variant(drawn.images[pool.source[row]], pool.source[row], pool.variant[row], Augmentation())
                for row in rows]  # fmt: skip
    np.testing.assert_array_equal(pool.images(drawn, rows, Augmentation()), expected)


# -- pools and quotas ------------------------------------------------------------------------------


def test_a_pool_begins_with_the_originals_and_is_as_deep_as_needed() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    # 5 images from 3 photographs need 2 variants each; 4 from one single photograph of class 1 need 4.
    pool = make_pool(labels, [np.arange(5), np.array([0, 1, 3])], [5, 4], 2)
    np.testing.assert_array_equal(pool.source[:5], np.arange(5))
    assert (pool.variant[:5] == ORIGINAL).all() and (pool.variant[5:] >= 0).all()
    depth = np.bincount(pool.source[5:])
    np.testing.assert_array_equal(depth, [2, 2, 2, 4, 4])
    np.testing.assert_array_equal(pool.label, labels[pool.source])
    pairs = set(zip(pool.source.tolist(), pool.variant.tolist(), strict=True))
    assert len(pairs) == len(pool)


def test_draw_quota_by_hand() -> None:
    labels = np.array([1, 0, 0, 1])
    pool = make_pool(labels, [np.arange(4)], [3], 2)
    drawn = draw_quota(pool, np.arange(4), 3, 2)
    # class 0: photographs 1 and 2, then 1 again; class 1: photographs 0 and 3, then 0 again
    np.testing.assert_array_equal(pool.source[drawn], [1, 2, 1, 0, 3, 0])
    np.testing.assert_array_equal(pool.variant[drawn], [0, 0, 1, 0, 0, 1])
    np.testing.assert_array_equal(draw_quota(pool, np.array([3, 2]), 2, 2), [8, 9, 10, 11])


def test_draw_quota_leaves_out_what_must_not_be_drawn() -> None:
    pool = make_pool(np.array([0, 0, 1]), [np.arange(3)], [6], 2)
    first = draw_quota(pool, np.arange(3), 2, 2)
    second = draw_quota(pool, np.arange(3), 2, 2, without=first)
    assert not set(first) & set(second)
    np.testing.assert_array_equal(pool.variant[second], [1, 1, 2, 3])
    with pytest.raises(FerError, match="too shallow for a quota of 6"):
        draw_quota(pool, np.arange(3), 6, 2, without=first)


@given(st.data())
def test_quotas_are_exact_round_robin_and_in_order(data: st.DataObject) -> None:
    n_classes = data.draw(st.integers(1, 4), "classes")
    labels = np.array([*range(n_classes), *data.draw(st.lists(st.integers(0, n_classes - 1), max_size=20), "labels")])
    sources = np.array(sorted({*range(n_classes), *data.draw(st.sets(st.integers(0, len(labels) - 1)), "sources")}))
    quota = data.draw(st.integers(1, 30), "quota")
    pool = make_pool(labels, [np.arange(len(labels)), sources], [1, quota], n_classes)
    rows = draw_quota(pool, sources, quota, n_classes)
    np.testing.assert_array_equal(pool.label[rows], np.repeat(np.arange(n_classes), quota))
    assert len(set(rows)) == len(rows) and set(pool.source[rows]) <= set(sources)
    assert (pool.variant[rows] != ORIGINAL).all()
    for code in range(n_classes):
        used = np.bincount(pool.source[rows][pool.label[rows] == code], minlength=len(labels))
        used = used[sources[labels[sources] == code]]
        assert used.max() - used.min() <= 1


def test_the_paper_s_quota_on_jaffe(jaffe_names: FaceSet) -> None:
    quota, everyone = PROFILES["paper"].quota, np.arange(213)
    np.testing.assert_array_equal(np.bincount(jaffe_names.labels), [30, 32, 30, 31, 31, 29, 30])
    pool = make_pool(jaffe_names.labels, [everyone], [quota], 7)
    rows = draw_quota(pool, everyone, quota, 7)
    assert len(rows) == 79_450
    np.testing.assert_array_equal(np.bincount(pool.label[rows]), [11_350] * 7)
    used = np.bincount(pool.source[rows], minlength=213)
    anger = used[jaffe_names.table["label"] == "anger"]
    # 11,350 = 30 x 378 + 10
    assert sorted(anger) == [378] * 20 + [379] * 10
    fear = used[jaffe_names.table["label"] == "fear"]
    assert set(fear) == {354, 355} and fear.sum() == 11_350


def test_refusals() -> None:
    labels = np.array([0, 0, 1])
    with pytest.raises(FerError, match="no photograph of class 1"):
        make_pool(labels, [np.array([0, 1])], [4], 2)
    pool = make_pool(labels, [np.arange(3)], [4], 2)
    with pytest.raises(FerError, match=r"too shallow for a quota of 5 in classes \[0, 1\]"):
        draw_quota(pool, np.arange(3), 5, 2)
    with pytest.raises(FerError, match=r"in classes \[1\]"):
        draw_quota(pool, np.array([0, 1]), 1, 2)
    with pytest.raises(ValueError, match="zip"):
        make_pool(labels, [np.arange(3)], [4, 5], 2)
    assert isinstance(pool, Pool)
