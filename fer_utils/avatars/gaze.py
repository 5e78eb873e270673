"""Where an avatar looks: the irises of a finished picture, moved within its eyes.

So one take can be seen in three gazes, as in RaFD: the eyes differ, nothing else does. The shoots cannot give that,
because each of their gazes is another take, in other light.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from fer_utils.datasets.avatar_shoots import landmarks
from fer_utils.errors import check_choice
from fer_utils.faces import FaceSet

GAZES = {"left": -1, "frontal": 0, "right": 1}
"""Gazes and which way an iris goes for them: -1 is the picture's left, which is the avatar's right.

So the shoots name their gazes too. RaFD's authors do not say whose left theirs is.
"""
SHARE = 0.2
"""How far an iris moves aside, in widths of the eye."""
DEGREES = 16.0
"""What that is worth: the eyes of the shoots look 22 degrees aside, and theirs end a third farther off."""
IRIS = 0.2
"""Half an iris, in widths of the eye."""
RIM = 0.75
"""Pixels on each side of the lids' edge within which the movement dies off."""
ROOM = 0.8
"""The share of the white beside an iris that it may cover."""
FINE = 8
"""Parts of a pixel in which an eye's outline is drawn."""
EYES = (slice(36, 42), slice(42, 48))


def look(image: np.ndarray, points: np.ndarray, gaze: str) -> np.ndarray:
    """An avatar's picture with its eyes turned.

    Pixels farther than two from the box of an eye's six landmarks stay equal bit for bit. So does an eye that is
    hidden behind the nose. Lids stay, so an eye that is all but closed changes little.

    Args:
        image: of an avatar that looks straight ahead, ``uint8 [160,160,3]``.
        points: its 68 landmarks, ``float [68,2]``, x and y in pixels; (0, 0) is the first pixel's corner.
        gaze: one of :data:`GAZES`; ``"left"`` is the picture's left.

    Returns:
        ``uint8 [160,160,3]``, a new array. For ``"frontal"`` it equals ``image``.

    Raises:
        UsageError: there is no such gaze.
    """
    check_choice("gaze", gaze, tuple(GAZES))
    looking = image.copy()
    if GAZES[gaze]:
        for eye in _seen(points):
            _move_iris(looking, eye, GAZES[gaze])
    return looking


def faces_looking(faces: FaceSet, gaze: str) -> FaceSet:
    """All pictures of a shoot with :func:`look`; ``source`` still names the take that they are made of.

    Only takes that look straight ahead look ``gaze`` afterwards.

    Raises:
        KeyError: the set holds no avatars.
        UsageError: there is no such gaze.
    """
    images = [look(image, points, gaze) for image, points in zip(faces.images, landmarks(faces), strict=True)]
    # Angles count to the avatar's left.
    turned = faces.table["gaze_yaw"] + DEGREES * GAZES[gaze]
    return replace(faces, images=np.stack(images), table=faces.table.assign(gaze=gaze, gaze_yaw=turned))


def _seen(points: np.ndarray) -> list[np.ndarray]:
    """The eyes that can be seen, each ``[6,2]``: seen from the side, the corners of the far one change places."""
    eyes = [points[part] for part in EYES]
    widths = [float(eye[3, 0] - eye[0, 0]) for eye in eyes]
    return [eye for eye, width in zip(eyes, widths, strict=True) if width > 0 or width == max(widths)]


def _move_iris(image: np.ndarray, eye: np.ndarray, way: int) -> None:
    """Move one iris of ``image`` in place; ``way`` is -1 to the picture's left or 1 to its right."""
    low = np.maximum(np.floor(eye.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(eye.max(axis=0)).astype(int) + 2
    part = image[low[1] : high[1], low[0] : high[0]]
    outline = eye - low
    inside = _inside(outline, part.shape[:2])
    across = np.arange(part.shape[1]) + 0.5
    start, end = outline[:, 0].min(), outline[:, 0].max()
    width = end - start
    centre, half = _iris(part, inside), IRIS * width
    room = centre - half - start if way < 0 else end - centre - half
    step = way * min(SHARE * width, ROOM * max(room, 0.0))
    # Each place of the new picture is taken from here: the iris as it is, the white beside it drawn out or pushed in.
    iris = np.array([centre - half, centre + half])
    taken = np.interp(across, [start, *(iris + step), end], [start, *iris, end])
    moved = inside * np.where((across > start) & (across < end), taken - across, 0.0)
    columns, rows = np.meshgrid(np.arange(part.shape[1]), np.arange(part.shape[0]))
    drawn = cv2.remap(
        part, (columns + moved).astype(np.float32), rows.astype(np.float32), cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    part[moved != 0] = drawn[moved != 0]


def _inside(outline: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How much of the movement each pixel takes part in, 0 to 1: all within the lids, half on their edge."""
    drawn = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    cv2.fillPoly(drawn, [np.round(outline * FINE).astype(np.int32)], 1)
    depth = cv2.distanceTransform(drawn, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - drawn, cv2.DIST_L2, 5)
    middles = depth[FINE // 2 :: FINE, FINE // 2 :: FINE] / FINE
    return np.clip((middles + RIM) / (2 * RIM), 0, 1)


def _iris(part: np.ndarray, inside: np.ndarray) -> float:
    """Where the iris' middle is, in pixels from the left: the centre of what is dark within the lids."""
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(float)
    dark, bright = np.percentile(grey[inside >= inside.max() / 2], [10, 80])
    # Where all is of one brightness, the middle of the eye.
    weight = inside * np.clip((bright - grey) / max(bright - dark, 1.0), 1e-3, 1)
    return float((weight * (np.arange(grey.shape[1]) + 0.5)).sum() / weight.sum())
