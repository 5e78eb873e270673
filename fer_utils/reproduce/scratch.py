"""Where a run keeps what nobody needs afterwards: its progress, the kernel's sockets, arrays shared among workers.

Each run has folders of its own and holds their locks; what a killed run left is swept away by the next one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_utils.cache_dir import cache_dir
from fer_utils.errors import FerError
from fer_utils.files import too_many_files
from fer_utils.locks import own_folder

PREFIX = "fer-run-"
SHARED_MEMORY = Path("/dev/shm")
SHARED_NEEDED = 2 << 30
"""Bytes; joblib itself asks as much of the shared memory before it uses it."""
OPEN_FILES, FEW_FILES = 1024, 256
"""Open files that a run asks for, and how many are so few that a kernel may die of them (measured: below 96)."""
JOBLIB = "JOBLIB_TEMP_FOLDER"


@dataclass(frozen=True)
class Scratch:
    """``folder``: empty, for this user only; ``arrays``: where joblib shares arrays among workers, best in memory."""

    folder: Path
    arrays: Path


@contextlib.contextmanager
def scratch() -> Iterator[Scratch]:
    """Folders for one run, gone at its end.

    Raises:
        FerError: the folder for temporary files is full or read-only.
    """
    try:
        home = Path(tempfile.gettempdir())
    except OSError as error:
        raise FerError(f"{error.strerror}. Set TMPDIR to a folder that can be written to and has space.") from error
    with contextlib.ExitStack() as opened:
        try:
            here = opened.enter_context(own_folder(home, PREFIX))
            arrays = opened.enter_context(own_folder(SHARED_MEMORY, PREFIX)) if _shares_memory() else here
        except OSError as error:
            raise temporary_error(error) from error
        yield Scratch(here, Path(os.environ.get(JOBLIB) or arrays))


def more_open_files() -> None:
    """Let this process and the kernel have as many open files as a run may need, where the system lets us."""
    allowed, at_most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if at_most == resource.RLIM_INFINITY else min(OPEN_FILES, at_most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, at_most))


def ran_out(said: str, working: Path, died: bool = False) -> str:
    """What this machine ran out of, as the next sentence behind an error's text; empty where that is not known.

    Args:
        said: the error's text. Libraries do not name the file that they could not write.
        working: where the run writes its results.
        died: the kernel is gone. Where it had few open files, that is the likely reason, whatever else is said.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if os.strerror(errno.EMFILE) in said or (died and 0 < allowed < FEW_FILES):
        return f". {'Perhaps t' if os.strerror(errno.EMFILE) not in said else 'T'}{too_many_files()[1:]}"
    if not any(os.strerror(code) in said for code in (errno.ENOSPC, errno.EDQUOT)):
        return ""
    places = {"temporary files, TMPDIR": Path(tempfile.gettempdir()), "cache, FER_CACHE": cache_dir(),
              "results, --results": working, "memory shared by processes": SHARED_MEMORY}  # fmt: skip
    free = [f"{place} ({what}) {_free(place) / 1e6:,.0f} MB" for what, place in places.items() if place.is_dir()]
    return f". Free are: {'; '.join(free)}. Make space there or choose another place."


def _free(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bsize * found.f_bavail


def temporary_error(error: OSError) -> FerError:
    """Put an ``OSError`` met in the folder for temporary files into words."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return FerError(too_many_files())
    return FerError(
        f"cannot write temporary files in {tempfile.gettempdir()}: {error.strerror}. Free some space there, or set "
        f"TMPDIR to a folder that can be written to and has space."
    )


def _shares_memory() -> bool:
    try:
        return _free(SHARED_MEMORY) > SHARED_NEEDED and os.access(SHARED_MEMORY, os.W_OK)
    except OSError:
        return False
