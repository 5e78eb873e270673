"""Sections III-A and III-B: from a picture to a grey crop of the face and 68 landmarks on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble.points import MIRROR, N_POINTS
from fer_utils.preprocess import clahe, face_boxes, landmarks68, resize, to_grey
from fer_utils.preprocess.crop import choose_face, cut_square, square_around

WHEN_SEVERAL = "best_score"
"""Every picture shows one person, so a second box is the detector's mistake."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the first four stages make of a face set.

    Attributes:
        crops: ``uint8 [N, S, S]``.
        points: ``float32 [N, 68, 2]``, x and y in pixels of the crop, by dlib's predictor; all lie within.
        squares: ``int64 [N, 3]``: left, top and side of the crop in the enlarged picture.
        found: ``int64 [N]``, faces that the detector saw; with none the predictor looks at the whole picture.
        enlarged_size: side in pixels of the picture that the detector saw.
    """

    crops: np.ndarray
    points: np.ndarray
    squares: np.ndarray
    found: np.ndarray
    enlarged_size: int

    def report(self) -> pd.DataFrame:
        """One row for display: in how many pictures one, no or several faces were found, how many crops cut one."""
        counts = {
            "pictures": len(self.found),
            "one face": int((self.found == 1).sum()),
            "no face (whole picture)": int((self.found == 0).sum()),
            "several faces (best score)": int((self.found > 1).sum()),
            "a landmark outside the crop": int(outside(self.points, self.crops.shape[1]).any(axis=1).sum()),
        }
        return pd.DataFrame([counts])

    def into_crop(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Points on the original pictures as points on the crops.

        Args:
            points: ``float [N, 68, 2]`` in pixels of the original pictures.
            size: their height and width in pixels.

        Returns:
            ``float32 [N, 68, 2]`` in pixels of the crops.
        """
        scale = self.enlarged_size / np.array([size[1], size[0]])
        return _in_squares((points + 0.5) * scale - 0.5, self.squares, self.crops.shape[1])

    def at(self, size: int) -> Prepared:
        """The same faces with crops of ``size`` pixels."""
        scale = np.float32(size / self.crops.shape[1])
        points = (self.points + np.float32(0.5)) * scale - np.float32(0.5)
        return Prepared(resize(self.crops, size), points, self.squares, self.found, self.enlarged_size)

    def select(self, rows: np.ndarray) -> Prepared:
        """The faces at ``rows``, in that order."""
        return Prepared(self.crops[rows], self.points[rows], self.squares[rows], self.found[rows], self.enlarged_size)


def enlarge(images: np.ndarray, size: int) -> np.ndarray:
    """Stage 1: grey, ``size`` by ``size`` pixels by bilinear interpolation (Section III-A).

    The paper repeats the grey channel three times here. Three equal channels stay equal in every
    stage, so one is kept and the network's input repeats it.
    """
    return np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR) for image in to_grey(images)])


