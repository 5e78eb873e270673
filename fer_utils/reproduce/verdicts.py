"""What our number says about the paper's.

=================  ============================================================================
reproduced         the paper's value lies in our interval or within the stated tolerance, on the
                   paper's data, the official release, at the paper's sizes (profile ``paper``)
not reproduced     it does not
direction holds    for orderings, and for other data or smaller runs: our interval lies wholly
                   on the side of the reference (chance, or no difference) where the paper's
                   value lies
direction fails    it lies wholly on the other side
undecided          our interval holds the reference: the run cannot tell
not testable       and why
=================  ============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fer_utils.reproduce.wording import BOUNDS, digits


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
    why = "an ordering" if claim["relation"] in (">", "<") else _why_direction_only(number, same_data)
    return _judge_direction(claim, number, why)


def _why_direction_only(number: Mapping[str, Any], same_data: bool) -> str:
    if number["kind"] != "real":
        return "stand-in pictures, so only the direction counts"
    if not same_data:
        return f"other data than the paper's ({number['dataset']}), so only the direction counts"
    if number.get("changed"):
        settings = ", ".join(f"{name}={value}" for name, value in number["changed"].items())
        return f"settings changed ({settings}), so only the direction counts"
    if number.get("differs"):
        first, *others = number["differs"]
        more = f" and {len(others)} more" if others else ""
        return f"other pictures than the official release ({first}{more}), so only the direction counts"
    return f"profile {number['profile']}, smaller than the paper's, so only the direction counts"


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
    reference = 0.0 if claim["relation"] in (">", "<") else number.get("reference")
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


def _interval(claim: Mapping[str, Any], number: Mapping[str, Any]) -> str:
    ends = [digits(end, claim["unit"]) for end in number["ci95"] or [number["value"]]]
    return f"[{', '.join(ends)}]" if number["ci95"] else ends[0]
