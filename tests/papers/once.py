"""What several tests ask a unit for is computed once: that the same call gives the same bits, other tests hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_utils.papers.study import Unit
from fer_utils.reproduce.units import unit_key

_results: dict[str, dict[str, Any]] = {}


def once(unit: Unit, call: Mapping[str, Any]) -> dict[str, Any]:
    """What the unit gives for this call, now or earlier in this process; nobody changes the arrays in it."""
    key = unit_key(unit, call)
    if key not in _results:
        _results[key] = unit(**call)
    return dict(_results[key])
