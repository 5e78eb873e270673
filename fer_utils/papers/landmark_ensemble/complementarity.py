"""Are the five networks of an ensemble complementary?"""

from __future__ import annotations

import numpy as np

from fer_utils.papers.landmark_ensemble.protocol import Outcome
from fer_utils.papers.landmark_ensemble.settings import MEMBERS


def agreement(outcome: Outcome) -> np.ndarray:
    """Share of test images on which two networks give the same answer, ``float64 [5, 5]``, ones on the diagonal."""
    given = outcome.members().predicted
    return np.array([[(first == second).mean() for second in given] for first in given])


def complementarity(outcome: Outcome) -> dict[str, float]:
    """How much five networks add to one another, as fractions of the test images.

    Returns:
        ``mean of members``, ``best member``, ``ensemble`` (accuracies); ``agreement`` (mean over
        pairs); ``double fault`` (mean share on which both of a pair are wrong); ``any right``
        (accuracy of an oracle that always picks a member that is right, if there is one).
    """
    right = outcome.members().correct == 1
    pairs = [(first, second) for first in range(MEMBERS) for second in range(first)]
    same = agreement(outcome)
    return {
        "mean of members": float(right.mean()),
        "best member": float(right.mean(axis=1).max()),
        "ensemble": float(outcome.answers().correct.mean()),
        "agreement": float(np.mean([same[pair] for pair in pairs])),
        "double fault": float(np.mean([(~right[first] & ~right[second]).mean() for first, second in pairs])),
        "any right": float(right.any(axis=0).mean()),
    }
