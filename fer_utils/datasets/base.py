"""What all data sets have in common: a description, a place, and strict reading of images."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image, ImageOps

from fer_utils.datasets.cache import MANY, read_once, source_digest
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.progress import track

STAND_IN_FILE = "STAND_IN.txt"
PICTURE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"))
EIGHT_BIT_MODES = frozenset(("L", "LA", "P", "RGB", "RGBA"))
PEOPLE_UNKNOWN = "people are not known; each picture counts as its own person"
"""The note of a set whose ``subject`` is the picture's own name."""
SOURCE_DIGEST = source_digest(__file__)

_STATED = "\nThe loader checks these counts instead of the official ones:\n"

T = TypeVar("T")


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


def stand_in_marker(folder: Path) -> bool:
    """Whether the folder says that its pictures only stand in for the real data set."""
    return (folder / STAND_IN_FILE).exists()


def contents_line(folder: Path) -> str:
    """A line for ``STAND_IN.txt`` that tells whether the folder still holds what was written with it."""
    found = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != STAND_IN_FILE):
        if not file.name.startswith("."):
            found.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
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
    stated = dict(re.findall(r"^  ([a-z ]+): ([0-9]{1,9})$", text.partition(_STATED)[2], re.MULTILINE))
    counts = {name: int(stated.get(name, count)) for name, count in official.items()}
    others = [f"{name} {counts[name]}, official {count}" for name, count in official.items() if counts[name] != count]
    if others:
        notes.append(f"the stand-in states its own counts: {'; '.join(others)}")
    return counts


def read_images(
    files: Sequence[Path], size: tuple[int, int], mode: str, problems: list[str], folder: Path | None = None
) -> np.ndarray:
    """Read images of one known size, strictly.

    Args:
        files: the image files, all existing.
        size: ``(height, width)`` in pixels that every image must have.
        mode: ``"L"`` for grey, ``"RGB"`` for colour; another mode in the file is a problem.
        problems: one line is added for every file that is empty, truncated, unreadable, of
            another size or of another mode.
        folder: paths in messages are relative to it; without it they are the bare file names.

    Returns:
        ``uint8 [N, H, W]`` or ``[N, H, W, 3]``; unreadable images are left black, since the
        caller is going to raise on ``problems``.
    """

    def exact(picture: Image.Image) -> Image.Image | str:
        if picture.mode != mode:
            return f"colour mode {picture.mode}, expected {mode}"
        if picture.size != size[::-1]:
            return f"{picture.width}x{picture.height} pixels, expected {size[1]}x{size[0]}"
        return picture

    named = [(file.relative_to(folder).as_posix() if folder else file.name, file) for file in files]
    return _read(named, size, mode, exact, problems)


