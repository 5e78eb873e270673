"""Support vector machines that compute their kernel once.

A search over 30 settings in ten folds asks 300 times for inner products of rows that never
change. Here all squared distances (or inner products) are computed once for a data set, a
setting is one ``exp`` over them, and a fold is a slice. The machines are scikit-learn's (LibSVM)
with a precomputed kernel, and answer as they would on the features (a test compares).

The kernel is ``exp(-|x - y|² / (scale² · typical))``, where ``typical`` is the mean squared
distance of the rows at hand: the paper's features have no natural unit, and a range of scales
that suits 8,192 activations should suit pixels too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import loguniform
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import ParameterSampler
from sklearn.svm import SVC

from fer_utils.errors import FerError
from fer_utils.papers.dcgan_svm.settings import LINEAR_C, SEARCH_RANGE
from fer_utils.splits import Fold, grouped_folds


@dataclass(frozen=True)
class Setting:
    """A box constraint and a kernel scale, both without unit."""

    C: float
    scale: float

    def gamma(self, typical: float) -> float:
        """The factor of the squared distance in the exponent."""
        return 1 / (self.scale**2 * typical)


def draw_settings(count: int, seed: int) -> list[Setting]:
    """Random search (scikit-learn's sampler): log-uniform over :data:`SEARCH_RANGE`."""
    space = {"C": loguniform(*SEARCH_RANGE), "scale": loguniform(*SEARCH_RANGE)}
    return [Setting(**drawn) for drawn in ParameterSampler(space, count, random_state=seed)]


def squared_distances(features: np.ndarray) -> np.ndarray:
    """``float64 [N, N]`` between the rows of ``float [N, D]``."""
    return euclidean_distances(np.asarray(features, np.float64), squared=True)


def typical_distance(distances: np.ndarray) -> float:
    """Mean squared distance of two different rows, from ``[N, N]``."""
    count = len(distances)
    return float(distances.sum() / (count * (count - 1)))


def answer(
    kernel: np.ndarray, labels: np.ndarray, fold: Fold, C: float, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit on a fold's training rows and answer for its test rows.

    Args:
        kernel: ``float64 [N, N]`` over all rows; only training and test rows are used.
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


def pooled_accuracies(
    distances: np.ndarray, labels: np.ndarray, folds: Sequence[Fold], settings: Sequence[Setting], typical: float
) -> np.ndarray:
    """Each setting's accuracy over the test rows of all folds together, ``float64 [len(settings)]``."""
    n_classes = int(labels.max()) + 1
    accuracies = np.empty(len(settings))
    for number, setting in enumerate(settings):
        kernel = np.exp(-setting.gamma(typical) * distances)
        hits = [answer(kernel, labels, fold, setting.C, n_classes)[0] == labels[fold.test] for fold in folds]
        accuracies[number] = np.concatenate(hits).mean()
    return accuracies


def choose(
    distances: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    train: np.ndarray,
    settings: Sequence[Setting],
    inner_folds: int,
    seed: int,
) -> tuple[Setting, float]:
    """The setting that does best on people set aside within a training part.

    Nothing but the rows and columns ``train`` is used (a test puts NaN everywhere else).

    Args:
        distances: ``[N, N]`` over all rows.
        labels: ``int64 [N]``.
        groups: ``[N]``, people.
        train: row numbers.
        settings: those to choose from.
        inner_folds: how many, by person; fewer where there are not as many people.
        seed: of the inner folds.

    Returns:
        The setting, and the typical distance among the training rows.

    Raises:
        FerError: the training part holds fewer than two people.
    """
    within, mine = distances[np.ix_(train, train)], labels[train]
    people = groups[train]
    count = len(np.unique(people))
    if count < 2:
        raise FerError(
            f"the sound protocol chooses the SVM's setting on people set aside within each training part, which needs "
            f"at least two people there, but a training part holds {count}: use data of at least three people"
        )
    typical = typical_distance(within)
    folds = grouped_folds(people, min(inner_folds, count), seed)
    best = int(pooled_accuracies(within, mine, folds, settings, typical).argmax())
    return settings[best], typical


def linear_scores(features: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    """A linear SVM for each yes-or-no label, over folds that share one Gram matrix.

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
        # C has a unit. This gives it the same one for every feature: as if training rows had length 1 on average.
        unit_length = np.trace(within) / len(within)
        within, across = within / unit_length, across / unit_length
        for unit in range(labels.shape[1]):
            shown = labels[fold.train, unit]
            if 0 < shown.sum() < len(shown):
                machine = SVC(kernel="precomputed", C=LINEAR_C).fit(within, shown)
                scores[fold.test, unit] = machine.decision_function(across)
    return scores
