"""On a GPU: captured steps against the same kernels sent one by one, and against a plain eager loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fer_utils.devices import gpu_visible, seed_everything
from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import train
from fer_utils.graphs import SWITCH
from fer_utils.learning.course import Course
from fer_utils.papers.clifer.imagination import Trainer
from fer_utils.papers.clifer.settings import IMAGINATIONS
from fer_utils.papers.gan_augmentation.networks import build
from fer_utils.papers.gan_augmentation.settings import PROFILES
from fer_utils.papers.landmark_ensemble.settings import MEMBERS, settings_for
from fer_utils.papers.landmark_ensemble.trainer import Member, Stack
from tests.benchmarks.conftest import Recorder, seconds

pytestmark = pytest.mark.skipif(not gpu_visible(), reason="needs an NVIDIA GPU")

STEPS, CLASSES = 60, 7
EVENING = PROFILES["evening"]
# From random weights, for a step takes as long whatever it starts from.
PAPER = PROFILES["paper"].but(init="random")
TRAININGS = {
    "evening's residual network": ("ResNet-50", EVENING),
    "evening's VGG-16": ("VGG-16", EVENING),
    "ResNet-50 of paper 2": ("ResNet-50", PAPER),
    "VGG-16 of paper 2": ("VGG-16", PAPER),
}
GANS = {
    "DCGAN of paper 2": (PROFILES["paper"].gan("dcgan"), 1),
    "WGAN-GP of paper 2": (PROFILES["paper"].gan("wgan_gp"), 1),
    "evening's WGAN-GP": (EVENING.gan("wgan_gp"), 1),
    "DCGAN of paper 4 (64 pixels)": (GanSettings(), 3),
}


def plain(network: nn.Module, images: np.ndarray, labels: np.ndarray, batch: int, channels: int) -> None:
    """As tutorials write it: batches from the host, float32, one kernel after the other, the loss fetched each time."""
    network.cuda().train()
    optimiser = torch.optim.SGD(network.parameters(), 0.01, 0.9)
    for start in range(0, len(images), batch):
        pictures = torch.from_numpy(images[start : start + batch]).unsqueeze(1).float() / 127.5 - 1
        wanted = torch.from_numpy(labels[start : start + batch]).cuda()
        optimiser.zero_grad()
        loss = F.cross_entropy(network(pictures.repeat(1, channels, 1, 1).cuda()), wanted)
        loss.backward()
        optimiser.step()
        loss.item()


def ready(work: Callable[[], object]) -> None:
    work()
    torch.cuda.synchronize()


@pytest.mark.parametrize("title", TRAININGS)
def test_a_classifier(benchmark: Any, record: Recorder, monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    name, settings = TRAININGS[title]
    recipe, random = settings.recipe(name), np.random.default_rng(0)
    images = random.integers(0, 256, (STEPS * recipe.batch_size, settings.side, settings.side)).astype(np.uint8)
    labels = random.integers(0, CLASSES, len(images))

    def course() -> Course:
        seed_everything(0)
        return Course(build(name, settings, CLASSES, None), images, labels, recipe, 6 * STEPS, 0)

    captured, rounds = course(), []
    rounds.append(captured.advance(STEPS))
    benchmark.pedantic(lambda: ready(lambda: rounds.append(captured.advance(STEPS))), rounds=3, warmup_rounds=1)
    monkeypatch.setenv(SWITCH, "0")
    single = course()
    first = single.advance(STEPS)
    slow = seconds(lambda: ready(lambda: single.advance(STEPS)), rounds=3)
    # Same order, moves and weights. What differs is rounding, which 60 steps let grow.
    assert float(rounds[0]) == pytest.approx(float(first), rel=0.05)
    network = build(name, settings, CLASSES, None)
    eager = seconds(
        lambda: ready(lambda: plain(network, images, labels, recipe.batch_size, settings.channels)), rounds=2
    )
    ours = benchmark.stats.stats.min
    how = f"{STEPS} steps of {recipe.batch_size} pictures of {settings.side} pixels; shortest of 3 runs, "
    how += f"{len(images) / ours:,.0f} pictures a second captured, {len(images) / slow:,.0f} kernel by kernel"
    mine = "learning.Course: a captured step, bfloat16, channels-last, augmentation on the device"
    record(f"{title}: captured against kernel by kernel", ours=mine, against="the same without capture",
           ratio=slow / ours, how=how)  # fmt: skip
    record(f"{title}: this loop against a plain eager loop", ours=mine,
           against="float32, batches from the host, no augmentation, loss.item() in every step",
           ratio=eager / ours, how=f"{how}, {len(images) / eager:,.0f} in the plain loop")  # fmt: skip


@pytest.mark.parametrize("title", GANS)
def test_a_gan(benchmark: Any, record: Recorder, monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    settings, channels = GANS[title]
    settings = settings.but(steps=STEPS)
    shape = (8 * settings.batch_size, settings.image_size, settings.image_size, channels)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = []

    def twice(steps: int) -> float:
        """Of twice as many steps less so many, which leaves out what comes before the first."""
        both = [seconds(lambda n=n: found.append(train(images, settings.but(steps=n), 0)), rounds=2)
                for n in (steps, 2 * steps)]  # fmt: skip
        return both[1] - both[0]

    captured = benchmark.pedantic(twice, args=(STEPS,), rounds=1)
    first = found[0].history
    monkeypatch.setenv(SWITCH, "0")
    found.clear()
    slow = twice(STEPS)
    # The first steps are the same arithmetic; later ones drift apart as roundings do.
    assert np.allclose(first[:5], found[0].history[:5], rtol=0.05, atol=0.02)
    shown = STEPS * settings.batch_size
    record(
        f"{title}: captured against kernel by kernel",
        ours="gans.train: a captured step",
        against="the same without capture",
        ratio=slow / captured,
        how=(
            f"{STEPS} generator steps of {settings.batch_size} pictures, {settings.critic_steps} critic steps each; "
            f"shortest of 2 runs, {shown / captured:,.0f} pictures a second captured, {shown / slow:,.0f} without"
        ),
    )


@pytest.mark.parametrize("profile", ["evening", "paper"])
def test_five_landmark_networks(
    benchmark: Any, record: Recorder, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    settings = settings_for(profile).but(variants=1)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (64, settings.image_size, settings.image_size), np.uint8)
    members = [Member(None, np.arange(64), seed) for seed in range(MEMBERS)]

    def stack() -> Stack:
        points, labels = np.zeros((64, 68, 2), np.float32), np.arange(64) % CLASSES
        made = Stack(members, images, points, labels, CLASSES, settings, STEPS, 10)
        made.new_classifier()
        made.start_tuning("batch")
        return made

    def more(made: Stack) -> float:
        """A piece of twice as many steps less one of so many: each is captured anew."""
        first = seconds(lambda: made.tune([1e-4] * STEPS), rounds=1)
        return seconds(lambda: made.tune([1e-4] * 2 * STEPS), rounds=1) - first

    captured, losses = stack(), []
    losses.append(captured.tune([1e-4] * STEPS))
    ours = benchmark.pedantic(more, args=(captured,), rounds=1)
    monkeypatch.setenv(SWITCH, "0")
    single = stack()
    losses.append(single.tune([1e-4] * STEPS))
    slow = more(single)
    assert np.allclose(*losses, rtol=0.05)
    shown = STEPS * settings.batch_size
    record(
        f"five landmark networks, {profile}: captured against kernel by kernel",
        ours="landmark_ensemble.Stack: a captured step",
        against="the same without capture",
        ratio=slow / ours,
        how=(
            f"{STEPS} steps of {settings.batch_size} pictures of {settings.image_size} pixels; "
            f"{1e3 * ours / STEPS:.2f} ms a step captured, {1e3 * slow / STEPS:.2f} without, "
            f"{shown / ours:,.0f} pictures a second"
        ),
    )


@pytest.mark.parametrize("name", IMAGINATIONS)
def test_an_imagination_model(benchmark: Any, record: Recorder, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    settings = IMAGINATIONS[name]
    shape = (STEPS * settings.batch_size, settings.image_size, settings.image_size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    labels = np.arange(len(images)) % 6

    def passes(trainer: Trainer, epochs: list[int]) -> float:
        return seconds(lambda: ready(lambda: trainer.pass_over(images, labels, epochs.pop())), rounds=2)

    captured = Trainer(settings, range(6), 0)
    first = captured.pass_over(images, labels, 0)
    ours = benchmark.pedantic(passes, args=(captured, [2, 1]), rounds=1)
    monkeypatch.setenv(SWITCH, "0")
    single = Trainer(settings, range(6), 0)
    # The first steps are the same arithmetic; later ones drift apart as roundings do.
    assert torch.allclose(first[:5], single.pass_over(images, labels, 0)[:5], rtol=0.05, atol=0.02)
    slow = passes(single, [2, 1])
    record(
        f"imagination model of paper 1, {name}: captured against kernel by kernel",
        ours="clifer.Trainer: a captured step",
        against="the same without capture",
        ratio=slow / ours,
        how=(
            f"{STEPS} steps of {settings.batch_size} pictures of {settings.image_size} pixels; "
            f"{1e3 * ours / STEPS:.2f} ms a step captured, {1e3 * slow / STEPS:.2f} without, "
            f"{len(images) / ours:,.0f} pictures a second"
        ),
    )
