"""What a loader finds in a folder: what refuses the set, what makes it another than the official one, what to know.

The rule of every loader: **refuse only what leaves identity or label in doubt, or cannot be read at all**. Everything
else is loaded, and each difference from the official release is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from fer_utils.errors import FerError, harmless
from fer_utils.faces import FaceSet

FEW = 3
"""So many lines, or names, of one kind are shown before the others are counted."""
ADVICE = (
    "Nothing is guessed. Unpack these files again from your copy of the set, or take them out of the folder: what is "
    "then missing is listed and costs the verdict on a value, not the run."
)
STAND_IN_ADVICE = (
    "Nothing is guessed. This folder is marked as a stand-in: delete it, and `python -m fer_utils data stand-in {name}"
    "` writes it again."
)
_VALUES = re.compile(r"'(?:[^'\\]|\\.)*'|\(.*\)|[0-9]+")

T = TypeVar("T")


class Findings:
    """What one loader has found so far.

    Attributes:
        title: the data set's, for messages.
        folder: the folder that was read; paths in messages are seen from it.
        problems: what leaves identity or label in doubt or can't be read; one is enough to refuse the set.
        differences: how the pictures differ from the official release.
        notes: anything else that the reader should know.
    """

    def __init__(self, title: str, folder: Path) -> None:
        self.title, self.folder = title, folder
        self.problems: list[str] = []
        self.differences: list[str] = []
        self.notes: list[str] = []

    def named(self, file: Path) -> str:
        """A file's path from the folder, with ``/``, safe to print and to store."""
        inside = file.relative_to(self.folder) if file.is_relative_to(self.folder) else file
        return harmless(inside.as_posix(), kept="")

    def refuse(self, advice: str = ADVICE) -> None:
        """Raise one :class:`FerError` that lists every problem, if there is any."""
        if not self.problems:
            return
        listed = "\n".join(f"  - {harmless(line)}" for line in grouped(self.problems))
        count = f"{len(self.problems)} problem(s)"
        raise FerError(f"{self.title} in {self.folder} is not as it should be, {count}:\n{listed}\n{advice}")

    def faces(
        self,
        name: str,
        images: np.ndarray,
        table: pd.DataFrame,
        classes: tuple[str, ...],
        stand_in: bool,
        advice: str = ADVICE,
    ) -> FaceSet:
        """The set that was read, with its notes and differences.

        Raises:
            FerError: there are problems, or not one picture.
        """
        if table.empty and not self.problems:
            self.problems.append(f"not one picture. {_first(self.differences)}".strip())
        self.refuse(STAND_IN_ADVICE.format(name=name) if stand_in else advice)
        notes, differences = (tuple(map(harmless, lines)) for lines in (self.notes, self.differences))
        return FaceSet(name, images, table, classes, stand_in, notes, differences)


def _first(lines: Sequence[str]) -> str:
    return lines[0] if lines else ""


def few(names: Iterable[object], shown: int = FEW) -> str:
    """``"a, b, c and 20 more"``."""
    texts = [str(name) for name in names]
    if len(texts) <= shown + 1:
        return ", ".join(texts)
    return f"{', '.join(texts[:shown])} and {len(texts) - shown} more"


def grouped(lines: Sequence[str]) -> list[str]:
    """The lines, but of those that differ only in a value the first few and how many more there are.

    A line reads ``place: what is wrong``. The place, and numbers, quoted text and brackets after it, are values.
    """
    kinds: dict[str, list[str]] = {}
    for line in lines:
        place, colon, reason = line.partition(": ")
        kinds.setdefault(_VALUES.sub("#", reason if colon else place), []).append(line)
    shown = []
    for alike in kinds.values():
        shown += alike[:FEW]
        if len(alike) == FEW + 1:
            shown.append(alike[FEW])
        elif len(alike) > FEW:
            shown.append(f"… and {len(alike) - FEW} more like the last")
    return shown


