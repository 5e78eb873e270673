"""What networks answered on all test pictures, after the epoch that a rule chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_utils.errors import FerError, check_choice
from fer_utils.papers.answers import Answers
from fer_utils.papers.landmark_ensemble.protocol import Task, cross_entropy
from fer_utils.papers.landmark_ensemble.settings import EPOCH_SELECTIONS
from fer_utils.scores import Estimate


@dataclass(frozen=True, eq=False)
class Outcome:
    """The softmax vectors of one kind of network on all test images: seed after seed, and fold after fold in each.

    Attributes:
        truth: class codes, ``int64 [T]``.
        scores: ``float32 [5, T, C]``, softmax of each network after the epoch that was selected.
        subject: ``[T]``, for the intervals.
        row: ``int64 [T]``, the face set's row; the same in each seed.
        fold: ``int64 [T]``, the task's number.
        epochs: ``int64 [F, 5]``, epochs of classification of each network.
        seeds: how many; each has answered for the same pictures.
    """

    truth: np.ndarray
    scores: np.ndarray
    subject: np.ndarray
    row: np.ndarray
    fold: np.ndarray
    epochs: np.ndarray
    seeds: int = 1

    def predicted(self, member: int | None = None) -> np.ndarray:
        """Equation 4: the class of the largest *sum* of softmax vectors, or one network's own; ``int64 [T]``."""
        return (self.scores.sum(axis=0) if member is None else self.scores[member]).argmax(axis=1)

    def answers(self, member: int | None = None) -> Answers:
        """The ensemble's answers, or one network's own: a row a seed."""
        return self._answers(self.predicted(member).reshape(self.seeds, -1))

    def members(self) -> Answers:
        """The answers of all networks: a row each, five a seed."""
        apart = self.scores.argmax(axis=2).reshape(len(self.scores), self.seeds, -1)
        return self._answers(apart.swapaxes(0, 1).reshape(-1, apart.shape[2]))

    def of_seed(self, seed: int) -> Outcome:
        """One seed's part, by its place among them."""
        size = len(self.truth) // self.seeds
        mine = slice(seed * size, (seed + 1) * size)
        folds = len(self.epochs) // self.seeds
        return Outcome(
            self.truth[mine], self.scores[:, mine], self.subject[mine], self.row[mine], self.fold[mine],
            self.epochs[seed * folds : (seed + 1) * folds],
        )  # fmt: skip

    def _answers(self, predicted: np.ndarray) -> Answers:
        size = len(self.truth) // self.seeds
        return Answers(self.truth[:size], predicted, self.subject[:size], self.scores.shape[2], self.row[:size])

    def fold_mean(self, member: int | None = None) -> Estimate:
        """The paper's number: the mean of the folds' accuracies.

        Its interval is that of the accuracy over all pictures, moved: folds differ by a few pictures in size, so the
        two numbers have nearly the same error.
        """
        pooled, right = self.answers(member).accuracy(), self.predicted(member) == self.truth
        value = float(np.mean([right[self.fold == number].mean() for number in np.unique(self.fold)]))
        low, high = (min(1.0, max(0.0, bound + value - pooled.value)) for bound in pooled.ci95)
        if not np.isfinite(pooled.low):
            low, high = pooled.low, pooled.high
        return Estimate(value, low, high, pooled.n, f"{pooled.how}; mean of folds")


def select(
    trained: dict[str, np.ndarray], tasks: Sequence[Task], labels: np.ndarray, subjects: np.ndarray, selection: str,
    among: np.ndarray | None = None,
) -> Outcome:  # fmt: skip
    """Choose after which epoch each network is scored, and collect the answers.

    Args:
        trained: from :func:`train` on ``tasks``.
        tasks: what was trained.
        labels: ``int64 [N]`` of all faces.
        subjects: ``[N]`` of all faces.
        selection: ``"test_fold"``: each network's epoch of lowest loss on the test fold itself (the
            authors' notebook); ``"inner_split"``: on the people set aside; ``"last_epoch"``: no choice.
        among: ``bool [N]``, which faces count where only some of the tested are asked for.

    Raises:
        UsageError: there is no such selection.
        FerError: ``"inner_split"`` of networks that were trained on those set aside as well.
    """
    check_choice("epoch selection", selection, EPOCH_SELECTIONS)
    evaluated = trained["scores"]
    best = np.full(evaluated.shape[1:3], len(evaluated) - 1)
    if selection == "inner_split":
        if np.isnan(trained["aside"]).any():
            raise FerError("inner_split needs networks that were trained without the people set aside")
        best = trained["aside"].argmin(axis=0)
    parts = []
    for number, task in enumerate(tasks):
        counted = np.ones(len(task.fold.test), bool) if among is None else among[task.fold.test]
        test = task.fold.test[counted]
        truth, own = labels[test], evaluated[:, number, :, : len(counted)][:, :, counted]
        if selection == "test_fold":
            best[number] = cross_entropy(own, truth).argmin(axis=0)
        chosen = np.take_along_axis(own, best[number][None, :, None, None], axis=0)[0]
        parts.append((truth, chosen, subjects[test], test, np.full(len(test), number)))
    truth, chosen, who, row, fold = (list(column) for column in zip(*parts, strict=True))
    return Outcome(
        np.concatenate(truth), np.concatenate(chosen, axis=1), np.concatenate(who), np.concatenate(row),
        np.concatenate(fold), trained["epochs"][best],
    )  # fmt: skip


def joined(outcomes: Sequence[Outcome], seeds: int) -> Outcome:
    """Outcomes of several units as one, of so many seeds; folds are numbered through."""
    starts = np.cumsum([0, *(len(outcome.epochs) for outcome in outcomes)])
    return Outcome(
        np.concatenate([one.truth for one in outcomes]),
        np.concatenate([one.scores for one in outcomes], axis=1),
        np.concatenate([one.subject for one in outcomes]),
        np.concatenate([one.row for one in outcomes]),
        np.concatenate([one.fold + start for one, start in zip(outcomes, starts, strict=False)]),
        np.concatenate([one.epochs for one in outcomes]),
        seeds,
    )
