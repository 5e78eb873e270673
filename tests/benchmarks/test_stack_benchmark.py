"""Paper 3's loop against Keras' ``fit`` on the same networks, and side by side against one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_utils.devices import gpu_visible, in_use
from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.model import keras
from fer_utils.papers.landmark_ensemble.settings import BETA_1, BETA_2, EPSILON, MEMBERS, Settings, settings_for
from fer_utils.papers.landmark_ensemble.trainer import Member, Stack
from tests.benchmarks.conftest import Recorder, seconds

STEPS, FACES, CLASSES = 4, 64, 8
SIZES = {"quick": settings_for("quick").but(variants=1), "paper": settings_for("paper").but(variants=1)}


def material(settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise in the shape of 64 faces with one variant each; the time does not hang on what the pictures show."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FACES, settings.image_size, settings.image_size), np.uint8)
    return images, np.zeros((FACES, 68, 2), np.float32), np.arange(FACES) % CLASSES


def ready(settings: Settings, networks: int, rounds: int) -> Stack:
    """Networks that have made their first steps of Baseline's stage."""
    members = [Member(None, np.arange(FACES), seed) for seed in range(networks)]
    stack = Stack(members, *material(settings), CLASSES, settings, STEPS, rounds + 1)
    stack.new_classifier()
    stack.start_tuning("batch")
    stack.tune([settings.baseline_rate] * STEPS)
    return stack


def keras_twin(settings: Settings, networks: int) -> Any:
    """The same stack as a model for ``fit``: the loss is summed over the networks."""
    body = model.extractor(settings.image_size, settings.filters, networks, momentum=settings.norm_momentum)
    top = model.head(settings.filters[-1], (settings.hidden, settings.hidden, CLASSES), networks)
    stack = keras.Model(body.input, top(body.output))

    def loss(truth: Any, scores: Any) -> Any:
        return keras.ops.sum(keras.losses.sparse_categorical_crossentropy(truth, scores, from_logits=True), axis=-1)

    stack.compile(keras.optimizers.Adam(settings.baseline_rate, BETA_1, BETA_2, EPSILON), loss, jit_compile=False)
    return stack


def how(settings: Settings) -> str:
    return (
        f"{STEPS} training steps of {settings.batch_size} pictures of {settings.image_size} pixels, widths "
        f"{settings.filters}, torch on {in_use()}; shortest of 3 runs after one to warm up"
    )


def test_the_loop_against_keras_fit(benchmark: Any, record: Recorder) -> None:
    if keras.backend.backend() != "torch":
        pytest.skip("both on torch: KERAS_BACKEND=torch make bench ARGS='-k keras_fit'")
    settings = SIZES["quick"]
    ours, theirs = ready(settings, MEMBERS, 4), keras_twin(settings, MEMBERS)
    benchmark.pedantic(lambda: ours.tune([settings.baseline_rate] * STEPS), rounds=3)
    images, _, labels = material(settings)
    rows = np.arange(STEPS * settings.batch_size) % FACES
    pictures = np.repeat(images[rows][..., None].astype(np.float32) / 127.5 - 1, model.CHANNELS * MEMBERS, axis=-1)
    wanted = np.repeat(labels[rows][:, None], MEMBERS, axis=1)
    assert theirs.count_params() == MEMBERS * sum(
        array.size for network in ours.weights()[0] for array in network
    )  # fmt: skip
    slow = seconds(lambda: theirs.fit(pictures, wanted, settings.batch_size, shuffle=False, verbose=0), rounds=4)
    record(
        f"paper 3: the loop against Keras' fit on {in_use()}, quick profile",
        ours=f"Stack: {MEMBERS} networks in one, Keras' layers by torch's own functions, pictures on the device",
        against="Keras' fit of the same stack on torch, pictures as float32 in memory",
        ratio=slow / benchmark.stats.stats.min,
        how=how(settings),
    )


@pytest.mark.parametrize("size", SIZES)
def test_networks_together_against_one_at_a_time(benchmark: Any, record: Recorder, size: str) -> None:
    settings, networks = SIZES[size], 50 if gpu_visible() else MEMBERS
    together, alone = ready(settings, networks, 4), ready(settings, 1, 4)
    rates = [settings.baseline_rate] * STEPS
    benchmark.pedantic(lambda: together.tune(rates), rounds=3)
    one = seconds(lambda: alone.tune(rates), rounds=3)
    record(
        f"paper 3: {networks} networks together against one at a time, {size} profile",
        ours=f"Stack: {networks} networks as one with grouped convolutions",
        against="the same code with a stack of one",
        ratio=networks * one / benchmark.stats.stats.min,
        how=f"{how(settings)}; one network's time times {networks}",
    )
