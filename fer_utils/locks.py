"""Who still uses a folder: locks that the system frees with the process, however it ends.

A process number says too little: containers count their processes anew, and a number is given again. A lock is held by
whoever opened the file, in whichever container of the machine; a killed process holds none. Some network disks have no
locks, or each machine sees its own only: there, what is left behind is touched when it is old, and not before.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from fer_utils.errors import FerError
from fer_utils.progress import note

LOCK = ".lock"
OLD_DAYS = 30
"""What nobody can be asked about is taken for abandoned after so many days."""


def _boot() -> str:
    """This run of this machine's system: all containers on it share one, machines of one name do not."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


MACHINE = hashlib.sha256(f"{platform.node()} {_boot()}".encode()).hexdigest()[:8]
"""Marks the folders whose locks this machine can ask for."""


@contextlib.contextmanager
def alone_in(folder: Path, waiting: str = "") -> Iterator[None]:
    """Hold a folder's lock, or that of a file; some network disks have none, and then nothing is held.

    Args:
        folder: is there already.
        waiting: a sentence that is said before waiting for another process to be done. Empty: nobody waits.

    Raises:
        FerError: another process holds it, and ``waiting`` is empty.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if not waiting:
                raise FerError(f"another process is writing to {folder}; wait until it is done") from error
            note(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # no locks on this disk
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def in_turn(folder: Path, shared: bool = False) -> Iterator[None]:
    """Hold a folder's lock, and wait for it without a word: for exchanges that take a moment.

    Args:
        folder: where it is not there, or its disk has no locks, nothing is held.
        shared: readers do not wait for each other.
    """
    handle = None
    try:
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextlib.contextmanager
def own_folder(home: Path, prefix: str) -> Iterator[Path]:
    """A new empty folder ``<prefix><machine>-…`` in ``home`` that goes at the end, if it is still there.

    What killed processes left under the same prefix is swept away first. As long as the folder is in use, a lock file
    beside it is held.

    Raises:
        OSError: the folder cannot be made.
    """
    sweep(home, prefix)
    folder = home / f"{prefix}{MACHINE}-{secrets.token_hex(4)}"
    lock = _lock_of(folder)
    # Under its own name a lock file is never seen unlocked, and a folder never without.
    fresh = lock.with_name(lock.name + ".new")
    handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fresh.rename(lock)
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for file in (lock, fresh):
            with contextlib.suppress(OSError):
                file.unlink()
        os.close(handle)


def sweep(home: Path, prefix: str) -> None:
    """Remove the folders in ``home`` that :func:`own_folder` made for processes which are no more."""
    names = {entry.name.removesuffix(LOCK) for entry in home.glob(f"{prefix}*")}
    for left in sorted(home / name for name in names):
        lock = _lock_of(left)
        if _abandoned(left, lock, left.name.removeprefix(prefix).startswith(MACHINE)):
            shutil.rmtree(left, ignore_errors=True)
            for file in (left, lock):
                with contextlib.suppress(OSError):
                    file.unlink()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK)


def _below(folder: Path) -> list[Path]:
    """Everything below a folder; another process may be deleting it, and then it is what was still seen."""
    found: list[Path] = []
    with contextlib.suppress(OSError):
        for path in folder.rglob("*"):
            found.append(path)
    return found


def _abandoned(left: Path, lock: Path, ours: bool) -> bool:
    """Whether nobody uses a folder any more; ``ours``: it is of this machine, whose locks can be asked for."""
    with contextlib.suppress(OSError):
        handle = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if ours:
                return True
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
    newest = 0.0
    for file in (left, lock, *_below(left)):
        with contextlib.suppress(OSError):
            newest = max(newest, file.lstat().st_mtime)
    return time.time() - newest > OLD_DAYS * 24 * 3600
