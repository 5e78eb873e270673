"""Which files of a folder belong to a data set: links are followed, junk is left out, case does not matter."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from fer_utils.datasets.findings import Findings

PICTURE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"))
JUNK = frozenset(
    (
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
        *("@eadir", "__macosx", "$recycle.bin", "system volume information", "lost+found"),
    )
)
"""Files and folders that systems and disks leave behind, in lower case."""


def is_junk(name: str) -> bool:
    """Whether a file or folder is none of the data set's: hidden (``.DS_Store``, ``._x.png``), or in :data:`JUNK`."""
    return name.startswith(".") or name.lower() in JUNK


def files_below(folder: Path, found: Findings | None = None, wanted: Callable[[str], bool] = bool) -> list[Path]:
    """All files below ``folder`` whose names are wanted, sorted by path.

    Junk is left out, with all that is in a folder of junk. Symbolic links are followed.

    Args:
        folder: where to look.
        found: gets a problem for a folder that can't be read and for a link to nothing, and a note for a link back
            to a folder above it, which is not followed.
        wanted: judges a file's name.
    """
    try:
        start = _identity(folder.stat())
    except OSError:
        return []
    return sorted(file for file in _walk(folder, (start,), found) if wanted(file.name))


def pictures_below(folder: Path, found: Findings | None = None) -> list[Path]:
    """All picture files below ``folder``, as :func:`files_below` finds them."""
    return files_below(folder, found, is_picture)


def is_picture(name: str) -> bool:
    """Whether the name ends like a picture's, in either case."""
    return Path(name).suffix.lower() in PICTURE_SUFFIXES


def _walk(folder: Path, above: tuple[tuple[int, int], ...], found: Findings | None) -> Iterator[Path]:
    for entry in _entries(folder, found):
        path = folder / entry.name
        try:
            if entry.is_dir():
                identity = _identity(entry.stat())
                if identity not in above:
                    yield from _walk(path, (*above, identity), found)
                elif found is not None:
                    found.notes.append(f"{found.named(path)} is a link back to a folder above it; not followed")
            elif entry.is_file():
                yield path
            elif found is not None:
                found.problems.append(f"{found.named(path)}: a link to nothing")
        except OSError as error:
            if found is not None:
                found.problems.append(f"{found.named(path)}: unreadable ({error.strerror})")


def _entries(folder: Path, found: Findings | None) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not is_junk(entry.name)]
    except OSError as error:
        if found is not None:
            found.problems.append(f"{found.named(folder)}/: a folder that can't be read ({error.strerror})")
        return []


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


def folders_in(folder: Path, found: Findings | None = None) -> list[Path]:
    """The folders directly in ``folder``, sorted, junk left out and links followed."""
    homes = []
    for entry in _entries(folder, found):
        if entry.is_dir():
            homes.append(folder / entry.name)
        elif entry.is_symlink() and not entry.is_file() and found is not None:
            found.problems.append(f"{found.named(folder / entry.name)}: a link to nothing")
    return sorted(homes)


def child(folder: Path, name: str, found: Findings | None = None) -> Path | None:
    """The file or folder of a name, in this letter case if it is there, else in another; ``None`` if it is not.

    Args:
        folder: where to look.
        name: a path below it, with ``/``.
        found: gets a problem where two names differ only in letter case: either could be meant.
    """
    here = folder
    for part in name.split("/"):
        alike = sorted(entry.name for entry in _entries(here, None) if entry.name.lower() == part.lower())
        if not alike:
            return None
        if len(alike) > 1 and found is not None:
            names = " and ".join(found.named(here / entry) for entry in alike)
            found.problems.append(f"{names}: names that differ only in letter case; which is meant?")
        here = here / (part if part in alike else alike[0])
    return here


def folder_inside(folder: Path, *names: str) -> Path:
    """The first of ``folder/name`` that is there, or ``folder``: archives are unpacked with or without their own."""
    homes = (child(folder, name) for name in names)
    return next((home for home in homes if home is not None and home.is_dir()), folder)
