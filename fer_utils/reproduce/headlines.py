"""The number that each paper is known by, and the control that it should be read against."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_utils.papers.headline import Control
from fer_utils.papers.registry import PAPERS

HEADLINES = {paper.name: paper.headline for paper in PAPERS}


def read_control(control: Control, folder: Path, reading: str = "") -> dict[str, Any] | None:
    """The control's numbers in the run's folder.

    Args:
        control: what to look for.
        folder: the run's.
        reading: which reading of the claim they are held beside; the table then has a column ``reading``.

    Returns:
        ``{"name": …, "published": {"value", "ci95"} or None, "sound": …}``; ``None`` if the run has no such row.
    """
    try:
        with (folder / "tables" / f"{control.table}.csv").open(encoding="utf-8", newline="") as stream:
            where = {**control.where, **({"reading": reading} if reading else {})}
            rows = [row for row in csv.DictReader(stream) if _matches(row, where)]
    except (OSError, ValueError, csv.Error):  # an older run has no such table, or another one
        return None
    found = {
        protocol: next((_block(row, control.columns) for row in rows if row.get("protocol") == code), None)
        for protocol, code in control.protocols.items()
    }
    return {"name": control.name, **found} if any(found.values()) else None


def _matches(row: Mapping[str, str | None], where: Mapping[str, str | tuple[str, ...]]) -> bool:
    return all(
        row.get(column) in ((wanted,) if isinstance(wanted, str) else wanted) for column, wanted in where.items()
    )


def _block(row: Mapping[str, str | None], columns: tuple[str, str, str]) -> dict[str, Any] | None:
    try:
        value, low, high = (float(row.get(column) or "nan") for column in columns)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return {"value": value, "ci95": [low, high] if math.isfinite(low) and math.isfinite(high) else None}
