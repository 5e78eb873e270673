"""What real folders hold and no description tells: junk, links, odd encodings, names in capitals.

Every loader gives the same pictures and labels with and without.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils.datasets.walking import pictures_below

DIFFERS = (
    "junk lies among the files, one folder is a symbolic link, one picture's name ends in capitals, and some pictures "
    "are encoded otherwise, as in real folders"
)
LINKED = ".linked"
FILMS = ("21", "50_50", "OceansThirteen")
"""Films whose titles look like numbers; after the last one a hyphen stands where others have a line."""


def make_awkward(name: str, folder: Path) -> None:
    """Change the files of a stand-in that was just written, in its own folder, in ways that change no picture."""
    if name in _CHANGES:
        _CHANGES[name](folder)
    files = pictures_below(folder)
    if files:
        last = files[-1]
        files[-1] = last.rename(last.with_suffix(last.suffix.swapcase()))
    _add_junk(folder, files[0] if files else None)
    _link_a_folder(folder)


def _link_a_folder(folder: Path) -> None:
    """Move the first folder that holds files aside, into a hidden one, and leave a link in its place."""
    homes = sorted({file.parent for file in folder.rglob("*") if file.is_file()} - {folder})
    homes = [home for home in homes if not any(part.startswith((".", "@", "_")) for part in home.parts[-2:])]
    if not homes:
        return
    home = homes[0]
    aside = folder / LINKED
    aside.mkdir()
    home.rename(aside / home.name)
    home.symlink_to(os.path.relpath(aside / home.name, home.parent), target_is_directory=True)


def _add_junk(folder: Path, picture: Path | None) -> None:
    content, suffix = (picture.read_bytes(), picture.suffix) if picture is not None else (b"junk", ".mp4")
    for home in {folder, picture.parent if picture is not None else folder}:
        for name in ("Thumbs.db", "desktop.ini", ".DS_Store", f"._picture{suffix}"):
            (home / name).write_bytes(b"junk")
        for inside in (".ipynb_checkpoints", "@eaDir", "__MACOSX"):
            (home / inside).mkdir()
            (home / inside / f"copy{suffix}").write_bytes(content)


def _grey_otherwise(folder: Path) -> None:
    """JAFFE: palettes of greys where the official set has them, and three more ways to say the same grey."""
    files = [file for file in pictures_below(folder) if file.suffix.lower() != ".jpg"]
    for file in files:
        if file.name.startswith(("KA.AN1.39.", "KM.")):
            _save_again(file, _with_palette)
    for file, change in zip(files[1:4], (_as_rgb, _with_alpha, _sixteen_bits), strict=False):
        _save_again(file, change)


def _save_again(file: Path, change: Callable[[Image.Image], Image.Image]) -> None:
    with Image.open(file) as picture:
        changed, kind = change(picture), picture.format
    changed.save(file, kind)


def _with_palette(picture: Image.Image) -> Image.Image:
    indexed = Image.fromarray(np.asarray(picture))
    indexed.putpalette([value for value in range(256) for _ in range(3)])
    return indexed


def _as_rgb(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB")


def _with_alpha(picture: Image.Image) -> Image.Image:
    return picture.convert("LA")


def _sixteen_bits(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)


def _films(folder: Path) -> None:
    """SFEW: the first films get titles that look like numbers."""
    files = pictures_below(folder)
    titles = sorted({file.name.partition("_")[0] for file in files})
    new = dict(zip(titles, FILMS, strict=False))
    for file in files:
        title, _, rest = file.name.partition("_")
        if title in new:
            joint = "-" if new[title] == FILMS[-1] else "_"
            file.rename(file.with_name(f"{new[title]}{joint}{rest}"))


_CHANGES: dict[str, Callable[[Path], None]] = {"jaffe": _grey_otherwise, "sfew": _films}