def read_fitted(
    files: Sequence[Path],
    folder: Path,
    size: tuple[int, int],
    mode: str,
    native: Collection[tuple[int, int]],
    problems: list[str],
    keep_as: str | None = None,
    border: float = 0.0,
    draft: bool = False,
) -> tuple[np.ndarray, list[str]]:
    """Read images of one or several sizes and bring them to one, with their proportions kept.

    Each picture is scaled (Lanczos) until it just covers ``size``; what overhangs is cut evenly
    on both sides. A picture that is only a few rows higher is thus cut and not resampled.

    Args:
        files: the image files, all existing, below ``folder``.
        folder: paths in messages are relative to it.
        size: ``(height, width)`` in pixels that every image gets.
        mode: ``"L"`` for grey, ``"RGB"`` for colour; any picture of 8 bits a channel is converted.
        native: the sizes, ``(height, width)``, that the official files are known to have.
        problems: one line is added for every file that is empty, truncated, unreadable or not of
            8 bits a channel.
        keep_as: the name under which the images are kept in the cache, for sets that take long to read.
        border: share of width and of height that is first cut off on every side, for sets that are aligned.
        draft: decode a JPEG at the smallest of its built-in scales (1/2, 1/4, 1/8) that still covers ``size``:
            huge pictures take a fraction of the time and memory, and get slightly other pixels. They
            are also turned upright as their EXIF data say.

    Returns:
        ``uint8 [N, H, W]`` or ``[N, H, W, 3]``, and at most one note on pictures whose size is not ``native``.
    """
    others: list[str] = []

    def fitted(picture: Image.Image) -> Image.Image | str:
        if picture.mode not in EIGHT_BIT_MODES:
            return f"colour mode {picture.mode}, expected 8 bits a channel"
        if draft:
            picture = ImageOps.exif_transpose(picture)
        return ImageOps.fit(picture.convert(mode), size[::-1], Image.Resampling.LANCZOS, border)

    def opened(picture: Image.Image) -> None:
        if (picture.height, picture.width) not in native:
            others.append(f"{picture.width}x{picture.height}")
        if draft:
            picture.draft(mode, size[::-1])

    def read() -> dict[str, np.ndarray]:
        named = [(file.relative_to(folder).as_posix(), file) for file in files]
        found: list[str] = []
        images = _read(named, size, mode, fitted, found, opened)
        return {"images": images, "problems": np.array(found, dtype=str), "others": np.array(others, dtype=str)}

    code = f"{SOURCE_DIGEST} {size} {mode} {sorted(native)} {border} {draft}"
    arrays = read_once(keep_as, files, read, code) if keep_as else read()
    problems += arrays["problems"].tolist()
    strange = arrays["others"].tolist()
    expected = " or ".join(f"{width}x{height}" for height, width in sorted(native))
    note = f"{len(strange)} picture(s) are not {expected} pixels but {', '.join(sorted(set(strange)))}"
    return arrays["images"], [note] if strange else []


def _read(
    named: Sequence[tuple[str, Path]],
    size: tuple[int, int],
    mode: str,
    fit: Callable[[Image.Image], Image.Image | str],
    problems: list[str],
    opened: Callable[[Image.Image], None] = lambda picture: None,
) -> np.ndarray:
    images = np.zeros((len(named), *size, *((3,) if mode == "RGB" else ())), dtype=np.uint8)
    for row, (name, file) in enumerate(track(named, "reading images") if len(named) > MANY else named):
        try:
            with Image.open(file) as picture:
                opened(picture)
                picture.load()
                fitted = fit(picture)
                if isinstance(fitted, str):
                    problems.append(f"{name}: {fitted}")
                else:
                    images[row] = np.asarray(fitted)
        # Pillow reports damage in many ways (OSError, ValueError, TypeError, DecompressionBombError …);
        # each means that the file is not the image it should be.
        except Exception as error:
            reason = "empty file" if file.stat().st_size == 0 else f"unreadable or truncated ({error})"
            problems.append(f"{name}: {reason.replace(str(file), 'the file')}")
    return images


def pictures_below(folder: Path) -> list[Path]:
    """All picture files below ``folder``, sorted by path; hidden files (``.DS_Store``, ``._x.png``) are no pictures."""
    files = (file for file in folder.rglob("*") if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file())
    return sorted(file for file in files if not file.name.startswith("."))


def parse_names(
    files: Sequence[Path], folder: Path, parse: Callable[[str], T], problems: list[str]
) -> list[tuple[Path, T]]:
    """What each file's name says; a name that ``parse`` refuses with a ``ValueError`` is a problem."""
    parsed = []
    for file in files:
        try:
            parsed.append((file, parse(file.name)))
        except ValueError as error:
            problems.append(f"{file.relative_to(folder).as_posix()}: {error}")
    return parsed


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


def folder_inside(folder: Path, *names: str) -> Path:
    """The first of ``folder/name`` that is there, or ``folder``: archives are unpacked with or without their own."""
    return next((folder / name for name in names if (folder / name).is_dir()), folder)


def refuse(title: str, folder: Path, problems: Sequence[str], advice: str) -> None:
    """Raise one error that lists every problem, if there is any."""
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise FerError(f"{title} in {folder} is not as it should be, {len(problems)} problem(s):\n{listed}\n{advice}")
