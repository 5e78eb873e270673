"""After which epoch a head is scored: by rule, and never by looking at the test part unless that is the protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe.augment import ORIGINAL, Pool
from fer_utils.papers.mobilenet_jaffe.heads import PADDING
from fer_utils.papers.mobilenet_jaffe.protocol import Plan, Split, answers_after, choose_epochs, make_plan, train
from fer_utils.papers.mobilenet_jaffe.settings import EPOCH_SELECTIONS, SPLITS
from fer_utils.splits import Fold
from tests.papers.mobilenet_jaffe.conftest import SETTINGS

# -- nothing is chosen on test data ----------------------------------------------------------------


def inner_run(features: np.ndarray, pool: Pool, split: Split, numbers: list[int]) -> dict[str, np.ndarray]:
    return train(
        features=features, pool=pool, folds=[split.inner[number] for number in numbers],
        seeds=[split.seeds[number] for number in numbers], n_classes=3, learning_rate=1e-2, batch_size=32, epochs=6,
    )  # fmt: skip


@pytest.mark.parametrize("name", SPLITS)
def test_the_epoch_is_chosen_without_the_test_part(drawn: FaceSet, plan: Plan, name: str) -> None:
    """Ruin everything about the test images of a fold: its inner training and its epochs stay the same."""
    rng = np.random.default_rng(3)
    pool, split, number = plan.pool, plan.splits[name], 1
    features = rng.random((len(pool), 40), np.float32)
    fold = split.folds[number]
    # In A the test part is certain variants; elsewhere it is photographs, so all their variants are ruined.
    tested = fold.test if name == "A" else np.flatnonzero(np.isin(pool.source, pool.source[fold.test]))
    ruined = features.copy()
    ruined[tested] = np.nan
    wrong = pool.label.copy()
    wrong[tested] = (wrong[tested] + rng.integers(1, 3, len(tested))) % 3

    honest = inner_run(features, pool, split, [number])
    spoilt = inner_run(ruined, replace(pool, label=wrong), split, [number])
    assert np.isfinite(honest["loss"]).all()
    np.testing.assert_array_equal(spoilt["loss"], honest["loss"])
    np.testing.assert_array_equal(spoilt["predicted"], honest["predicted"])

    # And the epochs come from the inner run alone, whatever the test answers and the truth are.
    few = Plan(pool, {name: Split(name, [fold], [split.inner[number]], [split.seeds[number]])})
    other = Plan(replace(pool, label=wrong), few.splits)
    answers = {"predicted": rng.integers(0, 3, (6, 1, len(fold.test))).astype(np.int16)}
    opposite = {"predicted": 2 - answers["predicted"]}
    first = choose_epochs(few, name, answers, "inner_split", honest)
    second = choose_epochs(other, name, opposite, "inner_split", spoilt)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, honest["loss"].argmin(axis=0) + 1)
    truths = [
        answers_after(drawn, where, name, given, first).truth for where, given in ((few, answers), (other, opposite))
    ]
    assert (truths[0] != truths[1]).all()


def test_that_the_check_above_can_fail(drawn: FaceSet, plan: Plan) -> None:
    """An inner fold that holds one test variant is found out by it."""
    split = plan.splits["A"]
    fold, inner = split.folds[1], split.inner[1]
    leaky = Fold("inner", np.append(inner.train[:-1], fold.test[0]), inner.test)
    features = np.random.default_rng(3).random((len(plan.pool), 40), np.float32)
    features[fold.test] = np.nan
    found = inner_run(features, plan.pool, Split("A", [fold], [leaky], [0]), [0])
    assert np.isnan(found["loss"]).any()


def test_the_folds_do_not_depend_on_the_labels_of_the_person_left_out(drawn: FaceSet) -> None:
    """Leave-one-subject-out, rebuilt after one person's labels were shuffled: the same images for her fold."""
    table = drawn.table.copy()
    hers = np.flatnonzero(drawn.subjects == "p04")
    table.loc[hers, "label"] = np.roll(table["label"].to_numpy()[hers], 2)
    shuffled = replace(drawn, table=table)
    assert (shuffled.labels[hers] != drawn.labels[hers]).all()
    plans = [make_plan(faces, SETTINGS, ["C"], [0]) for faces in (drawn, shuffled)]
    for kind in ("folds", "inner"):
        found = []
        for plan in plans:
            rows = getattr(plan.splits["C"], kind)[4].train
            found.append(np.stack([plan.pool.source[rows], plan.pool.variant[rows], plan.pool.label[rows]]))
        np.testing.assert_array_equal(*found)


