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
        points: ``float32 [N, 68, 2]``, x and y in pixels of the crop, by dlib's predictor.
        squares: ``int64 [N, 3]``: left, top and side of the crop in the enlarged picture.
        found: ``int64 [N]``, faces that the detector saw; with none the whole picture is the crop.
        enlarged_size: side in pixels of the picture that the detector saw.
    """

    crops: np.ndarray
    points: np.ndarray
    squares: np.ndarray
    found: np.ndarray
    enlarged_size: int

    def report(self) -> pd.DataFrame:
        """One row for display: in how many pictures one, no or several faces were found."""
        counts = {
            "pictures": len(self.found),
            "one face": int((self.found == 1).sum()),
            "no face (whole picture)": int((self.found == 0).sum()),
            "several faces (best score)": int((self.found > 1).sum()),
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
        enlarged = (points + 0.5) * scale - 0.5
        shift, side = self.squares[:, None, :2], self.squares[:, None, 2:]
        return ((enlarged - shift + 0.5) * self.crops.shape[1] / side - 0.5).astype(np.float32)

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
    """Stages 1 to 4 as a unit: enlarge, equalise, find and crop the face, place 68 landmarks.

    Args:
        faces: pictures of any size.
        detector_size, clahe_clip, clahe_tiles, landmark_size, margin: see ``Settings``.
        detector: ``"ssd"`` in the paper; see :func:`fer_utils.preprocess.detect_faces`.

    Returns:
        The arrays of :class:`Prepared`. The predictor takes the whole crop for the face's box, as
        the authors' notebook does.
    """
    equalised = clahe(enlarge(faces.images, detector_size), clahe_clip, clahe_tiles)
    candidates = face_boxes(faces.with_images(equalised), detector)
    squares = np.tile(np.array([0, 0, detector_size]), (len(faces), 1))
    for row, boxes in enumerate(candidates):
        if len(boxes):
            squares[row] = square_around(choose_face(boxes, WHEN_SEVERAL, equalised.shape[1:]), margin)
    cut = [cut_square(image, tuple(square)) for image, square in zip(equalised, squares, strict=True)]
    crops = np.concatenate([resize(crop[None], landmark_size) for crop in cut])
    return {
        "crops": crops,
        "points": landmarks_of_crops(crops),
        "squares": squares,
        "found": np.array([len(boxes) for boxes in candidates]),
        "enlarged_size": np.array(detector_size),
    }


def prepared(arrays: dict[str, np.ndarray]) -> Prepared:
    """A stored result of :func:`prepare`."""
    size = int(arrays["enlarged_size"])
    return Prepared(arrays["crops"], arrays["points"], arrays["squares"], arrays["found"], size)


def landmarks_of_crops(crops: np.ndarray) -> np.ndarray:
    """dlib's 68 points with the whole crop as the face's box: ``float32 [N, 68, 2]`` in pixels."""
    side = crops.shape[1]
    return landmarks68(crops, np.tile(np.array([0.0, 0.0, side, side]), (len(crops), 1)))


def mirror_gap(*, crops: np.ndarray, points: np.ndarray) -> dict[str, np.ndarray]:
    """How far dlib contradicts itself: landmarks of the mirrored picture, mirrored back, against those of the picture.

    It takes no truth, so it works on photographs; a mistake that is the same on both sides goes unseen.

    Args:
        crops: ``uint8 [N, S, S]``.
        points: ``float32 [N, 68, 2]``, dlib's landmarks on them.

    Returns:
        ``gap`` ``float64 [N]``: mean distance as a fraction of the face's height from brows to chin.
    """
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
