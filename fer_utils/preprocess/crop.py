"""Square crops around faces, with a stated and counted rule for "no face" and "several faces"."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fer_utils.errors import FerError, UsageError, did_you_mean
from fer_utils.faces import FaceSet
from fer_utils.preprocess.cache import cached
from fer_utils.preprocess.detect import detect_faces
from fer_utils.preprocess.pixels import resize

WHEN_NONE = ("whole", "drop")
WHEN_SEVERAL = ("largest", "best_score", "most_central")


@dataclass(frozen=True)
class CropReport:
    """What was cropped, by which rules, and how often each rule was needed.

    Attributes:
        detector: the detector's name.
        when_none: what was done with a picture without a face: ``"whole"`` or ``"drop"``.
        when_several: which of several faces was taken.
        size: side of the crops in pixels.
        margin: added on each side, as a share of the box's longer side.
        n: pictures looked at; ``found_one + found_none + found_several`` of them.
        dropped_rows: positions, among those ``n``, of the pictures left out.
    """

    detector: str
    when_none: str
    when_several: str
    size: int
    margin: float
    n: int
    found_one: int
    found_none: int
    found_several: int
    dropped_rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        return (
            f"cropped by {self.detector}: one face in {self.found_one} of {self.n} pictures, "
            f"none in {self.found_none} (rule: {self.when_none}), "
            f"several in {self.found_several} (rule: {self.when_several}), {len(self.dropped_rows)} dropped"
        )

    def table(self) -> pd.DataFrame:
        """One row for display: counts are pictures."""
        row = {
            "detector": self.detector,
            "size": self.size,
            "margin": self.margin,
            "pictures": self.n,
            "one face": self.found_one,
            "no face": self.found_none,
            "rule for none": self.when_none,
            "several faces": self.found_several,
            "rule for several": self.when_several,
            "dropped": len(self.dropped_rows),
        }
        return pd.DataFrame([row])


def crop_faces(
    faces: FaceSet,
    detector: str,
    size: int,
    margin: float = 0.0,
    when_none: str = "whole",
    when_several: str = "largest",
    found_in: FaceSet | None = None,
) -> tuple[FaceSet, CropReport]:
    """Cut one square face out of every picture.

    A box is made square about its centre (its longer side counts), widened by ``margin``, cut
    out and scaled to ``size``. Where the square leaves the picture, the border pixels are
    repeated.

    Args:
        faces: pictures of any size.
        detector: see :func:`fer_utils.preprocess.detect.detect_faces`.
        size: side of the result in pixels.
        margin: added on each side, as a share of the box's longer side; negative cuts tighter.
        when_none: a picture without a face is kept as the largest square about its centre
            (``"whole"``) or left out (``"drop"``).
        when_several: take the face of ``"largest"`` area, the detector's ``"best_score"``, or
            the one whose centre is nearest to the picture's (``"most_central"``); equals go to
            the better score. Where every picture shows one person, a second box is a mistake of
            the detector and ``"best_score"`` is the safer rule.
        found_in: where the faces are looked for instead, a picture of the same size for each of ``faces``: variants
            of one picture are then cut alike.

    Returns:
        The crops, ``uint8 [N, size, size]`` or ``[N, size, size, 3]``, with their table rows
        and the report as a note; and the report.

    Raises:
        UsageError: an unknown detector or rule, a ``size`` or ``margin`` that leaves nothing, or pictures to look in
            that do not fit.
        FerError: every picture was dropped, or the detector can't be loaded.
    """
    _check_rule("when_none", when_none, WHEN_NONE)
    _check_rule("when_several", when_several, WHEN_SEVERAL)
    if not -0.5 < margin < np.inf:
        raise UsageError(f"margin={margin!r} leaves nothing of the face: give a number above -0.5")
    looked_at = faces if found_in is None else found_in
    if looked_at.images.shape[:3] != faces.images.shape[:3]:
        raise UsageError(
            f"faces can't be looked for in pictures {list(looked_at.images.shape)} and cut out of others "
            f"{list(faces.images.shape)}: number, height and width must be the same"
        )
    boxes = face_boxes(looked_at, detector)
    found = np.array([len(candidates) for candidates in boxes], dtype=int)
    kept = np.flatnonzero(found > 0) if when_none == "drop" else np.arange(len(faces))
    if len(kept) == 0:
        raise FerError(
            f"{detector} found no face in any of the {len(faces)} pictures of {faces.name!r}, so nothing is left; "
            f"try another detector or when_none='whole'"
        )
    report = CropReport(
        detector=detector,
        when_none=when_none,
        when_several=when_several,
        size=size,
        margin=margin,
        n=len(faces),
        found_one=int((found == 1).sum()),
        found_none=int((found == 0).sum()),
        found_several=int((found > 1).sum()),
        dropped_rows=tuple(int(row) for row in np.flatnonzero(found == 0)) if when_none == "drop" else (),
    )
    crops = []
    for row in kept:
        image = faces.images[row]
        if found[row]:
            square = square_around(choose_face(boxes[row], when_several, image.shape[:2]), margin)
        else:
            square = _centre_square(image.shape[:2])
        crops.append(resize(cut_square(image, square)[None], size)[0])
    result = faces.select(kept).with_images(np.stack(crops))
    return replace(result, notes=(*faces.notes, str(report))), report


def face_boxes(faces: FaceSet, detector: str) -> list[np.ndarray]:
    """:func:`~fer_utils.preprocess.detect.detect_faces` on ``faces``, remembered on disk by content."""

    def detect() -> dict[str, np.ndarray]:
        boxes = detect_faces(faces.images, detector)
        return {
            "boxes": np.concatenate([np.empty((0, 5)), *boxes]),
            "found": np.array([len(candidates) for candidates in boxes], dtype=np.int64),
        }

    stored = cached(f"faces-{detector}", {"faces": faces.fingerprint, "detector": detector}, detect)
    ends = np.cumsum(stored["found"])
    return [stored["boxes"][end - count : end] for end, count in zip(ends, stored["found"], strict=True)]


def choose_face(boxes: np.ndarray, when_several: str, shape: tuple[int, int]) -> np.ndarray:
    """One of ``boxes [n, 5]``, ``n >= 1`` and best score first, by the rules of :func:`crop_faces`.

    Args:
        boxes: ``x0, y0, x1, y1, score`` in pixels.
        when_several: one of ``WHEN_SEVERAL``.
        shape: the picture's height and width in pixels.
    """
    x0, y0, x1, y1, score = boxes.T
    if when_several == "largest":
        return boxes[np.argmax((x1 - x0) * (y1 - y0))]
    if when_several == "best_score":
        return boxes[np.argmax(score)]
    height, width = shape
    return boxes[np.argmin(np.hypot((x0 + x1 - width) / 2, (y0 + y1 - height) / 2))]


def square_around(box: np.ndarray, margin: float) -> tuple[int, int, int]:
    """The square about a box's centre as whole pixels ``(left, top, side)``, at least one wide."""
    x0, y0, x1, y1 = box[:4]
    side = max(1, _nearest(max(x1 - x0, y1 - y0) * (1 + 2 * margin)))
    return _nearest((x0 + x1 - side) / 2), _nearest((y0 + y1 - side) / 2), side


def cut_square(image: np.ndarray, square: tuple[int, int, int]) -> np.ndarray:
    """The pixels of ``(left, top, side)``; outside the picture its nearest border pixel is repeated."""
    left, top, side = square
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    return image[rows[:, None], columns]


def _centre_square(shape: tuple[int, int]) -> tuple[int, int, int]:
    height, width = shape
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side


def _nearest(value: float) -> int:
    # Halves always go up. Python's round() would send them to the even neighbour, so that equal
    # boxes at different places would be cut differently.
    return int(np.floor(value + 0.5))


def _check_rule(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"unknown {name}={value!r}: choose from {list(known)}." + did_you_mean(str(value), known))
