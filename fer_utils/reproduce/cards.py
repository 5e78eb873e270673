"""How long would a graphics card take? From operations and launches: an estimate until it is measured there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHARE = 0.05
"""Of a card's peak in half precision that trainings of such networks reach: ResNet-50 in bfloat16 reaches it on an
H100 with some 2,000 pictures of 224 pixels a second."""
LAUNCH_S = 2e-5
"""What each of torch's operators costs the host, whatever it computes: what narrow networks and small batches wait for.

A DCGAN of width 128, batch 16, made 536 pictures a second on an H200, and its step calls some 1,400 operators."""


@dataclass(frozen=True)
class Card:
    """A graphics card: its name and its peak in half precision with sparsity off, operations a second."""

    name: str
    peak: float


CARDS = (Card("H100", 989e12), Card("RTX 4090", 165e12), Card("T4", 65e12))
"""From their makers' data sheets."""


def seconds(card: Card, operations: float, launches: float) -> float:
    """What so many operations in so many launches would take on a card; nothing where torch computes nothing.

    The card computes while the host goes on, so the longer of both counts.
    """
    return max(operations / (SHARE * card.peak), launches * LAUNCH_S if operations else 0.0)


def sentence(rows: Sequence[tuple[float, float]]) -> str:
    """The sum for each card, in words, of operations and launches."""
    sums = [f"{card.name} {sum(seconds(card, *row) for row in rows) / 3600:.1f} h" for card in CARDS]
    return (
        f"  what torch computes, on one card, estimated and not measured: {', '.join(sums)} "
        f"({SHARE:.0%} of the peak, or {1e6 * LAUNCH_S:.0f} µs an operator where that is longer)"
    )
