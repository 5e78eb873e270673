"""How long would a graphics card take? From operations and launches: an estimate until it is measured there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHARE = 0.08
"""Of a card's peak in half precision that trainings of such networks reach at best. Measured on an H200: 7.9 % by
paper 2's VGG-16, 9.9 % by its DCGAN, and up to 3 % by what waits for launches."""
LAUNCH_S = 3.5e-5
"""What each of torch's operators costs the host, whatever it computes: what narrow networks and small batches wait for.
Measured beside an H200, training: 23 to 42 µs."""
CAPTURED_S = 4.5e-6
"""The same where a step was captured (:mod:`fer_utils.graphs`), so that the card goes on by itself. Measured: 2.8 to
5.5 µs by networks that it does not fill. With it the seven trainings measured are estimated within a factor of 1.6."""


@dataclass(frozen=True)
class Card:
    """A graphics card: its name and its peak in half precision with sparsity off, operations a second."""

    name: str
    peak: float


CARDS = (Card("H100", 989e12), Card("RTX 4090", 165e12), Card("T4", 65e12))
"""From their makers' data sheets."""


def seconds(
    card: Card, operations: float, launches: float, captured: bool = False, share: float | None = None
) -> float:
    """What so many operations in so many launches would take on a card; nothing where torch computes nothing.

    The card computes while the host goes on, so the longer of both counts. ``share``: where it is not :data:`SHARE`.
    """
    launch = CAPTURED_S if captured else LAUNCH_S
    return max(operations / ((share or SHARE) * card.peak), launches * launch if operations else 0.0)


def sentence(rows: Sequence[tuple[float, float, bool, float | None]]) -> str:
    """The sum for each card, in words, of operations, launches, whether these are captured, and the share."""
    sums = [f"{card.name} {sum(seconds(card, *row) for row in rows) / 3600:.1f} h" for card in CARDS]
    return (
        f"  what torch computes, on one card, estimated and not measured: {', '.join(sums)} "
        f"({SHARE:.0%} of the peak, or {1e6 * LAUNCH_S:.0f} µs an operator, {1e6 * CAPTURED_S:g} in a captured step, "
        f"where that is longer)"
    )
