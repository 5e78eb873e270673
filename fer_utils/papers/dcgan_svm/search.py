"""The search for a box constraint and a kernel scale: where it looks, how, and on which rows.

The paper tuned by MATLAB's ``bayesopt``; Optuna's samplers do here what that does. Where rows are many, most settings
are judged on a part of them (successive halving, Jamieson & Talwalkar 2016): a good third goes on to three times as
many rows, until few are left for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import optuna
from optuna.distributions import FloatDistribution

from fer_utils.errors import FerError
from fer_utils.papers.dcgan_svm.settings import SEARCH_RANGES, Settings
from fer_utils.papers.dcgan_svm.svm import Setting, kernel_of, pooled_accuracy, typical_distance
from fer_utils.splits import Fold, grouped_folds

SAMPLERS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "bayes": lambda seed: optuna.samplers.GPSampler(seed=seed, n_startup_trials=STARTED_WITH),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTED_WITH),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}
"""Gaussian process and expected improvement, as in ``bayesopt``; densities of good and bad settings; none."""
STARTED_WITH = 4
"""Settings drawn at random before the first is proposed: ``bayesopt``'s default."""
FACTOR = 3
"""One setting in so many goes on, to so many times as many rows: scikit-learn's default."""


def explore(score: Callable[[Setting], float], settings: Settings, seed: int) -> list[tuple[Setting, float]]:
    """Try ``settings.draws`` settings, each proposed by ``settings.search`` from the scores of those before.

    Evenly in the logarithm over ``settings.search_range``; the same seed and the same scores give the same settings.
    Nothing is stored on disk.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    box = {name: FloatDistribution(*ends, log=True) for name, ends in SEARCH_RANGES[settings.search_range].items()}
    study = optuna.create_study(direction="maximize", sampler=SAMPLERS[settings.search](seed))
    tried = []
    for _ in range(settings.draws):
        trial = study.ask(box)
        setting = Setting(**trial.params)
        tried.append((setting, score(setting)))
        study.tell(trial, tried[-1][1])
    return tried


def unit_of(distances: np.ndarray, settings: Settings) -> float:
    """What the kernel scale is measured in: the rows' typical distance, or for ``"matlab"`` their own unit."""
    return 1.0 if settings.search_range == "matlab" else typical_distance(distances)


def part_sizes(count: int, whole_up_to: int) -> list[int]:
    """How many of ``count`` rows settings are judged on, from the first part to all rows."""
    sizes = [count]
    while sizes[0] > whole_up_to:
        sizes.insert(0, -(-sizes[0] // FACTOR))
    return sizes


def going_on(count: int) -> int:
    """How many of ``count`` settings are judged on the next part."""
    return max(1, round(count / FACTOR))


def growing_rows(labels: np.ndarray, people: np.ndarray, seed: int, whole_up_to: int) -> list[np.ndarray]:
    """Row numbers to judge settings on: a part, a part :data:`FACTOR` times as large that holds it, …, all.

    Whole people are drawn, so that what a person's pictures tell of each other is in every part, and as many from
    each class as it has: people by the class that they show most often.

    Args:
        labels: ``int64 [N]``.
        people: ``[N]``.
        seed: of the order.
        whole_up_to: how many rows are not divided.

    Returns:
        Sorted row numbers. The first part holds no more than ``whole_up_to`` rows, to within a person.
    """
    who = np.unique(people, return_inverse=True)[1]
    shown = np.zeros((who.max() + 1, labels.max() + 1), int)
    np.add.at(shown, (who, labels), 1)
    usual = shown.argmax(axis=1)
    shuffled = np.random.default_rng(seed).permutation(len(usual))
    place = np.empty(len(usual))
    for code in np.unique(usual):
        alike = shuffled[usual[shuffled] == code]
        place[alike] = (np.arange(len(alike)) + 0.5) / len(alike)
    order = shuffled[np.argsort(place[shuffled], kind="stable")]
    held = np.cumsum(shown[order].sum(axis=1))
    # Two people at least, so that one can be set aside.
    ends = [max(2, np.searchsorted(held, size) + 1) for size in part_sizes(len(labels), whole_up_to)]
    return [np.flatnonzero(np.isin(who, order[:end])) for end in ends]


def among(folds: Sequence[Fold], rows: np.ndarray, count: int) -> list[Fold]:
    """What is left of folds over ``count`` rows when only ``rows`` are kept, numbered within these.

    A fold that would test nothing is left out.
    """
    place = np.full(count, -1)
    place[rows] = np.arange(len(rows))
    parts = [[place[part][place[part] >= 0] for part in (fold.train, fold.test)] for fold in folds]
    return [Fold(fold.name, *part) for fold, part in zip(folds, parts, strict=True) if len(part[1])]


def best(
    distances: np.ndarray, labels: np.ndarray, people: np.ndarray, folds: Sequence[Fold], settings: Settings, seed: int
) -> tuple[Setting, float]:
    """The setting with the best accuracy over the test rows of all folds together.

    Args:
        distances: ``[N, N]``.
        labels: ``int64 [N]``.
        people: ``[N]``; whole people are drawn where rows are many (:func:`growing_rows`).
        folds: row numbers.
        settings: how many are tried, how, and where.
        seed: of the search.

    Returns:
        The setting (of equal ones that which was tried first), and the unit of its scale.
    """
    unit, parts = unit_of(distances, settings), growing_rows(labels, people, seed, settings.whole_up_to)

    def scores_on(rows: np.ndarray) -> Callable[[Setting], float]:
        within = distances[np.ix_(rows, rows)] if len(rows) < len(labels) else distances
        mine, few = labels[rows], among(folds, rows, len(labels))
        return lambda setting: pooled_accuracy(kernel_of(within, setting.gamma(unit)), mine, few, setting.C)

    tried = explore(scores_on(parts[0]), settings, seed)
    for rows in parts[1:]:
        kept = sorted(tried, key=lambda one: -one[1])[: going_on(len(tried))]
        score = scores_on(rows)
        tried = [(setting, score(setting)) for setting, _ in kept]
    return max(tried, key=lambda one: one[1])[0], unit


def choose(
    distances: np.ndarray, labels: np.ndarray, people: np.ndarray, train: np.ndarray, settings: Settings, seed: int
) -> tuple[Setting, float]:
    """The setting that does best on people set aside within a training part.

    Nothing but the rows and columns ``train`` is used (a test puts NaN everywhere else).

    Args:
        distances: ``[N, N]`` over all rows.
        labels: ``int64 [N]``.
        people: ``[N]``.
        train: row numbers.
        settings: the search, and how many inner folds, by person; fewer where there are not as many people.
        seed: of the search and of the inner folds.

    Returns:
        The setting, and the unit of its scale among the training rows.

    Raises:
        FerError: the training part holds fewer than two people.
    """
    count = len(np.unique(people[train]))
    if count < 2:
        raise FerError(
            f"the sound protocol chooses the SVM's setting on people set aside within each training part, which needs "
            f"at least two people there, but a training part holds {count}: use data of at least three people"
        )
    folds = grouped_folds(people[train], min(settings.inner_folds, count), seed)
    return best(distances[np.ix_(train, train)], labels[train], people[train], folds, settings, seed)
