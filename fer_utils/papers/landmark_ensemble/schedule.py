"""How fast a network learns in each step, and which face it sees in which variant: settled before any training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fer_utils.learning.schedule import rates
from fer_utils.papers.landmark_ensemble.settings import Settings


class Rates(NamedTuple):
    """The rate of every step of a network's stages; the first two are empty where expressions are learnt alone."""

    landmarks: list[float]
    head: list[float]
    rest: list[float]


def rates_of(kind: str, settings: Settings, batches: int) -> Rates:
    """The rates of one kind of network.

    The control learns expressions in as many steps as stages 1 to 3 have together. Along one cycle where the others
    have one; at the paper's constant rates it is taken through the same stages: Baseline's rate, and in the last stage
    that of fine-tuning. For Baseline of the paper has as many steps already, what it lacks is that last, low rate.

    Args:
        kind: of ``settings.KINDS``.
        settings: rates, epochs, schedule.
        batches: in an epoch.
    """
    way, cycle = settings.schedule, settings.schedule == "one_cycle"
    before, last = settings.landmark_epochs + settings.head_epochs, settings.tune_epochs
    if kind == "baseline":
        return Rates([], [], rates(way, settings.baseline_rate, settings.baseline_epochs * batches))
    if kind == "control":
        if cycle:
            return Rates([], [], rates(way, settings.baseline_rate, (before + last) * batches))
        return Rates([], [], [settings.baseline_rate] * (before * batches) + [settings.tune_rate] * (last * batches))
    return Rates(
        rates(way, settings.landmark_rate, settings.landmark_epochs * batches),
        rates(way, settings.head_rate, settings.head_epochs * batches),
        rates(way, settings.tune_rate, last * batches),
    )


def batches_per_epoch(n_rows: int, batch_size: int) -> int:
    """Batches in which every training face is seen at least once."""
    return -(-n_rows // batch_size)


def stream(
    rows: np.ndarray, length: int, variants: int, seed: int, labels: np.ndarray | None = None
) -> np.ndarray:  # fmt: skip
    """A network's training examples in the order it sees them.

    Round after round every face comes once, in a new random order and in its next variant. All
    batches are whole: one may hold the end of a round and the start of the next.

    Args:
        rows: the faces of the training part.
        length: how many examples.
        variants: how many variants of each face there are.
        seed: of the orders.
        labels: ``int [N]`` of all faces to take the classes in turn, so that every batch holds
            equally many of each and a rare class's faces come round more often; ``None``: as they come.

    Returns:
        ``int64 [length]``, rows of :func:`fer_utils.papers.landmark_ensemble.augment.draw_variants`.
    """
    if labels is None:
        return _rounds(rows, length, variants, (seed, 3))
    classes = np.unique(labels[rows])
    cycles = -(-length // len(classes))
    columns = [_rounds(rows[labels[rows] == code], cycles, variants, (seed, 4, int(code))) for code in classes]
    turns = np.random.default_rng((seed, 5)).permuted(np.stack(columns, axis=1), axis=1)
    return turns.reshape(-1)[:length]


def _rounds(rows: np.ndarray, length: int, variants: int, seed: tuple[int, ...]) -> np.ndarray:
    rounds = -(-length // len(rows))
    orders = [np.random.default_rng((*seed, number)).permutation(rows) for number in range(rounds)]
    seen = [order * variants + number % variants for number, order in enumerate(orders)]
    return np.concatenate(seen)[:length]
