"""How numbers and verdicts read: the same words on the page and in the terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

Entry = dict[str, Any]

VERDICTS = {
    "reproduced": ("✓", "the paper’s value lies in our interval or its tolerance: same data, same sizes"),
    "not reproduced": ("✗", "the paper’s value lies outside: same data, same sizes"),
    "direction holds": ("▲", "our interval lies on the claimed side of chance, or of no difference"),
    "direction fails": ("▼", "our interval lies on the other side"),
    "size excluded": ("½", "on the paper’s test data: our interval holds 0, but not half of the claimed difference"),
    "undecided": ("?", "our interval allows both, or there is none"),
    "not testable": ("–", "no number of ours can be held against the claim"),
}
"""Every verdict's sign and what it means."""

STAND_IN = "stand-in pictures"
"""How a run's differences from the official releases name a set that is rendered."""

# An ordering's value is a difference: its sign is what is claimed, its size stands behind it.
SIDES = {">": "above 0", "<": "below 0", "~0": "about 0"}
BOUNDS = {">=": "at least ", "<=": "at most "}


def digits(value: float, unit: str, signed: bool = False) -> str:
    """A number as it is shown: one decimal for %, three for fractions, whole counts as they are, else three digits."""
    sign = "+" if signed else ""
    if unit.startswith(("%", "fraction")):
        text = f"{value:{sign}.{1 if unit.startswith('%') else 3}f}"
    elif (unit not in ("", "fraction") and float(value).is_integer()) or abs(value) >= 999.5:
        text = f"{value:{sign}.0f}"
    else:
        text = f"{value:{sign}#.3g}".rstrip(".")
    if not re.search("[1-9]", text):  # neither "-0.0" nor "+0.0"
        text = text.lstrip("+-")
    return text.replace("-", "−")


def measured(block: Entry, unit: str, signed: bool = False) -> Entry:
    """A protocol's result, or the gap between the two, with its number and its interval as text."""
    interval = ", ".join(digits(end, unit, signed) for end in block["ci95"] or ())
    return block | {"text": digits(block["value"], unit, signed), "range": f"[{interval}]" if interval else ""}


def paper_says(row: Entry) -> Entry:
    """The paper's side: ``text``, the ``unit`` to stand behind it, and a ``quote`` where the paper uses words."""
    unit, value, printed, relation = row["unit"], row["paper_value"], row["printed"], row["relation"]
    if relation in SIDES:
        size = f"{value:+g} ".replace("-", "−") if value else ""
        return {"text": SIDES[relation], "unit": size + unit, "quote": printed}
    if not any(character.isdigit() for character in printed):
        text = "" if value is None else f"{BOUNDS.get(relation, '')}{value:g}"
        return {"text": text, "unit": unit if text else "", "quote": printed}
    return {"text": printed, "unit": "" if "%" in printed else unit, "quote": ""}


def tally(rows: Iterable[Entry], protocol: str) -> Counter[str]:
    """How often each verdict was given to a protocol's numbers."""
    return Counter(row[protocol]["verdict"] for row in rows if row[protocol])


def tally_text(counts: Counter[str]) -> str:
    """``15 direction holds, 3 undecided``; ``no verdict`` where nothing was counted."""
    return ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name]) or "no verdict"