# -- selection -------------------------------------------------------------------------------------


@pytest.fixture
def by_hand() -> tuple[Plan, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Two folds, three and one test photographs, three epochs."""
    pool = Pool(np.arange(4), np.full(4, ORIGINAL), np.array([0, 1, 0, 1]), 4)
    folds = [Fold("first", np.array([3]), np.array([0, 1, 2])), Fold("second", np.array([0]), np.array([3]))]
    pad = PADDING
    predicted = np.array(
        [
            [[0, 0, 0], [1, pad, pad]],  # 2 of 3 right, 1 of 1
            [[0, 1, 0], [0, pad, pad]],  # 3 of 3, 0 of 1
            [[1, 1, 1], [0, pad, pad]],  # 1 of 3, 0 of 1
        ],
        np.int16,
    )
    inner = {"loss": np.array([[0.5, 0.9], [0.7, 0.1], [0.6, 0.2]], np.float32)}
    return Plan(pool, {"C": Split("C", folds, folds, [0, 1])}), {"predicted": predicted}, inner


@pytest.mark.parametrize(
    ("selection", "epochs", "predicted"),
    [
        ("test_fold", [2, 1], [0, 1, 0, 1]),
        ("last_epoch", [3, 3], [1, 1, 1, 0]),
        ("inner_split", [1, 2], [0, 0, 0, 0]),
    ],
)
def test_selection_by_hand(
    drawn: FaceSet, by_hand: tuple[Any, ...], selection: str, epochs: list[int], predicted: list[int]
) -> None:
    plan, trained, inner = by_hand
    chosen = choose_epochs(plan, "C", trained, selection, inner)
    np.testing.assert_array_equal(chosen, epochs)
    answers = answers_after(drawn, plan, "C", trained, chosen)
    np.testing.assert_array_equal(answers.predicted, [predicted])
    np.testing.assert_array_equal(answers.truth, [0, 1, 0, 1])
    np.testing.assert_array_equal(answers.people, drawn.subjects[:4])
    np.testing.assert_array_equal(answers.pictures, np.arange(4))
    right = np.array(predicted) == [0, 1, 0, 1]
    np.testing.assert_array_equal(answers.correct, [right])
    assert answers.accuracy().value == right.mean()
    assert answers.confusion().sum() == 4 and np.trace(answers.confusion()) == right.sum()
    assert answers.recall(1).value == right[[1, 3]].mean()


def test_of_equal_epochs_the_first_is_taken(by_hand: tuple[Any, ...]) -> None:
    plan, trained, _ = by_hand
    tied = {"predicted": trained["predicted"][[2, 2, 2]]}
    np.testing.assert_array_equal(choose_epochs(plan, "C", tied, "test_fold"), [1, 1])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_choosing_on_the_test_part_never_costs(drawn: FaceSet, plan: Plan, seed: int) -> None:
    rng = np.random.default_rng(seed)
    split = plan.splits["D"]
    longest = max(len(fold.test) for fold in split.folds)
    predicted = rng.integers(0, 3, (5, len(split.folds), longest)).astype(np.int16)
    for number, fold in enumerate(split.folds):
        predicted[:, number, len(fold.test) :] = PADDING
    inner = {"loss": rng.random((5, len(split.folds)))}
    ends = np.cumsum([len(fold.test) for fold in split.folds])[:-1]
    rates = {}
    for way in EPOCH_SELECTIONS:
        epochs = choose_epochs(plan, "D", {"predicted": predicted}, way, inner)
        answers = answers_after(drawn, plan, "D", {"predicted": predicted}, epochs)
        assert len(answers) == 144
        rates[way] = np.array([part.mean() for part in np.split(answers.correct[0], ends)])
    assert (rates["test_fold"] >= rates["last_epoch"]).all() and (rates["test_fold"] >= rates["inner_split"]).all()


def test_selection_refuses(by_hand: tuple[Any, ...]) -> None:
    plan, trained, _ = by_hand
    with pytest.raises(UsageError, match="Did you mean 'last_epoch'"):
        choose_epochs(plan, "C", trained, "last_epochs")
    with pytest.raises(FerError, match="inner_split needs"):
        choose_epochs(plan, "C", trained, "inner_split")
