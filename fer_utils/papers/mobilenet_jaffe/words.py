"""What the numbers of a run say, in sentences that are made from them: nobody has to read a figure for it."""

from __future__ import annotations

from collections.abc import Sequence

from fer_utils.papers.claims import claim
from fer_utils.papers.mobilenet_jaffe.claims import CROP, NORMALISING, PAPER, RATE, SPREAD, compared
from fer_utils.papers.mobilenet_jaffe.protocol import COMPARED
from fer_utils.papers.mobilenet_jaffe.study import Study
from fer_utils.scores import Estimate

HEADLINE = f"{PAPER}/text/overall_accuracy/all/accuracy"

FACTORS = {
    NORMALISING: ("pixels {reading} in place of raw ones", "costs more than 40 points"),
    CROP: ("faces cut out, {reading}", "no very significant difference"),
    RATE: ("learning rate 0.01 in place of 0.001, {reading}", "ends in random weights"),
    SPREAD: ("spread over epochs, batches of 8 in place of 32, {reading}", "undesirable fluctuations"),
}
"""By the middle of a claim's id: what was changed, and what the paper says of it."""


def comparisons_in_words(study: Study, protocols: Sequence[str]) -> list[str]:
    """A line for each comparison of Section 4.1 and each reading: what it does on each split, beside the paper's words.

    Args:
        study: both readings, compared as :func:`~.claims.compared` does.
        protocols: which of :data:`~fer_utils.papers.study.PROTOCOLS`.
    """
    found = {protocol: compared(study, protocol) for protocol in protocols}
    lines = []
    for key, reading in sorted(found[protocols[0]], key=lambda each: list(FACTORS).index(each[0])):
        what, says = FACTORS[key]
        effects = [f"{COMPARED[name]} {_effect(found[name][key, reading])}" for name in protocols]
        lines.append(f"{what.format(reading=_short(reading))}: {'; '.join(effects)}. The paper: {says}")
    return lines


def headline_in_words(study: Study) -> list[str]:
    """A line for each reading: does A hold the paper's accuracy, and how much of it goes when people are kept apart?"""
    printed = float(claim(HEADLINE)["value"])
    lines = []
    for reading, base in study.readings.items():
        leaky, apart = (study.answers(base, name).accuracy() for name in "AD")
        low, high = (100 * bound for bound in leaky.ci95)
        holds = "holds" if low <= printed <= high else "does not hold"
        gone = 100 * (leaky.value - apart.value)
        lines.append(
            f"{reading[0].upper()}{reading[1:]}: {leaky.text()} % on A, which {holds} the paper's {printed:g}; "
            f"{apart.text()} % with people apart (D), {abs(gone):.0f} points {'less' if gone >= 0 else 'more'}."
        )
    return lines


def _effect(found: Estimate) -> str:
    low, high = (100 * bound for bound in found.ci95)
    told = "" if low > 0 or high < 0 else ", may be none"
    return f"{100 * found.value:+.1f} points [{low:.1f}, {high:.1f}]{told}".replace("-", "−")


def _short(reading: str) -> str:
    return reading.removeprefix("normalised to ")
