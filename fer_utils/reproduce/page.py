"""The report's pages: what the templates show, put in the order in which it is shown.

``index.html`` says it all on its first screen: five papers, what each comes to, its number beside ours, the verdicts
and the control. A page a paper has every claim, figure, leak audit and receipt, each with an address; ``claims.html``
lists the claims of all papers, to search, filter and sort. All lie in the results folder, so that a path of the summary
is a link on every page. Nothing is loaded from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from urllib.parse import quote

import jinja2

from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.drawing import forest, lanes
from fer_utils.reproduce.places import beside, place_key, title
from fer_utils.reproduce.sentence import finding
from fer_utils.reproduce.wording import VERDICTS, Entry, measured, paper_says, tally

AGREEMENT = ("identical", "inside", "outside", "new", "gone")
"""How a number can lie to the recorded run's."""

SHORT_LEAK = 24
"""So many characters of a leak audit stand in the row itself; longer ones have a number and stand in a list."""

_FILES = ("report.css", "report.js")


def render(summary: Entry) -> dict[str, str]:
    """Every file of the report, by its name below the results folder.

    Args:
        summary: see :mod:`fer_utils.reproduce.report`.

    Raises:
        KeyError, jinja2.UndefinedError: an entry lacks something that a page shows.
    """
    rows = [_shown(row) for row in summary["rows"]]
    papers = [_paper(number, entry, summary, rows) for number, entry in enumerate(_papers(summary), start=1)]
    mine = {run["run"] for paper in papers for run in paper["runs"]}
    reading = [run for run in summary["runs"] if run["for_reading"]]
    common = {
        "papers": papers,
        "verdicts": VERDICTS,
        "protocols": PROTOCOLS,
        "datasets": sorted({row["dataset"] for row in rows if row["run"]}),
    }
    pages = {name: template(name).render() for name in _FILES}
    for paper in papers:
        pages[paper["page"]] = template("paper.html").render(common, paper=paper)
    pages["claims.html"] = template("claims.html").render(
        common, counts={protocol: tally(rows, protocol) for protocol in PROTOCOLS}, n_rows=len(rows)
    )
    pages["index.html"] = template("index.html").render(
        common,
        other_runs=[run for run in reading if run["run"] not in mine],
        not_for_reading=[run for run in summary["runs"] if not run["for_reading"]],
        refused=summary["refused"],
        agreement=_agreement(papers, reading),
        pages={row["claim"]: paper["page"] for paper in papers for row in paper["rows"]},
        counts={protocol: tally(rows, protocol) for protocol in PROTOCOLS},
        untested=sum(not row["run"] for row in rows),
    )
    return pages


@cache
def template(name: str) -> jinja2.Template:
    """One of the templates beside this module, such as ``index.html``."""
    folder = files("fer_utils.reproduce") / "pages"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda asked: folder.joinpath(asked).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["below"] = lambda path: "./" + quote(path)  # a file below the page, never a scheme or a host
    environment.filters["address"] = lambda name: "#" + quote(name, safe="/+")
    environment.filters["title"] = title
    return environment.get_template(f"{name}.j2")


# ------------------------------------------------------------------ papers


def _papers(summary: Entry) -> list[Entry]:
    """The papers of the coverage list, then any that only a row names."""
    known = {entry["paper"]: entry for entry in summary["coverage"]}
    for row in summary["rows"]:
        name = row["paper"]
        known.setdefault(name, {"paper": name, "title": name, "notebook": name, "idea": "", "picture": ""})
    return list(known.values())


def _paper(number: int, entry: Entry, summary: Entry, rows: Iterable[Entry]) -> Entry:
    mine = [row for row in rows if row["paper"] == entry["paper"]]
    runs = [run for run in summary["runs"] if run["for_reading"] and run["notebook"] == entry["notebook"]]
    headlines = [_headline(row) for row in summary["headlines"] if row["paper"] == entry["paper"]]
    # The headlines' order, which puts the most telling run first.
    order = {row["run"]: place for place, row in enumerate(headlines)}
    runs.sort(key=lambda run: (order.get(run["run"], len(order)), run["run"]))
    claims = {claim: place for place, claim in enumerate(dict.fromkeys(row["claim"] for row in mine))}
    mine.sort(key=lambda row: (claims[row["claim"]], order.get(row["run"], len(order))))
    _mark_smaller(mine)
    places = _places(mine, runs)
    placed = {file for place in places for file in (*place["figures"], *place["tables"])}
    return {
        **entry,
        "number": number,
        "page": f"{entry['notebook']}.html",
        "coverage": entry if "tested" in entry else None,
        "headlines": headlines,
        "picture": _picture(entry["picture"], runs),
        "rows": mine,
        "runs": [_described(run, mine) for run in runs],
        "places": places,
        "more": [figure for run in runs for figure in run["figures"] if figure not in placed],
        "leaks": _number_leaks(mine),
        "datasets": sorted({row["dataset"] for row in mine if row["run"]}),
        "counts": {protocol: tally(mine, protocol) for protocol in PROTOCOLS},
    }


