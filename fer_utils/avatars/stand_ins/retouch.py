"""From an avatar's picture to a data set's: another look, another frame, other pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from fer_utils.avatars.stand_ins.casting import Look, stream

SIDE = 160
FACE_ROWS = 1.3
"""Height of a cut-out face, in heights (or widths, if larger) of its landmarks: from the forehead to below the chin."""
_FORMATS = {".jpg": "JPEG", ".JPG": "JPEG", ".png": "PNG", ".tiff": "TIFF", ".pgm": "PPM"}
_OPTIONS = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 1}}


@dataclass(frozen=True)
class Touch:
    """What makes each picture another one: a small turn (degrees), zoom, move (pixels of the avatar), brightness."""

    turn: float
    zoom: float
    x: float
    y: float
    brightness: float

    def drifted(self, frames: float) -> Touch:
        """The same some frames later, on a head that is never quite still."""
        x, y = self.x + 1.2 * np.sin(0.23 * frames), self.y + 0.8 * np.sin(0.31 * frames)
        return replace(self, turn=self.turn + 0.06 * frames, x=x, y=y)


def touch(*words: object) -> Touch:
    """The touch that belongs to some words, such as a file's name."""
    turn, zoom, x, y, brightness = stream("touch", *words).normal(0, [1.5, 0.02, 1.2, 1.2, 0.05])
    return Touch(float(turn), float(np.exp(zoom)), float(x), float(y), float(np.exp(brightness)))


@dataclass(frozen=True)
class Frame:
    """Which part of an avatar's picture is shown: ``rows`` of its 160 fill the height, about ``centre`` (x, y)."""

    rows: float = SIDE
    centre: tuple[float, float] = (SIDE / 2, SIDE / 2)


def face_frame(points: np.ndarray) -> Frame:
    """The face alone, as a detector would cut it out, by its landmarks ``[68,2]``."""
    low, high = points.min(axis=0), points.max(axis=0)
    rows = FACE_ROWS * float((high - low).max())
    # Landmarks end at the brows: what is cut out reaches higher.
    x, y = (low + high) / 2 - (0, 0.06 * rows)
    return Frame(rows, (float(x), float(y)))


def retouch(
    image: np.ndarray, look: Look, touch: Touch, size: tuple[int, int], frame: Frame | None = None
) -> np.ndarray:
    """One picture of a data set, in colour.

    Args:
        image: an avatar's, ``uint8 [160,160,3]``.
        look: whom the avatar plays.
        touch: this picture's.
        size: ``(height, width)`` in pixels.
        frame: without it, the whole picture. What lies outside the avatar's picture repeats its border.

    Returns:
        ``uint8 [height, width, 3]``.
    """
    frame = frame or Frame()
    height, width = size
    scale = height / frame.rows * touch.zoom
    # A picture that shrinks is first drawn larger, so that no row of the avatar's is left out.
    larger = max(1, int(np.ceil(1 / scale)))
    angle = np.radians(touch.turn)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretched = np.diag([-look.stretch if look.mirrored else look.stretch, 1 / look.stretch])
    matrix = scale * larger * turned @ stretched
    centre = np.array(frame.centre)
    target = larger * np.array([width, height]) / 2 + scale * larger * np.array([touch.x, touch.y])
    onto = np.column_stack([matrix, target - matrix @ centre])
    drawn = cv2.warpAffine(image, onto, (width * larger, height * larger), flags=cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    if larger > 1:
        drawn = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    tones = np.arange(256)[:, None] * np.array(look.tint) * touch.brightness
    return cv2.LUT(drawn, np.clip(tones.round(), 0, 255).astype(np.uint8)[:, None, :])


def put_on_sunglasses(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of an avatar's picture with two dark discs before its eyes and a bar between them."""
    worn = image.copy()
    eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    radius = max(0.3 * float(np.linalg.norm(eyes[1] - eyes[0])), 7.0)
    left, right = [tuple(eye.round().astype(int).tolist()) for eye in eyes]
    cv2.line(worn, left, right, (18, 18, 20), 3, cv2.LINE_AA)
    for eye in (left, right):
        cv2.ellipse(worn, eye, (round(radius * 1.15), round(radius)), 0, 0, 360, (18, 18, 20), -1, cv2.LINE_AA)
    return worn


def grey(image: np.ndarray) -> np.ndarray:
    """``uint8 [H,W,3]`` to ``uint8 [H,W]``."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def encode(image: np.ndarray, suffix: str) -> bytes:
    """A picture file's bytes; the suffix (``.jpg``, ``.png``, ``.tiff``, ``.pgm``) says which kind."""
    kind = _FORMATS[suffix]
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **_OPTIONS.get(kind, {}))
    return stream.getvalue()
