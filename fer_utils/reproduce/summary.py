"""Everything the signed runs say, claim by claim: the source of report and verdict table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.papers.claims import load_claims
from fer_utils.papers.registry import PAPERS
from fer_utils.papers.study import PROFILES, PROTOCOLS
from fer_utils.reproduce import receipt_words
from fer_utils.reproduce.crate import CRATE
from fer_utils.reproduce.folders import settled
from fer_utils.reproduce.headlines import HEADLINES, read_control
from fer_utils.reproduce.kept_pictures import MIME_TYPES
from fer_utils.reproduce.signed import NOTEBOOK, RECEIPT, SignedRun, signed_runs
from fer_utils.reproduce.verdicts import judge
from fer_utils.scores import Estimate, unpaired_difference

NOT_FOR_READING = ("smoke",)
"""Profiles that only show that every cell runs: their numbers get no verdict."""


def summarise(results: Path) -> dict[str, Any]:
    """Join the claims with the numbers of every signed run.

    Returns:
        ``coverage``  a row a paper
        ``headlines`` the best-known number of each paper: a row a run and reading that has it, with its
                      ``control``, the most telling run first; one row without a run where none has
        ``runs``      a row a signed folder; ``for_reading`` is false where its numbers get no verdict
        ``rows``      a row a claim, reading and run; claims that cannot be tested follow, with their reason
        ``refused``   ``{"run", "why"}`` for each folder that is not to be trusted
    """
    with settled(results):
        return _summarise(results)


def _summarise(results: Path) -> dict[str, Any]:
    claims = load_claims()
    found, refused = signed_runs(results)
    described = [(run, _describe_run(results, run)) for run in found]
    rows = [row for run, about in described if about["for_reading"] for row in _rows_of(claims, run, about)]
    order = {claim: position for position, claim in enumerate(claims.index)}
    rows.sort(key=lambda row: (order[row["claim"]], row["run"]))
    started = {row["paper"] for row in rows}
    tested = {row["claim"] for row in rows}
    headlines = _headlines(claims, rows, {about["run"]: run.folder for run, about in described})
    untestable = claims[(claims["ours"] == "not testable") & claims["paper"].isin(started)]
    rows += [_row(claim, {}, None) for _, claim in untestable.iterrows()]
    return {
        "coverage": _coverage(claims, tested),
        "headlines": headlines,
        "runs": [about for _, about in described],
        "rows": rows,
        "refused": [{"run": problem.run, "why": problem.why} for problem in refused],
    }


def _describe_run(results: Path, run: SignedRun) -> dict[str, Any]:
    receipt, name = run.receipt, run.folder.relative_to(results).as_posix()

    def signed(folder: str, *endings: str) -> list[str]:
        mine = (file for file in sorted(receipt["files"]) if fnmatchcase(file, f"{folder}/*"))
        return [f"{name}/{file}" for file in mine if file.endswith(endings)]

    return {
        "run": name,
        "notebook": receipt["notebook"],
        "dataset": next(iter(receipt["data"]), "all"),
        "kind": receipt["kind"],
        "profile": receipt["profile"],
        "for_reading": receipt["profile"] not in NOT_FOR_READING,
        "notebook_file": f"{name}/{NOTEBOOK}",
        "figures": signed("figures", *MIME_TYPES),
        "tables": signed("tables", ".csv"),
        "receipt": f"{name}/{RECEIPT}",
        "crate": f"{name}/{CRATE}" if CRATE in receipt["files"] else None,
        "about": receipt_words.about(receipt),
        "settings": receipt_words.settings(receipt),
    }


def _rows_of(claims: pd.DataFrame, run: SignedRun, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    read: dict[tuple[str, str], dict[str, Any]] = {}
    for number in run.numbers:
        read.setdefault((number["claim"], number.get("reading", "")), {})[number["protocol"]] = number
    return [_row(claims.loc[claim], numbers, about) for (claim, _), numbers in read.items()]


def _headlines(claims: pd.DataFrame, rows: list[dict[str, Any]], folders: Mapping[str, Path]) -> list[dict[str, Any]]:
    found = []
    for headline in HEADLINES.values():
        mine = [row for row in rows if row["claim"] in headline.claims]
        ranked = sorted(mine, key=lambda row: _rank(row, headline.claims))
        runs = list(dict.fromkeys(row["run"] for row in ranked))
        of: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in rows:
            of.setdefault((row["claim"], row["run"]), []).append(row)
        for run in runs:
            claim = next(claim for claim in headline.claims if (claim, run) in of)
            for row in sorted(of[claim, run], key=_apart):
                control = read_control(headline.control, folders[run], row["reading"])
                found.append(row | {"short": headline.short, "control": control})
        if not runs:
            row = _row(claims.loc[headline.claims[0]], {}, None)
            found.append(row | {"short": headline.short, "control": None})
    return found


def _rank(row: Mapping[str, Any], claims: Sequence[str]) -> tuple[int, int, int, int, str]:
    """Sorts a paper's runs: its own data, then their stand-ins, each in the order of the headline's ``claims``; the
    notebook's default; larger runs."""
    recorded = next((paper.recorded for paper in PAPERS if paper.name == row["paper"]), ())
    names = [name.partition(":")[0] for name in recorded]
    place = names.index(row["dataset"]) if row["dataset"] in names else len(names)
    own = row["dataset"] in row["paper_dataset"].split()
    near = 0 if own and row["kind"] == "real" else 1 if own else 2
    named = claims.index(row["claim"]) if own else len(claims)
    return (near, named, place, -PROFILES.index(row["profile"]), row["run"])


