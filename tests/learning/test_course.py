"""Trainings that learn, stop and go on, and never wait for the device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fer_utils.devices import seed_everything
from fer_utils.learning.course import Course, attend, outputs
from fer_utils.learning.recipe import PIXELS, Recipe
from fer_utils.saving import EVERY
from tests.learning.conftest import LABELS, network

RECIPE = Recipe(
    rate=0.05, schedule="one_cycle", momentum=0.9, nesterov=True, weight_decay=1e-3, label_smoothing=0.1, batch_size=8,
    rotation=10, translation=0.05, scale=0.1, pixels="standardised",
)  # fmt: skip


def new(images: np.ndarray, steps: int = 6, seed: int = 0, recipe: Recipe = RECIPE) -> Course:
    seed_everything(seed)
    return Course(network(), images, LABELS, recipe, steps, seed, "cpu")


def test_it_learns(images: np.ndarray) -> None:
    course = new(images, steps=60)
    first = float(course.advance(5))
    course.advance(50)
    # With a tenth of the labels smoothed away, no loss is below 0.2.
    assert float(course.advance(5)) < first / 2
    assert (course.answers(images) == LABELS).mean() > 0.9


def test_a_step_is_the_textbook_s(images: np.ndarray) -> None:
    recipe = Recipe(rate=0.1, batch_size=8, weight_decay=0.01, label_smoothing=0.2)
    seed_everything(0)
    course = Course(network(0), images, LABELS, recipe, 1, 3, "cpu")
    before = [each.detach().clone() for each in course.network.parameters()]
    rows = course._rows.long()
    given = course.network(torch.from_numpy(images)[rows].unsqueeze(1) / 127.5 - 1)
    # Cross-entropy to labels of which a fifth is spread over both classes.
    wanted = F.one_hot(torch.from_numpy(LABELS)[rows], 2) * 0.8 + 0.1
    loss = -(wanted * given.log_softmax(dim=1)).sum(dim=1).mean()
    slopes = torch.autograd.grad(loss, list(course.network.parameters()))
    assert float(course.advance(1)) == pytest.approx(float(loss.detach()), rel=1e-5)
    for weight, old, slope in zip(course.network.parameters(), before, slopes, strict=True):
        torch.testing.assert_close(weight.detach(), old - 0.1 * (slope + 0.01 * old), rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_training_and_another_does_not(images: np.ndarray) -> None:
    found = [attend(new(images, seed=seed), images, (2, 6), None)["loss"] for seed in (0, 0, 1)]
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_a_killed_training_goes_on_to_the_same_bits(
    images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EVERY, "0")
    whole_course = new(images)
    whole = attend(whole_course, images, (2, 4, 6), None)
    path, killed = tmp_path / "course.npz", new(images)
    advance, calls = Course.advance, []

    def until_killed(self: Course, steps: int) -> torch.Tensor:
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
    # Weights, batch-norm statistics, momenta, and where dropout's draws are.
    assert {name.partition(".")[0] for name in states[0]} == {"network", "momentum", "random"}
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("damage", ["no archive", "a bit of a weight"])
def test_a_damaged_checkpoint_costs_time_only(
    images: np.ndarray, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv(EVERY, "0")
    path = tmp_path / "course.npz"
    whole = attend(new(images), images, (1, 3), path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(b"half a file" if damage == "no archive" else raw)
    again = attend(new(images), images, (1, 3), path)
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    assert capfd.readouterr().err.count("course.npz in the cache cannot be used") == 1


@pytest.mark.parametrize("pixels", PIXELS)
def test_nothing_in_the_loop_waits_for_the_device(images: np.ndarray, pixels: str) -> None:
    # A meta tensor has no values: whatever asks for one, or mixes devices, raises.
    channels = 3 if pixels == "imagenet" else 1
    recipe = RECIPE.but(pixels=pixels, mirror=True)
    course = Course(network(channels=channels), images, LABELS, recipe, 4, 0, "meta")
    loss = course.advance(4)
    assert loss.device.type == "meta" and course.done == 4
    with pytest.raises((RuntimeError, NotImplementedError)):
        loss.item()


def test_a_mirrored_answer_is_the_same_for_a_picture_and_its_mirror_image(images: np.ndarray) -> None:
    both, plain = (new(images, recipe=RECIPE.but(mirrored_answer=on)) for on in (True, False))
    random = np.random.default_rng(0).integers(0, 256, (200, 24, 24)).astype(np.uint8)
    assert np.array_equal(both.answers(random), both.answers(random[:, :, ::-1]))
    assert not np.array_equal(plain.answers(random), plain.answers(random[:, :, ::-1]))


def test_frozen_weights_stay(images: np.ndarray) -> None:
    still = network()
    still[0].requires_grad_(False)
    before = still[0].weight.clone()
    course = Course(still, images, LABELS, RECIPE, 3, 0, "cpu")
    course.advance(3)
    assert torch.equal(still[0].weight, before) and not torch.equal(still[3].weight, network()[3].weight)


def test_outputs_are_in_inference_mode_and_in_order(images: np.ndarray) -> None:
    net = network(0.9)
    many = np.concatenate([images] * 12)
    given = outputs(net, many, "symmetric")
    assert given.shape == (288, 2) and np.allclose(given[:24], given[264:], atol=1e-5)
    assert not any(each.training for each in net.modules()) and isinstance(net, nn.Module)
