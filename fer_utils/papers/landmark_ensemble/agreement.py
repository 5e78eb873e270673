"""Are the five networks of an ensemble complementary? And is one ensemble better than another?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.papers.landmark_ensemble.protocol import Outcome
from fer_utils.papers.landmark_ensemble.settings import MEMBERS


def agreement(outcome: Outcome) -> np.ndarray:
    """Share of test images on which two networks give the same answer, ``float64 [5, 5]``, ones on the diagonal."""
    answers = [outcome.predicted(member) for member in range(MEMBERS)]
    return np.array([[(first == second).mean() for second in answers] for first in answers])


def complementarity(outcome: Outcome) -> dict[str, float]:
    """How much five networks add to one another, as fractions of the test images.

    Returns:
        ``mean of members``, ``best member``, ``ensemble`` (accuracies); ``agreement`` (mean over
        pairs); ``double fault`` (mean share on which both of a pair are wrong); ``any right``
        (accuracy of a judge who always picked the right member).
    """
    right = np.stack([outcome.correct(member) for member in range(MEMBERS)]) == 1
    pairs = [(first, second) for first in range(MEMBERS) for second in range(first)]
    same = agreement(outcome)
    return {
        "mean of members": float(right.mean()),
        "best member": float(right.mean(axis=1).max()),
        "ensemble": float(outcome.correct().mean()),
        "agreement": float(np.mean([same[pair] for pair in pairs])),
        "double fault": float(np.mean([(~right[first] & ~right[second]).mean() for first, second in pairs])),
        "any right": float(right.any(axis=0).mean()),
    }


def paired(first: Outcome, second: Outcome, members: tuple[int | None, int | None] = (None, None)) -> scores.Estimate:
    """Accuracy of ``first`` minus ``second`` on the same images, in points, with a t interval over people."""
    if not np.array_equal(first.row, second.row):
        raise ValueError("the two outcomes are about different images")
    difference = first.correct(members[0]) - second.correct(members[1])
    return scores.mean(100 * difference, first.subject)


def compare(outcomes: Sequence[tuple[str, Outcome, Outcome]]) -> pd.DataFrame:
    """A row for each named pair: difference in points with its interval over people, and McNemar's p."""
    rows = []
    for name, first, second in outcomes:
        found = paired(first, second)
        p = scores.mcnemar(first.correct(), second.correct())
        rows.append({"difference": name, "points": found.value, "low": found.low, "high": found.high,
                     "interval": found.how, "McNemar p": p})  # fmt: skip
    return pd.DataFrame(rows)
