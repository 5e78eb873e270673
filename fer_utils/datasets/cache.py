"""Files that take long to read are read once: :mod:`fer_utils.store` with the files' bytes in the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fer_utils import store
from fer_utils.files import sha256_file
from fer_utils.progress import track

MANY = 1000
"""From more files than this on, progress is shown."""
VERSIONS = store.versions("numpy", "pillow")


def read_once(
    name: str, files: Sequence[Path], read: Callable[[], dict[str, np.ndarray]], code: str
) -> dict[str, np.ndarray]:
    """The arrays that ``read()`` makes of ``files``, from disk if files of the same bytes were read before.

    Args:
        name: the data set's, in letters that a file name may hold.
        files: all that ``read`` looks at, in its order. Their names and SHA-256 are the key;
            their folder and dates are not.
        read: gives plain arrays. If one called ``problems`` is not empty, nothing is kept.
        code: whatever else the result depends on: the digest of the code behind ``read``
            (:func:`fer_utils.store.source_digest`) and its settings.

    Raises:
        OSError, UnicodeError: a file cannot be opened, or its name is not text.
        FerError: the cache cannot be written; the message says how to put it elsewhere.
    """
    shown = track(files, "looking for changes") if len(files) > MANY else files
    bytes_of = [[_text(file.name), sha256_file(file)] for file in shown]
    identity = {"code": code, "versions": VERSIONS, "files": bytes_of}
    return store.kept(
        "datasets", identity, read, name=name, worth_keeping=lambda arrays: not len(arrays.get("problems", ()))
    )


def _text(name: str) -> str:
    # JSON would take a name that is not UTF-8; the callers rely on its being refused.
    name.encode()
    return name
