"""Results move into place whole: a working folder beside them, and one exchange at the end."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

SET_ASIDE = ".old-"
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
"""Marks working folders by machine: on shared storage only their own machine knows whether they are abandoned."""


def working_folder(results: Path) -> Path:
    """A new empty folder below ``results``; the leftovers of killed runs are swept away first."""
    results.mkdir(parents=True, exist_ok=True)
    _sweep(results)
    return Path(tempfile.mkdtemp(prefix=f".partial-{_HOST}-{os.getpid()}-", dir=results))


def _sweep(results: Path) -> None:
    """Remove what killed runs of this machine left behind, and put back what they had set aside."""
    for folder in results.glob(f".partial-{_HOST}-*"):
        number = folder.name.split("-")[2]
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
    for old in results.glob(f"*/{SET_ASIDE}*"):
        target = old.with_name(old.name.removeprefix(SET_ASIDE))
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def move_into_place(working: Path, target: Path) -> Path:
    """Put a finished working folder where ``target`` is to be; what lay there goes, or stays if this fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    working.chmod(0o755)
    old = target.with_name(SET_ASIDE + target.name)
    if target.exists():
        target.rename(old)
    try:
        working.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return target
