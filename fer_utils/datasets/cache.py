"""Files that take long to read are read once: what came of them is found again by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL

from fer_utils.cache_dir import cache_dir
from fer_utils.files import sha256_file
from fer_utils.progress import track
from fer_utils.stored import read_sealed, write_sealed

MANY = 1000
"""From more files than this on, progress is shown."""


def read_once(
    name: str, files: Sequence[Path], read: Callable[[], dict[str, np.ndarray]], code: str
) -> dict[str, np.ndarray]:
    """The arrays that ``read()`` makes of ``files``, from disk if files of the same bytes were read before.

    Args:
        name: the data set's, in letters that a file name may hold.
        files: all that ``read`` looks at, in its order. Their names, sizes and SHA-256 are the key;
            their folder and dates are not.
        read: gives plain arrays. If one called ``problems`` is not empty, nothing is kept.
        code: whatever else the result depends on: the digest of the code behind ``read``
            (:func:`source_digest`) and its settings.

    Raises:
        FerError: the cache can't be written; the message says how to put it elsewhere.
    """
    key = hashlib.sha256(f"{code} numpy {np.__version__} pillow {PIL.__version__}".encode())
    for file in track(files, "looking for changes") if len(files) > MANY else files:
        key.update(f"\n{file.name} {file.stat().st_size} {sha256_file(file)}".encode())
    path = cache_dir() / "datasets" / f"{name}-{key.hexdigest()}.npz"
    arrays = read_sealed(path)
    if arrays is None:
        arrays = read()
        if not len(arrays.get("problems", ())):
            write_sealed(path, arrays)
    return arrays


def source_digest(module_file: str) -> str:
    """SHA-256 of a module's source, to be taken when it is imported: a file edited later is not what runs."""
    return hashlib.sha256(Path(module_file).read_bytes()).hexdigest()
