"""Ways to divide a data set into training and test rows.

Every function returns :class:`Fold` objects that hold row numbers, so that one split can be
looked at, audited (:mod:`fer_utils.leak_audit`) and run by any model. What the library does
well (scikit-learn) is called; this module adds names, checks and one shape for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from fer_utils.errors import FerError


@dataclass(frozen=True, eq=False)
class Fold:
    """Row numbers for training and for testing, ``int64``, and the fold's name."""

    name: str
    train: np.ndarray
    test: np.ndarray


def leave_one_subject_out(subjects: np.ndarray) -> list[Fold]:
    """One fold a person: train on all others, test on this one. Sorted by subject.

    Raises:
        FerError: there are fewer than two subjects.
    """
    _at_least(np.unique(subjects).size, 2, "subjects")
    splitter = LeaveOneGroupOut().split(subjects, groups=subjects)
    return [Fold(f"without {subjects[test[0]]}", train, test) for train, test in splitter]


def grouped_folds(groups: np.ndarray, n_folds: int, seed: int) -> list[Fold]:
    """``n_folds`` folds in which no group (person, clip) is in both parts; groups are shuffled.

    Raises:
        FerError: there are fewer groups than folds.
    """
    _at_least(np.unique(groups).size, n_folds, "groups")
    splitter = GroupKFold(n_folds, shuffle=True, random_state=seed).split(groups, groups=groups)
    return [Fold(f"fold {number}", train, test) for number, (train, test) in enumerate(splitter)]


def random_folds(labels: np.ndarray, n_folds: int, seed: int) -> list[Fold]:
    """``n_folds`` folds drawn at random within each class, blind to who is in the picture.

    Raises:
        FerError: a class has fewer images than there are folds.
    """
    _at_least(int(np.bincount(labels).min()), n_folds, "images in the smallest class")
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels)
    return [Fold(f"fold {number}", train, test) for number, (train, test) in enumerate(splitter)]


def random_share(labels: np.ndarray, test: float | int, seed: int) -> Fold:
    """One random split, stratified by class and blind to people.

    ``test`` is the share of the images for testing, or their number where it is a whole number.

    Used on an already augmented pool, this is *augment, then split*: copies of one photograph
    fall on both sides.
    """
    splitter = StratifiedShuffleSplit(1, test_size=test, random_state=seed)
    train_rows, test_rows = next(splitter.split(labels, labels))
    return Fold("random split", np.sort(train_rows), np.sort(test_rows))


def inner_split(groups: np.ndarray, share: float, seed: int) -> Fold:
    """Set ``share`` of the *groups* in a training part aside, to choose a setting on.

    Returns:
        A fold whose row numbers count within ``groups``: ``train`` to fit on, ``test`` to
        choose on. At least one group lies on each side.

    Raises:
        FerError: there are fewer than two groups.
    """
    n_groups = np.unique(groups).size
    _at_least(n_groups, 2, "groups to choose settings on")
    n_aside = min(max(1, round(share * n_groups)), n_groups - 1)
    splitter = GroupShuffleSplit(1, test_size=n_aside, random_state=seed)
    train, test = next(splitter.split(groups, groups=groups))
    return Fold("inner", train, test)


def _at_least(found: int, needed: int, what: str) -> None:
    if found < needed:
        raise FerError(f"this split needs at least {needed} {what}, but the data have {found}")
