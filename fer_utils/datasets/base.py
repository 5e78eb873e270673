"""What all data sets have in common: a description, a place, and strict reading of images."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.progress import track

STAND_IN_FILE = "STAND_IN.txt"


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


def read_images(files: Sequence[Path], size: tuple[int, int], mode: str, problems: list[str]) -> np.ndarray:
    """Read images of one known size, strictly.

    Args:
        files: the image files, all existing.
        size: ``(height, width)`` in pixels that every image must have.
        mode: ``"L"`` for grey, ``"RGB"`` for colour; another mode in the file is a problem.
        problems: one line is added for every file that is empty, truncated, unreadable, of
            another size or of another mode.

    Returns:
        ``uint8 [N, H, W]`` or ``[N, H, W, 3]``; unreadable images are left black, since the
        caller is going to raise on ``problems``.
    """
    images = np.zeros((len(files), *size, *((3,) if mode == "RGB" else ())), dtype=np.uint8)
    for row, file in enumerate(track(files, "reading images") if len(files) > 1000 else files):
        try:
            with Image.open(file) as picture:
                picture.load()
                if picture.mode != mode:
                    problems.append(f"{file.name}: colour mode {picture.mode}, expected {mode}")
                elif picture.size != size[::-1]:
                    found = f"{picture.width}x{picture.height}"
                    problems.append(f"{file.name}: {found} pixels, expected {size[1]}x{size[0]}")
                else:
                    images[row] = np.asarray(picture)
        # Pillow reports damage in many ways (OSError, ValueError, TypeError, DecompressionBombError …);
        # each means that the file is not the image it should be.
        except Exception as error:
            reason = "empty file" if file.stat().st_size == 0 else f"unreadable or truncated ({error})"
            problems.append(f"{file.name}: {reason.replace(str(file), 'the file')}")
    return images


def refuse(title: str, folder: Path, problems: Sequence[str], advice: str) -> None:
    """Raise one error that lists every problem, if there is any."""
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise FerError(f"{title} in {folder} is not as it should be, {len(problems)} problem(s):\n{listed}\n{advice}")