def _apart(row: Mapping[str, Any]) -> float:
    """Sorts the readings of a run: the one that comes closest to the paper's number as published first."""
    side = row["published"] or row["sound"]
    return abs(side["value"] - row["paper_value"]) if side and row["paper_value"] is not None else 0.0


def _row(claim: pd.Series, numbers: Mapping[str, Mapping[str, Any]], run: Mapping[str, Any] | None) -> dict[str, Any]:
    sides = {protocol: _side(claim, numbers.get(protocol)) for protocol in PROTOCOLS}
    changed = next((number.get("changed") for number in numbers.values()), None)
    reading = next((number.get("reading", "") for number in numbers.values()), "")
    return {
        "claim": claim.name,
        "paper": claim["paper"],
        "where": claim["where"],
        "what": claim["what"],
        "unit": claim["unit"],
        "printed": claim["printed"],
        "paper_value": None if np.isnan(claim["value"]) else float(claim["value"]),
        "relation": claim["relation"],
        "paper_dataset": claim["dataset"],
        "run": run and run["run"],
        "dataset": run["dataset"] if run else "",
        "kind": run["kind"] if run else "",
        "profile": run["profile"] if run else "",
        "changed": changed or {},
        "reading": reading,
        **sides,
        "gap": _gap(sides["published"], sides["sound"]),
        "why": "" if run else claim["why"],
    }


def _side(claim: pd.Series, number: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if number is None:
        return None
    verdict = judge(claim, number)
    kept = {name: number[name] for name in ("value", "ci95", "n", "interval", "reference", "leak")}
    return {**kept, **verdict._asdict()}


def _gap(published: Mapping[str, Any] | None, sound: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if published is None or sound is None:
        return None
    if published["ci95"] is None or sound["ci95"] is None:
        return {"value": published["value"] - sound["value"], "ci95": None}
    first, second = (
        Estimate(side["value"], side["ci95"][0], side["ci95"][1], side["n"], side["interval"])
        for side in (published, sound)
    )
    gap = unpaired_difference(first, second)
    return {"value": gap.value, "ci95": gap.ci95}


def _coverage(claims: pd.DataFrame, tested: set[str]) -> list[dict[str, Any]]:
    rows = []
    for paper in PAPERS:
        mine = claims[claims["paper"] == paper.name]
        counts = mine["ours"].value_counts()
        rows.append(
            {
                "paper": paper.name,
                "title": paper.title,
                "notebook": paper.notebook,
                "idea": paper.idea,
                "picture": paper.picture,
                "reproduce": int(counts.get("reproduce", 0)),
                "tested": len(tested & set(mine.index)),
                "not_testable": int(counts.get("not testable", 0)),
                "cited": int(counts.get("cited", 0)),
                "setting": int(counts.get("setting", 0)),
            }
        )
    return rows
