"""Which face, in which variant, a network sees when: settled before any training, from a seed."""

from __future__ import annotations

import numpy as np


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
