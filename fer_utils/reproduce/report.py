"""The report: one self-contained web page and a plain-text table, both from one summary.

The summary is a plain dict of three lists, as ``summary.json`` holds it:

``coverage``  one entry a paper: how many claims it makes and how many of them were tested
``runs``      one entry a recorded run: its notebook, receipt, figures and tables, as paths below the results folder
``rows``      one entry a claim and run (``run`` is ``None`` where a claim has no run): what the paper says, what the
              ``published`` and the ``sound`` protocol gave, their ``gap``, and the verdict with its reason

This module only shows what it is given: no verdict is formed here. The same summary gives the same bytes.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import groupby, zip_longest
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import jinja2

from fer_utils.files import write_json, write_text

Entry = dict[str, Any]

VERDICTS = {
    "reproduced": (
        "✓",
        "the paper’s value lies in our interval or within the stated tolerance, on the paper’s own data and sizes",
    ),
    "not reproduced": ("✗", "it lies outside, on the paper’s own data and sizes"),
    "direction holds": ("▲", "an ordering, or a value tried on other data or sizes, comes out on the side it claims"),
    "direction fails": ("▼", "it comes out on the other side"),
    "undecided": ("?", "our interval allows both"),
    "not testable": ("–", "no number of ours can be held against it; the reason is given"),
}

# An ordering's value is a difference: what is claimed is its sign, not its size.
_SIDE = {">": "above 0", "<": "below 0", "~0": "about 0"}
_BOUND = {">=": "at least ", "<=": "at most "}

_PROTOCOLS = ("published", "sound")

# Units of a forest drawing: the template's viewBox has this width and leaves this margin on both sides.
_FOREST_WIDTH, _FOREST_MARGIN = 100, 5

_TEXT_COLUMNS = (("claim", 37), ("data", 18), ("paper says", 12), ("published", 9), ("sound", 9), ("verdict", 15))


# ------------------------------------------------------------------ numbers


def digits(value: float, unit: str, signed: bool = False) -> str:
    """A number as it is shown: one decimal for %, whole counts as they are, else three significant digits."""
    sign = "+" if signed else ""
    if unit.startswith("%"):
        text = f"{value:{sign}.1f}"
    elif (unit not in ("", "fraction") and float(value).is_integer()) or abs(value) >= 999.5:
        text = f"{value:{sign}.0f}"
    else:
        text = f"{value:{sign}#.3g}".rstrip(".")
    if not re.search("[1-9]", text):  # neither "-0.0" nor "+0.0"
        text = text.lstrip("+-")
    return text.replace("-", "−")


def _measured(block: Entry, unit: str, signed: bool = False) -> Entry:
    """A protocol's result, or the gap between the two, with its number and its interval as text."""
    interval = ", ".join(digits(end, unit, signed) for end in block["ci95"] or ())
    return block | {"text": digits(block["value"], unit, signed), "range": f"[{interval}]" if interval else ""}


def _paper_says(row: Entry) -> Entry:
    """The paper's side: ``text``, the ``unit`` to stand behind it, and a ``quote`` where the paper uses words."""
    unit, value, printed, relation = row["unit"], row["paper_value"], row["printed"], row["relation"]
    if relation in _SIDE:
        size = f"{value:+g} ".replace("-", "−") if value else ""
        return {"text": _SIDE[relation], "unit": size + unit, "quote": printed}
    if not any(character.isdigit() for character in printed):
        text = "" if value is None else f"{_BOUND.get(relation, '')}{value:g}"
        return {"text": text, "unit": unit if text else "", "quote": printed}
    return {"text": printed, "unit": "" if "%" in printed else unit, "quote": ""}


