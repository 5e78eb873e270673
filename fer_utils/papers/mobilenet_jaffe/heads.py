"""Train many heads at once on features that are computed once.

With a frozen backbone the network that learns is one dense softmax layer, and a fold is some
hundred rows of a feature matrix. Leave-one-subject-out needs a hundred such heads; a hundred
calls of ``fit`` spend their time on overhead. Here heads are stacked, block by block, into one
weight array ``[F, K, D]`` and step together in NumPy: the same Adam, the same batches, the same
numbers as Keras gives one by one (a test compares them), many times faster
(``tests/benchmarks``).

The gradient is written out: for softmax and cross-entropy it is ``(p - y) / batch``.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from fer_utils.devices import available_cores
from fer_utils.progress import track
from fer_utils.splits import Fold

PADDING = -1
"""Stands in ``predicted`` where a fold has fewer test rows than the longest fold."""

FEATURES = 1280
"""What MobileNetV2 (alpha 1.0) gives a head of each image."""

BLOCK = 8
"""Heads that step together: few enough that their batch stays in the processor's cache."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's constants: Keras' defaults; the paper names Adam and no constants."""


def initial_kernel(features: int, n_classes: int, seed: int) -> np.ndarray:
    """Glorot-uniform initial weights, ``float32 [features, n_classes]`` (Keras' default for a dense layer)."""
    limit = np.sqrt(6.0 / (features + n_classes))
    return np.random.default_rng((seed, 1)).uniform(-limit, limit, (features, n_classes)).astype(np.float32)


def batch_order(n_rows: int, epoch: int, seed: int) -> np.ndarray:
    """The order in which one head sees its training rows in one epoch, ``int64 [n_rows]``."""
    return np.random.default_rng((seed, 2, epoch)).permutation(n_rows)


def train_heads(
    features: np.ndarray,
    labels: np.ndarray,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    n_classes: int,
    *,
    learning_rate: float,
    batch_size: int,
    epochs: int,
) -> dict[str, np.ndarray]:
    """Train one softmax head a fold and test each after every epoch.

    Adam on the mean sparse categorical cross-entropy of each batch; the last batch of an epoch
    may be smaller.

    Args:
        features: ``float32 [M, D]``.
        labels: ``int64 [M]``.
        folds: row numbers into both; every ``train`` must have the same length.
        seeds: one a fold, for its initial weights and the order of its rows.
        n_classes: outputs of each head.
        learning_rate, batch_size, epochs: Section 4.1.

    Returns:
        ``predicted``: ``int16 [epochs, F, T]``, the class given to each test row (``T`` is the
        longest test part; shorter ones end in :data:`PADDING`). ``loss``: ``float32 [epochs,
        F]``, mean test cross-entropy in nats.

    Raises:
        ValueError: training parts differ in length.
    """
    if len({len(fold.train) for fold in folds}) != 1:
        raise ValueError("all folds must have equally many training rows to be trained together")
    longest = max(len(fold.test) for fold in folds)
    predicted = np.full((epochs, len(folds), longest), PADDING, np.int16)
    loss = np.zeros((epochs, len(folds)), np.float32)

    def train(start: int) -> None:
        block = slice(start, start + BLOCK)
        train_block(
            features, labels, folds[block], seeds[block], n_classes, learning_rate, batch_size,
            predicted[:, block], loss[:, block],
        )  # fmt: skip

    starts = range(0, len(folds), BLOCK)
    # Threads share the cores block by block, so the linear algebra inside must not split again.
    with threadpool_limits(1), ThreadPoolExecutor(min(len(starts), available_cores())) as workers:
        for _ in track(workers.map(train, starts), f"training {len(folds)} heads", total=len(starts)):
            pass
    return {"predicted": predicted, "loss": loss}


def train_block(
    features: np.ndarray,
    labels: np.ndarray,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    n_classes: int,
    learning_rate: float,
    batch_size: int,
    predicted: np.ndarray,
    loss: np.ndarray,
) -> None:
    """Train the heads of one block together; fill their columns of ``predicted`` and ``loss``."""
    kernel = np.stack([initial_kernel(features.shape[1], n_classes, seed).T for seed in seeds])
    bias = np.zeros((len(folds), 1, n_classes), np.float32)
    adam = Adam([kernel, bias], learning_rate)
    train_rows = np.stack([fold.train for fold in folds])
    one_hot = np.eye(n_classes, dtype=np.float32)

    for epoch in range(len(predicted)):
        order = np.stack([batch_order(train_rows.shape[1], epoch, seed) for seed in seeds])
        rows = np.take_along_axis(train_rows, order, axis=1)
        for start in range(0, rows.shape[1], batch_size):
            batch = rows[:, start : start + batch_size]
            seen = features[batch]
            error = softmax(seen @ kernel.transpose(0, 2, 1) + bias, axis=-1) - one_hot[labels[batch]]
            error /= batch.shape[1]
            adam.step([error.transpose(0, 2, 1) @ seen, error.sum(axis=1, keepdims=True)])
        for head, fold in enumerate(folds):
            given = softmax(features[fold.test] @ kernel[head].T + bias[head], axis=-1)
            predicted[epoch, head, : len(fold.test)] = given.argmax(axis=-1)
            right = given[np.arange(len(fold.test)), labels[fold.test]]
            loss[epoch, head] = -np.log(np.maximum(right, 1e-7)).mean()


class Adam:
    """Adam (Kingma & Ba 2015) on NumPy arrays, updated in place."""

    def __init__(self, weights: list[np.ndarray], learning_rate: float) -> None:
        self.weights, self.learning_rate, self.steps = weights, learning_rate, 0
        self.first = [np.zeros_like(weight) for weight in weights]
        self.second = [np.zeros_like(weight) for weight in weights]

    def step(self, gradients: list[np.ndarray]) -> None:
        """One update from the gradients of the loss, given in the order of the weights."""
        self.steps += 1
        rate = self.learning_rate * np.sqrt(1 - BETA_2**self.steps) / (1 - BETA_1**self.steps)
        moments = zip(self.weights, gradients, self.first, self.second, strict=True)
        for weight, gradient, first, second in moments:
            first += (1 - BETA_1) * (gradient - first)
            second += (1 - BETA_2) * (gradient * gradient - second)
            weight -= np.float32(rate) * first / (np.sqrt(second) + EPSILON)
