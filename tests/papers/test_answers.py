"""Answers: shares, recalls and paired differences, held against plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils import scores
from fer_utils.papers.answers import Answers, together
from fer_utils.scores import Estimate


def made_up(seeds: int, seed: int, pictures: np.ndarray | None = None) -> Answers:
    random = np.random.default_rng(seed)
    truth = np.arange(60) % 3
    predicted = np.where(random.random((seeds, 60)) < 0.7, truth, random.integers(0, 3, (seeds, 60)))
    return Answers(truth, predicted, np.arange(60) // 6, 3, pictures)


def test_accuracy_recall_confusion_and_f1_are_those_of_the_arrays() -> None:
    answers = made_up(3, 0)
    right = answers.predicted == answers.truth
    assert answers.accuracy().value == pytest.approx(right.mean())
    assert answers.recall(1).value == pytest.approx(right[:, answers.truth == 1].mean())
    assert answers.confusion().sum() == right.size and np.trace(answers.confusion()) == right.sum()
    assert 0 < answers.macro_f1() < 1 and answers.chance == pytest.approx(1 / 3)


def test_with_one_seed_the_interval_is_that_over_people() -> None:
    answers = made_up(1, 1)
    assert answers.accuracy() == scores.accuracy((answers.predicted == answers.truth)[0], answers.people)


def test_several_seeds_widen_the_interval_and_half_widths_add_in_quadrature() -> None:
    answers = made_up(3, 2)
    people, seeds, both = answers.over_people(), answers.over_seeds(), answers.accuracy()
    assert both.value - both.low == pytest.approx(np.hypot(people.value - people.low, seeds.value - seeds.low))
    assert both.high - both.value > people.high - people.value
    one = Estimate(0.5, 0.4, 0.6, 1, "one seed")
    assert together(people, one) is people


def test_variants_of_a_photograph_are_no_new_pictures() -> None:
    """Sixty answers about ten photographs are worth ten, so the interval is wider than that of sixty."""
    once, ten = made_up(1, 3), made_up(1, 3, pictures=np.arange(60) % 10)
    assert ten.accuracy().high - ten.accuracy().low >= once.accuracy().high - once.accuracy().low


def test_minus_is_paired() -> None:
    first, second = made_up(3, 4), made_up(3, 5)
    difference = first.minus(second)
    assert difference.both.value == pytest.approx(first.accuracy().value - second.accuracy().value)
    assert first.minus(first).both.ci95 == [0.0, 0.0]
    one = made_up(1, 6)
    assert first.minus(one).both.value == pytest.approx(first.accuracy().value - one.accuracy().value)


@pytest.mark.parametrize("rows", [np.arange(59), np.arange(60)[::-1]])
def test_answers_about_other_pictures_are_not_paired(rows: np.ndarray) -> None:
    answers = made_up(2, 7)
    with pytest.raises(ValueError, match="cannot be paired"):
        answers.minus(answers.select(rows))


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="3 labels, 3 people"):
        Answers(np.zeros(3, int), np.zeros((1, 4), int), np.zeros(3), 2)
