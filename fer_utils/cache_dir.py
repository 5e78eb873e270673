"""Where finished work is kept between runs, so that it need not be done twice."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from fer_utils.errors import FerError

PACKAGE = Path(__file__).resolve().parent


def cache_dir() -> Path:
    """The cache folder, as an absolute path; it is made by whoever first writes into it.

    In this order: the environment's ``FER_CACHE``; ``.fer_cache`` in the repository when the
    package lies in a checkout (a ``pyproject.toml`` beside it); ``~/.cache/fer_utils``.
    Deleting the folder is always safe: what was in it is computed again.

    Raises:
        FerError: it would lie in the home folder, and this user has none.
    """
    chosen = os.environ.get("FER_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return PACKAGE.parent / ".fer_cache"
    try:
        return Path.home() / ".cache" / "fer_utils"
    except RuntimeError as error:
        raise FerError("this user has no home folder to keep finished work in; set FER_CACHE=DIR") from error


def compile_into_cache() -> None:
    """Let numba keep its compiled functions in ``numba/`` of the cache folder; call before numba is imported.

    Left to itself it writes beside the source or into the home folder, and gives up where both are read-only. Where
    the cache folder is read-only too, a temporary folder serves for as long as this process lives.
    A user's own ``NUMBA_CACHE_DIR`` stays.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = cache_dir() / "numba"
    if not can_write(folder):
        folder = Path(tempfile.mkdtemp(prefix="fer-numba-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()


def can_write(folder: Path) -> bool:
    """Whether files can be made in ``folder``, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
