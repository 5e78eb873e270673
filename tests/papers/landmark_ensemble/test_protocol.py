"""Folds by the paper's two readings, people kept apart, the choice of an epoch, and the units."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble.gradcam import rebuild
from fer_utils.papers.landmark_ensemble.outcome import Outcome, select
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.protocol import (
    Task,
    cross_entropy,
    draw,
    holdout,
    learning_curve,
    parts_of,
    subject_folds,
    tasks_of,
    train,
    with_everyone,
)
from fer_utils.papers.landmark_ensemble.settings import Settings
from fer_utils.splits import Fold
from tests.papers.landmark_ensemble.conftest import CLASSES, TINY

PEOPLE_118 = np.repeat([f"S{number:03d}" for number in range(118)], 3)


@pytest.mark.parametrize("rule", ["every_tenth", "blocks"])
def test_ten_folds_of_118_people(rule: str) -> None:
    folds = subject_folds(PEOPLE_118, 10, rule)
    assert len(folds) == 10
    sizes = sorted(len(set(PEOPLE_118[fold.test])) for fold in folds)
    assert sizes == [11, 11] + [12] * 8
    for fold in folds:
        assert not set(PEOPLE_118[fold.train]) & set(PEOPLE_118[fold.test])
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(354))
    second = sorted(set(PEOPLE_118[folds[1].test]))[:2]
    assert second == (["S001", "S011"] if rule == "every_tenth" else ["S012", "S013"])


def test_ten_people_are_left_out_one_by_one() -> None:
    folds = subject_folds(np.repeat(list("ABCDEFGHIJ"), 2), 10, "every_tenth")
    assert [fold.name for fold in folds][:2] == ["without A", "without B"] and len(folds) == 10
    with pytest.raises(UsageError, match="fold_rule must be one of"):
        subject_folds(PEOPLE_118, 10, "random")


def test_holdout_follows_the_data_set_s_own_split() -> None:
    fold = holdout(np.array(["Train", "Val", "Train"], object))
    assert fold.train.tolist() == [0, 2] and fold.test.tolist() == [1]
    with pytest.raises(FerError, match="'split' must hold 'Train' and 'Val'"):
        holdout(np.array(["Train", "Train"], object))


def test_people_are_set_aside_within_training(drawn: FaceSet) -> None:
    tasks = tasks_of(subject_folds(drawn.subjects, 3, "every_tenth"), drawn.subjects, TINY, [0, 1])
    assert len(tasks) == 6 and len({task.seed for task in tasks}) == 6
    for task in tasks:
        parts = [set(drawn.subjects[rows]) for rows in (task.fold.train, task.aside, task.fold.test)]
        assert len(parts[0] | parts[1] | parts[2]) == sum(map(len, parts)) == 6 and parts[1]
        whole = with_everyone(task)
        assert set(whole.fold.train) == set(task.fold.train) | set(task.aside) and not len(whole.aside)
    blocks = subject_folds(drawn.subjects, 3, "blocks")
    assert len(tasks_of(blocks, drawn.subjects, TINY.but(max_folds=1), [0])) == 1
    (task,) = tasks_of(blocks, drawn.subjects, TINY.but(max_folds=1, aside_share=0.0), [0])
    assert not len(task.aside) and task.fold.train.tolist() == blocks[0].train.tolist()


def test_what_each_kind_learns_first() -> None:
    assert parts_of("baseline") == parts_of("control") == [None] * 5 and parts_of("ftl") == ["all"] * 5
    assert parts_of("el") == ["eyebrows", "eyes", "nose", "mouth", "jaw"]
    with pytest.raises(UsageError, match="kind of network must be one of baseline, control, ftl, el"):
        parts_of("fll")


# -- reading the outcome --------------------------------------------------------------------------


def outcome_of(scores: list[list[list[float]]], truth: list[int], fold: list[int]) -> Outcome:
    given = np.array(scores, np.float32)
    numbers = np.arange(len(truth))
    return Outcome(np.array(truth), given, numbers.astype(str), numbers, np.array(fold), np.zeros((2, len(given)), int))


def test_the_ensemble_sums_softmax_vectors_and_does_not_vote() -> None:
    # Two of three networks lean to class 0, the third is sure of class 1: 1.2 against 1.8.
    found = outcome_of([[[0.55, 0.45]], [[0.55, 0.45]], [[0.1, 0.9]]], [1], [0])
    assert [found.predicted(member)[0] for member in range(3)] == [0, 0, 1]
    assert found.members().predicted.tolist() == [[0], [0], [1]]
    assert found.predicted()[0] == 1 and found.answers().correct.tolist() == [[1.0]]


def test_the_paper_s_number_is_the_mean_of_folds() -> None:
    right, wrong = [0.1, 0.9], [0.9, 0.1]
    found = outcome_of([[right, wrong, right, right]], [1, 1, 1, 1], [0, 0, 0, 1])
    assert found.fold_mean().value == pytest.approx((2 / 3 + 1) / 2)
    assert found.answers().accuracy().value == 0.75 and 0.75 - found.answers().accuracy().low == pytest.approx(
        found.fold_mean().value - found.fold_mean().low
    )
    assert found.answers().confusion().tolist() == [[0, 0], [1, 3]]


def test_cross_entropy_by_hand() -> None:
    given = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert cross_entropy(given, np.array([0, 0])) == pytest.approx((np.log(2) + np.log(4)) / 2)


def test_selections_pick_the_epoch_they_say() -> None:
    """Three evaluations, two test rows: 0 fits those set aside best, 1 the test rows, 2 comes last."""
    sure = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    middling = np.array([[0.6, 0.4], [0.4, 0.6]], np.float32)
    trained = {
        "scores": np.repeat(np.stack([middling, sure, 1 - sure])[:, None, None], 5, axis=2),
        "aside": np.repeat(np.array([0.1, 0.5, 0.9], np.float32)[:, None, None], 5, axis=2),
        "epochs": np.array([10, 20, 30]),
    }
    task = Task(Fold("one", np.array([2]), np.array([0, 1])), np.array([3]), 0)
    labels, subjects = np.array([0, 1, 0, 1]), np.array(["a", "a", "b", "c"])
    accuracies = {}
    for way, epoch in (("inner_split", 10), ("test_fold", 20), ("last_epoch", 30)):
        found = select(trained, [task], labels, subjects, way)
        assert (found.epochs == epoch).all()
        accuracies[way] = (found.answers().accuracy().value, float(found.scores[0, 0, 0]))
    assert accuracies["inner_split"] == (1.0, pytest.approx(0.6)) and accuracies["test_fold"] == (
        1.0,
        pytest.approx(0.9),
    )
    assert accuracies["last_epoch"][0] == 0.0
    trained["aside"][:] = np.nan
    with pytest.raises(FerError, match="without the people set aside"):
        select(trained, [task], labels, subjects, "inner_split")


# -- units ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def material(drawn: FaceSet, drawn_faces: Prepared) -> dict[str, Any]:
    variants = draw(crops=drawn_faces.crops, points=drawn_faces.points, augmentation=TINY.augmentation)
    return {"crops": drawn_faces.crops, "labels": drawn.labels, **variants, "n_classes": len(CLASSES), "batches": 5}


@pytest.fixture(scope="module")
def tasks(drawn: FaceSet) -> list[Task]:
    return tasks_of(subject_folds(drawn.subjects, 3, "every_tenth"), drawn.subjects, TINY.but(max_folds=2), [0])


@pytest.fixture(scope="module")
def trained(material: dict[str, Any], tasks: list[Task]) -> dict[str, np.ndarray]:
    return train(kind="el", tasks=tasks, settings=TINY, together=10, kept="last_epoch", **material)


def test_a_unit_s_arrays(trained: dict[str, np.ndarray]) -> None:
    evaluations, folds, longest = 3, 2, 12
    assert trained["scores"].shape == (evaluations, folds, 5, longest, len(CLASSES))
    np.testing.assert_allclose(trained["scores"].sum(axis=-1), 1, atol=1e-5)
    assert trained["aside"].shape == (evaluations, folds, 5) and np.isfinite(trained["aside"]).all()
    assert trained["epochs"].tolist() == [2, 3, 4]
    assert trained["before"].shape == trained["after"].shape == (folds, 5, longest, 40)
    assert trained["seen"].shape == (folds, 5) and (trained["seen"] > 0).all()
    assert trained["body_0"].shape == (5, 3, 3, 3, 3) and trained["top_5"].shape == (5, len(CLASSES))
    for name, value in trained.items():
        assert isinstance(name, str) and value.dtype.kind in "fi"


def test_one_fold_alone_gives_what_it_gives_beside_another(
    material: dict[str, Any], tasks: list[Task], trained: dict[str, np.ndarray]
) -> None:
    alone = train(kind="el", tasks=tasks[:1], settings=TINY, together=5, kept="last_epoch", **material)
    np.testing.assert_allclose(trained["before"][:1], alone["before"], atol=0.02)
    np.testing.assert_allclose(trained["scores"][:, :1], alone["scores"], atol=0.02)
    np.testing.assert_allclose(trained["aside"][:, :1], alone["aside"], atol=0.05)


def test_baseline_learns_the_bars(material: dict[str, Any], tasks: list[Task], drawn: FaceSet) -> None:
    """Strangers' bars are told apart far better than by chance after some epochs of direct training."""
    longer = TINY.but(filters=(4, 8), baseline_epochs=15, check_every=15, norm_momentum=0.8)
    found = train(kind="baseline", tasks=tasks[:1], settings=longer, together=5, kept="last_epoch", **material)
    assert "before" not in found and found["scores"].shape[0] == 1
    outcome = select(found, tasks[:1], drawn.labels, drawn.subjects, "last_epoch")
    assert outcome.answers().accuracy().value > 0.7


