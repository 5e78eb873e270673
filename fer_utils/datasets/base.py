"""What all data sets have in common: a description, a place, and the marker of a stand-in."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fer_utils.datasets.findings import few
from fer_utils.datasets.walking import files_below
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

STAND_IN_FILE = "STAND_IN.txt"
PEOPLE_UNKNOWN = "people are not known; each picture counts as its own person"
"""The note of a set whose ``subject`` is the picture's own name."""

_STATED = "\nThe loader checks these counts instead of the official ones:\n"


class NotHere(FerError):
    """A data set that its user has to bring is not on this machine, or ``FER_DATA`` does not name where."""


@dataclass(frozen=True)
class Dataset:
    """A data set's description and its loader.

    ``publishable`` says whether its licence lets a figure that shows its pictures be passed on.
    ``load(folder, stand_in)`` reads the official layout below ``folder`` (``None`` where the
    set is shipped).
    """

    name: str
    title: str
    classes: tuple[str, ...]
    shipped: bool
    publishable: bool
    layout: str
    licence: str
    how_to_get: str
    load: Callable[[Path | None, bool], FaceSet]


def data_root() -> Path | None:
    """The folder named by ``FER_DATA``, or ``None``."""
    value = os.environ.get("FER_DATA", "").strip()
    return Path(value).expanduser() if value else None


def stand_in_marker(*folders: Path) -> bool:
    """Whether one of the folders says that its pictures only stand in for the real data set."""
    return any((folder / STAND_IN_FILE).exists() for folder in folders)


def contents_line(folder: Path) -> str:
    """A line for ``STAND_IN.txt`` that tells whether the folder still holds what was written with it.

    Junk that a system leaves behind (:func:`fer_utils.datasets.walking.is_junk`) does not count.
    """
    found = hashlib.sha256()
    for file in files_below(folder, wanted=lambda name: name != STAND_IN_FILE):
        name = os.fsencode(file.relative_to(folder).as_posix())
        found.update(name + f" {file.stat().st_size}\n".encode())
    return f"Names and sizes of all files: {found.hexdigest()[:32]}"


def refuse_a_false_marker(folder: Path) -> None:
    """Raise where real pictures lie under a stand-in's marker, which would let them be passed on.

    Raises:
        FerError: ``STAND_IN.txt`` was written with other files than those that are here.
    """
    said = (folder / STAND_IN_FILE).read_text("utf-8", errors="replace").splitlines()
    lines = [line for line in said if line.startswith("Names and sizes of all files: ")]
    if lines and lines[0] != contents_line(folder):
        raise FerError(
            f"{folder} is marked as a stand-in by {STAND_IN_FILE}, but holds other files than were written with it. If "
            f"these are the real pictures, delete {STAND_IN_FILE}; if not, delete the folder and write it again."
        )


def stated_counts_text(counts: Mapping[str, int]) -> str:
    """The end of a ``STAND_IN.txt`` that states counts of its own; empty where it states none."""
    if not counts:
        return ""
    return _STATED + "".join(f"  {name}: {count}\n" for name, count in counts.items())


def counts_to_check(folder: Path, official: Mapping[str, int], notes: list[str]) -> dict[str, int]:
    """The counts that a set in ``folder`` must have.

    They are the official ones, unless the folder is marked as a stand-in and its marker states others: a stand-in may
    be smaller than the set, but then it is checked against what it says. That is a note.
    """
    marker = folder / STAND_IN_FILE
    text = marker.read_text("utf-8", errors="replace") if marker.is_file() else ""
    stated = dict(re.findall(r"^  ([A-Za-z ]+): ([0-9]{1,9})$", text.partition(_STATED)[2], re.MULTILINE))
    counts = {name: int(stated.get(name, count)) for name, count in official.items()}
    others = [f"{name} {counts[name]}, official {count}" for name, count in official.items() if counts[name] != count]
    if others:
        notes.append(f"the stand-in states its own counts: {few(others)}")
    return counts
