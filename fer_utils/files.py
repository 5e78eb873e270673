"""Files are written whole or not at all.

Every write goes to a temporary file in the target's own folder and is moved into place only
when it is complete, so that a killed process, a full disk or a second process never leaves
half a file behind under the final name.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import shutil
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fer_utils.errors import FerError

UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, KeyError, RuntimeError, SyntaxError, OverflowError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError,
)  # fmt: skip
"""What reading a missing, truncated or otherwise damaged ``.npz`` raises, whichever part of it is hurt."""


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; move it to ``path`` if the block succeeds.

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


def exchange(new: Path, target: Path, aside: Path) -> None:
    """Put the folder ``new`` where ``target`` is, by two renames and no copy; the old ``target`` is then deleted.

    A kill between the renames leaves both folders whole, the old one as ``aside``.

    Args:
        new, target, aside: on one disk; ``target`` may be missing. What a killed exchange left at ``aside`` is
            deleted once ``target`` is there.

    Raises:
        OSError: the exchange failed; ``target`` is as before.
    """
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def disk_error(path: str | Path, error: OSError) -> FerError:
    """Put an ``OSError`` met while writing into words."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return FerError(f"cannot write {path}: {too_many_files()}")
    return FerError(
        f"cannot write {path}: {error.strerror or error}. No half-written file is left there. Free some "
        f"space or make the folder writable, or choose another place "
        f"(--results DIR for results, --to DIR for data, FER_CACHE=DIR for the cache)."
    )


def too_many_files() -> str:
    """What to do where the system gives no more open files."""
    allowed, at_most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        f"there are too many open files: this process may have {allowed} at once, a run needs some hundreds. "
        f"Allow more with `ulimit -n 1024` in the same terminal (at most {at_most} here without an administrator)."
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


def json_rows(values: Iterable[Any]) -> str:
    """A JSON list, an item a line: diffs as well as :func:`write_json` does, in two thirds of the bytes."""
    return "[\n" + ",\n".join(json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values) + "\n]"


def write_json_rows(path: str | Path, values: Iterable[Any]) -> None:
    """Write a list as :func:`json_rows` has it."""
    write_text(path, json_rows(values) + "\n")


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write plain arrays as ``.npz``; object arrays, which would need pickle, are refused."""
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        pack_npz(stream, arrays)


def pack_npz(stream: BinaryIO, arrays: dict[str, np.ndarray]) -> None:
    """:func:`write_npz` into an open file."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects; only plain numbers and text are stored")
    # By position NumPy would name them itself; its own stub takes every name for that of an option.
    np.savez(stream, **arrays)  # type: ignore[arg-type]


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Read what :func:`write_npz` wrote. Pickled content is refused."""
    with Path(path).open("rb") as stream:
        return unpack_npz(stream)


def unpack_npz(stream: BinaryIO) -> dict[str, np.ndarray]:
    """:func:`read_npz` from an open file."""
    with np.load(stream, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def sha256_file(path: str | Path) -> str:
    """Hex digest of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
