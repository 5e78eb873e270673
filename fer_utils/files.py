"""Files are written whole or not at all.

Every write goes to a temporary file in the target's own folder and is moved into place only
when it is complete, so that a killed process, a full disk or a second process never leaves
half a file behind under the final name.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.errors import FerError

UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile)
"""What reading a missing, truncated or otherwise damaged ``.npz`` raises, whichever part of it is hurt."""


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; move it to ``path`` if the block ends well.

    Raises:
        FerError: the disk is full, the folder is read-only, or the like. Nothing is left
            behind, and an older file at ``path`` stays as it was.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The suffix is kept: writers such as numpy and matplotlib choose the format by it.
        handle, name = tempfile.mkstemp(prefix=".partial-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise disk_error(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which the system frees with the process; some network disks have none.

    Raises:
        FerError: another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise FerError(f"another process is writing to {folder}; wait until it is done") from error
    except OSError:
        pass  # no locks on this disk
    try:
        yield
    finally:
        os.close(handle)


def disk_error(path: str | Path, error: OSError) -> FerError:
    """Put an ``OSError`` met while writing into words."""
    return FerError(
        f"cannot write {path}: {error.strerror or error}. No half-written file is left there. Free some "
        f"space or make the folder writable, or choose another place "
        f"(--results DIR for results, --to DIR for data, FER_CACHE=DIR for the cache)."
    )


def require_space(folder: Path, needed: int) -> None:
    """Raise a :class:`FerError` unless the disk that holds the existing ``folder`` has ``needed`` bytes free."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FerError(
            f"{folder} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed. "
            f"Free some space or choose another place with --to DIR."
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends. See :func:`whole_file` for the errors."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON that diffs well: indented, keys in the order given, no NaN."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write plain arrays as ``.npz``; object arrays, which would need pickle, are refused."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects; only plain numbers and text are stored")
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Read what :func:`write_npz` wrote. Pickled content is refused."""
    with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def sha256_file(path: str | Path) -> str:
    """Hex digest of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
