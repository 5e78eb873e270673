"""The report's page: what the template shows, put in the order in which it is shown.

The first screen says it all: each paper's best-known number, ours under both protocols, the gap, the verdicts and
the control. Details are closed until asked for, and every claim, run and paper has an address in the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from urllib.parse import quote

import jinja2

from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.wording import SIDES, VERDICTS, Entry, measured, paper_says, tally

# Units of a forest drawing: the template's viewBox has this width and leaves this margin on both sides.
_FOREST_WIDTH, _FOREST_MARGIN = 100, 5

AGREEMENT = ("identical", "inside", "outside", "new", "gone")
"""How a number can lie to the recorded run's."""


def render(summary: Entry) -> str:
    """The whole page as HTML: nothing is loaded from elsewhere but the figures beside it.

    Args:
        summary: see :mod:`fer_utils.reproduce.report`; links are relative to the results folder.

    Raises:
        KeyError, jinja2.UndefinedError: an entry lacks something that the page shows.
    """
    rows = [_shown(row) for row in summary["rows"]]
    papers = [_paper(entry, summary, rows) for entry in _papers(summary)]
    mine = {id(run) for paper in papers for run in paper["runs"]}
    reading = [run for run in summary["runs"] if run["for_reading"]]
    return _template().render(
        papers=papers,
        other_runs=[run for run in reading if id(run) not in mine],
        not_for_reading=[run for run in summary["runs"] if not run["for_reading"]],
        refused=summary["refused"],
        agreement=_agreement(papers, reading),
        ids={row["claim"] for row in rows},
        n_rows=len(rows),
        verdicts=VERDICTS,
        protocols=PROTOCOLS,
        counts={protocol: tally(summary["rows"], protocol) for protocol in PROTOCOLS},
        untested=sum(not any(row[name] for name in PROTOCOLS) for row in rows),
    )


@cache
def _template() -> jinja2.Template:
    folder = files("fer_utils.reproduce")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["below"] = lambda path: "./" + quote(path)  # a file below the page, never a scheme or a host
    environment.filters["address"] = lambda name: "#" + quote(name, safe="/+")
    environment.filters["stem"] = lambda path: PurePosixPath(path).stem.replace("_", " ")
    return environment.get_template("report.html.j2")


# ------------------------------------------------------------------ papers


def _papers(summary: Entry) -> list[Entry]:
    """The papers of the coverage list, then any that only a row names."""
    known = {entry["paper"]: entry for entry in summary["coverage"]}
    for row in summary["rows"]:
        known.setdefault(row["paper"], {"paper": row["paper"], "title": row["paper"]})
    return list(known.values())


def _paper(entry: Entry, summary: Entry, rows: Iterable[Entry]) -> Entry:
    mine = [row for row in rows if row["paper"] == entry["paper"]]
    runs = [run for run in summary["runs"] if run["for_reading"] and _paper_of(run["notebook"]) == entry["paper"]]
    return {
        **entry,
        "coverage": entry if "tested" in entry else None,
        "headlines": [_headline(row) for row in summary["headlines"] if row["paper"] == entry["paper"]],
        "runs": runs,
        "places": _places(mine),
        "counts": {protocol: tally(mine, protocol) for protocol in PROTOCOLS},
    }


def _paper_of(notebook: str) -> str:
    """``05_mobilenet_jaffe`` is the notebook of the paper ``mobilenet_jaffe``."""
    return notebook.partition("_")[2]


def _places(rows: Iterable[Entry]) -> list[Entry]:
    """The rows by their place in the paper, and there by claim; both in order of first mention."""
    places: dict[str, dict[str, list[Entry]]] = {}
    for row in rows:
        places.setdefault(row["where"], {}).setdefault(row["claim"], []).append(row)
    return [
        {
            "where": where,
            "claims": [{"claim": claim, "rows": group, **_first(group)} for claim, group in claims.items()],
            "n": len(claims),
            "counts": {protocol: tally((row for group in claims.values() for row in group), protocol)
                       for protocol in PROTOCOLS},
        }
        for where, claims in places.items()
    ]  # fmt: skip


def _first(group: list[Entry]) -> Entry:
    return {name: group[0][name] for name in ("what", "says", "paper_value", "paper_dataset")}


# ------------------------------------------------------------------ rows


def _shown(row: Entry) -> Entry:
    blocks = {name: measured(row[name], row["unit"]) for name in PROTOCOLS if row[name]}
    return row | {
        "says": paper_says(row),
        "blocks": {name: blocks.get(name) for name in PROTOCOLS},
        "gap": measured(row["gap"], row["unit"], signed=True) if row["gap"] else None,
        "forest": _forest(row, blocks),
        "found": sorted({list(VERDICTS).index(block["verdict"]) for block in blocks.values()}),
    }


def _headline(row: Entry) -> Entry:
    control = row["control"]
    if control:
        control = {
            "name": control["name"],
            "blocks": {name: measured(control[name], row["unit"]) if control[name] else None for name in PROTOCOLS},
        }
    chances = [row[name]["reference"] for name in PROTOCOLS if row[name] and row[name]["reference"] is not None]
    chance = measured({"value": chances[0], "ci95": None}, row["unit"])["text"] if chances else ""
    return _shown(row) | {"control": control, "chance": chance}


def _forest(row: Entry, blocks: Mapping[str, Entry]) -> Entry | None:
    """The places of a row's values on one scale from left to right; ``None`` where nothing was measured."""
    if not blocks:
        return None
    paper, ordering = row["paper_value"], row["relation"] in SIDES
    marks = [0.0] if ordering else []
    marks += [] if paper is None else [paper]
    marks += [value for block in blocks.values() for value in (block["value"], *(block["ci95"] or ()))]
    low, high = min(marks), max(marks)

    def place(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(_FOREST_MARGIN + share * (_FOREST_WIDTH - 2 * _FOREST_MARGIN), 1)

    says = paper_says(row)
    words = [f"paper {says['text'] or says['quote'] or 'prints no number'}"]
    words += [f"{name} {block['text']} {block['range']}".rstrip() for name, block in blocks.items()]
    return {
        "label": "; ".join(words),
        "width": _FOREST_WIDTH,
        "paper": None if paper is None else place(paper),
        "zero": place(0.0) if ordering else None,
        "bars": [
            {"name": name, "at": place(block["value"]), "ends": [place(end) for end in block["ci95"] or ()]}
            for name, block in blocks.items()
        ],
    }


# ------------------------------------------------------------------ agreement


def _agreement(papers: Iterable[Entry], runs: Iterable[Entry]) -> Entry | None:
    """How the numbers lie to the recorded runs', a paper; ``None`` where no run was compared."""
    compared = [run for run in runs if run.get("agreement")]
    if not compared:
        return None
    titles = {paper["paper"]: paper["title"] for paper in papers}
    by_title: dict[str, dict[str, int]] = {}
    for run in compared:
        counts = by_title.setdefault(
            str(titles.get(_paper_of(run["notebook"]), run["notebook"])), dict.fromkeys(AGREEMENT, 0)
        )
        for name in AGREEMENT:
            counts[name] += run["agreement"][name]
    outside = [claim | {"run": run["run"]} for run in compared for claim in run["agreement"]["outside_claims"]]
    gone = sum(run["agreement"]["gone"] for run in compared)
    return {"names": AGREEMENT, "papers": by_title, "outside": outside, "gone": gone}
