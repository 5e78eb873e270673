"""Stand-ins that are asked for by name, ``data.load("jaffe:stand-in")``: written once, kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
from functools import cache
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import PIL

from fer_utils.avatars.stand_ins import write
from fer_utils.cache_dir import cache_dir
from fer_utils.datasets import avatar_shoots
from fer_utils.files import disk_error, write_text
from fer_utils.locks import alone_in
from fer_utils.stored import damaged


def kept(name: str) -> Path:
    """The folder of a stand-in of this version of the avatars and of the code that casts them.

    A second process that needs the same one waits until it is written. One that is not as it was written, by so much as
    a bit, is written again.

    Raises:
        UsageError: there is no stand-in of this name.
        FerError: the cache can't be written.
    """
    shelf = cache_dir() / "stand_ins" / _digest()
    folder, seal = shelf / name, shelf / f".{name}.sha256"
    if _intact(folder, seal):
        return folder
    gate = shelf / f".{name}.gate"
    try:
        gate.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(gate, error) from error
    with alone_in(gate, waiting=f"another process is making the stand-in for {name}; waiting until it is done"):
        if not _intact(folder, seal):
            if folder.exists():
                damaged(folder)
                shutil.rmtree(folder)
            write(name, shelf)
            write_text(seal, _contents(folder))
    return folder


def _intact(folder: Path, seal: Path) -> bool:
    try:
        return seal.read_text("ascii") == _contents(folder)
    except (OSError, ValueError):
        return False


def _contents(folder: Path) -> str:
    """A digest of a folder's own name and of the names and bytes of its files; what file browsers hide in it aside."""
    found = hashlib.sha256(folder.name.encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        found.update(f"\n{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


@cache
def _digest() -> str:
    """What a stand-in depends on: all code and lists of the data sets, the avatars, and the libraries that draw."""
    found = hashlib.sha256(f"{cv2.__version__} {np.__version__} {PIL.__version__}".encode())
    for package in (Path(avatar_shoots.__file__).parent, Path(__file__).parents[1]):
        for source in sorted([*package.rglob("*.py"), *package.glob("*.csv")]):
            found.update(source.read_bytes())
    shipped = resources.files("fer_utils.datasets") / "shipped" / "avatars"
    for shoot in avatar_shoots.DATASETS:
        found.update((shipped / f"{shoot}.zip").read_bytes())
    return found.hexdigest()[:16]
