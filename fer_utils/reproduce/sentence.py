"""What a paper's best-known number comes to, in one sentence made of its intervals.

Whether two numbers can be told apart is asked of their 95 % intervals alone: where these overlap, no difference is
claimed. That is strict; a paired comparison, where a notebook makes one, stands among the claims.
"""

from __future__ import annotations

from typing import Any

from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.wording import Entry, measured

_RELATIONS = {"same": "overlaps it", "below": "stays below it", "above": "is above it"}


def finding(row: Entry) -> str:
    """The sentence for a headline: first the gap between the protocols, then the control.

    Args:
        row: an entry of ``headlines``; see :mod:`fer_utils.reproduce.report`.
    """
    if not row["run"]:
        return "Not run yet."
    parts = [_gap(row), _control(row)]
    return "; ".join(part for part in parts if part) + "."


def _gap(row: Entry) -> str:
    missing = [name for name in PROTOCOLS if not row[name]]
    if missing:
        return f"The {' and the '.join(missing)} protocol was not run"
    block = measured(row["gap"], row["unit"], signed=True)
    points = " points" if row["unit"].startswith("%") else ""
    size = f"{block['text'].lstrip('+−')}{points}"
    if not row["gap"]["ci95"]:
        return f"Published minus sound is {block['text']}{points}, without an interval"
    low, high = row["gap"]["ci95"]
    if low > 0:
        return f"Made sound it loses {size}, gap {block['range']}"
    if high < 0:
        return f"Made sound it gains {size}, gap {block['range']}"
    return f"Published and sound cannot be told apart, gap {block['text']}{points} {block['range']}"


def _control(row: Entry) -> str:
    control = row["control"]
    if not control:
        return "no control was run"
    found = {name: _relation(row[name], control[name]) for name in PROTOCOLS if row[name] and control[name]}
    name = f"the control “{control['name']}”"
    if len(set(found.values())) == 1:
        (relation,) = set(found.values())
        where = " in either protocol" if len(found) > 1 else f" where {next(iter(found))}"
        where = " in both protocols" if len(found) > 1 and relation != "same" else where
        return f"{name} {_RELATIONS[relation]}{where}"
    if not found:
        return "no control was run"
    return f"{name} " + " and ".join(f"{_RELATIONS[relation]} where {where}" for where, relation in found.items())


def _relation(ours: dict[str, Any], control: dict[str, Any]) -> str:
    (low, high), (its_low, its_high) = (block["ci95"] or [block["value"]] * 2 for block in (ours, control))
    if its_high < low:
        return "below"
    return "above" if its_low > high else "same"
