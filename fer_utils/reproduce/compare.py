"""Does this machine agree? Each number of a re-run beside the recorded one.

Processors round differently, and training amplifies it: equal numbers are promised for one kind of machine only.
Elsewhere a number agrees when it lies in the interval that the recorded run gives for it.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_utils.errors import UsageError
from fer_utils.reproduce.folders import settled
from fer_utils.reproduce.signed import SignedRun, signed_runs

SAME = 1e-9
"""Relative difference below which two numbers count as identical: they are the same sums, written as decimals."""

Number = Mapping[str, Any]


@dataclass
class Agreement:
    """One run beside the recorded run of the same name.

    Attributes:
        run: ``notebook/dataset-profile``.
        identical, inside, outside: how many numbers are the recorded ones, or differ and lie inside, or outside, the
            recorded 95 % interval. Without a recorded interval, a number that differs is outside. A test's statistic is
            inside where the test ends alike, on the same side of the critical value.
        new, gone: how many numbers only this run, or only the recorded one, has.
        outside_claims: what lies outside: ``claim protocol value recorded recorded_ci95``; a claim's reading stands
            behind the protocol.
        tables, same_tables: how many tables both have, and how many of them are equal byte by byte.
        note: why the two cannot be expected to agree, if so.
    """

    run: str
    identical: int = 0
    inside: int = 0
    outside: int = 0
    new: int = 0
    gone: int = 0
    outside_claims: list[dict[str, Any]] = field(default_factory=list)
    tables: int = 0
    same_tables: int = 0
    note: str = ""

    @property
    def refused(self) -> bool:
        """Whether one of the two is not to be trusted, so that nothing was compared."""
        return self.note.startswith("not compared")

    @property
    def agrees(self) -> bool:
        """Whether every recorded number came out again, and none lies outside."""
        return not (self.outside or self.gone or self.refused)

    def as_dict(self) -> dict[str, Any]:
        """As the report takes it."""
        return dict(vars(self))


def compare_runs(ours: SignedRun, theirs: SignedRun) -> Agreement:
    """Hold the numbers of one run against those of another."""
    found = Agreement(_name(ours))
    mine, recorded = _numbers(ours), _numbers(theirs)
    found.new, found.gone = len(set(mine) - set(recorded)), len(set(recorded) - set(mine))
    for key in sorted(set(mine) & set(recorded)):
        place = _place(mine[key], recorded[key])
        setattr(found, place, getattr(found, place) + 1)
        if place == "outside":
            found.outside_claims.append(
                {"claim": key[0], "protocol": ", ".join(filter(None, key[1:])), "value": mine[key]["value"],
                 "recorded": recorded[key]["value"], "recorded_ci95": recorded[key]["ci95"]}
            )  # fmt: skip
    digests, others = ours.receipt["files"], theirs.receipt["files"]
    tables = [name for name in digests if name.startswith("tables/") and name in others]
    found.tables = len(tables)
    found.same_tables = sum(digests[name] == others[name] for name in tables)
    found.note = _note(ours.receipt, theirs.receipt)
    return found


def _place(ours: Number, theirs: Number) -> str:
    """``identical``, ``inside`` or ``outside``."""
    pairs = zip((ours["value"], *(ours["ci95"] or ())), (theirs["value"], *(theirs["ci95"] or ())), strict=False)
    same_ends = (ours["ci95"] is None) == (theirs["ci95"] is None)
    same = [math.isclose(one, other, rel_tol=SAME, abs_tol=SAME) for one, other in pairs]
    if same_ends and all(same):
        return "identical"
    if theirs["ci95"] is None:
        return "inside" if same[0] else "outside"
    low, high = theirs["ci95"]
    critical = theirs["reference"]
    if low == high and critical is not None:  # a test's own statistic, which has no interval: does the test end alike?
        return "inside" if (ours["value"] > critical) == (low > critical) else "outside"
    return "inside" if low <= ours["value"] <= high else "outside"


def _numbers(run: SignedRun) -> dict[tuple[str, str, str], Number]:
    return {(number["claim"], number["protocol"], number.get("reading", "")): number for number in run.numbers}


def _name(run: SignedRun) -> str:
    return f"{run.folder.parent.name}/{run.folder.name}"


def _note(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    parts = []
    if ours["data"] != theirs["data"]:
        parts.append("other pictures")
    if ours["settings"] != theirs["settings"]:
        parts.append("other settings")
    if ours["package"]["digest"] != theirs["package"]["digest"]:
        parts.append("other code")
    # Older receipts lack what the computing process said of its arithmetic.
    for name, what in (
        ("libraries", "other libraries"),
        ("arithmetic", "other arithmetic"),
    ):
        if name in ours and name in theirs and ours[name] != theirs[name]:
            parts.append(what)
    return ", ".join(parts)


def compare(results: Path, recorded: Path) -> list[Agreement]:
    """Every signed run below ``results`` that has a recorded run of the same name.

    Raises:
        UsageError: both are the same folder, so that there is nothing to compare.
    """
    if results.resolve() == recorded.resolve():
        raise UsageError(f"{results} holds the recorded runs themselves; name a re-run's folder with --results DIR")
    with settled(results), settled(recorded):
        (ours, refused), (theirs, lost) = signed_runs(results), signed_runs(recorded)
    known = {_name(run): run for run in theirs}
    # A run that cannot be trusted says nothing of agreement, and must not look as if it agreed.
    bad = [Agreement(run, note=f"not compared: {why}") for run, why in refused]
    bad += [Agreement(run, note=f"not compared: the recorded run: {why}") for run, why in lost]
    return [compare_runs(run, known[_name(run)]) for run in ours if _name(run) in known] + bad


def as_text(agreements: list[Agreement]) -> str:
    """A table of at most 100 columns, and every number that lies outside by name."""
    if not agreements:
        return "No run here has a recorded run of the same name, so there is nothing to compare.\n"
    columns = ("identical", "inside", "outside", "new", "gone")
    lines = ["Does this machine agree with the recorded runs?", ""]
    lines.append(f"{'run':<44}" + "".join(f"{name:>10}" for name in columns))
    for found in agreements:
        lines.append(f"{found.run[:43]:<44}" + "".join(f"{getattr(found, name):>10}" for name in columns))
    total = {name: sum(getattr(found, name) for found in agreements) for name in columns}
    lines.append(f"{'in all':<44}" + "".join(f"{total[name]:>10}" for name in columns))
    tables, same = (sum(getattr(found, name) for found in agreements) for name in ("tables", "same_tables"))
    lines.append(f"tables equal byte by byte: {same} of {tables}")
    lines.append("")
    for found in agreements:
        if found.note:
            made = "" if found.refused else "made from "
            than = "" if found.refused else " than the recorded run"
            lines += textwrap.wrap(f"{found.run}: {made}{found.note}{than}", 100, subsequent_indent="  ")
        for number in found.outside_claims:
            ends = number["recorded_ci95"]
            interval = f" [{ends[0]:.4g}, {ends[1]:.4g}]" if ends else " (no interval)"
            text = (
                f"outside: {number['claim']} ({number['protocol']}): {number['value']:.4g}, "
                f"recorded {number['recorded']:.4g}{interval}"
            )
            lines += textwrap.wrap(text, 100, subsequent_indent="  ", break_on_hyphens=False)
    lines.append(
        "identical: the recorded number. inside: another one, within the recorded 95 % interval.\n"
        "outside: beyond it; a few are expected on another kind of processor."
    )
    return "\n".join(lines) + "\n"
