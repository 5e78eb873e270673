"""Agreement and complementarity of answers made up by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.papers.landmark_ensemble.complementarity import agreement, complementarity
from fer_utils.papers.landmark_ensemble.protocol import Outcome


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
