"""The report: web pages, a table of verdicts and a plain-text table, all from one summary.

The summary is a plain dict of lists:

``coverage``   one entry a paper: what it is about, how many claims it makes and how many of them were tested
``headlines``  a paper's best-known number: a row for each run that has it, with a ``short`` name and its ``control``
``runs``       one entry a recorded run: its notebook, receipt, figures and tables, as paths below the results folder;
               where it was compared with the recorded run, ``agreement`` counts ``identical inside outside new``
               numbers and lists ``outside_claims``
``rows``       one entry a claim, reading and run (``run`` is ``None`` where a claim has no run): what the paper says,
               what ``published`` and ``sound`` gave, each with its verdict and reason, and their ``gap``
``refused``    ``{"run", "why"}`` for each folder that was left out because its receipt and files do not agree

This module only shows what it is given: no verdict is formed here. The same summary gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
from itertools import groupby, zip_longest
from pathlib import Path

from fer_utils.files import write_text
from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.page import render
from fer_utils.reproduce.signed import printable
from fer_utils.reproduce.wording import Entry, digits, measured, paper_says, tally, tally_text

WIDTH = 100
"""Columns of the terminal's tables."""

FEW = 40
"""So many rows are listed one by one in the terminal; more are left to the page."""

_HEADLINES = (("", 29), ("paper", 12), ("published", 21), ("sound", 21), ("gap", 9))
_CLAIMS = (("claim", 31), ("data", 15), ("paper says", 12), ("published", 17), ("sound", 17))


def write_report(summary: Entry, folder: Path) -> None:
    """Write the pages, :func:`fer_utils.reproduce.page.render`, ``verdicts.csv`` and ``leaks.csv`` into ``folder``.

    Each file is written whole or not at all, ``index.html`` last.

    Raises:
        FerError: a file cannot be written; see :func:`fer_utils.files.whole_file`.
    """
    pages = render(summary)  # first, so that a summary that cannot be shown leaves nothing behind
    for name, text in verdict_tables(summary).items():
        write_text(folder / name, text)
    for name, text in pages.items():
        write_text(folder / name, text)


def verdict_tables(summary: Entry) -> dict[str, str]:
    """Every number and its verdict as CSV, for spreadsheets and scripts, by file name.

    ``verdicts.csv`` has a row a claim, run and protocol. Numbers have six significant digits; ``numbers.json`` of each
    run has them all. ``claim`` is the claim's id in its paper's ``claims.csv``. ``leak`` is the number of a row in
    ``leaks.csv``, because a few sentences stand for hundreds of rows.
    """
    leaks: dict[str, int] = {}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["claim", "run", "protocol", "value", "low", "high", "n", "verdict", "claimed", "leak"])
    for row in summary["rows"]:
        for protocol in PROTOCOLS:
            if block := row[protocol]:
                numbers = [block["value"], *(block["ci95"] or ("", ""))]
                shown = [f"{number:.6g}" if number != "" else "" for number in numbers]
                words = [block[name] for name in ("n", "verdict", "claimed")]
                leak = leaks.setdefault(block["leak"], len(leaks) + 1)
                writer.writerow([row["claim"], row["run"], protocol, *shown, *words, leak])
    found = io.StringIO()
    csv.writer(found, lineterminator="\n").writerows(
        [("leak", "shared with training"), *((n, t) for t, n in leaks.items())]
    )
    return {"verdicts.csv": stream.getvalue(), "leaks.csv": found.getvalue()}


def verdict_lines(summary: Entry) -> str:
    """The verdicts as plain text of at most 100 columns, for the terminal.

    Each paper's headline comes first, with the number of verdicts of each kind. Single rows follow only if they
    are few; what cannot be tested is on the page alone.
    """
    rows = [row for row in summary["rows"] if row["run"]]
    parts = [_papers(summary, rows)] if rows else []
    if not rows:
        parts.append("No results yet: `make reproduce` runs the notebooks and fills this table.")
    if 0 < len(rows) <= FEW:
        parts.append(_claims(rows))
    elif rows:
        parts.append(f"All {len(rows)} rows, claim by claim and with their reasons, are in the report.")
    smoke = [run["run"] for run in summary["runs"] if not run["for_reading"]]
    if smoke:
        parts.append(_filled(f"Ran, not for reading (smoke size): {', '.join(smoke)}"))
    if summary["refused"]:
        lines = [_filled(f"  {refused['run']}: {refused['why']}", "    ") for refused in summary["refused"]]
        head = "Left out, not to be trusted (run these notebooks again, or restore the folders with git):"
        parts.append("\n".join([head, *lines]))
    return "\n\n".join(parts) + "\n"


def _papers(summary: Entry, rows: Sequence[Entry]) -> str:
    """A table of the headlines, and a line of counts a paper and protocol."""
    blocks = [_line_block([name for name, _ in _HEADLINES], _HEADLINES)]
    for number, entry in enumerate(summary["coverage"], start=1):
        mine = [row for row in rows if row["paper"] == entry["paper"]]
        if not mine:
            continue
        blocks.append("\n" + _filled(f"{number}. {entry['title']}"))
        headlines = [row for row in summary["headlines"] if row["paper"] == entry["paper"] and row["run"]]
        for short, group in groupby(headlines, key=lambda row: row["short"]):
            blocks.append(_filled(f"   {short}", "   "))
            for row in group:
                gap = measured(row["gap"], row["unit"], signed=True) if row["gap"] else {"text": ""}
                cells = [_data(row), _says(row), *(_found(row, name) for name in PROTOCOLS), gap["text"]]
                blocks.append(_line_block(cells, _HEADLINES))
        for protocol in PROTOCOLS:
            blocks.append(_filled(f"   {protocol}: {tally_text(tally(mine, protocol))}", "   "))
    return "\n".join(blocks)


def _claims(rows: Sequence[Entry]) -> str:
    blocks = [_line_block([name for name, _ in _CLAIMS], _CLAIMS)]
    blocks += [
        _line_block([row["what"], _data(row), _says(row), *(_found(row, name) for name in PROTOCOLS)], _CLAIMS)
        for row in rows
    ]
    return "\n".join(blocks)


def _data(row: Entry) -> str:
    changed = "".join(f" {name}={value}" for name, value in row["changed"].items())
    reading = f", {row['reading']}" if row["reading"] else ""
    return f"{row['dataset']} {row['kind']} {row['profile']}{changed}{reading}"


def _says(row: Entry) -> str:
    says = paper_says(row)
    unit = "" if says["unit"] == "fraction" else says["unit"]
    return f"{says['text']} {unit}".rstrip() if says["text"] else says["quote"]


def _found(row: Entry, protocol: str) -> str:
    block = row[protocol]
    return f"{digits(block['value'], row['unit'])} {block['verdict']}" if block else ""


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(printable(text), WIDTH, subsequent_indent=indent, drop_whitespace=True)


def _line_block(cells: Sequence[str], columns: Sequence[tuple[str, int]]) -> str:
    """One table row as lines of text: every cell wrapped to its column."""
    wrapped = [textwrap.wrap(printable(cell), width) for cell, (_, width) in zip(cells, columns, strict=True)]
    return "\n".join(
        "  ".join(part.ljust(width) for part, (_, width) in zip(line, columns, strict=True)).rstrip()
        for line in zip_longest(*wrapped, fillvalue="")
    )
