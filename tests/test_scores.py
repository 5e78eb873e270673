"""Scores against textbook values and other programs; intervals against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fer_utils.scores import (
    Estimate,
    accuracy,
    auc,
    bootstrap,
    class_recalls,
    confusion,
    macro_f1,
    mcnemar,
    mean,
    mean_auc,
    unpaired_difference,
)


def answers(right: int, n: int) -> np.ndarray:
    return np.repeat([1, 0], [right, n - right])


# ------------------------------------------------------------------ counting


def test_confusion_rows_are_the_truth():
    truth, predicted = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 0, 1, 1, 3, 0])
    assert confusion(truth, predicted, 4).tolist() == [[2, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]


def test_recalls_of_classes_with_and_without_pictures():
    recalls = class_recalls(np.array([[2, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]))
    assert recalls[[0, 1, 3]].tolist() == [2 / 3, 1 / 2, 0]
    assert np.isnan(recalls[2])


def test_macro_f1_by_hand():
    # Class 0: precision 2/3, recall 2/3; class 1: precision 1/2, recall 1/2; class 2: never right.
    truth, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 0])
    assert macro_f1(truth, predicted, 3) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_macro_f1_counts_a_class_that_never_occurs_as_zero(recwarn):
    truth = predicted = np.array([0, 1, 1])
    assert macro_f1(truth, predicted, 2) == 1.0
    assert macro_f1(truth, predicted, 3) == pytest.approx(2 / 3)
    assert not recwarn.list


def test_macro_f1_does_not_reward_the_largest_class():
    truth = np.repeat([0, 1], [90, 10])
    assert macro_f1(truth, np.zeros(100, int), 2) == pytest.approx((180 / 190) / 2)


# ------------------------------------------------------------------ accuracy


@pytest.mark.parametrize(
    ("right", "n"), [(13, 20), (1, 2), (199, 200), (3, 200), (56, 70), (0, 10), (10, 10), (0, 1000), (1, 1000)]
)
def test_accuracy_of_independent_pictures_is_clopper_pearson(right, n):
    estimate = accuracy(answers(right, n), np.arange(n))
    exact = stats.binomtest(right, n).proportion_ci(0.95, "exact")
    assert estimate.value == right / n and estimate.n == n
    assert estimate.ci95 == pytest.approx([exact.low, exact.high], abs=1e-9)


@pytest.mark.parametrize(("right", "low", "high"), [(0, 0.0, 1 - 0.025 ** (1 / 10)), (50, 0.025 ** (1 / 10), 1.0)])
def test_nothing_right_or_wrong_still_has_an_interval_over_people(right, low, high):
    """Ten people with five pictures each know as much as ten pictures: the rule of three, made exact."""
    estimate = accuracy(answers(right, 50), np.repeat(np.arange(10), 5))
    assert (estimate.value, estimate.n) == (right / 50, 10)
    assert estimate.ci95 == pytest.approx([low, high])


def test_copies_of_a_picture_do_not_narrow_the_interval():
    once = accuracy(answers(14, 20), np.arange(20))
    copied = accuracy(np.repeat(answers(14, 20), 8), np.repeat(np.arange(20), 8))
    assert copied.value == once.value and copied.n == 20
    assert copied.low <= once.low and copied.high >= once.high
    assert copied.ci95 == pytest.approx(once.ci95, abs=0.03)


def test_korn_graubard_by_hand():
    """Four people with five pictures each, of which 5, 4, 2 and 1 are right."""
    correct = np.concatenate([answers(right, 5) for right in (5, 4, 2, 1)])
    p, n, n_groups = 12 / 20, 20, 4
    variance = (4 / 3) * ((5 - 3) ** 2 + (4 - 3) ** 2 + (2 - 3) ** 2 + (1 - 3) ** 2) / 20**2
    design_effect = variance / (p * (1 - p) / (n - 1))
    effective = n / design_effect * (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, n_groups - 1)) ** 2
    estimate = accuracy(correct, np.repeat(["a", "b", "c", "d"], 5))
    assert 3 < effective < 5
    assert estimate.low == pytest.approx(stats.beta.ppf(0.025, p * effective, (1 - p) * effective + 1))
    assert estimate.high == pytest.approx(stats.beta.ppf(0.975, p * effective + 1, (1 - p) * effective))


def test_accuracy_does_not_depend_on_the_order_of_pictures_or_the_names_of_people():
    draw = np.random.default_rng(0)
    correct, people = draw.integers(0, 2, 60), np.repeat(np.arange(12), 5)
    order = draw.permutation(60)
    renamed = np.array([f"p{chr(122 - person)}" for person in people])
    for other in (accuracy(correct[order], people[order]), accuracy(correct, renamed)):
        assert [other.value, *other.ci95] == pytest.approx([np.mean(correct), *accuracy(correct, people).ci95])


def test_answers_of_several_seeds_are_not_several_pictures():
    """Three seeds answer for 20 pictures of 10 people; every person has one right and one wrong."""
    right, people = np.tile([1, 0], 30), np.tile(np.repeat(np.arange(10), 2), 3)
    pictures = np.tile(np.arange(20), 3)
    right[0] = 0  # some variance between people, so that the effective number is not theirs
    careful, careless = accuracy(right, people, pictures), accuracy(right, people)
    assert careful.value == careless.value
    assert careful.high - careful.low > careless.high - careless.low
    hits = 20 * careful.value
    assert careful.low == pytest.approx(stats.beta.ppf(0.025, hits, 20 - hits + 1))


def test_one_person_gives_no_interval():
    estimate = accuracy(answers(9, 10), np.zeros(10))
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.9, -np.inf, np.inf, 1)
    assert "no interval" in estimate.how


def test_equal_people_fall_back_to_the_number_of_people():
    estimate = accuracy(np.tile([1, 0], 10), np.repeat(np.arange(10), 2))
    exact = stats.binomtest(5, 10).proportion_ci(0.95, "exact")
    assert estimate.ci95 == pytest.approx([exact.low, exact.high])


def test_means_over_seeds_are_taken_as_they_are():
    estimate = accuracy(np.array([1, 2 / 3, 1 / 3, 0, 1, 1]), np.arange(6))
    assert estimate.value == pytest.approx(4 / 6)
    assert 0 < estimate.low < 4 / 6 < estimate.high < 1


def test_no_pictures_are_an_error():
    with pytest.raises(ValueError, match="no test images"):
        accuracy(np.array([]), np.array([]))


@pytest.fixture(scope="module")
def simulated() -> list[tuple[np.ndarray, np.ndarray]]:
    """Beta-binomial answers: 40 people with ten pictures each, accuracy 0.7, intra-class correlation 0.3."""
    draw = np.random.default_rng(20240501)
    people = np.repeat(np.arange(40), 10)
    strength = (1 - 0.3) / 0.3
    skills = draw.beta(0.7 * strength, 0.3 * strength, (400, 40))
    return [(draw.random(400) < np.repeat(skill, 10), people) for skill in skills]


def coverage(estimates: list[Estimate], truth: float) -> float:
    return float(np.mean([estimate.low <= truth <= estimate.high for estimate in estimates]))


def test_the_interval_covers_the_truth_for_new_people_and_a_naive_one_does_not(simulated):
    clustered = coverage([accuracy(correct, people) for correct, people in simulated], 0.7)
    naive = coverage([accuracy(correct, np.arange(400)) for correct, _ in simulated], 0.7)
    # Two standard errors of a coverage of 95 % over 400 replicates are 2.2 %; Korn-Graubard errs on the wide side.
    assert 0.93 <= clustered <= 0.985
    assert naive < 0.80


def test_the_t_interval_of_a_mean_covers_as_well(simulated):
    clustered = coverage([mean(correct, people) for correct, people in simulated], 0.7)
    naive = coverage([mean(correct, np.arange(400)) for correct, _ in simulated], 0.7)
    assert 0.925 <= clustered <= 0.98
    assert naive < 0.80


# ------------------------------------------------------------------ differences


def test_mean_of_independent_values_is_the_ordinary_t_interval():
    values = np.random.default_rng(1).normal(2, 3, 25)
    ordinary = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    estimate = mean(values, np.arange(25))
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.ci95 == pytest.approx([ordinary.low, ordinary.high])


def test_mean_over_equally_large_groups_is_the_t_interval_of_the_group_means():
    values = np.random.default_rng(2).normal(0, 1, (12, 5))
    ordinary = stats.ttest_1samp(values.mean(axis=1), 0).confidence_interval(0.95)
    assert mean(values.ravel(), np.repeat(np.arange(12), 5)).ci95 == pytest.approx([ordinary.low, ordinary.high])


def test_mean_of_one_group_has_no_interval():
    assert mean(np.array([1.0, 2.0]), np.zeros(2)).ci95 == [-np.inf, np.inf]


def test_no_difference_between_equal_answers():
    estimate = mean(answers(7, 10) - answers(7, 10), np.arange(10))
    assert (estimate.value, estimate.ci95) == (0.0, [0.0, 0.0])


def wilson(right: int, n: int) -> Estimate:
    limits = stats.binomtest(right, n).proportion_ci(0.95, "wilson")
    return Estimate(right / n, limits.low, limits.high, n, "Wilson")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Newcombe 1998, Table II, method 10: 56/70 - 48/80, 9/10 - 3/10 and 10/10 - 0/20.
        ((56, 70), (48, 80), (0.2000, 0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.6000, 0.1705, 0.8090)),
        ((10, 10), (0, 20), (1.0000, 0.6791, 1.0000)),
    ],
)
def test_difference_of_two_shares_as_in_newcombes_table(first, second, expected):
    estimate = unpaired_difference(wilson(*first), wilson(*second))
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, abs=5e-5)
    assert estimate.n == min(first[1], second[1])


def test_the_difference_the_other_way_round_is_the_mirror_image():
    there, back = (unpaired_difference(wilson(*a), wilson(*b)) for a, b in [((5, 9), (2, 8)), ((2, 8), (5, 9))])
    assert [there.value, there.low, there.high] == pytest.approx([-back.value, -back.high, -back.low])


# ------------------------------------------------------------------ bootstrap


def test_bootstrap_repeats_with_its_seed_only():
    values, people = np.random.default_rng(3).normal(size=60), np.repeat(np.arange(20), 3)

    def run(seed: int) -> Estimate:
        return bootstrap(lambda rows: float(values[rows].mean()), people, draws=200, seed=seed)

    assert run(0) == run(0)
    assert run(0).ci95 != run(1).ci95
    assert run(0).value == run(1).value == values.mean()


def test_bootstrap_of_a_mean_agrees_with_the_t_interval():
    values, people = np.random.default_rng(4).normal(size=300), np.repeat(np.arange(60), 5)
    drawn = bootstrap(lambda rows: float(values[rows].mean()), people, draws=2000)
    assert drawn.ci95 == pytest.approx(mean(values, people).ci95, abs=0.025)
    assert drawn.n == 60


def test_bootstrap_draws_whole_groups():
    people = np.array(["a", "b", "a", "c", "b", "a"])
    sizes = {"a": 3, "b": 2, "c": 1}

    def check(rows: np.ndarray) -> float:
        for person, size in sizes.items():
            counts = [int((rows == row).sum()) for row in np.flatnonzero(people == person)]
            assert len(counts) == size and len(set(counts)) == 1
        return float(len(rows))

    estimate = bootstrap(check, people, draws=50)
    assert estimate.value == 6 and 3 <= estimate.low < estimate.high <= 9


# ------------------------------------------------------------------ text


def test_an_estimate_as_text_and_as_table_cells():
    estimate = Estimate(0.61349, 0.5, 0.70051, 10, "by hand")
    assert estimate.text() == "61.3 [50.0, 70.1]"
    assert estimate.text(scale=1, digits=3) == "0.613 [0.500, 0.701]"
    assert estimate.percent("F1") == pytest.approx({"F1 %": 61.349, "low %": 50.0, "high %": 70.051})
    assert estimate.ci95 == [0.5, 0.70051]


# ------------------------------------------------------------------ two classifiers on the same images


def test_mcnemar_by_hand():
    first = np.array([1] * 8 + [0] * 2 + [1] * 5)
    second = np.array([0] * 8 + [1] * 2 + [1] * 5)
    # Two-sided binomial of 2 in 10: 2 * (1 + 10 + 45) / 1024.
    assert mcnemar(first, second) == pytest.approx(2 * 56 / 1024) == mcnemar(second, first)
    assert mcnemar(first, first) == 1.0


def test_auc_by_hand_and_against_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    groups = np.arange(4)
    # One of four pairs is ranked wrongly, and one tied.
    assert auc(np.array([1, 1, 0, 0]), np.array([0.9, 0.3, 0.3, 0.5]), groups).value == 2.5 / 4
    random = np.random.default_rng(0)
    truth, score = random.random(200) < 0.3, random.normal(0, 1, 200).round(1)
    found = auc(truth, score, np.arange(200))
    assert math.isclose(found.value, roc_auc_score(truth, score))
    assert found.low < 0.5 < found.high and found.n == 200


def test_auc_interval_is_delong_s_where_every_picture_is_a_group_of_its_own() -> None:
    random = np.random.default_rng(1)
    truth = np.arange(300) % 3 == 0
    score = random.normal(truth, 1.0)
    positive, negative = score[truth], score[~truth]
    wins = (positive[:, None] > negative).astype(float)
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    found = auc(truth, score, np.arange(300))
    assert math.isclose(found.high - found.low, 2 * 1.968 * math.sqrt(variance), rel_tol=0.01)


def test_auc_interval_covers_the_truth_over_new_people() -> None:
    covered, draws = 0, 200
    for draw in range(draws):
        random = np.random.default_rng((7, draw))
        people, truth = np.repeat(np.arange(25), 8), np.tile(np.arange(8) < 3, 25)
        # A person's pictures share a lift of their scores, so pictures are not independent.
        score = random.normal(truth * 1.0, 1.0) + random.normal(0, 1, 25)[people]
        found = auc(truth, score, people)
        # Two normal variables one apart, each of variance 2.
        covered += found.low <= 0.6915 <= found.high
    assert 0.90 <= covered / draws <= 0.99


def test_auc_without_an_error_has_a_bound_and_without_a_positive_is_nothing() -> None:
    perfect = auc(np.array([0, 0, 1, 1] * 5), np.array([0, 1, 2, 3] * 5), np.repeat(np.arange(10), 2))
    assert perfect.value == perfect.high == 1 and math.isclose(perfect.low, 0.025**0.1)
    none = auc(np.zeros(5), np.arange(5), np.arange(5))
    assert math.isnan(none.value) and none.n == 0


def test_mean_auc_leaves_out_what_cannot_be_ranked() -> None:
    random = np.random.default_rng(2)
    truth = np.stack([np.arange(40) % 2 == 0, np.zeros(40, bool), np.arange(40) < 10], axis=1)
    score = random.normal(truth, 1.0)
    score[5:9, 2] = np.nan
    each = [auc(truth[:, column], score[:, column], np.arange(40)) for column in range(3)]
    found = mean_auc(truth, score, np.arange(40))
    assert math.isclose(found.value, (each[0].value + each[2].value) / 2)
    # Averaging two measurements of much the same width narrows the interval.
    assert found.high - found.low < max(one.high - one.low for one in (each[0], each[2]))
