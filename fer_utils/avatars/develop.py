"""From light to picture: exposure, what lies behind and before the face, blur, grain, eight bits."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fer_utils.avatars.camera import SIDE


@dataclass(frozen=True)
class Development:
    """How a picture is finished.

    ``exposure`` multiplies the light; ``tint`` too, by channel. ``backdrop`` is a grey or colour in linear RGB, or
    ``"clutter"``. ``occluder`` is ``""``, ``"hand"``, ``"scarf"`` or ``"cup"``. ``blur`` is a Gaussian's deviation in
    pixels, ``motion`` the length of a sideways smear; ``grain`` the noise's deviation in grey levels; ``shrink`` the
    side in pixels that the picture was once reduced to (0: never).
    """

    exposure: float = 1.25
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    backdrop: tuple[float, float, float] | str = (0.35, 0.36, 0.38)
    occluder: str = ""
    blur: float = 0.0
    motion: int = 0
    grain: float = 0.8
    shrink: int = 0


def develop(
    light: np.ndarray, landmarks: np.ndarray, skin: np.ndarray, how: Development, random: np.random.Generator
) -> np.ndarray:
    """Finish a rendering.

    Args:
        light: ``float32 [160,160,4]``: linear RGB, premultiplied, and coverage.
        landmarks: ``[68,2]`` in pixels, to place what hides the face.
        skin: the person's skin, linear RGB, for the hand.
        how: the settings.
        random: decides on patterns and grain.

    Returns:
        ``uint8 [160,160,3]``, sRGB.
    """
    behind = _clutter(random) if how.backdrop == "clutter" else _plain(how.backdrop)
    picture = light[..., :3] * how.exposure + (1 - light[..., 3:]) * behind
    if how.occluder:
        picture = _occlude(picture, how.occluder, landmarks, skin, random)
    if how.motion > 1:
        picture = cv2.blur(picture, (how.motion, 1))
    if how.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), how.blur)
    encoded = _srgb(picture * np.array(how.tint)) * 255
    # A few dozen light paths a pixel leave grain; a filter that keeps edges takes it off the skin.
    encoded = cv2.bilateralFilter(encoded.astype(np.float32), 5, 30.0, 1.5).astype(np.float64)
    if how.shrink:
        small = cv2.resize(encoded, (how.shrink, how.shrink), interpolation=cv2.INTER_AREA)
        encoded = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    encoded += random.normal(0, how.grain, (SIDE, SIDE, 1))
    return np.clip(encoded + 0.5, 0, 255).astype(np.uint8)


def _srgb(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, None)
    # Highlights roll off as they do on film instead of burning out.
    light = np.where(light > 0.7, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3), light)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _plain(colour: tuple[float, float, float] | str) -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    fall = 1 - 0.5 * (x**2 + (y + 0.1) ** 2)
    return np.array(colour) * fall[..., None]


def _clutter(random: np.random.Generator) -> np.ndarray:
    """Boxes, discs and bars in all colours, out of focus."""
    picture = np.tile(random.uniform(0.02, 0.5, 3), (SIDE, SIDE, 1))
    for _ in range(random.integers(6, 16)):
        colour = [float(value) for value in random.uniform(0.01, 0.8, 3) ** 1.5]
        x, y = (int(value) for value in random.integers(-20, SIDE + 20, 2))
        width, height = (int(value) for value in random.integers(8, 90, 2))
        if random.random() < 0.6:
            cv2.rectangle(picture, (x, y), (x + width, y + height), colour, -1)
        else:
            cv2.ellipse(picture, (x, y), (width // 2, height // 2), 0, 0, 360, colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.8, 4)))


def _occlude(
    picture: np.ndarray, kind: str, landmarks: np.ndarray, skin: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mouth, chin, eyes = landmarks[48:68].mean(axis=0), landmarks[8], landmarks[36:48].mean(axis=0)
    unit = float(np.linalg.norm(landmarks[36:42].mean(axis=0) - landmarks[42:48].mean(axis=0))) + 8
    colour = random.uniform(0.03, 0.6, 3)
    if kind == "scarf":
        top = mouth + np.array([0, -0.25 * unit * random.uniform(0, 1)])
        corners = np.array([[-20, top[1] + 10], [mouth[0], top[1]], [SIDE + 20, top[1] + 10], [SIDE + 20, SIDE + 20],
                            [-20, SIDE + 20]])  # fmt: skip
        cv2.fillPoly(mask, [corners.round().astype(np.int32)], 1.0, cv2.LINE_AA)
    elif kind == "cup":
        centre = (mouth * 0.4 + chin * 0.6 + random.normal(0, 4, 2)).round().astype(int)
        half = int(unit * 0.38)
        cv2.rectangle(
            mask, tuple(centre - np.array([half, int(half * 0.7)])), (int(centre[0]) + half, SIDE), 1.0, -1, cv2.LINE_AA
        )
    else:
        colour = skin * 0.75
        cheek = landmarks[3] if random.random() < 0.5 else landmarks[13]
        towards = (mouth if random.random() < 0.6 else eyes) - cheek
        across = np.array([-towards[1], towards[0]]) / max(float(np.linalg.norm(towards)), 1e-6)
        for finger in range(4):
            start = cheek + across * (finger - 1.5) * unit * 0.22 - towards * 0.5
            tip = start + towards * float(random.uniform(0.9, 1.4))
            first, last = ([int(value) for value in point.round()] for point in (start, tip))
            cv2.line(mask, first, last, (1.0,), max(int(unit * 0.2), 3), cv2.LINE_AA)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    folds = 1 + 0.18 * np.sin(x * random.uniform(0.05, 0.3) + y * random.uniform(0.05, 0.3))
    return picture * (1 - mask) + mask * colour * folds[..., None]
