"""Two kinds of luck in one interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fer_utils.papers.gan_augmentation.outcomes import Outcome, both, gain, over_seeds
from fer_utils.scores import Estimate


def outcome(right: np.ndarray) -> Outcome:
    """Two classes; answers are right where told."""
    truth = np.arange(right.shape[1]) % 2
    return Outcome(truth, np.where(right, truth, 1 - truth).astype(np.uint8), np.zeros(len(right), int), 0)


def test_accuracy_and_both_intervals() -> None:
    right = np.zeros((3, 100), bool)
    for seed, hits in enumerate((50, 60, 70)):
        right[seed, :hits] = True
    found = outcome(right)
    assert found.accuracy().value == pytest.approx(0.6) and found.over_pictures().value == pytest.approx(0.6)
    seeds = over_seeds(found.correct)
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert seeds.high - seeds.value == pytest.approx(half) and seeds.n == 3
    pictures = found.over_pictures()
    assert found.accuracy().high == pytest.approx(0.6 + np.hypot(half, pictures.high - 0.6))
    assert found.accuracy().low >= 0 and found.macro_f1() == pytest.approx(0.6, abs=0.01)


def test_a_gain_is_paired() -> None:
    random = np.random.default_rng(0)
    base = random.random((2, 400)) < 0.5
    better = base.copy()
    better[:, :40] = True
    found = gain(outcome(better), outcome(base))
    assert found.both.value == pytest.approx(better.mean() - base.mean())
    # Only 40 pictures differ: much narrower than the difference of two independent accuracies.
    assert found.pictures.high - found.pictures.value < 0.025
    nothing = gain(outcome(base), outcome(base))
    assert (nothing.both.low, nothing.both.value, nothing.both.high) == (0, 0, 0)


def test_one_training_stands_for_every_seed() -> None:
    three, one = outcome(np.ones((3, 10), bool)), outcome(np.zeros((1, 10), bool))
    assert gain(three, one).both.value == 1


def test_square_and_add() -> None:
    found = both(Estimate(0.5, 0.2, 0.9, 100, ""), Estimate(0.5, 0.1, 0.8, 3, ""))
    assert (found.low, found.high) == (pytest.approx(0.0), pytest.approx(1.0)) and "3 seeds" in found.how


def test_the_luck_of_a_single_seed_is_left_out_and_said_so() -> None:
    pictures = Estimate(0.5, 0.4, 0.6, 100, "t")
    found = both(pictures, Estimate(0.5, -np.inf, np.inf, 1, "no interval"))
    assert found.ci95 == [0.4, 0.6] and "one seed" in found.how
