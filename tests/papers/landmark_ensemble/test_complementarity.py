"""Agreement and complementarity of answers made up by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.papers.landmark_ensemble.complementarity import (
    agreement,
    complementarity,
    gain,
    gains,
    parts_against_starts,
)
from fer_utils.papers.landmark_ensemble.outcome import Outcome, joined


def outcome(answers: list[list[int]], truth: list[int], sure: float = 0.9) -> Outcome:
    """Five networks' answers among three classes, one row a network."""
    given = np.full((5, len(truth), 3), (1 - sure) / 2, np.float32)
    for member, row in enumerate(answers):
        given[member, np.arange(len(truth)), row] = sure
    rows = np.arange(len(truth))
    return Outcome(
        np.array(truth), given, np.array([f"p{n // 2}" for n in rows]), rows, rows * 0, np.zeros((1, 5), int)
    )


ONE_EACH = outcome([[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0], [1, 1, 1, 1]], [0, 0, 0, 0])
UNANIMOUS = outcome([[0, 0, 1, 2]] * 5, [0, 0, 0, 0])


def test_agreement_of_networks() -> None:
    np.testing.assert_array_equal(agreement(UNANIMOUS), np.ones((5, 5)))
    matrix = agreement(ONE_EACH)
    assert matrix[0, 1] == 0.5 and matrix[0, 4] == 0.75 and (np.diag(matrix) == 1).all()


def test_complementary_networks_cover_each_other() -> None:
    spread, same = complementarity(ONE_EACH), complementarity(UNANIMOUS)
    assert spread["any right"] == 1.0 and same["any right"] == same["ensemble"] == same["best member"] == 0.5
    assert spread["mean of members"] == pytest.approx(0.2) and spread["best member"] == 0.25
    assert same["double fault"] == 0.5 and same["agreement"] == 1.0
    # Six pairs of the first four miss half of the images together, four pairs with the fifth three quarters.
    assert spread["double fault"] == pytest.approx((6 * 0.5 + 4 * 0.75) / 10)


def test_paired_differences_are_over_people() -> None:
    better = outcome([[0, 0, 0, 0]] * 5, [0, 0, 0, 0])
    found = better.answers().minus(UNANIMOUS.answers()).both
    assert found.value == 0.5 and found.n == 2
    assert better.answers(0).minus(better.answers(3)).both.value == 0.0
    with pytest.raises(ValueError, match="different pictures"):
        better.answers().minus(outcome([[0]] * 5, [0]).answers())


def test_what_adding_up_brings() -> None:
    """Whoever is right is outvoted by four: the sum is worse than the mean of its members."""
    np.testing.assert_allclose(gain(ONE_EACH), [[-0.2, -0.2, -0.2, -0.2]], atol=1e-12)
    assert not gain(UNANIMOUS).any()
    table = gains({"EL": UNANIMOUS, "FTL": ONE_EACH}).set_index("networks")["points"]
    assert table.to_dict() == pytest.approx({"EL": 0, "FTL": -20, "EL - FTL": 20})


def test_seeds_are_averaged() -> None:
    both = joined([ONE_EACH, UNANIMOUS], 2)
    one, other, found = complementarity(ONE_EACH), complementarity(UNANIMOUS), complementarity(both)
    assert found == pytest.approx({name: (one[name] + other[name]) / 2 for name in one})
    np.testing.assert_allclose(agreement(both), (agreement(ONE_EACH) + agreement(UNANIMOUS)) / 2)


def test_parts_that_cover_each_other_beat_starts_of_one_part() -> None:
    """Part ``n`` knows picture ``n`` for sure and guesses the rest at random, under every seed the same."""
    shares = np.full((5, 5, 2), 0.5, np.float32)
    for part in range(5):
        shares[part, part] = (0.9, 0.1)
        shares[part, (part + 1) % 5] = (0.45, 0.55)
    rows = np.arange(5)
    one = Outcome(rows * 0, shares, np.array([f"p{n}" for n in rows]), rows, rows * 0, np.zeros((1, 5), int))
    five = joined([one] * 5, 5)
    table = parts_against_starts(five).set_index("ensembles")
    assert list(table.index) == ["5 starts of one part", "5 different parts", "difference"]
    # Five starts say what one says: wrong on one picture in five. Five parts together are right on all.
    assert table["accuracy %"].tolist() == pytest.approx([80, 100, 20])
    two = parts_against_starts(joined([one] * 2, 2)).set_index("ensembles")
    # With two, the first is put right by the second, and nobody puts the second right.
    assert two.index[1] == "2 different parts" and two.loc["2 starts of one part", "accuracy %"] == pytest.approx(80)
    assert two.loc["difference", "accuracy %"] == pytest.approx(0)