@pytest.mark.parametrize("kept", ["inner_split", "test_fold", "last_epoch"])
def test_the_weights_left_behind_are_those_of_the_epoch_that_is_scored(
    material: dict[str, Any], tasks: list[Task], drawn: FaceSet, kept: str
) -> None:
    """Put into Keras' own model, they give the softmax of the evaluation that the rule picks."""
    steep = TINY.but(tune_rate=0.05, baseline_rate=0.05, baseline_epochs=4)
    found = train(kind="baseline", tasks=tasks[:1], settings=steep, together=5, kept=kept, **material)
    scored = select(found, tasks[:1], drawn.labels, drawn.subjects, kept)
    body, top = rebuild(found, len(CLASSES), steep)
    test = tasks[0].fold.test
    pictures = np.repeat(material["crops"][test][..., None].astype(np.float32) / 127.5 - 1, 15, axis=-1)
    given = np.asarray(top.predict(np.asarray(body.predict(pictures, verbose=0)), verbose=0))
    np.testing.assert_allclose(softmax(given, axis=-1).swapaxes(0, 1), scored.scores, atol=1e-3)
    assert (scored.epochs == 4).all() or kept != "last_epoch"


def test_a_learning_curve_is_that_of_the_unit_s_first_network(material: dict[str, Any], tasks: list[Task]) -> None:
    shared = {key: value for key, value in material.items() if key != "crops"}
    curve = learning_curve(task=tasks[0], settings=TINY, **shared)
    assert curve["landmarks"].shape == (5,) and curve["expressions"].shape == (20,)
    again = learning_curve(task=tasks[0], settings=TINY, **shared)
    np.testing.assert_array_equal(curve["expressions"], again["expressions"])


def test_variants_are_a_unit_too(material: dict[str, Any]) -> None:
    assert material["images"].shape == (72, 32, 32) and material["points"].dtype == np.float32
    assert json.dumps(Settings().filters) == "[16, 32, 64, 128]"
