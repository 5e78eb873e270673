"""Orders, moves and rates with known answers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from fer_utils.errors import UsageError
from fer_utils.learning.album import IMAGENET_MEANS, Album
from fer_utils.learning.draws import draw_moves, draw_rows
from fer_utils.learning.recipe import Recipe
from fer_utils.learning.schedule import rates

CPU = torch.device("cpu")


def seen(images: np.ndarray, rows: list[int], moves: np.ndarray | None = None, pixels: str = "symmetric") -> np.ndarray:
    given = None if moves is None else torch.from_numpy(moves.astype(np.float32))
    return Album(images, pixels, CPU).batch(torch.tensor(rows), given).numpy()


def grey(shown: np.ndarray) -> np.ndarray:
    return (shown[:, 0] + 1) * 127.5


def test_an_album_gives_the_pictures_asked_for(images: np.ndarray) -> None:
    shown = seen(images, [3, 0, 3])
    assert shown.shape == (3, 1, 24, 24) and shown.dtype == np.float32
    np.testing.assert_allclose(grey(shown), images[[3, 0, 3]], atol=1e-3)
    caffe = seen(images, [5], pixels="imagenet")[0]
    np.testing.assert_allclose(caffe, images[5][None] - np.array(IMAGENET_MEANS).reshape(3, 1, 1), atol=1e-4)
    even = seen(images, [5, 6], pixels="standardised")
    np.testing.assert_allclose(even.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(even.std(axis=(1, 2, 3)), 1, atol=0.05)
    assert np.abs(seen(np.full((1, 24, 24), 7, np.uint8), [0], pixels="standardised")).max() < 1e-3


def test_moves_by_hand(images: np.ndarray) -> None:
    still = np.eye(2, 3)
    right = np.array([[1, 0, 2 * 4 / 24], [0, 1, 0]])
    mirror = np.array([[-1, 0, 0], [0, 1, 0]])
    quarter = np.array([[0, -1, 0], [1, 0, 0]])
    shown = grey(seen(images, [1, 1, 1, 1], np.stack([still, right, mirror, quarter])))
    np.testing.assert_allclose(shown[0], images[1], atol=1e-2)
    # Four pixels further to the right in the picture; the edge is repeated.
    np.testing.assert_allclose(shown[1][:, :20], images[1][:, 4:], atol=1e-2)
    np.testing.assert_allclose(shown[1][:, 20:], np.repeat(images[1][:, -1:], 4, axis=1), atol=1e-2)
    np.testing.assert_allclose(shown[2], images[1][:, ::-1], atol=1e-2)
    # x is minus the row and y the column: a quarter turn.
    np.testing.assert_allclose(shown[3], images[1][:, ::-1].T, atol=1e-2)


def test_moves_agree_with_opencv(images: np.ndarray) -> None:
    moves = draw_moves(6, Recipe(rotation=15, translation=0.1, scale=0.2, mirror=True), seed=2)
    assert moves is not None
    shown = grey(seen(images, list(range(6)), moves))
    # From -1 to 1 between the outer edges to pixels, whose middles are whole numbers.
    to_pixels = np.array([[12, 0, 11.5], [0, 12, 11.5], [0, 0, 1]])
    for picture, image, move in zip(shown, images, moves, strict=False):
        whole = np.vstack([move, [0, 0, 1]])
        in_pixels = (to_pixels @ whole @ np.linalg.inv(to_pixels))[:2]
        # A smooth picture: OpenCV rounds places to a 32nd of a pixel.
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        expected = cv2.warpAffine(image, in_pixels, (24, 24), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        assert np.abs(picture - expected).mean() < 2.0


def test_moves_stay_within_their_range() -> None:
    recipe = Recipe(rotation=20, translation=0.25, scale=0.1)
    moves = draw_moves(2_000, recipe, seed=0)
    assert moves is not None
    angle = np.rad2deg(np.arctan2(moves[:, 1, 0], moves[:, 0, 0]))
    assert np.abs(angle).max() <= 20 and np.abs(angle).max() > 19 and abs(angle.mean()) < 1
    size = np.hypot(moves[:, 0, 0], moves[:, 1, 0])
    assert size.min() >= 0.9 - 1e-6 and size.max() <= 1.1 + 1e-6 and size.std() > 0.05
    # Shares of the side; two units are one side.
    assert np.abs(moves[:, :, 2]).max() <= 0.5 and np.abs(moves[:, :, 2]).max() > 0.49
    assert (np.linalg.det(moves[:, :, :2]) > 0).all()
    flipped = draw_moves(2_000, recipe.but(mirror=True), seed=0)
    assert flipped is not None and abs((np.linalg.det(flipped[:, :, :2]) < 0).mean() - 0.5) < 0.05
    assert draw_moves(5, Recipe(), 1) is None


def test_every_pass_shows_every_picture_once() -> None:
    rows = draw_rows(10, 25, seed=1)
    assert sorted(rows[:10]) == sorted(rows[10:20]) == list(range(10)) and len(np.unique(rows[20:])) == 5
    assert not np.array_equal(rows[:10], rows[10:20]) and not np.array_equal(rows, draw_rows(10, 25, seed=2))
    # A longer training begins as a shorter one does.
    assert np.array_equal(draw_rows(10, 45, seed=1)[:25], rows)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 101])
def test_one_cycle_is_torch_s(steps: int) -> None:
    ours = rates("one_cycle", 0.2, steps)
    assert len(ours) == steps and max(ours) <= 0.2 + 1e-12
    if steps < 10:
        return
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.2, total_steps=steps, pct_start=0.25)
    theirs = []
    for _ in range(steps):
        theirs.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        cycle.step()
    # Torch's peak may lie between two steps.
    np.testing.assert_allclose(ours, theirs, atol=0.2 * 3 / steps)
    assert ours[0] == pytest.approx(0.2 / 25) and ours[-1] == pytest.approx(0.2 / 250_000)
    assert rates("constant", 0.3, 4) == [0.3] * 4


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(UsageError, match="constant, one_cycle"):
        Recipe(schedule="cosine")
