"""Where values lie on a drawing: the paper's, the published and the sound protocol's on one scale."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.wording import SIDES, Entry, digits, measured, paper_says

_SPREAD = re.compile(r"([\d.]+)\s*(?:±|\+/-)\s*([\d.]+)")


class Scale(NamedTuple):
    """A straight scale of ``width`` units with a margin on both sides, for values from ``low`` to ``high``."""

    low: float
    high: float
    width: float
    margin: float

    def place(self, value: float) -> float:
        """Units from the left; the middle where all values are one."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.margin + share * (self.width - 2 * self.margin), 1)

    def bar(self, block: Entry) -> Entry:
        """Where a value lies (``at``) and where its interval begins and how wide it is (``start``, ``length``)."""
        start, length = None, 0.0
        if block["ci95"]:
            start, end = (self.place(side) for side in block["ci95"])
            length = round(end - start, 1)
        return {"at": self.place(block["value"]), "start": start, "length": length}


def _values(blocks: Iterable[Entry | None]) -> list[float]:
    return [value for block in blocks if block for value in (block["value"], *(block["ci95"] or ()))]


def paper_interval(row: Entry) -> list[float] | None:
    """Both ends of what the paper prints as ``0.98 ± 0.01``; ``None`` where it prints no spread."""
    found = _SPREAD.fullmatch(row["printed"].strip())
    if not found:
        return None
    middle, spread = map(float, found.groups())
    return [middle - spread, middle + spread]


def lanes(row: Entry) -> Entry | None:
    """A headline as three lanes below one another: paper, published, sound, and the control's value in the last two.

    Percentages and fractions are drawn on the whole of their scale, so that papers can be compared.
    """
    paper = None if row["paper_value"] is None else {"value": row["paper_value"], "ci95": paper_interval(row)}
    control = row["control"] or {}
    blocks = {"paper": paper, **{name: row[name] for name in PROTOCOLS}}
    values = _values([*blocks.values(), *(control.get(name) for name in PROTOCOLS)])
    if not values:
        return None
    whole = {"%": 100.0, "fraction": 1.0}.get(row["unit"])
    inside = whole is not None and min(values) >= 0 and max(values) <= whole
    scale = Scale(0.0, whole, 200, 6) if inside and whole else Scale(min(values), max(values), 200, 6)
    says = paper_says(row)
    found = []
    for name, block in blocks.items():
        beside = control.get(name)
        shown = measured(block, row["unit"]) if block else None
        if name == "paper" and shown:
            shown |= {"text": says["text"], "range": ""}
        found.append(
            {
                "name": name,
                "block": shown,
                "unit": says["unit"] if name == "paper" else row["unit"],
                "bar": scale.bar(block) if block else None,
                "control": measured(beside, row["unit"]) if beside else None,
                "control_at": scale.place(beside["value"]) if beside else None,
            }
        )
    chance = next((row[name]["reference"] for name in PROTOCOLS if row[name]), None)
    return {
        "lanes": found,
        "ticks": [
            {"at": scale.place(value), "text": digits(value, "") if not inside else f"{value:g}"}
            for value in (scale.low, (scale.low + scale.high) / 2, scale.high)
        ],
        "chance_at": scale.place(chance) if chance is not None and scale.low <= chance <= scale.high else None,
        "chance": "" if chance is None else digits(chance, row["unit"]),
    }


def forest(row: Entry) -> Entry | None:
    """A claim's values on a scale of their own; ``None`` where nothing was measured."""
    blocks = {name: row[name] for name in PROTOCOLS if row[name]}
    if not blocks:
        return None
    ordering = row["relation"] in SIDES
    values = _values(blocks.values()) + ([0.0] if ordering else [])
    values += [] if row["paper_value"] is None else [row["paper_value"]]
    scale = Scale(min(values), max(values), 100, 5)
    return {
        "paper": None if row["paper_value"] is None else scale.place(row["paper_value"]),
        "zero": scale.place(0.0) if ordering else None,
        "bars": {name: scale.bar(block) for name, block in blocks.items()},
    }
