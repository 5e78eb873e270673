"""The data doctor: which data sets are here, how do they differ from the official ones, how to obtain the others?"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fer_utils import data, datasets
from fer_utils.datasets.base import PEOPLE_UNKNOWN, NotHere, data_root
from fer_utils.errors import FerError, UsageError, harmless

WIDTH, NAME_WIDTH = 100, 15


@dataclass(frozen=True)
class Finding:
    """What the doctor says of one data set.

    ``state`` is ``"shipped"``, ``"found"``, ``"stand-in"``, ``"damaged"`` or ``"missing"``;
    ``detail`` holds counts and, each on its own line, notes; or everything that is wrong. ``differences`` are those
    from the official release.
    """

    name: str
    title: str
    state: str
    images: int | None
    detail: str
    licence: str
    how_to_get: str
    differences: tuple[str, ...] = ()
    people_known: bool = True


def examine(names: Sequence[str] | None = None) -> list[Finding]:
    """Look for data sets (all, unless ``names`` says which) and read those that are there, completely."""
    return [_examine(name) for name in names or datasets.names()]


def _examine(name: str) -> Finding:
    known = datasets.dataset(name)

    def finding(state: str, images: int | None, detail: str, **more: Any) -> Finding:
        return Finding(name, known.title, state, images, detail, known.licence, known.how_to_get, **more)

    try:
        data.folder_of(name)
    except NotHere:
        return finding("missing", None, f"expected at $FER_DATA/{known.layout}")
    except UsageError:
        raise
    except FerError as error:
        return finding("damaged", None, str(error))
    try:
        faces = data.load(name)
    except FerError as error:
        return finding("damaged", None, str(error))
    state = "shipped" if known.shipped else "stand-in" if faces.stand_in else "found"
    known_people = PEOPLE_UNKNOWN not in faces.notes
    people = f"{faces.table['subject'].nunique()} people; " if known_people else ""
    per_class = faces.table["label"].value_counts()
    counts = ", ".join(f"{label} {per_class.get(label, 0)}" for label in faces.classes)
    detail = "\n".join((people + counts, *faces.notes))
    return finding(state, len(faces), detail, differences=faces.differences, people_known=known_people)


def as_table(findings: list[Finding]) -> pd.DataFrame:
    """The findings as a table for a notebook, without the long texts."""
    rows = [(found.name, found.title, found.state, found.images) for found in findings]
    return pd.DataFrame(rows, columns=["name", "data set", "state", "images"]).astype({"images": "Int64"})


def as_text(findings: list[Finding]) -> str:
    """The findings as a page for a terminal."""
    root = data_root()
    lines = [f"FER_DATA is {harmless(str(root))}" if root else "FER_DATA is not set: only shipped data can be used"]
    for found in findings:
        lines += ["", heading(found)]
        paragraphs = [*found.detail.splitlines(), *(f"differs: {line}" for line in found.differences)]
        paragraphs.append(f"licence: {found.licence}")
        if found.state in ("missing", "damaged"):
            paragraphs.append(f"how to get it: {found.how_to_get}")
        lines += indented(paragraphs)
    return "\n".join(lines)


def heading(found: Finding) -> str:
    """One line: name, state, number of images and title."""
    images = "" if found.images is None else f", {found.images} images"
    return f"{found.name:<{NAME_WIDTH}} {found.state.upper()}{images}  ({found.title})"


def indented(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs as lines below a heading."""
    indent = " " * (NAME_WIDTH + 1)
    return [
        line
        for paragraph in paragraphs
        for line in textwrap.wrap(
            paragraph, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
            break_on_hyphens=False,
        )
    ]  # fmt: skip
