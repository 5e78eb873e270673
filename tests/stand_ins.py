"""Schematic faces in the official layouts, so that loaders and protocols are tested without the gated pictures.

Each writer fills the data set's *own* folder and gives it back::

    write_jaffe(tmp_path / "jaffe")
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    load("jaffe")

The same call always writes the same bytes: every face is drawn from its subject, expression and take alone.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from fer_utils.datasets import cmu_faces, jaffe
from fer_utils.datasets.base import STAND_IN_FILE

SIDE = 256
GROUND = 120


class Expression(NamedTuple):
    """Pixels at 256×256. ``corners``: mouth corners up; ``gap``: between the lips; ``width``: of the mouth, added;
    ``brow``: brows up; ``inner``: their inner ends up, on top of that; ``eyes``: opened wider."""

    corners: int = 0
    gap: int = 0
    width: int = 0
    brow: int = 0
    inner: int = 0
    eyes: int = 0


EXPRESSIONS = {
    "neutral": Expression(),
    "happiness": Expression(corners=12, gap=4, width=8, eyes=-1),
    "sadness": Expression(corners=-9, width=-3, brow=-2, inner=9, eyes=-2),
    "anger": Expression(corners=-5, width=-5, brow=-6, inner=-10, eyes=-1),
    "fear": Expression(corners=-4, gap=8, width=5, brow=6, inner=7, eyes=3),
    "disgust": Expression(corners=-7, gap=3, width=3, brow=-7, inner=-4, eyes=-4),
    "surprise": Expression(gap=17, width=-8, brow=13, inner=2, eyes=5),
}
TURNS = {"straight": (0, 0), "left": (-14, 0), "right": (14, 0), "up": (0, -12)}
"""How far the features move on the head, in pixels at 256×256."""


def draw_face(subject: str, label: str, take: str, pose: str = "straight", sunglasses: bool = False) -> np.ndarray:
    """One grey face, ``uint8 [256, 256]``: geometry and tones by subject, brows and mouth by label, jitter by take."""
    person = np.random.default_rng(zlib.crc32(subject.encode()))
    head_width, head_height = person.integers(66, 83), person.integers(88, 103)
    eye_apart, eye_height, nose = person.integers(27, 37), person.integers(-22, -11), person.integers(18, 30)
    mouth_width, mouth_height = person.integers(18, 28), person.integers(40, 52)
    skin, hair = int(person.integers(165, 226)), int(person.integers(20, 81))
    brow_thick, fringe = int(person.integers(4, 8)), person.integers(30, 61)

    jitter = np.random.default_rng(zlib.crc32(f"{subject} {label} {take} {pose} {sunglasses}".encode()))
    x, y = np.array([SIDE // 2, SIDE // 2 + 8]) + jitter.integers(-3, 4, 2)
    skin += int(jitter.integers(-4, 5))
    expression = Expression(*(value + jitter.integers(-1, 2) for value in EXPRESSIONS[label]))

    picture = np.full((SIDE, SIDE), GROUND, np.uint8)
    _ellipse(picture, x, y - 12, head_width + 14, head_height + 10, hair)
    _ellipse(picture, x, y, head_width, head_height, skin)
    _ellipse(picture, x, y - head_height + 8, head_width - 10, fringe // 2, hair)
    x, y = x + TURNS[pose][0], y + TURNS[pose][1]

    eye_open = max(2, 8 + expression.eyes)
    for side in (-1, 1):
        eye_x, eye_y = x + side * eye_apart, y + eye_height
        if sunglasses:
            _ellipse(picture, eye_x, eye_y, 24, 17, 15)
            _line(picture, (x, eye_y - 4), (eye_x + side * 30, eye_y - 6), 15, 4)
        else:
            _ellipse(picture, eye_x, eye_y, 14, eye_open, 245)
            _ellipse(picture, eye_x, eye_y, min(7, eye_open), min(7, eye_open), 25)
        brow_y = eye_y - 20 - expression.brow
        inner = (eye_x - side * 14, brow_y - expression.inner)
        _line(picture, inner, (eye_x + side * 16, brow_y + 3), hair, brow_thick)
    _line(picture, (x, y + eye_height + 14), (x - 3, y + nose), skin - 45, 3)
    _line(picture, (x - 3, y + nose), (x + 8, y + nose + 1), skin - 45, 3)

    half, mouth_y = mouth_width + expression.width, y + mouth_height
    across = np.linspace(-1, 1, 21)
    rise = expression.corners * (across**2 - 0.5)
    opening = max(1, expression.gap) * np.sqrt(1 - across**2)
    upper = np.stack([x + half * across, mouth_y - rise - opening / 2], axis=1)
    lower = np.stack([x + half * across, mouth_y - rise + opening / 2], axis=1)
    lips = np.concatenate([upper, lower[::-1]]).round().astype(np.int32)
    cv2.fillPoly(picture, [lips], 40, cv2.LINE_AA)
    cv2.polylines(picture, [lips], True, 85, 4, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def _ellipse(picture: np.ndarray, x: int, y: int, half_width: int, half_height: int, grey: int) -> None:
    cv2.ellipse(picture, (int(x), int(y)), (int(half_width), int(half_height)), 0, 0, 360, grey, -1, cv2.LINE_AA)


def _line(picture: np.ndarray, start: tuple[int, int], end: tuple[int, int], grey: int, thickness: int) -> None:
    ends = [tuple(int(value) for value in point) for point in (start, end)]
    cv2.line(picture, *ends, grey, thickness, cv2.LINE_AA)


def write_jaffe(folder: Path) -> Path:
    """All 213 official JAFFE names in one flat folder, 256×256 uncompressed grey TIFF, marked as a stand-in."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in jaffe.official_files().itertuples():
        label = jaffe.CLASS_OF_CODE[row[3]]
        Image.fromarray(draw_face(f"jaffe {row.subject}", label, str(row.pose))).save(folder / row.file)
    return _mark(folder, "JAFFE")


def write_cmu_faces(folder: Path) -> Path:
    """All 624 official CMU names below ``faces/<user>/``, 128×120 grey PGM, marked as a stand-in."""
    for name in cmu_faces.official_names():
        user, pose, expression, eyes = name.split("_")
        label = cmu_faces.CLASS_OF_EXPRESSION[expression]
        face = draw_face(f"cmu {user}", label, name, pose, eyes == "sunglasses")
        home = folder / "faces" / user
        home.mkdir(parents=True, exist_ok=True)
        small = cv2.resize(face[8:248], (128, 120), interpolation=cv2.INTER_AREA)
        Image.fromarray(small).save(home / f"{name}.pgm")
    return _mark(folder, "CMU Face Images")


def _mark(folder: Path, title: str) -> Path:
    (folder / STAND_IN_FILE).write_text(f"Schematic drawings in the layout of {title}, made for tests.\n", "utf-8")
    return folder