def _mark_smaller(rows: Iterable[Entry]) -> None:
    """Say of each row whether a more telling run before it gives the same claim: it is not printed then.

    Printed is one run of a claim on real faces and one on faces that stand in for them.
    """
    seen = set()
    for row in rows:
        key = (row["claim"], row["kind"] == "real", row["reading"])
        row["smaller"] = bool(row["run"]) and key in seen
        seen.add(key)


def _picture(stem: str, runs: Iterable[Entry]) -> Entry | None:
    """The paper's picture from the first run that has it, else that run's first figure."""
    figures = [(run, figure) for run in runs for figure in run["figures"]]
    for run, figure in figures:
        if PurePosixPath(figure).stem == stem:
            return {"file": figure, "run": run}
    return {"file": figures[0][1], "run": figures[0][0]} if figures else None


def _described(run: Entry, rows: Iterable[Entry]) -> Entry:
    """A run with what limits its verdicts, such as stand-in pictures."""
    mine = [row[name] for row in rows if row["run"] == run["run"] for name in PROTOCOLS if row[name]]
    limits = dict.fromkeys(block["limit"] for block in mine if block["limit"] not in ("", "an ordering"))
    return run | {"limits": list(limits)}


def _places(rows: Iterable[Entry], runs: Iterable[Entry]) -> list[Entry]:
    """The rows by their place in the paper, and there by claim; both in order of first mention."""
    places: dict[str, dict[str, list[Entry]]] = {}
    for row in rows:
        places.setdefault(row["where"], {}).setdefault(row["claim"], []).append(row)
    figures = [figure for run in runs for figure in run["figures"]]
    tables = [table for run in runs for table in run["tables"]]
    return [
        {
            "title": where[:1].upper() + where[1:],
            "id": f"in-{place_key(where)}",
            "claims": [{"claim": claim, "what": group[0]["what"], "rows": group} for claim, group in claims.items()],
            "figures": beside(where, figures),
            "tables": beside(where, tables),
        }
        for where, claims in places.items()
    ]


def _number_leaks(rows: Iterable[Entry]) -> list[Entry]:
    """Every leak audit that is too long for a row, numbered; the rows are told their numbers."""
    found: dict[str, Entry] = {}
    for row in rows:
        for name in PROTOCOLS:
            block = row["blocks"][name]
            if not block:
                continue
            leak = found.setdefault(block["leak"], {"text": block["leak"], "uses": {}, "number": 0})
            key = (row["run"], name)
            leak["uses"][key] = leak["uses"].get(key, 0) + 1
            block["audit"] = leak
    long = [leak for leak in found.values() if len(leak["text"]) > SHORT_LEAK]
    for number, leak in enumerate(long, start=1):
        leak["number"] = number
    return list(found.values())


# ------------------------------------------------------------------ rows


def _shown(row: Entry) -> Entry:
    return row | {
        "says": paper_says(row),
        "blocks": {name: measured(row[name], row["unit"]) if row[name] else None for name in PROTOCOLS},
        "gap": measured(row["gap"], row["unit"], signed=True) if row["gap"] else None,
        "forest": forest(row),
        # What the filters look at: the place of either protocol's verdict in the list of them.
        "found": {name: list(VERDICTS).index(row[name]["verdict"]) if row[name] else "" for name in PROTOCOLS},
    }


def _headline(row: Entry) -> Entry:
    control = row["control"]
    return _shown(row) | {
        "control": control["name"] if control else "",
        "lanes": lanes(row),
        "finding": finding(row),
    }


# ------------------------------------------------------------------ agreement


def _agreement(papers: Iterable[Entry], runs: Iterable[Entry]) -> Entry | None:
    """How the numbers lie to the recorded runs', a paper; ``None`` where no run was compared."""
    compared = [run for run in runs if run.get("agreement")]
    if not compared:
        return None
    titles = {paper["notebook"]: paper["title"] for paper in papers}
    by_title: dict[str, dict[str, int]] = {}
    for run in compared:
        title_of = str(titles.get(run["notebook"], run["notebook"]))
        counts = by_title.setdefault(title_of, dict.fromkeys(AGREEMENT, 0))
        for name in AGREEMENT:
            counts[name] += run["agreement"][name]
    outside = [_outside(claim, run) for run in compared for claim in run["agreement"]["outside_claims"]]
    gone = sum(run["agreement"]["gone"] for run in compared)
    return {"names": AGREEMENT, "papers": by_title, "outside": outside, "gone": gone}


def _outside(claim: Mapping[str, object], run: Mapping[str, object]) -> Entry:
    return {**claim, "run": run["run"]}
