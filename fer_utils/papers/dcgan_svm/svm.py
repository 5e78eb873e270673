"""Support vector machines that compute their kernel once.

A search over 30 settings in ten folds asks 300 times for inner products of rows that never
change. Here all squared distances (or inner products) are computed once for a data set, a
setting is one ``exp`` over them, and a fold is a slice. The machines are scikit-learn's (LibSVM)
with a precomputed kernel, and answer as they would on the features (a test compares). LibSVM
lets other threads run while it fits, so folds share the cores and the kernel.

The kernel is ``exp(-|x - y|² / (scale² · unit))``. ``unit`` is the mean squared distance of the
rows at hand, or 1 (:data:`~fer_utils.papers.dcgan_svm.settings.SEARCH_RANGES` says when).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import SVC

from fer_utils.devices import available_cores
from fer_utils.errors import FerError
from fer_utils.papers.dcgan_svm.settings import LINEAR_C
from fer_utils.splits import Fold

SINGLE_FROM = 5_000
"""From so many rows distances are kept in float32: those of RAF-DB's 15,339 then fill 0.9 GB and not 1.9."""
SLICES_FILL, SLICE_BYTES = 8e9, 12
"""Bytes that all threads' slices may fill, and those of an entry: cut out in float32, then in LibSVM's float64."""


@dataclass(frozen=True)
class Setting:
    """A box constraint and a kernel scale, both without unit."""

    C: float
    scale: float

    def gamma(self, unit: float) -> float:
        """The factor of the squared distance in the exponent."""
        return 1 / (self.scale**2 * unit)


def squared_distances(features: np.ndarray) -> np.ndarray:
    """``[N, N]`` between the rows of ``float [N, D]``: ``float64``, or ``float32`` from :data:`SINGLE_FROM` rows."""
    kind = np.float32 if len(features) >= SINGLE_FROM else np.float64
    return euclidean_distances(np.asarray(features, kind), squared=True)


def typical_distance(distances: np.ndarray) -> float:
    """Mean squared distance of two different rows, from ``[N, N]``."""
    count = len(distances)
    return float(distances.sum(dtype=np.float64) / (count * (count - 1)))


def kernel_of(distances: np.ndarray, gamma: float) -> np.ndarray:
    """``exp(-gamma · distances)``, of the same shape and type."""
    exponent = np.multiply(distances, distances.dtype.type(-gamma))
    return np.exp(exponent, out=exponent)


def at_once(count: int) -> int:
    """How many machines are fitted at once to slices of a kernel of ``count`` rows: one in a worker process."""
    room = int(SLICES_FILL / (SLICE_BYTES * count**2))
    return 1 if multiprocessing.parent_process() else max(1, min(available_cores(), room))


def answer(
    kernel: np.ndarray, labels: np.ndarray, fold: Fold, C: float, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit on a fold's training rows and answer for its test rows.

    Args:
        kernel: ``float [N, N]`` over all rows; only training and test rows are used.
        labels: ``int64 [N]``; only those of training rows are used.
        fold: row numbers.
        C: box constraint.
        n_classes: columns of the scores.

    Returns:
        ``predicted`` ``int64 [T]`` and one-against-rest ``scores`` ``float64 [T, n_classes]``,
        built from one-against-one votes and margins; below all others for a class that the
        training rows lack.

    Raises:
        FerError: the training rows are all of one class.
    """
    taught = labels[fold.train]
    if (taught == taught[0]).all():
        raise FerError("a training part shows one class only, so an SVM cannot learn to tell classes apart")
    machine = SVC(kernel="precomputed", C=C, decision_function_shape="ovr")
    machine.fit(kernel[np.ix_(fold.train, fold.train)], taught)
    block = kernel[np.ix_(fold.test, fold.train)]
    margins = machine.decision_function(block)
    if margins.ndim == 1:
        margins = np.column_stack([-margins, margins])
    scores = np.full((len(fold.test), n_classes), margins.min() - 1)
    scores[:, machine.classes_] = margins
    return machine.predict(block), scores


def pooled_accuracy(kernel: np.ndarray, labels: np.ndarray, folds: Sequence[Fold], C: float) -> float:
    """The share of right answers over the test rows of all folds together."""
    n_classes = int(labels.max()) + 1
    with ThreadPoolExecutor(at_once(len(kernel))) as pool:
        answers = list(pool.map(lambda fold: answer(kernel, labels, fold, C, n_classes)[0], folds))
    hits = [predicted == labels[fold.test] for fold, predicted in zip(folds, answers, strict=True)]
    return float(np.concatenate(hits).mean())


def linear_scores(features: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    """A linear SVM for each yes-or-no label, over folds that share one Gram matrix.

    As LibSVM's defaults have it: the features as they are, and C = 1.

    Args:
        features: ``float [N, D]``.
        labels: ``bool [N, A]``.
        folds: row numbers; each row is tested at most once.

    Returns:
        ``float64 [N, A]``, the signed margin; NaN for rows that no fold tests, and where a
        training part shows the unit always or never, so that there is nothing to learn.
    """
    exact = np.asarray(features, np.float64)
    gram = exact @ exact.T
    scores = np.full(labels.shape, np.nan)
    for fold in folds:
        within, across = gram[np.ix_(fold.train, fold.train)], gram[np.ix_(fold.test, fold.train)]
        shown = labels[fold.train].T
        for unit in np.flatnonzero(shown.any(axis=1) & ~shown.all(axis=1)):
            machine = SVC(kernel="precomputed", C=LINEAR_C).fit(within, shown[unit])
            scores[fold.test, unit] = machine.decision_function(across)
    return scores
