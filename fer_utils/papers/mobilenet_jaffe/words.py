"""What the numbers of a run say, in sentences that are made from them: nobody has to read a figure for it."""

from __future__ import annotations

from collections.abc import Sequence

from fer_utils.papers.claims import claim
from fer_utils.papers.mobilenet_jaffe.claims import CROP, NORMALISING, PAPER, RATE, SPREAD, STATED, compared
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
    """A line for each reading: does A hold the paper's accuracy, and how much goes when people are kept apart?

    After the last epoch, so that nothing was chosen. On data of other classes nothing is held beside the paper's.
    """
    printed = float(claim(HEADLINE)["value"])
    lines = []
    for reading, base in study.readings.items():
        leaky, apart = (study.answers(base, name).accuracy() for name in "AD")
        low, high = (100 * bound for bound in leaky.ci95)
        holds = f", which {'holds' if low <= printed <= high else 'does not hold'} the paper's {printed:g}"
        gone = 100 * (leaky.value - apart.value)
        lines.append(
            f"last epoch, {reading}: {leaky.text()} % on A{holds if _its_classes(study) else ''}; "
            f"{apart.text()} % with people apart (D), {abs(gone):.0f} points {'less' if gone >= 0 else 'more'}"
        )
    return lines


def _its_classes(study: Study) -> bool:
    """Whether the paper's number is of as many classes: with fewer, chance is another."""
    return len(study.faces.classes) == len(STATED) + 1


def _effect(found: Estimate) -> str:
    low, high = (100 * bound for bound in found.ci95)
    told = "" if low > 0 or high < 0 else ", may be none"
    return f"{100 * found.value:+.1f} points [{low:.1f}, {high:.1f}]{told}".replace("-", "−")


def _short(reading: str) -> str:
    return reading.removeprefix("normalised to ")
