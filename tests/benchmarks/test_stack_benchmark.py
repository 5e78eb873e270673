"""Paper 3's networks: side by side in one stack against Keras' ``fit`` of one after the other, on this device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_utils.devices import gpu_visible
from fer_utils.papers.landmark_ensemble.settings import KERAS_BACKEND, Settings, settings_for
from tests.benchmarks.conftest import Recorder, seconds

STEPS = 4
SIZES = {"quick": settings_for("quick"), "paper": settings_for("paper")}


def material(settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise in the shape of 64 faces with one variant each; the time does not hang on what the pictures show."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (64, settings.image_size, settings.image_size), np.uint8)
    return images, np.zeros((64, 68, 2), np.float32), np.arange(64) % 8


@pytest.mark.parametrize("size", SIZES)
def test_networks_together_against_one_at_a_time(benchmark: Any, record: Recorder, size: str) -> None:
    from fer_utils.papers.landmark_ensemble.model import keras
    from fer_utils.papers.landmark_ensemble.trainer import Member, Stack

    if keras.backend.backend() != KERAS_BACKEND:
        pytest.skip("paper 3 trains on torch: KERAS_BACKEND=torch make bench ARGS='-k one_at_a_time'")
    settings = SIZES[size].but(augmentation=SIZES[size].augmentation.__class__(variants=1))
    networks = 50 if gpu_visible() else 5
    members = [Member(None, np.arange(64), seed) for seed in range(networks)]

    def ready(some: list[Member]) -> Stack:
        stack = Stack(some, *material(settings), 8, settings, STEPS)
        stack.new_classifier()
        stack.start_tuning(settings.baseline_rate, "batch")
        stack.tune(1)
        return stack

    together, alone = ready(members), ready(members[:1])
    benchmark.pedantic(lambda: together.tune(1), rounds=3)
    one = seconds(lambda: alone.tune(1), rounds=3)
    record(
        f"paper 3: {networks} networks together against one at a time, {size} profile",
        ours=f"Stack: {networks} networks as one with grouped convolutions, pictures on the device",
        against="the same code with a stack of one, that is Keras' fit of a single network",
        ratio=networks * one / benchmark.stats.stats.min,
        how=(
            f"{STEPS} training steps of {settings.batch_size} pictures of {settings.image_size} pixels, widths "
            f"{settings.filters}, {keras.backend.backend()}; shortest of 3 runs after one to warm up; one network's "
            f"time times {networks}"
        ),
    )
