"""What makes a run void: an encoder that tells no two faces apart, and a memory that learns nothing from its codes.

Numbers of such a run look like numbers. A study therefore checks what its results rest on each time it uses them,
also where a unit was computed long ago and is only fetched. What is checked is what no rule of the paper can bring
about: that GDM-S stays small may be the paper's own threshold or limit, that GDM-E does is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fer_utils.errors import FerError

LEAST_SPREAD = 0.01
"""Of a code's numbers over the faces: standard deviation, median over the numbers. U(-1, 1), which L_z asks for, has
0.58; trained encoders had 0.4 to 0.9."""

SATURATED = 0.99
FIRST_NEURONS = 2
MOST = 0.9
"""Of all people, folds and orders: where as many are void, the run is."""

ADVICE = (
    "Numbers that rest on it would mean nothing. Train the imagination model for more epochs, or start it from other "
    'weights (setting initial: "release", "he" or "torch")'
)


def check_codes(codes: np.ndarray, model: Mapping[str, np.ndarray], where: str) -> None:
    """Refuse codes that are the same whoever is seen.

    Args:
        codes: ``float64 [N, D]`` of different faces, as :meth:`~fer_utils.papers.clifer.imagination.Imagination.encode`
            gives them.
        model: what the imagination model was trained to, for its ``code_mean`` and ``code_scale``: the encoder's own
            numbers are judged, because ``match_prior`` blows any spread up.
        where: which model and which faces, for the message.

    Raises:
        FerError: the numbers of a code hardly vary, or one is not finite.
    """
    inside = codes * model["code_scale"] + model["code_mean"]
    if not np.isfinite(inside).all():
        raise FerError(f"{where}: the encoder gives codes that are not numbers. {ADVICE}")
    spread = float(np.median(inside.std(axis=0)))
    if spread < LEAST_SPREAD:
        ends = float((np.abs(inside) > SATURATED).mean())
        raise FerError(
            f"{where}: the encoder gives {len(codes)} faces nearly the same code: its numbers vary by {spread:.2g} "
            f"(standard deviation; at least {LEAST_SPREAD} is needed), and {100 * ends:.0f} % of them are beyond "
            f"{SATURATED} of 1. {ADVICE}"
        )


def check_memories(answers: Sequence[Mapping[str, Any]], where: str) -> None:
    """Refuse an episodic memory that did not grow, or that answers one class to every frame.

    Args:
        answers: for each person, fold and condition its ``condition``, ``sizes`` and ``predicted``, as
            :func:`fer_utils.papers.clifer.protocol.learn_person` gives them. Conditions without memories have no
            neurons and are left out: a network without a memory may well answer the class that it learnt last.
        where: the data set and the protocol, for the message.

    Raises:
        FerError: it is so after the last class in at least :data:`MOST` of one condition's people, folds and orders.
    """
    remembering = [found for found in answers if found["sizes"].any()]
    for condition in dict.fromkeys(found["condition"] for found in remembering):
        mine = [found for found in remembering if found["condition"] == condition]
        stuck = np.concatenate([found["sizes"][:, -1, 0] <= FIRST_NEURONS for found in mine])
        said = [found["predicted"][:, -1, 0] for found in mine]
        same = np.concatenate([(answer == answer[:, :1]).all(axis=1) for answer in said])
        for share, what in (
            (stuck.mean(), "did not grow beyond its first two neurons"),
            (same.mean(), "gives every test frame the same answer"),
        ):
            if share >= MOST:
                raise FerError(
                    f"{where}, {condition}: GDM-E {what} after the last class, in {100 * share:.0f} % of all people, "
                    f"folds and orders: the codes tell it nothing. {ADVICE}, or give the memory a higher activation "
                    "threshold"
                )
