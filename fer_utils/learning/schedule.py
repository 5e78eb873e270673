"""The rate of each step."""

from __future__ import annotations

import math

RISE = 0.25
"""Share of a one-cycle training in which the rate rises."""
START, END = 1 / 25, 1 / 250_000
"""First and last rate of one cycle, as shares of the highest; the defaults of Smith & Topin's schedule in PyTorch."""


def rates(schedule: str, highest: float, steps: int) -> list[float]:
    """The learning rate of every step.

    ``constant``: always ``highest``. ``one_cycle`` (Smith & Topin 2018): from a 25th of it up, then down to nothing,
    both along half a cosine.
    """
    if schedule == "constant":
        return [highest] * steps
    peak = max(1, round(RISE * steps) - 1)
    rising = [_between(START, 1.0, step / peak) for step in range(min(peak, steps))]
    fall = max(1, steps - 1 - peak)
    falling = [_between(1.0, END, step / fall) for step in range(steps - len(rising))]
    return [highest * share for share in rising + falling]


def _between(first: float, last: float, share: float) -> float:
    """From ``first`` to ``last`` along half a cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