def _forest(row: Entry, blocks: dict[str, Entry]) -> Entry | None:
    """The places of a row's values on one scale from left to right; ``None`` where nothing was measured."""
    if not blocks:
        return None
    paper, ordering = row["paper_value"], row["relation"] in _SIDE
    marks = [0.0] if ordering else []
    marks += [] if paper is None else [paper]
    marks += [value for block in blocks.values() for value in (block["value"], *(block["ci95"] or ()))]
    low, high = min(marks), max(marks)

    def place(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(_FOREST_MARGIN + share * (_FOREST_WIDTH - 2 * _FOREST_MARGIN), 1)

    says = _paper_says(row)
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


# ------------------------------------------------------------------ the page


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["below"] = lambda path: "./" + quote(path)  # a file below the page, never a scheme or a host
    environment.filters["stem"] = lambda path: PurePosixPath(path).stem.replace("_", " ")
    source = files("fer_utils.reproduce").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source)


def render(summary: Entry) -> str:
    """The whole page as HTML: nothing is loaded from elsewhere but the figures beside it.

    Args:
        summary: as described at the top of this module; links are relative to the results folder.

    Raises:
        KeyError, jinja2.UndefinedError: an entry lacks something that the page shows.
    """
    titles = {entry["paper"]: entry["title"] for entry in summary["coverage"]}
    rows = []
    for row in summary["rows"]:
        blocks = {name: _measured(row[name], row["unit"]) for name in _PROTOCOLS if row[name]}
        shown = {
            "title": titles.get(row["paper"], row["paper"]),
            "says": _paper_says(row),
            "measured": [blocks.get(name) for name in _PROTOCOLS],
            "gap": _measured(row["gap"], row["unit"], signed=True) if row["gap"] else None,
            "forest": _forest(row, blocks),
            "leaks": {name: block["leak"] for name, block in blocks.items() if block["leak"]},
        }
        rows.append(row | shown)
    counts = Counter(row["verdict"] for row in rows)
    return _template().render(
        coverage=summary["coverage"], runs=summary["runs"], rows=rows, verdicts=VERDICTS, counts=counts
    )


def write_report(summary: Entry, folder: Path) -> None:
    """Write ``summary.json`` and ``index.html`` into ``folder``, each whole or not at all.

    Raises:
        FerError: a file cannot be written; see :func:`fer_utils.files.whole_file`.
    """
    page = render(summary)  # first, so that a summary that cannot be shown leaves nothing behind
    write_json(folder / "summary.json", summary)
    write_text(folder / "index.html", page)


# ------------------------------------------------------------------ the terminal


def _line_block(cells: list[str]) -> str:
    """One table row as lines of text: every cell wrapped to its column."""
    wrapped = [textwrap.wrap(cell, width) for cell, (_, width) in zip(cells, _TEXT_COLUMNS, strict=True)]
    return "\n".join(
        "  ".join(part.ljust(width) for part, (_, width) in zip(line, _TEXT_COLUMNS, strict=True)).rstrip()
        for line in zip_longest(*wrapped, fillvalue="")
    )


def verdict_lines(summary: Entry) -> str:
    """Every row and its verdict as a plain-text table of at most 110 columns, for the terminal."""
    if not summary["rows"]:
        return "No results yet: `make reproduce` runs the notebooks and fills this table.\n"
    titles = {entry["paper"]: entry["title"] for entry in summary["coverage"]}
    blocks = [_line_block([name for name, _ in _TEXT_COLUMNS])]
    for paper, rows in groupby(summary["rows"], key=lambda row: row["paper"]):
        blocks.append("\n" + textwrap.fill(titles.get(paper, paper), 110))
        for row in rows:
            says = _paper_says(row)
            numbers = [digits(row[name]["value"], row["unit"]) if row[name] else "" for name in _PROTOCOLS]
            data = f"{row['dataset']} {row['kind']} {row['profile']}" if row["run"] else "no run"
            paper_says = f"{says['text']} {says['unit']}" if says["text"] else says["quote"]
            blocks.append(_line_block([row["what"], data, paper_says, *numbers, row["verdict"]]))
    counts = Counter(row["verdict"] for row in summary["rows"])
    blocks.append("\n" + ", ".join(f"{name}: {counts[name]}" for name in VERDICTS if counts[name]))
    return "\n".join(blocks) + "\n"