def prepare(
    *, faces: FaceSet, detector_size: int, clahe_clip: float, clahe_tiles: int, landmark_size: int, margin: float,
    detector: str,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Stages 1 to 4 as a unit: enlarge, equalise, find the face, place 68 landmarks and crop it around them.

    The detector's box runs from above the hair to the chin, and no further: in a square about it more than half of the
    faces have a landmark outside, though the paper's coordinates lie between 0 and 1. So the predictor gets that square
    for the face's box, as in the authors' notebook, and the crop is the square about the points that it places.

    Args:
        faces: pictures of any size.
        detector_size, clahe_clip, clahe_tiles, landmark_size, margin: see ``Settings``.
        detector: ``"ssd"`` in the paper; see :func:`fer_utils.preprocess.detect_faces`.

    Returns:
        The arrays of :class:`Prepared`.
    """
    equalised = clahe(enlarge(faces.images, detector_size), clahe_clip, clahe_tiles)
    candidates = face_boxes(faces.with_images(equalised), detector)
    boxes = np.tile(np.array([0.0, 0.0, detector_size, detector_size]), (len(faces), 1))
    for row, seen in enumerate(candidates):
        if len(seen):
            left, top, side = square_around(choose_face(seen, WHEN_SEVERAL, equalised.shape[1:]), 0.0)
            boxes[row] = left, top, left + side, top + side
    placed = landmarks68(equalised, boxes)
    squares = np.array([square_around(np.concatenate([own.min(axis=0), own.max(axis=0)]), margin) for own in placed])
    cut = [cut_square(image, tuple(square)) for image, square in zip(equalised, squares, strict=True)]
    crops = np.concatenate([resize(crop[None], landmark_size) for crop in cut])
    return {
        "crops": crops,
        "points": _in_squares(placed, squares, landmark_size),
        "squares": squares,
        "found": np.array([len(seen) for seen in candidates]),
        "enlarged_size": np.array(detector_size),
    }


def _in_squares(points: np.ndarray, squares: np.ndarray, size: int) -> np.ndarray:
    """Points on enlarged pictures as points on their crops of ``size`` pixels, ``float32 [N, 68, 2]``."""
    shift, side = squares[:, None, :2], squares[:, None, 2:]
    return ((points - shift + 0.5) * size / side - 0.5).astype(np.float32)


def outside(points: np.ndarray, size: int) -> np.ndarray:
    """Which points ``[N, 68, 2]`` lie beyond the outer edges of a picture of ``size`` pixels, ``bool [N, 68]``."""
    return np.any((points < -0.5) | (points > size - 0.5), axis=2)


def prepared(arrays: dict[str, np.ndarray]) -> Prepared:
    """A stored result of :func:`prepare`."""
    size = int(arrays["enlarged_size"])
    return Prepared(arrays["crops"], arrays["points"], arrays["squares"], arrays["found"], size)


def landmarks_of_crops(crops: np.ndarray) -> np.ndarray:
    """dlib's 68 points with the whole crop as the face's box: ``float32 [N, 68, 2]`` in pixels."""
    side = crops.shape[1]
    return landmarks68(crops, np.tile(np.array([0.0, 0.0, side, side]), (len(crops), 1)))


def mirror_gap(*, crops: np.ndarray) -> dict[str, np.ndarray]:
    """How far dlib contradicts itself: landmarks of the mirrored crop, mirrored back, against those of the crop.

    It takes no truth, so it works on photographs; a mistake that is the same on both sides goes unseen.

    Args:
        crops: ``uint8 [N, S, S]``.

    Returns:
        ``gap`` ``float64 [N]``: mean distance as a fraction of the face's height from brows to chin.
    """
    points = landmarks_of_crops(crops)
    back = landmarks_of_crops(np.ascontiguousarray(crops[:, :, ::-1]))[:, MIRROR]
    back[..., 0] = crops.shape[2] - 1 - back[..., 0]
    return {"gap": np.linalg.norm(back - points, axis=2).mean(axis=1, dtype=float) / face_heights(points)}


def face_heights(points: np.ndarray) -> np.ndarray:
    """``float [N]`` from brows to chin. A turned head is narrower but no shorter: this length stays."""
    return np.ptp(points[:, :, 1], axis=1)


def known_points(faces: FaceSet) -> np.ndarray:
    """The true landmarks of rendered faces, from the table's columns ``x_0 … y_67``.

    Returns:
        ``float32 [N, 68, 2]`` in pixels of the picture.

    Raises:
        FerError: the data set does not know them.
    """
    columns = [[f"{axis}_{point}" for axis in "xy"] for point in range(N_POINTS)]
    flat = [name for pair in columns for name in pair]
    if any(name not in faces.table for name in flat):
        raise FerError(f"{faces.name} has no known landmarks; they come with the avatars only")
    return faces.table[flat].to_numpy(np.float32).reshape(len(faces), N_POINTS, 2)
