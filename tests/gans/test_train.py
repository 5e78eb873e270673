"""The training loop: it learns, repeats itself, and goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fer_utils.errors import FerError
from fer_utils.gans import GanSettings, TrainedGan, generate, train
from tests.gans.conftest import TINY, labels_for


def same(one: TrainedGan, other: TrainedGan) -> bool:
    states = [{**gan.generator.state_dict(), **gan.discriminator.state_dict()} for gan in (one, other)]
    weights = all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    return weights and np.array_equal(one.history, other.history) and np.array_equal(one.grids, other.grids)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(settings: GanSettings, pictures: np.ndarray) -> None:
    labels = labels_for(settings)
    first, again, other = (train(pictures, settings, seed, labels=labels, grid_epochs=(0, 4)) for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)
    assert first.grids.shape == (2, 64, 16, 16, 3) and not np.array_equal(first.grids[0], first.grids[1])
    steps = 20 // 8 // settings.critic_steps * 4
    assert first.history.shape == (steps, 4) and np.isfinite(first.history).all()


def test_a_stopped_run_goes_on_to_the_same_bits(settings: GanSettings, pictures: np.ndarray, tmp_path: Path) -> None:
    how = {"labels": labels_for(settings), "grid_epochs": (0, 1, 4)}
    whole = train(pictures, settings, 3, **how)
    path = tmp_path / "gan.safetensors"
    half = train(pictures, settings, 3, **how, checkpoint=path, stop_after=2)
    assert len(half.history) * 2 == len(whole.history) and not same(half, whole)
    # A wrong state of any part (moments, noise, order) would show in the weights.
    assert same(train(pictures, settings, 3, **how, checkpoint=path), whole)
    # Finished: nothing is trained any more.
    assert same(train(pictures, settings, 3, **how, checkpoint=path), whole)


def test_a_checkpoint_of_another_run_is_refused(pictures: np.ndarray, tmp_path: Path) -> None:
    path, settings = tmp_path / "gan.safetensors", GanSettings(**TINY)
    train(pictures, settings, 0, checkpoint=path, stop_after=1)
    with pytest.raises(FerError, match="other seed"):
        train(pictures, settings, 1, checkpoint=path)
    with pytest.raises(FerError, match="other settings"):
        train(pictures, settings.but(learning_rate=1e-3), 0, checkpoint=path)
    with pytest.raises(FerError, match="other pictures"):
        train(255 - pictures, settings, 0, checkpoint=path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FerError, match="cannot be read"):
        train(pictures, settings, 0, checkpoint=path)


def test_it_learns_what_the_pictures_have_in_common(pictures: np.ndarray) -> None:
    gan = train(pictures, GanSettings(**{**TINY, "epochs": 40}, learning_rate=2e-3), 0, grid_epochs=(0, 40))
    before, after = (np.corrcoef(grid.mean(axis=0).ravel(), pictures.mean(axis=0).ravel())[0, 1] for grid in gan.grids)
    assert abs(before) < 0.3 and after > 0.6


def test_a_told_class_decides_the_picture() -> None:
    images = np.repeat(np.array([30, 220], np.uint8), 16)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    settings = GanSettings(**{**TINY, "epochs": 30}, n_classes=2, learning_rate=2e-3)
    gan = train(images, settings, 0, labels=np.repeat([0, 1], 16))
    dark, light = (generate(gan, 64, 1, labels=np.full(64, label)).mean() for label in (0, 1))
    assert light > dark + 20


def test_generated_pictures_depend_on_the_seed_alone(pictures: np.ndarray) -> None:
    gan = train(pictures, GanSettings(**TINY), 0)
    few, many = generate(gan, 3, 5), generate(gan, 300, 5)
    assert many.dtype == np.uint8 and many.shape == (300, 16, 16, 3)
    assert np.array_equal(few, generate(gan, 3, 5)) and not np.array_equal(few, generate(gan, 3, 6))


def test_fewer_pictures_than_a_batch_make_one(pictures: np.ndarray) -> None:
    gan = train(pictures[:3], GanSettings(**TINY), 0)
    assert len(gan.history) == 4


def test_nothing_in_the_loop_waits_for_the_device(pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: object) -> None:
        raise AssertionError("a value was fetched from the device within the loop")

    for name in ("item", "tolist", "__bool__", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, name, waits)
    # Adam itself reads its step number, which lives on the CPU.
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: None)
    train(pictures, GanSettings(**TINY), 0)


@pytest.mark.parametrize(
    ("images", "labels", "settings", "words"),
    [
        (np.zeros((4, 32, 32, 3), np.uint8), None, {}, "resize the pictures first"),
        (np.zeros((4, 16, 16, 3), np.float32), None, {}, "float32"),
        (np.zeros((1, 16, 16, 3), np.uint8), None, {}, "at least two"),
        (np.zeros((4, 16, 16), np.uint8), None, {}, "3 channels"),
        (np.zeros((4, 16, 16, 3), np.uint8), None, {"n_classes": 2}, "needs labels"),
        (np.zeros((4, 16, 16, 3), np.uint8), np.zeros(4, int), {}, "takes no labels"),
        (np.zeros((4, 16, 16, 3), np.uint8), np.full(4, 2), {"n_classes": 2}, "from 0 to 1"),
        (np.zeros((4, 16, 16, 3), np.uint8), np.zeros(3, int), {"n_classes": 2}, "must be 4"),
    ],
)
def test_what_does_not_fit_is_refused(
    images: np.ndarray, labels: np.ndarray | None, settings: dict[str, int], words: str
) -> None:
    with pytest.raises(FerError, match=words):
        train(images, GanSettings(**TINY).but(**settings), 0, labels=labels)


def test_grey_pictures_need_no_channel_axis() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16)).astype(np.uint8)
    settings = GanSettings(**TINY).but(channels=1, epochs=1)
    assert same(train(images, settings, 0), train(images[..., None], settings, 0))
