"""Pictures on the device, moves with known answers, and trainings that stop and go on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_utils.devices import seed_everything
from fer_utils.papers.gan_augmentation import course as room
from fer_utils.papers.gan_augmentation.course import Album, Course, attend, draw_moves, draw_rows
from fer_utils.papers.gan_augmentation.vgg import vgg
from tests.papers.gan_augmentation.conftest import drawn

keras = room.keras
LABELS = ("a", "b") * 12


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return drawn(LABELS, 32, 4)


def seen(album: Album, rows: list[int], moves: np.ndarray | None = None) -> np.ndarray:
    given = [np.array(rows, np.int32)] + ([] if moves is None else [moves])
    return np.asarray(keras.ops.convert_to_numpy(album(*map(keras.ops.convert_to_tensor, given))))


def test_an_album_gives_the_pictures_asked_for(images: np.ndarray) -> None:
    shown = seen(Album(images, imagenet=False), [3, 0, 3])
    assert shown.shape == (3, 32, 32, 3) and shown.min() >= -1 and shown.max() <= 1
    expected = images[[3, 0, 3]].astype(np.float32) / 127.5 - 1
    np.testing.assert_allclose(shown, np.repeat(expected[..., None], 3, axis=-1), atol=1e-6)
    caffe = seen(Album(images, imagenet=True), [5])[0]
    np.testing.assert_allclose(caffe, images[5][..., None] - np.array([103.939, 116.779, 123.68]), atol=1e-4)


def test_moves_by_hand(images: np.ndarray) -> None:
    album = Album(images, imagenet=False)
    still, right, quarter = np.eye(2, 3).ravel(), np.eye(2, 3).ravel(), np.array([0, -1, 31, 1, 0, 0.0])
    right[2] = 4
    shown = (seen(album, [1, 1, 1], np.stack([still, right, quarter]).astype(np.float32))[..., 0] + 1) * 127.5
    np.testing.assert_allclose(shown[0], images[1], atol=1e-3)
    # Four pixels further to the right in the picture; the edge is repeated.
    np.testing.assert_allclose(shown[1][:, :28], images[1][:, 4:], atol=1e-3)
    np.testing.assert_allclose(shown[1][:, 28:], np.repeat(images[1][:, -1:], 4, axis=1), atol=1e-3)
    # x = 31 - row, y = column: a quarter turn.
    np.testing.assert_allclose(shown[2], images[1][:, ::-1].T, atol=1e-3)


def test_moves_agree_with_opencv(images: np.ndarray) -> None:
    moves = draw_moves(6, 32, 15, 0.1, seed=2)
    shown = (seen(Album(images, imagenet=False), list(range(6)), moves)[..., 0] + 1) * 127.5
    for picture, image, move in zip(shown, images, moves, strict=False):
        # A smooth picture: OpenCV rounds places to a 32nd of a pixel.
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        expected = cv2.warpAffine(image, move.reshape(2, 3), (32, 32), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        assert np.abs(picture - expected).mean() < 2.0


def test_moves_turn_about_the_centre_within_their_range() -> None:
    moves = draw_moves(2_000, 33, 20, 0.25, seed=0).astype(float)
    angle = np.rad2deg(np.arctan2(moves[:, 3], moves[:, 0]))
    assert np.abs(angle).max() <= 20 and np.abs(angle).max() > 19 and abs(angle.mean()) < 1
    centre = np.stack([moves[:, :2].sum(1) * 16 + moves[:, 2], moves[:, 3:5].sum(1) * 16 + moves[:, 5]], axis=1) - 16
    assert np.abs(centre).max() <= 0.25 * 33 and np.abs(centre).max() > 8
    assert np.array_equal(draw_moves(5, 33, 0, 0, 1), np.tile(np.eye(2, 3).ravel(), (5, 1)))


def test_every_pass_shows_every_picture_once() -> None:
    rows = draw_rows(10, 25, seed=1)
    assert sorted(rows[:10]) == sorted(rows[10:20]) == list(range(10)) and len(np.unique(rows[20:])) == 5
    assert not np.array_equal(rows[:10], rows[10:20]) and not np.array_equal(rows, draw_rows(10, 25, seed=2))
    # A longer training begins as a shorter one does.
    assert np.array_equal(draw_rows(10, 45, seed=1)[:25], rows)


def new(images: np.ndarray, steps: int = 6, seed: int = 0, dropout: float = 0) -> Course:
    seed_everything(seed)
    network = vgg("VGG-13", 32, 2, narrower=32, batch_norm=True, dropout=dropout)
    labels = np.array([label == "b" for label in LABELS], int)
    return Course(
        network, images, labels, steps=steps, batch_size=8, rate=0.05, momentum=0.9, rotation=10, translation=0.1,
        imagenet=False, seed=seed,
    )  # fmt: skip


def test_it_learns(images: np.ndarray) -> None:
    course = new(images, steps=40)
    first = course.advance(5)
    course.advance(30)
    assert course.advance(5) < first / 2
    assert (course.answers(images) == (np.array(LABELS) == "b")).mean() > 0.9


def test_the_same_seed_gives_the_same_training_and_another_does_not(images: np.ndarray) -> None:
    found = [attend(new(images, seed=seed), images, (2, 6), None)["loss"] for seed in (0, 0, 1)]
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_a_killed_training_goes_on_to_the_same_bits(
    images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_course = new(images)
    whole = attend(whole_course, images, (2, 4, 6), None)
    path, killed = tmp_path / "course.npz", new(images)
    advance, calls = Course.advance, []

    def until_killed(self: Course, steps: int) -> float:
        calls.append(steps)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return advance(self, steps)

    monkeypatch.setattr(Course, "advance", until_killed)
    with pytest.raises(KeyboardInterrupt):
        attend(killed, images, (2, 4, 6), path)
    monkeypatch.setattr(Course, "advance", lambda self, steps: calls.append(steps) or advance(self, steps))
    course = new(images)
    again = attend(course, images, (2, 4, 6), path)
    assert calls == [2, 2, 2, 2]
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    states = whole_course.state(), course.state()
    # Weights, batch-norm statistics and momenta.
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("damage", ["no archive", "a bit of a weight"])
def test_a_damaged_checkpoint_costs_time_only(
    images: np.ndarray, tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    path = tmp_path / "course.npz"
    whole = attend(new(images), images, (1, 3), path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(b"half a file" if damage == "no archive" else raw)
    again = attend(new(images), images, (1, 3), path)
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    assert capfd.readouterr().err.count("course.npz in the cache cannot be used") == 1
