"""Section III-D: flip, rotate, shear and shift a face, its landmarks with it.

Variant ``v`` of face ``s`` is drawn from the seed ``(augmentation.seed, s, v)`` alone. All
networks of all folds share the variants: a face is drawn once, however many networks see it.
"""

from __future__ import annotations

import cv2
import numpy as np

from fer_utils.papers.landmark_ensemble.pipeline import Prepared, landmarks_of_crops
from fer_utils.papers.landmark_ensemble.points import MIRROR
from fer_utils.papers.landmark_ensemble.settings import Augmentation
from fer_utils.preprocess import resize

DETECTED_AT = 160
"""Side in pixels at which dlib looks at a variant when ``landmarks="detected"``."""


def affine_matrix(generator: np.random.Generator, size: int, augmentation: Augmentation) -> np.ndarray:
    """Draw one rotation, shear and shift about the centre as a ``float64 [2, 3]`` matrix.

    Each is uniform within plus or minus its range. Shear is Keras' ``[[1, -sin s], [0, cos s]]``
    with ``s`` in degrees: the notebook's 0.05 hardly moves a pixel.
    """
    angle = np.deg2rad(generator.uniform(-augmentation.rotation, augmentation.rotation))
    shear = np.deg2rad(generator.uniform(-augmentation.shear, augmentation.shear))
    shift = generator.uniform(-augmentation.shift, augmentation.shift, 2) * size
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rotate @ np.array([[1.0, -np.sin(shear)], [0.0, np.cos(shear)]])
    centre = np.full(2, (size - 1) / 2)
    return np.column_stack([linear, centre - linear @ centre + shift])


def move_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points ``[..., 2]`` through an affine map ``[2, 3]``, ``float32``."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def mirror(image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A face in the mirror: pixels reversed, x turned round, and left points renamed to right ones.

    Args:
        image: ``uint8 [S, S]``.
        points: ``float32 [68, 2]`` in pixels.
    """
    turned = points[MIRROR].copy()
    turned[:, 0] = image.shape[1] - 1 - turned[:, 0]
    return np.ascontiguousarray(image[:, ::-1]), turned


def variant(
    image: np.ndarray, points: np.ndarray, source: int, number: int, augmentation: Augmentation
) -> tuple[np.ndarray, np.ndarray]:
    """Variant ``number`` of face ``source``, picture ``uint8 [S, S]`` and points ``float32 [68, 2]``.

    Pixels from outside repeat the nearest edge, Keras' ``fill_mode="nearest"``.
    """
    generator = np.random.default_rng((augmentation.seed, source, number))
    if augmentation.flip and generator.random() < 0.5:
        image, points = mirror(image, points)
    size = image.shape[0]
    matrix = affine_matrix(generator, size, augmentation)
    moved = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return moved, move_points(points, matrix)


def draw_variants(faces: Prepared, augmentation: Augmentation) -> tuple[np.ndarray, np.ndarray]:
    """Every variant of every face.

    Returns:
        ``uint8 [N * V, S, S]`` and ``float32 [N * V, 68, 2]``; variant ``v`` of face ``s`` is row
        ``s * V + v``. With ``landmarks="detected"`` dlib is asked again for each variant (the
        notebook's way) and the moved points are dropped.
    """
    drawn = [
        variant(image, points, source, number, augmentation)
        for source, (image, points) in enumerate(zip(faces.crops, faces.points, strict=True))
        for number in range(augmentation.variants)
    ]
    images, points = (np.stack(arrays) for arrays in zip(*drawn, strict=True))
    if augmentation.landmarks == "detected":
        scale = np.float32(images.shape[1] / DETECTED_AT)
        seen = landmarks_of_crops(resize(images, DETECTED_AT))
        points = (seen + np.float32(0.5)) * scale - np.float32(0.5)
    return images, points
