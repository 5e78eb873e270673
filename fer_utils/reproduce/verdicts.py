"""What our number says about the paper's.

=================  ============================================================================
reproduced         the paper's value lies in our interval or within the stated tolerance, on the
                   paper's data, the official release, at the paper's sizes (profile ``paper``)
not reproduced     it does not
direction holds    for orderings, and for other data or smaller runs: our interval lies wholly
                   on the side of the reference (chance, or no difference) where the paper's
                   value lies
direction fails    it lies wholly on the other side
size excluded      for orderings with a size, tested on the paper's data: our interval holds 0, but not even
                   half of the paper's difference
undecided          our interval holds the reference: the run cannot tell, and the reason says how large a one could
not testable       and why
=================  ============================================================================

Why half: a gain of less than half the claimed one is another finding, while a smaller network or run may well cost
some of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fer_utils.reproduce.wording import BOUNDS, STAND_IN, digits


class Verdict(NamedTuple):
    """One of :data:`fer_utils.reproduce.wording.VERDICTS` and a sentence that says why."""

    verdict: str
    reason: str
    claimed: str = ""
    """What our interval was held against, in a few words: ``above 12.5``, ``within ±5``, ``85.54``."""
    limit: str = ""
    """Why no more than a direction can be judged; empty where a value can."""


def judge(claim: Mapping[str, Any], number: Mapping[str, Any]) -> Verdict:
    """Judge one of our numbers against a row of the claims table.

    Args:
        claim: ``value tolerance relation dataset unit`` of the paper's claim.
        number: ``value ci95 dataset kind profile``, where a direction is to be judged
            ``reference``, ``changed``, the settings that are not the profile's, and ``differs``, how the
            pictures differ from the official release (absent: they do not); an entry of ``numbers.json``.
    """
    same_data = number["kind"] == "real" and number["dataset"] in claim["dataset"].split()
    full_size = number["profile"] == "paper" and not number.get("changed")
    if claim["relation"] == "~0":
        return _judge_equivalence(claim, number)
    if claim["relation"] in ("=", ">=", "<=") and same_data and full_size and not number.get("differs"):
        return _judge_value(claim, number)
    limits = _limits(number, same_data)
    if claim["relation"] in (">", "<"):
        found = _judge_direction(claim, number, "an ordering")
        return _with_what_would_tell(_judge_size(claim, number, found, limits) if same_data else found, claim, number)
    why = limits[0] if limits else "no number is claimed"
    found = _judge_direction(claim, number, f"{why}, so only the direction counts")
    return _with_what_would_tell(found, claim, number)


def _limits(number: Mapping[str, Any], same_data: bool) -> list[str]:
    """Whatever keeps a value from being judged, the weightiest first."""
    if number["kind"] != "real":
        return [STAND_IN]
    if not same_data:
        return [f"other data than the paper's ({number['dataset']})"]
    found = []
    if number.get("changed"):
        settings = ", ".join(f"{name}={value}" for name, value in number["changed"].items())
        found.append(f"settings changed ({settings})")
    if number.get("differs"):
        # Where a second set is a stand-in, that says more than any picture that is missing.
        first, *others = sorted(number["differs"], key=lambda difference: not difference.endswith(STAND_IN))
        more = f" and {len(others)} more" if others else ""
        found.append(f"other pictures than the official release ({first}{more})")
    if number["profile"] != "paper":
        found.append(f"profile {number['profile']}, smaller than the paper's")
    return found


def _judge_value(claim: Mapping[str, Any], number: Mapping[str, Any]) -> Verdict:
    low, high = number["ci95"] or (number["value"], number["value"])
    slack = 0.0 if np.isnan(claim["tolerance"]) else float(claim["tolerance"])
    target = float(claim["value"])
    # A bound such as "above 96" is met by any value beyond it.
    met = {
        "=": low - slack <= target <= high + slack,
        ">=": high + slack >= target,
        "<=": low - slack <= target,
    }[claim["relation"]]
    verdict, does = ("reproduced", "agrees") if met else ("not reproduced", "disagrees")
    bound = "" if claim["relation"] == "=" else "bound "
    reason = f"our interval {_interval(claim, number)} {does} with the paper's {bound}{target:g}"
    return Verdict(verdict, reason, f"{BOUNDS.get(claim['relation'], '')}{target:g}")


def _judge_direction(claim: Mapping[str, Any], number: Mapping[str, Any], why: str) -> Verdict:
    reference = _reference(claim, number)
    if reference is None:
        return Verdict("not testable", f"{why}, and no reference was given to judge one by", limit=why)
    upward = claim["relation"] == ">" or (claim["relation"] != "<" and float(claim["value"]) > reference)
    claimed = f"{'above' if upward else 'below'} {digits(reference, claim['unit'])}"
    if number["ci95"] is None:
        return Verdict("undecided", f"{why}; no interval", claimed, why)
    low, high = number["ci95"]
    text = f"{why}: claimed {claimed}, our interval is {_interval(claim, number)}"
    if low <= reference <= high:
        return Verdict("undecided", text, claimed, why)
    return Verdict("direction holds" if (low > reference) == upward else "direction fails", text, claimed, why)


def _reference(claim: Mapping[str, Any], number: Mapping[str, Any]) -> float | None:
    """What an interval must not hold: no difference for orderings, else chance, where it was given."""
    return 0.0 if claim["relation"] in (">", "<") else number.get("reference")


def _judge_size(claim: Mapping[str, Any], number: Mapping[str, Any], found: Verdict, limits: list[str]) -> Verdict:
    """What the paper's difference adds to the verdict on its sign, where our interval excludes even half of it."""
    # A count, a test statistic or a score grows with the run, so that its half says nothing about a smaller one.
    rate = claim["unit"].startswith(("%", "fraction"))
    if not rate or number["ci95"] is None or found.verdict == "direction fails":
        return found
    (low, high), size, upward = number["ci95"], float(claim["value"]), claim["relation"] == ">"
    half = size / 2
    if not (high < half if upward else low > half) or not (size > 0 if upward else size < 0):
        return found
    size_text, half_text = (f"{value:g}".replace("-", "−") for value in (size, half))
    short = f"wholly {'below' if upward else 'above'} {half_text}, which is half of the paper's {size_text}"
    reason = f"{found.reason}, {short}: an effect of that size is excluded"
    if limits:
        reason += f"; no value is judged: {'; '.join(limits)}"
    verdict = "size excluded" if found.verdict == "undecided" else found.verdict
    return Verdict(verdict, reason, f"{found.claimed}, by {size_text} (excluded)", found.limit)


