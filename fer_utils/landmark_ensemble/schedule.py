"""Which face, in which variant, a network sees when: settled before any training, from a seed."""

from __future__ import annotations

import numpy as np


def batches_per_epoch(n_rows: int, batch_size: int) -> int:
    """Batches in which every training face is seen at least once."""
    return -(-n_rows // batch_size)


def stream(rows: np.ndarray, length: int, variants: int, seed: int) -> np.ndarray:
    """A network's training examples in the order it sees them.

    Round after round every face comes once, in a new random order and in its next variant. All
    batches are whole: one may hold the end of a round and the start of the next.

    Args:
        rows: the faces of the training part.
        length: how many examples.
        variants: how many variants of each face there are.
        seed: of the orders.

    Returns:
        ``int64 [length]``, rows of :func:`fer_utils.landmark_ensemble.augment.draw_variants`.
    """
    rounds = -(-length // len(rows))
    orders = [np.random.default_rng((seed, 3, number)).permutation(rows) for number in range(rounds)]
    seen = [order * variants + number % variants for number, order in enumerate(orders)]
    return np.concatenate(seen)[:length]
