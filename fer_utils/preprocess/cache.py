"""A step done once is not done again: results on disk, found by what went into them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_utils.cache_dir import cache_dir
from fer_utils.stored import read_sealed, write_sealed


def cached(
    step_name: str, inputs: dict[str, Any], compute: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays that ``compute`` gives for ``inputs``, from disk if they were computed before.

    The file's name is made of the step's name and a SHA-256 over the inputs, the source code of
    this room and the versions of the libraries that do its work: change any of them and the
    step is done anew. A damaged file is replaced.

    Args:
        step_name: what the step does, in letters that a file name may hold, e.g. ``"faces-ssd"``.
        inputs: everything the result depends on, as JSON values; large things (a ``FaceSet``)
            by their fingerprint.
        compute: does the work and returns plain arrays.

    Raises:
        TypeError: an input is not a JSON value, or an array holds Python objects.
        FerError: the cache can't be written; the message says how to put it elsewhere.
    """
    path = cache_dir() / "preprocess" / f"{step_name}-{_key(inputs)}.npz"
    arrays = read_sealed(path)
    if arrays is None:
        arrays = compute()
        write_sealed(path, arrays)
    return arrays


def _key(inputs: dict[str, Any]) -> str:
    facts = {"inputs": inputs, "source": SOURCE_DIGEST, "versions": VERSIONS}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _source_digest() -> str:
    digest = hashlib.sha256()
    room = Path(__file__).parent
    # The detector's weights decide as much as the code does.
    for path in [*sorted(room.glob("*.py")), *sorted((room.parent / "weights" / "opencv_ssd_res10").iterdir())]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _dlib_version() -> str | None:
    # Asked of the installer's records, because importing dlib takes long and may not be needed.
    for package in ("dlib-bin", "dlib"):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return None


# Taken when the code is loaded: a file that is edited later is not the code that is running.
SOURCE_DIGEST = _source_digest()
VERSIONS = {"cv2": cv2.__version__, "dlib": _dlib_version(), "numpy": np.__version__}
