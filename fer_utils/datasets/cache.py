"""A large file is parsed once: the arrays that came of it are found again by the file's content."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_utils.cache_dir import cache_dir
from fer_utils.files import read_npz, sha256_file, write_npz

# What reading a missing, truncated or otherwise damaged .npz raises, whichever part of it is hurt.
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile)


def parsed_once(
    name: str, file: Path, parse: Callable[[Path], dict[str, np.ndarray]], source: str
) -> dict[str, np.ndarray]:
    """The arrays that ``parse(file)`` gives, from disk if a file of the same bytes was parsed before.

    Args:
        name: what is parsed, in letters that a file name may hold.
        file: the file to parse. Its size and SHA-256 are part of the key; its name and date are not.
        parse: reads the file and returns plain arrays.
        source: the digest of the code behind ``parse``, from :func:`source_digest`: other code, other key.

    Raises:
        FerError: the cache can't be written; the message says how to put it elsewhere.
    """
    key = hashlib.sha256(f"{source} {np.__version__} {file.stat().st_size} {sha256_file(file)}".encode()).hexdigest()
    path = cache_dir() / "datasets" / f"{name}-{key}.npz"
    try:
        return read_npz(path)
    except UNREADABLE:
        arrays = parse(file)
        write_npz(path, arrays)
        return arrays


def source_digest(module_file: str) -> str:
    """SHA-256 of a module's source, to be taken when it is imported: a file edited later is not what runs."""
    return hashlib.sha256(Path(module_file).read_bytes()).hexdigest()
