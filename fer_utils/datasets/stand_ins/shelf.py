"""Stand-ins that are asked for by name, ``load("jaffe:stand-in")``: written once, kept in the cache."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import PIL

from fer_utils.cache_dir import cache_dir
from fer_utils.datasets import avatars
from fer_utils.datasets.base import STAND_IN_FILE
from fer_utils.datasets.stand_ins import write


def kept(name: str) -> Path:
    """The folder of a stand-in of this version of the avatars and of the code that casts them.

    Raises:
        UsageError: there is no stand-in of this name.
        FerError: the cache can't be written.
    """
    shelf = cache_dir() / "stand_ins" / _digest()
    folder = shelf / name
    if not (folder / STAND_IN_FILE).is_file():
        write(name, shelf)
    return folder


@cache
def _digest() -> str:
    """What a stand-in depends on: all code and lists of the data sets, the avatars, and the libraries that draw."""
    found = hashlib.sha256(f"{cv2.__version__} {np.__version__} {PIL.__version__}".encode())
    package = Path(__file__).parents[1]
    for source in sorted([*package.rglob("*.py"), *package.glob("*.csv")]):
        found.update(source.read_bytes())
    shipped = resources.files("fer_utils.datasets") / "shipped" / "avatars"
    for shoot in avatars.DATASETS:
        found.update((shipped / f"{shoot}.zip").read_bytes())
    return found.hexdigest()[:16]
