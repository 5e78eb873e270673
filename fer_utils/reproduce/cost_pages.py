"""Two tables of ``docs/gpu.md``: what rehearsals measured, and what a card would take, on paper.

Both are made of files beside the page: ``docs/on_paper.csv`` (:mod:`fer_utils.reproduce.on_paper`) and
``docs/rehearsed.csv``, which ``python -m fer_utils.reproduce.cost_pages FOLDER`` makes of a folder of rehearsals. A
test holds the page to them, and what was counted to the code.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fer_utils.errors import FerError
from fer_utils.files import write_text
from fer_utils.reproduce import cards
from fer_utils.reproduce.provenance import PACKAGE

NAMED = {
    "01_clifer": ("avatars_clips", "ravdess:stand-in", "mmi:stand-in", "baum1:stand-in", "icv_mefed:stand-in"),
    "02_gan_augmentation": ("fer2013:stand-in",),
    "03_landmark_ensemble": ("avatars_studio", "ck_plus:stand-in", "jaffe:stand-in", "sfew:stand-in"),
    # Enhanced CK plays in each of these, and on its own asks none of the paper's questions.
    "04_dcgan_svm": ("avatars_studio", "rafd:stand-in", "sfew:stand-in", "kdef:stand-in", "raf_db:stand-in"),
    "05_mobilenet_jaffe": ("london", "jaffe:stand-in"),
}  # fmt: skip
"""The default data set of each notebook, and stand-ins for those that its paper names."""

DOCS = PACKAGE.parent / "docs"
COUNTED, REHEARSED, PAGE = DOCS / "on_paper.csv", DOCS / "rehearsed.csv", DOCS / "gpu.md"
PLACES = {"on paper": "<!-- on paper -->", "rehearsed": "<!-- rehearsed -->"}
"""Where each table begins in the page; it ends with the next empty line after it."""


def on_paper(counted: pd.DataFrame) -> str:
    """A paper and data set a row, in Markdown: steps, operations, hours on each card, memory, disk."""
    heads = ["paper", "data set", "units", "training steps", "operations, 10¹⁵", *(card.name for card in cards.CARDS)]
    lines = [[*heads, "memory, GB", "disk, GB"]]
    for notebook, dataset, rows in _of_each(counted):
        if rows.empty:
            lines.append([notebook[:2], dataset, "not counted", *[""] * (len(lines[0]) - 3)])
            continue
        hours = [sum(_seconds(card, each) for each in rows.to_dict("records")) / 3600 for card in cards.CARDS]
        lines.append([
            notebook[:2], dataset, f"{rows['count'].sum():,}", f"{rows['steps'].sum():,}",
            short(rows["operations"].sum() / 1e15), *(f"{short(each)} h" for each in hours),
            short(rows["memory"].max() / 1e9), short(rows["disk"].sum() / 1e9),
        ])  # fmt: skip
    return _markdown(lines)


def _seconds(card: cards.Card, row: dict[Hashable, Any]) -> float:
    share = None if pd.isna(row["share"]) else row["share"]
    return cards.seconds(card, row["operations"], row["launches"], row["captured"], share)


def rehearsed(measured: pd.DataFrame) -> str:
    """A paper and data set a row, in Markdown: kinds of unit, peak of memory, seconds, resuming, hours."""
    lines = [["paper", "data set", "kinds rehearsed", "not in time", "peak, GB", "seconds", "resume", "hours here"]]
    for notebook, dataset, rows in _of_each(measured):
        if rows.empty:
            lines.append([notebook[:2], dataset, "not run", *[""] * (len(lines[0]) - 3)])
            continue
        done = rows[rows["rehearsed"] == "yes"]
        late, resumed = rows[rows["rehearsed"] == "no"]["unit"], done[done["resumes"] != "-"]
        resumes = f"{(resumed['resumes'] == 'yes').sum()} of {len(resumed)}" if len(resumed) else "–"
        lines.append([
            notebook[:2], dataset, f"{len(done)} of {len(rows)}", "; ".join(late) or "–",
            f"{done['peak GB'].max():.1f}", f"{done['seconds'].sum():,.0f}", resumes,
            f"{short(done['hours here'].sum())}" + (" without these" if len(late) else ""),
        ])  # fmt: skip
    return _markdown(lines)


def _of_each(frame: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    return [
        (notebook, dataset, frame[(frame["notebook"] == notebook) & (frame["dataset"] == dataset)])
        for notebook, datasets in NAMED.items()
        for dataset in datasets
    ]


def _markdown(lines: list[list[str]]) -> str:
    head, *rows = lines
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))


def short(number: float) -> str:
    """Two digits that count."""
    if number <= 0:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(number)))
    return f"{number:,.{min(digits, 4)}f}"


def into_page(page: str, name: str, table: str) -> str:
    """A page with one of its tables (:data:`PLACES`) replaced.

    Raises:
        FerError: the page has no place for it.
    """
    before, place, after = page.partition(f"{PLACES[name]}\n\n")
    if not place:
        raise FerError(f"the page has no place for the table {name}: {PLACES[name]} and an empty line")
    return f"{before}{place}{table}\n{after.partition(chr(10) * 2)[2]}"


def write() -> None:
    """Write both tables into the page."""
    page = PAGE.read_text("utf-8")
    for name, made in (("on paper", on_paper(pd.read_csv(COUNTED))), ("rehearsed", rehearsed(pd.read_csv(REHEARSED)))):
        page = into_page(page, name, made)
    write_text(PAGE, page)


def gather(folder: Path) -> pd.DataFrame:
    """The tables that ``--rehearse`` filed in a folder at the ``paper`` profile, as one; two more columns say of what.

    Raises:
        FerError: there is none.
    """
    found = []
    for notebook, datasets in NAMED.items():
        for dataset in datasets:
            file = folder / f"{notebook}-{dataset.replace(':', '-')}-paper.csv"
            if file.is_file():
                table = pd.read_csv(file)
                table.insert(0, "dataset", dataset)
                table.insert(0, "notebook", notebook)
                found.append(table)
    if not found:
        raise FerError(f"{folder} holds no rehearsal at the paper profile of what the documentation lists")
    return pd.concat(found)


def main(arguments: Sequence[str]) -> int:
    """Write the page's tables; with a folder of rehearsals, of these. Gives the exit code."""
    for folder in arguments:
        write_text(REHEARSED, gather(Path(folder)).to_csv(index=False))
    write()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
