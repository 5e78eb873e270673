"""Answers of trainings that differ in their seed, and two kinds of luck: of the pictures and of the seed.

An interval over pictures says what other test pictures would do to these very networks; one over
seeds, what other weights and orders would do on these very pictures. Their half widths are put
together as legs of a right triangle, since both kinds of luck are in the number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_utils import scores
from fer_utils.scores import Estimate


@dataclass(frozen=True, eq=False)
class Outcome:
    """One row of Table 1 under one protocol.

    Attributes:
        truth: ``int64 [Q]``.
        predicted: ``uint8 [S, Q]``, one row a seed.
        steps: ``int64 [S]``, the steps after which each training was taken.
        extra: pictures that were added.
    """

    truth: np.ndarray
    predicted: np.ndarray
    steps: np.ndarray
    extra: int

    @property
    def correct(self) -> np.ndarray:
        """``float64 [S, Q]``, 1 where right."""
        return (self.predicted == self.truth).astype(float)

    def over_pictures(self) -> Estimate:
        """Mean accuracy of the seeds, with its interval over test pictures."""
        return scores.accuracy(self.correct.mean(axis=0), np.arange(len(self.truth)))

    def accuracy(self) -> Estimate:
        """Mean accuracy of the seeds, with both kinds of luck."""
        found = both(self.over_pictures(), over_seeds(self.correct))
        return Estimate(found.value, max(0.0, found.low), min(1.0, found.high), found.n, found.how)

    def macro_f1(self) -> float:
        """Mean F1 over classes, mean over seeds."""
        n_classes = int(max(self.truth.max(), self.predicted.max())) + 1
        return float(np.mean([scores.macro_f1(self.truth, each, n_classes) for each in self.predicted]))


def over_seeds(values: np.ndarray) -> Estimate:
    """Mean of ``values [S, Q]`` with a t interval over seeds."""
    return scores.mean(values.mean(axis=1), np.arange(len(values)))


@dataclass(frozen=True)
class Gain:
    """A paired difference of two accuracies on the same pictures with the same seeds, as fractions."""

    pictures: Estimate
    seeds: Estimate

    @property
    def both(self) -> Estimate:
        """With both kinds of luck."""
        return both(self.pictures, self.seeds)


def gain(first: Outcome, second: Outcome) -> Gain:
    """``first`` minus ``second``, picture by picture and seed by seed; one training stands for every seed."""
    difference = first.correct - second.correct
    pictures = scores.mean(difference.mean(axis=0), np.arange(difference.shape[1]))
    return Gain(pictures, over_seeds(difference))


def both(pictures: Estimate, seeds: Estimate) -> Estimate:
    """Put two intervals about one value together, square and add; with a single seed its luck is left out."""
    if seeds.n < 2:
        how = f"{pictures.how}; one seed, whose luck is left out"
        return Estimate(pictures.value, pictures.low, pictures.high, pictures.n, how)
    below = np.hypot(pictures.value - pictures.low, seeds.value - seeds.low)
    above = np.hypot(pictures.high - pictures.value, seeds.high - seeds.value)
    value = pictures.value
    how = f"over {pictures.n} pictures and {seeds.n} seeds, square and add"
    return Estimate(value, float(value - below), float(value + above), pictures.n, how)
