"""Splits: nobody on both sides, everybody tested once, the same seed the same folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fer_utils.errors import FerError
from fer_utils.splits import Fold, grouped_folds, inner_split, leave_one_subject_out, random_folds, random_share

layouts = st.lists(st.integers(0, 9), min_size=2, max_size=60).map(
    lambda codes: np.array([f"person {code}" for code in codes], dtype=object)
)
seeds = st.integers(0, 2**31 - 1)
quickly = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def same(first, second) -> bool:
    return len(first) == len(second) and all(
        a.name == b.name and np.array_equal(a.train, b.train) and np.array_equal(a.test, b.test)
        for a, b in zip(first, second, strict=True)
    )


def check_partition(folds, n: int) -> None:
    """Every row tested exactly once, and in each fold every row on exactly one side."""
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(n))
    for fold in folds:
        assert np.array_equal(np.sort(np.concatenate([fold.train, fold.test])), np.arange(n))
        assert len(fold.train) and len(fold.test)
        assert fold.train.dtype == fold.test.dtype == np.int64


def check_groups_apart(folds, groups: np.ndarray) -> None:
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test]), fold.name


@quickly
@given(layouts)
def test_one_fold_a_subject(subjects):
    people = np.unique(subjects)
    assume(len(people) >= 2)
    folds = leave_one_subject_out(subjects)
    assert [fold.name for fold in folds] == [f"without {person}" for person in people]
    check_partition(folds, len(subjects))
    check_groups_apart(folds, subjects)
    assert all(set(subjects[fold.test]) == {person} for fold, person in zip(folds, people, strict=True))


@quickly
@given(layouts, st.integers(2, 10), seeds)
def test_grouped_folds_keep_groups_whole(groups, n_folds, seed):
    assume(len(np.unique(groups)) >= n_folds)
    folds = grouped_folds(groups, n_folds, seed)
    assert len(folds) == n_folds and len({fold.name for fold in folds}) == n_folds
    check_partition(folds, len(groups))
    check_groups_apart(folds, groups)
    assert same(folds, grouped_folds(groups, n_folds, seed))


@quickly
@given(layouts, st.floats(0, 1), seeds)
def test_an_inner_split_is_never_empty_and_keeps_groups_whole(groups, share, seed):
    assume(len(np.unique(groups)) >= 2)
    fold = inner_split(groups, share, seed)
    check_groups_apart([fold], groups)
    assert np.array_equal(np.sort(np.concatenate([fold.train, fold.test])), np.arange(len(groups)))
    assert len(fold.train) and len(fold.test)
    assert same([fold], [inner_split(groups, share, seed)])


@quickly
@given(st.lists(st.integers(5, 40), min_size=2, max_size=7), st.integers(2, 5), seeds)
def test_random_folds_have_every_class_in_proportion(sizes, n_folds, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    folds = random_folds(labels, n_folds, seed)
    check_partition(folds, len(labels))
    counts = np.array([np.bincount(labels[fold.test], minlength=len(sizes)) for fold in folds])
    assert (np.abs(counts - np.array(sizes) / n_folds) < 1).all()
    assert same(folds, random_folds(labels, n_folds, seed))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_random_share_takes_that_share_of_each_class(share):
    labels = np.repeat([0, 1, 2], [40, 80, 120])
    fold = random_share(labels, share, seed=3)
    assert np.bincount(labels[fold.test]).tolist() == [40 * share, 80 * share, 120 * share]
    check_partition([fold, Fold("the other way round", fold.test, fold.train)], 240)
    assert same([fold], [random_share(labels, share, seed=3)])


def test_random_splits_do_mix_people():
    """What makes the published protocols leak: with ten pictures each, all test people are known."""
    people = np.repeat(np.arange(20), 10)
    labels = np.tile(np.arange(5), 40)
    for fold in [*random_folds(labels, 5, 0), random_share(labels, 0.1, 0)]:
        assert set(people[fold.test]) <= set(people[fold.train])


def test_other_seeds_give_other_folds():
    people, labels = np.repeat(np.arange(20), 5), np.tile(np.arange(5), 20)
    assert not same(grouped_folds(people, 5, 0), grouped_folds(people, 5, 1))
    assert not same(random_folds(labels, 5, 0), random_folds(labels, 5, 1))
    assert not same([random_share(labels, 0.2, 0)], [random_share(labels, 0.2, 1)])
    assert not same([inner_split(people, 0.2, 0)], [inner_split(people, 0.2, 1)])


def test_inner_split_counts_groups_not_rows():
    groups = np.repeat(["one", "two", "three", "four", "five"], [100, 1, 1, 1, 1])
    for seed in range(10):
        assert len(set(groups[inner_split(groups, 0.4, seed).test])) == 2


def test_row_numbers_of_an_inner_split_count_within_the_training_part():
    subjects = np.repeat(np.array(list("abcdef"), dtype=object), 4)
    for fold in leave_one_subject_out(subjects):
        inner = inner_split(subjects[fold.train], 0.2, seed=0)
        fit, choose = fold.train[inner.train], fold.train[inner.test]
        assert set(fit) | set(choose) == set(fold.train)
        assert not {*subjects[fit]} & {*subjects[choose]} and not {*fit, *choose} & {*fold.test}


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (lambda: leave_one_subject_out(np.array(["a", "a"])), "at least 2 subjects, but the data have 1"),
        (lambda: grouped_folds(np.array([1, 1, 2, 3]), 4, 0), "at least 4 groups, but the data have 3"),
        (lambda: random_folds(np.array([0, 0, 0, 1, 1]), 3, 0), "3 images in the smallest class, but the data have 2"),
        (lambda: inner_split(np.array([5, 5, 5]), 0.5, 0), "at least 2 groups to choose settings on"),
    ],
)
def test_too_few_groups_are_a_clear_error(split, message):
    with pytest.raises(FerError, match=message):
        split()