def count_differences(found: Mapping[Any, int], official: Mapping[Any, int], unit: str) -> list[str]:
    """A line such as ``"anger: 44 sequences, official 45"`` for every key whose counts differ."""
    keys = [*official, *sorted(set(found) - set(official), key=str)]
    lines = []
    for key in keys:
        name = " ".join(key) if isinstance(key, tuple) else key
        have, want = int(found.get(key, 0)), official.get(key, 0)
        if have != want:
            lines.append(f"{name}: {have} {unit}, official {want}")
    return lines


def counts_line(found: Mapping[Any, int], official: Mapping[Any, int], unit: str) -> list[str]:
    """The same in at most one line, for a list of differences: the first few, and how many more there are."""
    lines = count_differences(found, official, unit)
    more = [f"and {len(lines) - FEW} more such counts"] if len(lines) > FEW + 1 else []
    return ["; ".join([*lines[: FEW if more else None], *more])] if lines else []


def missing_line(
    expected: Mapping[str, str], present: Collection[str], unit: str = "pictures", groups: str = "people"
) -> list[str]:
    """At most one line on what is missing: ``"2 of the official 213 pictures are missing: a, b"``.

    Args:
        expected: the official names, each with its group, such as its person. A group of which nothing is there is
            named as a whole.
        present: the names that are there.
        unit: what is counted.
        groups: what groups are called.
    """
    missing = [name for name in expected if name not in present]
    if not missing:
        return []
    there = {group for name, group in expected.items() if name in present}
    absent = sorted({expected[name] for name in missing} - there)
    single = [name for name in missing if expected[name] in there]
    listed = [f"nothing of the {groups} {few(absent)}"] * bool(absent) + [few(single)] * bool(single)
    return [f"{len(missing)} of the official {len(expected)} {unit} are missing: {'; '.join(listed)}"]


def parse_names(
    files: Sequence[Path], found: Findings, parse: Callable[[str], T], strange: list[str] | None = None
) -> list[tuple[Path, T]]:
    """What each file's name says; one that ``parse`` refuses with a ``ValueError`` is a problem.

    Args:
        strange: gets the names that are refused instead, where such files may be left out.
    """
    parsed = []
    for file in files:
        try:
            parsed.append((file, parse(file.name)))
        except ValueError as error:
            if strange is None:
                found.problems.append(f"{found.named(file)}: {error}")
            else:
                strange.append(found.named(file))
    return parsed


def unique(pairs: Iterable[tuple[Path, T]], found: Findings) -> dict[T, Path]:
    """One file for each thing that names say, in the order of the files.

    The same bytes under one name in two folders are one picture, which is a note; other bytes are a problem, since
    nobody can say which of them is the picture.
    """
    chosen: dict[T, Path] = {}
    for file, key in pairs:
        if key not in chosen:
            chosen[key] = file
        elif _same_bytes(file, chosen[key]):
            found.notes.append(f"{found.named(file)} is there twice, byte by byte; one is read")
        else:
            found.problems.append(
                f"{found.named(file)}: there is another picture of this name, {found.named(chosen[key])}, which differs"
            )
    return chosen


def one_of_each(candidates: Mapping[str, Sequence[Path]], found: Findings) -> tuple[dict[str, Path], list[Path]]:
    """One file for each official name, and the files that are left over.

    The official spelling goes before another letter case or ending. Two files of one spelling, in two folders, are
    judged by :func:`unique`.
    """
    chosen, left = {}, []
    for name, files in candidates.items():
        best, *others = sorted(files, key=lambda file: (file.name != name, file.suffix != Path(name).suffix, file))
        alike = [file for file in others if file.name == best.name]
        unique([(file, name) for file in (best, *alike)], found)
        chosen[name] = best
        left += [file for file in others if file.name != best.name]
    return chosen, left


def _same_bytes(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()
    except OSError:
        return False


def read_text(file: Path, found: Findings) -> str | None:
    """A small text file's content, or ``None`` with a problem added where it can't be read."""
    try:
        return file.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        found.problems.append(f"{found.named(file)}: {why_unreadable(error)}")
        return None


def why_unreadable(error: Exception) -> str:
    """A file's fault in a few words."""
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, OSError) and error.strerror:
        return f"unreadable ({error.strerror})"
    return f"unreadable or truncated ({error})"
