"""Work on disk, sealed: damage is noticed when it is read, and the work is done again.

Units, preprocessed pictures, read data sets and the checkpoints of trainings are all kept in this one form: an ordinary
``.npz`` with one more line at its end, the digest of the name it was stored under and that of every byte before. The
name is the key: a digest of all that went into the work. NumPy alone would not do: it stops before the end of a member
whose header lies, so that the checksum within the archive is never compared.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fer_utils.cache_dir import cache_dir
from fer_utils.errors import FerError
from fer_utils.files import UNREADABLE, pack_npz, too_many_files, unpack_npz, whole_file
from fer_utils.progress import note

_CHUNK = 1 << 20


def write_sealed(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write plain arrays under the name that they will be asked for by, whole or not at all.

    Raises:
        TypeError: an array holds Python objects.
        FerError: the disk is full or read-only.
    """
    with whole_file(path) as temporary:
        with temporary.open("wb") as stream:
            pack_npz(stream, arrays)
        with temporary.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.write(_seal(stream, size, path.name))


def read_sealed(path: Path) -> dict[str, np.ndarray] | None:
    """What :func:`write_sealed` wrote, or ``None`` if it is not there; also, with a note, if it is damaged.

    Raises:
        FerError: this process has no more open files.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END) - len(_seal(stream, 0, path.name))
            if size < 0 or _seal(stream, size, path.name) != stream.read():
                damaged(path)
                return None
            stream.seek(0)
            return unpack_npz(stream)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except MemoryError:
        # The file is whole, so this machine is too small for it.
        raise
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            raise FerError(f"cannot read {path}: {too_many_files()}") from error
        damaged(path, error)
        return None


def damaged(path: Path, error: Exception | None = None) -> None:
    """Tell the reader, once, that stored work is not as it was written and is done again."""
    shown = path.relative_to(cache_dir()) if path.is_relative_to(cache_dir()) else path.name
    reason = getattr(error, "strerror", None) or "it is damaged, or was stored for something else"
    note(f"{shown} in the cache cannot be used ({reason}); that work is done again")


def _seal(stream: BinaryIO, size: int, name: str) -> bytes:
    """The last line of a sealed file, from its first ``size`` bytes; ``stream`` is left behind them."""
    stream.seek(0)
    found = hashlib.sha256()
    for start in range(0, size, _CHUNK):
        found.update(stream.read(min(_CHUNK, size - start)))
    return f"\nfer_utils {hashlib.sha256(name.encode()).hexdigest()} {found.hexdigest()}\n".encode("ascii")
