"""Results move into place whole: a working folder beside them, and one exchange at the end.

Two runs may end at once, and a report may be read meanwhile: whoever exchanges folders, or reads several of them, holds
the lock of ``results`` for that moment. A working folder has a lock of its own, held as long as its run lives.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from fer_utils.files import exchange
from fer_utils.locks import in_turn, own_folder

SET_ASIDE = ".old-"
PARTIAL = ".partial-"


@contextlib.contextmanager
def working_folder(results: Path) -> Iterator[Path]:
    """A new empty folder below ``results`` that goes at the end, unless it was moved into place.

    The leftovers of killed runs are swept away first, and what they had set aside is put back.

    Raises:
        OSError: the folder cannot be made.
    """
    results.mkdir(parents=True, exist_ok=True)
    with in_turn(results):
        _put_back(results)
    with own_folder(results, PARTIAL) as folder:
        yield folder


@contextlib.contextmanager
def settled(results: Path) -> Iterator[None]:
    """While this is open, no result is exchanged for another; an exchange that was cut short is undone first."""
    if _aside(results):
        with in_turn(results), contextlib.suppress(OSError):
            _put_back(results)
    with in_turn(results, shared=True):
        yield


def move_into_place(working: Path, target: Path) -> Path:
    """Put a finished working folder where ``target`` is to be; what lay there goes, or stays if this fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    working.chmod(0o755)
    with in_turn(target.parents[1]):
        _put_back(target.parents[1])
        exchange(working, target, target.with_name(SET_ASIDE + target.name))
    return target


def _put_back(results: Path) -> None:
    """Undo exchanges that were cut short; called with the lock of ``results``."""
    for old in _aside(results):
        target = old.with_name(old.name.removeprefix(SET_ASIDE))
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _aside(results: Path) -> list[Path]:
    """What exchanges have set aside; folders of live runs, which may go at any moment, are not looked into."""
    found: list[Path] = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for notebook in results.iterdir():
            if not notebook.name.startswith(".") and notebook.is_dir():
                found += [path for path in notebook.iterdir() if path.name.startswith(SET_ASIDE)]
    return found
