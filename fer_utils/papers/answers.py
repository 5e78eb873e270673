"""``Answers``: what trained networks said of test pictures, and how sure the numbers made of it are.

An interval over people says what other people would have done to these very networks; one over seeds, what other
initial weights and orders of batches would do on these very pictures. Both sources of variance are in a number, so
their half widths are added in quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from fer_utils import scores
from fer_utils.scores import Estimate


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of S trainings about the same N test pictures.

    Where each training has pictures of its own (folds, or variants drawn anew), S is 1 and the trainings' answers
    stand one after the other; ``pictures`` then says which photograph each is about.

    Attributes:
        truth: class codes, ``int64 [N]``.
        predicted: class codes, an integer array ``[S, N]``, one row a seed; below zero for no answer.
        people: ``[N]``, whom each picture belongs to: the interval is over them.
        n_classes: K.
        pictures: ``[N]``, which photograph each answer is about; ``None``: each about another one.

    Raises:
        ValueError: the shapes do not fit together.
    """

    truth: np.ndarray
    predicted: np.ndarray
    people: np.ndarray
    n_classes: int
    pictures: np.ndarray | None = field(default=None)

    def __post_init__(self) -> None:
        shape = self.predicted.shape
        if len(shape) != 2 or {shape[1], len(self.people)} != {len(self.truth)}:
            raise ValueError(f"{len(self.truth)} labels, {len(self.people)} people, answers {list(shape)}")

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def correct(self) -> np.ndarray:
        """``float64 [S, N]``, 1 where right."""
        return (self.predicted == self.truth).astype(float)

    @property
    def chance(self) -> float:
        """Accuracy of always naming the most frequent class of the test pictures."""
        return float(np.bincount(self.truth).max() / len(self.truth))

    def select(self, rows: np.ndarray) -> Answers:
        """Only the answers about some pictures (positions or a boolean mask)."""
        pictures = None if self.pictures is None else self.pictures[rows]
        return replace(
            self, truth=self.truth[rows], predicted=self.predicted[:, rows], people=self.people[rows], pictures=pictures
        )

    def over_people(self) -> Estimate:
        """Accuracy, mean of the seeds, with its Korn-Graubard interval over people."""
        return scores.accuracy(_mean_of_seeds(self.correct), self.people, self.pictures)

    def over_seeds(self) -> Estimate:
        """Accuracy, mean of the seeds, with its t interval over seeds."""
        return _over_seeds(self.correct)

    def accuracy(self) -> Estimate:
        """Accuracy with its interval over people and, where there are several, seeds."""
        found = together(self.over_people(), self.over_seeds())
        return replace(found, low=max(0.0, found.low), high=min(1.0, found.high)) if np.isfinite(found.low) else found

    def recall(self, label: int) -> Estimate:
        """Single-class accuracy: the share of one class's pictures that is recognised, with its interval as above."""
        return self.select(self.truth == label).accuracy()

    def confusion(self) -> np.ndarray:
        """Counts ``int [K, K]``, rows truth, columns prediction, summed over seeds."""
        return np.sum([scores.confusion(self.truth, each, self.n_classes) for each in self.predicted], axis=0)

    def macro_f1(self) -> float:
        """Mean F1 over the classes, mean over seeds."""
        return float(np.mean([scores.macro_f1(self.truth, each, self.n_classes) for each in self.predicted]))

    def minus(self, other: Answers) -> Difference:
        """The paired difference of two accuracies: picture by picture and, where both have several, seed by seed.

        One training is compared with each of several.

        Raises:
            ValueError: the two are about different pictures.
        """
        if not (np.array_equal(self.truth, other.truth) and np.array_equal(self.people, other.people)):
            raise ValueError("the two are about different pictures, so they cannot be paired")
        mine, theirs = self.pictures, other.pictures
        if mine is not theirs and (mine is None or theirs is None or not np.array_equal(mine, theirs)):
            raise ValueError("the two are about different pictures, so they cannot be paired")
        values = self.correct - other.correct
        return Difference(scores.mean(_mean_of_seeds(values), self.people), _over_seeds(values))


@dataclass(frozen=True)
class Difference:
    """A paired difference of two accuracies, as fractions, with its interval over people and over seeds."""

    people: Estimate
    seeds: Estimate

    @property
    def both(self) -> Estimate:
        """With both sources of variance."""
        return together(self.people, self.seeds)


def together(people: Estimate, seeds: Estimate) -> Estimate:
    """Two intervals about one value as one: half widths in quadrature. With one seed only that over people."""
    if seeds.n < 2:
        return people
    below = np.hypot(people.value - people.low, seeds.value - seeds.low)
    above = np.hypot(people.high - people.value, seeds.high - seeds.value)
    how = f"{people.how}; and t over {seeds.n} seeds, in quadrature"
    return Estimate(people.value, float(people.value - below), float(people.value + above), people.n, how)


def _mean_of_seeds(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=0)


def _over_seeds(values: np.ndarray) -> Estimate:
    return scores.mean(values.mean(axis=1), np.arange(len(values)))
