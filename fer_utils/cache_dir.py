"""Where finished work is kept between runs, so that it need not be done twice."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def cache_dir() -> Path:
    """The cache folder, as an absolute path; it is made by whoever first writes into it.

    In this order: the environment's ``FER_CACHE``; ``.fer_cache`` in the repository when the
    package lies in a checkout (a ``pyproject.toml`` beside it); ``~/.cache/fer_utils``.
    Deleting the folder is always safe: what was in it is computed again.
    """
    chosen = os.environ.get("FER_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return PACKAGE.parent / ".fer_cache"
    return Path.home() / ".cache" / "fer_utils"
