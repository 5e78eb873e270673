"""Are the five networks of an ensemble complementary, and what is that worth?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.papers.answers import Answers, Difference
from fer_utils.papers.landmark_ensemble.outcome import Outcome
from fer_utils.papers.landmark_ensemble.settings import MEMBERS


def agreement(outcome: Outcome) -> np.ndarray:
    """Share of test images on which two networks give the same answer, ``float64 [5, 5]``, ones on the diagonal."""
    return np.mean([_agreement(outcome.of_seed(seed)) for seed in range(outcome.seeds)], axis=0)


def complementarity(outcome: Outcome) -> dict[str, float]:
    """How much five networks add to one another, as fractions of the test images, mean over seeds.

    Returns:
        ``mean of members``, ``best member``, ``ensemble`` (accuracies); ``agreement`` (mean over
        pairs); ``double fault`` (mean share on which both of a pair are wrong); ``any right``
        (accuracy of an oracle that always picks a member that is right, if there is one).
    """
    each = [_complementarity(outcome.of_seed(seed)) for seed in range(outcome.seeds)]
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def gain(outcome: Outcome) -> np.ndarray:
    """What adding up five answers brings over one of them, picture by picture: ``float64 [S, T]``, -1 to 1."""
    members = outcome.members().correct.reshape(outcome.seeds, MEMBERS, -1)
    return outcome.answers().correct - members.mean(axis=1)


def gains(outcomes: dict[str, Outcome]) -> pd.DataFrame:
    """What an ensemble brings over its mean member, and the first one's gain minus each other's, in points.

    Args:
        outcomes: a title and what was answered, EL's first: its networks differ by part, the others' by their start.

    Returns:
        Columns ``networks``, ``points`` with its interval over people and seeds, ``half-width``.
    """
    own = {title: gain(outcome) for title, outcome in outcomes.items()}
    first, *others = own
    compared = {**own, **{f"{first} - {other}": own[first] - own[other] for other in others}}
    people = outcomes[first].answers().people
    rows = []
    for title, values in compared.items():
        seeds = scores.mean(values.mean(axis=1), np.arange(len(values)))
        both = Difference(scores.mean(values.mean(axis=0), people), seeds).both
        low, high = (100 * bound for bound in both.ci95)
        rows.append({"networks": title, "points": 100 * both.value, "low": low, "high": high,
                     "half-width": (high - low) / 2})  # fmt: skip
    return pd.DataFrame(rows)


def parts_against_starts(el: Outcome) -> pd.DataFrame:
    """Different parts against different starts of one part, made of the very same networks.

    EL under ``k`` seeds is a square of networks: a part a column, a start a row. Add up a column, and the ensemble has
    ``k`` starts of one part; add up a diagonal, and it has ``k`` parts. Each network is once in either, so the work and
    the members' mean accuracy are the same: what is left is the worth of looking at different parts.

    Args:
        el: EL's answers under two seeds or more; five of them are used at most.

    Returns:
        Rows for the columns, the diagonals and their difference: ``ensembles``, ``accuracy %`` or points with its
        interval over people.
    """
    size = min(el.seeds, MEMBERS)
    shares = np.stack([el.of_seed(seed).scores for seed in range(size)])
    starts = np.arange(size)
    columns = np.stack([shares[starts, part].sum(axis=0) for part in range(MEMBERS)])
    diagonals = np.stack([shares[starts, (part + starts) % MEMBERS].sum(axis=0) for part in range(MEMBERS)])
    shown = el.of_seed(0).answers()
    same, different = (Answers(shown.truth, given.argmax(axis=2), shown.people, shown.n_classes, shown.pictures)
                       for given in (columns, diagonals))  # fmt: skip
    found = {f"{size} starts of one part": same.over_people(), f"{size} different parts": different.over_people(),
             "difference": different.minus(same).people}  # fmt: skip
    rows = [{"ensembles": title, **estimate.percent()} for title, estimate in found.items()]
    return pd.DataFrame(rows).assign(**{"half-width": lambda table: (table["high %"] - table["low %"]) / 2})


def _agreement(outcome: Outcome) -> np.ndarray:
    given = outcome.members().predicted
    return np.array([[(first == second).mean() for second in given] for first in given])


def _complementarity(outcome: Outcome) -> dict[str, float]:
    right = outcome.members().correct == 1
    pairs = [(first, second) for first in range(MEMBERS) for second in range(first)]
    same = _agreement(outcome)
    return {
        "mean of members": float(right.mean()),
        "best member": float(right.mean(axis=1).max()),
        "ensemble": float(outcome.answers().correct.mean()),
        "agreement": float(np.mean([same[pair] for pair in pairs])),
        "double fault": float(np.mean([(~right[first] & ~right[second]).mean() for first, second in pairs])),
        "any right": float(right.any(axis=0).mean()),
    }
