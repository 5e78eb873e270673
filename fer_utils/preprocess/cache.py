"""A preprocessing step done once is not done again: :mod:`fer_utils.store` with this room's code in the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_utils import store


def cached(
    step_name: str, inputs: dict[str, Any], compute: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays that ``compute`` gives for ``inputs``, from disk if they were computed before.

    Change an input, the source code of this room, or a library that does its work, and the step is done anew.

    Args:
        step_name: what the step does, in letters that a file name may hold, e.g. ``"faces-ssd"``.
        inputs: everything the result depends on; see :func:`fer_utils.store.content`.
        compute: does the work and returns plain arrays.

    Raises:
        TypeError: an input has no agreed content, or an array holds Python objects.
        FerError: the cache cannot be written; the message says how to put it elsewhere.
    """
    identity = {"inputs": inputs, "source": SOURCE_DIGEST, "versions": VERSIONS}
    return store.kept("preprocess", identity, compute, name=step_name)


def _source_digest() -> str:
    room = Path(__file__).parent
    # The detector's weights decide as much as the code does.
    return store.source_digest(room, *sorted((room.parent / "weights" / "opencv_ssd_res10").iterdir()))


SOURCE_DIGEST = _source_digest()
VERSIONS = {"cv2": cv2.__version__, **store.versions("dlib", "dlib-bin", "numpy")}
