"""Three public face detectors behind one function.

========  =====================================================================================
haar      Viola-Jones cascade that comes with OpenCV (frontal faces), on grey pixels
ssd       OpenCV's ResNet-10 single-shot detector, run at 300×300 pixels; weights are shipped
dlib      histogram of oriented gradients with a linear classifier, from dlib
========  =====================================================================================

They mean different things by "face": dlib draws a tight square from above the eyebrows to the
chin, Haar a wider one with forehead and ears, the SSD an upright box from the hairline to the
chin. On 204 frontal studio portraits dlib's median square was 0.88 times as wide as Haar's.
Scores rank the boxes of one detector; they can't be compared between detectors.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import cv2.data
import numpy as np

from fer_utils.errors import FerError, UsageError, did_you_mean
from fer_utils.preprocess.pixels import check_images, resize, to_grey, to_rgb
from fer_utils.progress import track

SSD_FOLDER = Path(__file__).resolve().parents[1] / "weights" / "opencv_ssd_res10"
SSD_WEIGHTS = SSD_FOLDER / "res10_300x300_ssd_iter_140000_fp16.caffemodel.xz"
SSD_SIDE = 300
SSD_MEAN_BGR = (104.0, 177.0, 123.0)
SSD_LOWEST_SCORE = 0.5

HAAR_FILE = "haarcascade_frontalface_default.xml"
HAAR_SCALE_STEP = 1.1
HAAR_NEIGHBOURS = 5

# Haar's window is 24 pixels wide and dlib's 80: below that they see no face. Little pictures are
# doubled until this side is reached, so that a face of a fifth of it is large enough for either.
HAAR_SHORTEST_SIDE = 120
DLIB_SHORTEST_SIDE = 400

SHOW_PROGRESS_ABOVE = 200


def detect_faces(images: np.ndarray, detector: str) -> list[np.ndarray]:
    """Boxes around the faces in every picture.

    Args:
        images: ``uint8 [N, H, W]`` or ``uint8 [N, H, W, 3]`` (RGB).
        detector: ``"haar"``, ``"ssd"`` or ``"dlib"``.

    Returns:
        For each picture a ``float64 [n, 5]`` of ``x0, y0, x1, y1, score``, best score first,
        ``n = 0`` where no face was found. Coordinates are pixels from the top left corner of
        the picture, ``x1`` and ``y1`` just past the box; a box may stick out of the picture,
        but its centre never does. The same pictures give the same boxes.

    Raises:
        UsageError: no such detector.
        FerError: the detector's library or file is missing.
        ValueError: ``images`` is not a stack of pictures.
    """
    check_images(images)
    if detector not in DETECTORS:
        raise UsageError(
            f"unknown face detector {detector!r}: choose from {list(DETECTORS)}."
            + did_you_mean(str(detector), tuple(DETECTORS))
        )
    find = DETECTORS[detector]
    pictures = track(images, f"finding faces ({detector})") if len(images) > SHOW_PROGRESS_ABOVE else images
    return [_tidy(find(image), image.shape) for image in pictures]


def _tidy(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Best score first; what is not centred on the picture is no face in it."""
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 5)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    boxes = boxes[(x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])]
    # Equal scores are ordered by place: OpenCV's threads hand them over in any order.
    return boxes[np.lexsort((boxes[:, 1], boxes[:, 0], -boxes[:, 4]))]


def _enlarge(image: np.ndarray, shortest_side: int) -> tuple[np.ndarray, int]:
    """The picture, doubled until its shorter side reaches ``shortest_side``, and the factor."""
    factor = 1
    while factor * min(image.shape[:2]) < shortest_side:
        factor *= 2
    height, width = image.shape[:2]
    return resize(image[None], (factor * height, factor * width))[0], factor


def _haar(image: np.ndarray) -> np.ndarray:
    grey, factor = _enlarge(to_grey(image[None])[0], HAAR_SHORTEST_SIDE)
    found, _, scores = _haar_cascade().detectMultiScale3(
        grey, scaleFactor=HAAR_SCALE_STEP, minNeighbors=HAAR_NEIGHBOURS, outputRejectLevels=True
    )
    boxes = np.asarray(found, dtype=np.float64).reshape(-1, 4)
    corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]) / factor
    return np.column_stack([corners, np.asarray(scores, dtype=np.float64).reshape(-1)])


@cache
def _haar_cascade() -> cv2.CascadeClassifier:
    path = Path(cv2.data.haarcascades) / HAAR_FILE
    cascade = cv2.CascadeClassifier(str(path))
    if cascade.empty():
        raise FerError(f"cannot read the face cascade {path}; reinstall opencv-python-headless")
    return cascade


def _ssd(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    bgr = np.ascontiguousarray(to_rgb(image[None])[0, :, :, ::-1])
    network = _ssd_network()
    network.setInput(cv2.dnn.blobFromImage(bgr, 1.0, (SSD_SIDE, SSD_SIDE), SSD_MEAN_BGR))
    # Each row: image number, class, score, x0, y0, x1, y1; the corners as shares of the picture.
    found = network.forward()[0, 0]
    found = found[found[:, 2] >= SSD_LOWEST_SCORE].astype(np.float64)
    return np.column_stack([found[:, 3:7] * (width, height, width, height), found[:, 2]])


@cache
def _ssd_network() -> cv2.dnn.Net:
    try:
        files = (SSD_FOLDER / "deploy.prototxt").read_bytes(), lzma.decompress(SSD_WEIGHTS.read_bytes())
        # OpenCV takes bytes for a path.
        return cv2.dnn.readNetFromCaffe(*(np.frombuffer(content, np.uint8) for content in files))
    except (OSError, lzma.LZMAError, cv2.error) as error:
        why = error.err if isinstance(error, cv2.error) else error
        raise FerError(f"cannot read the face detector in {SSD_FOLDER}: {why}. Restore the folder.") from error


def _dlib(image: np.ndarray) -> np.ndarray:
    enlarged, factor = _enlarge(image, DLIB_SHORTEST_SIDE)
    boxes, scores, _ = _dlib_detector().run(enlarged, 0, 0.0)
    # dlib counts the last column and row in.
    corners = [(box.left(), box.top(), box.right() + 1, box.bottom() + 1) for box in boxes]
    return np.column_stack([np.reshape(corners, (-1, 4)) / factor, scores])


@cache
def _dlib_detector() -> Any:
    return load_dlib().get_frontal_face_detector()


def load_dlib() -> Any:
    """The dlib module, imported when first needed because it is heavy; ``FerError`` if missing."""
    try:
        import dlib
    except ImportError as error:
        raise FerError("dlib is not installed. Get it with: pip install dlib-bin") from error
    return dlib


DETECTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"haar": _haar, "ssd": _ssd, "dlib": _dlib}