def _judge_equivalence(claim: Mapping[str, Any], number: Mapping[str, Any]) -> Verdict:
    same_data = number["kind"] == "real" and number["dataset"] in claim["dataset"].split()
    where = "" if same_data else f" (on other data than the paper's: {number['dataset']})"
    if same_data and number.get("differs"):
        where = f" (on other pictures than the official release: {number['differs'][0]})"
    margin = float(claim["tolerance"])
    claimed = f"within ±{margin:g}"
    if number["ci95"] is None:
        return Verdict("undecided", "no interval", claimed)
    low, high = number["ci95"]
    text = f"claimed to differ by no more than {margin:g}, our interval is {_interval(claim, number)}{where}"
    if -margin <= low and high <= margin:
        return Verdict("direction holds", text, claimed)
    if low > margin or high < -margin:
        return Verdict("direction fails", text, claimed)
    return Verdict("undecided", text, claimed)


HOPELESS = 100
"""Where so many times as large a sample would not tell, the effect is next to nothing, whatever its sign."""


def _with_what_would_tell(found: Verdict, claim: Mapping[str, Any], number: Mapping[str, Any]) -> Verdict:
    """An undecided verdict says how much larger a sample would leave the reference outside the interval.

    An interval shrinks with the root of the number of people, pictures or seeds that it is over.
    """
    reference = _reference(claim, number)
    if found.verdict != "undecided" or number["ci95"] is None or reference is None:
        return found
    low, high = number["ci95"]
    half = number["value"] - low if number["value"] > reference else high - number["value"]
    distance = abs(number["value"] - reference)
    if half**2 >= HOPELESS * distance**2:
        words = f"our value lies so near that {HOPELESS} times as large a sample would not tell"
    else:
        words = f"if our value stays there, a sample {max((half / distance) ** 2, 1.1):.2g} times as large would tell"
    return found._replace(reason=f"{found.reason}; {words}")


def _interval(claim: Mapping[str, Any], number: Mapping[str, Any]) -> str:
    ends = [digits(end, claim["unit"]) for end in number["ci95"] or [number["value"]]]
    return f"[{', '.join(ends)}]" if number["ci95"] else ends[0]
