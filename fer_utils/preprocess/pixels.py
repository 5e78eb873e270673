"""Plain pixel work on stacks of pictures: grey, colour, size, contrast, scale.

Every function takes ``uint8 [N, H, W]`` (grey) or ``uint8 [N, H, W, 3]`` (RGB), leaves its
argument alone and, but for :func:`normalise`, gives ``uint8`` back. Anything else that is
passed in is a programmer's mistake and raises ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from fer_utils.errors import UsageError, did_you_mean

NORMALISATIONS = ("raw", "0-1", "-1..1", "per-image")


def check_images(images: np.ndarray) -> None:
    """Raise ``ValueError`` unless ``images`` is ``uint8 [N, H, W]`` or ``uint8 [N, H, W, 3]``."""
    shape = images.shape
    if images.dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
        raise ValueError(f"images must be uint8 [N,H,W] or [N,H,W,3], not {images.dtype} {list(shape)}")


def to_grey(images: np.ndarray) -> np.ndarray:
    """Luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), ``uint8 [N, H, W]``; grey stays as it is."""
    check_images(images)
    if images.ndim == 3:
        return images.copy()
    return _each(images, lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), images.shape[1:3])


def to_rgb(images: np.ndarray) -> np.ndarray:
    """Three equal channels from grey, ``uint8 [N, H, W, 3]``; colour stays as it is."""
    check_images(images)
    return images.copy() if images.ndim == 4 else np.repeat(images[..., None], 3, axis=3)


def resize(images: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Scale to ``size``: one number for a square, or ``(height, width)``; in pixels.

    A side that shrinks is averaged over areas, so that fine detail does not alias; a side that
    grows is interpolated bilinearly. The aspect ratio is not kept.

    Raises:
        UsageError: a side is not a positive whole number.
    """
    check_images(images)
    height, width = (size, size) if isinstance(size, (int, np.integer)) else size
    if not all(isinstance(side, (int, np.integer)) and side > 0 for side in (height, width)):
        raise UsageError(f"cannot resize pictures to {size!r}: give positive whole numbers of pixels")
    smaller = (min(height, images.shape[1]), min(width, images.shape[2]))

    def scale(image: np.ndarray) -> np.ndarray:
        # OpenCV's area mode is meant for shrinking only, so each direction gets its own step.
        if smaller != image.shape[:2]:
            image = cv2.resize(image, smaller[::-1], interpolation=cv2.INTER_AREA)
        if smaller != (height, width):
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        return image

    return _each(images, scale, (height, width, *images.shape[3:]))


def clahe(images: np.ndarray, clip_limit: float = 2.0, tiles: int = 8) -> np.ndarray:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994).

    Args:
        images: pictures; of colour pictures each channel is equalised on its own, so that three
            equal channels stay equal.
        clip_limit: how steep the local tone curve may become, in multiples of the identity.
        tiles: the picture is cut into ``tiles`` by ``tiles`` regions.

    Raises:
        UsageError: ``clip_limit`` or ``tiles`` is not positive.
    """
    check_images(images)
    if not (clip_limit > 0 and tiles >= 1):
        raise UsageError(f"CLAHE needs clip_limit > 0 and tiles >= 1, not {clip_limit!r} and {tiles!r}")
    equaliser = cv2.createCLAHE(clipLimit=float(clip_limit), tileGridSize=(int(tiles), int(tiles)))

    def equalise(image: np.ndarray) -> np.ndarray:
        if image.ndim == 2:
            return equaliser.apply(image)
        return np.dstack([equaliser.apply(np.ascontiguousarray(image[..., channel])) for channel in range(3)])

    return _each(images, equalise, images.shape[1:])


def normalise(images: np.ndarray, mode: str) -> np.ndarray:
    """Pixels as ``float32`` of the same shape, in the range that a network expects.

    Args:
        images: pictures.
        mode: ``"raw"`` keeps 0–255, ``"0-1"`` divides by 255, ``"-1..1"`` divides by 127.5 and
            subtracts 1, ``"per-image"`` gives every picture mean 0 and variance 1 over all its
            pixels and channels (a picture of one single tone becomes all zeros).

    Raises:
        UsageError: another ``mode``.
    """
    check_images(images)
    if mode not in NORMALISATIONS:
        raise UsageError(
            f"unknown normalisation {mode!r}: choose from {list(NORMALISATIONS)}."
            + did_you_mean(str(mode), NORMALISATIONS)
        )
    if mode == "per-image":
        return _each(images, _standardise, images.shape[1:], np.float32)
    values = images.astype(np.float32)
    if mode == "0-1":
        values /= 255
    elif mode == "-1..1":
        values = values / np.float32(127.5) - 1
    return values


def _standardise(image: np.ndarray) -> np.ndarray:
    # In float64 the mean of equal pixels is exact. In float32 it may miss by a rounding error,
    # and dividing that error by its own spread would turn a plain picture into noise.
    values = image.astype(np.float64)
    return (values - values.mean()) / (values.std() or 1.0)


def _each(
    images: np.ndarray,
    change: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    dtype: type = np.uint8,
) -> np.ndarray:
    """``change`` applied to one picture at a time, gathered in ``dtype [N, *shape]``."""
    changed: np.ndarray = np.empty((len(images), *shape), dtype)
    for row, image in enumerate(images):
        changed[row] = change(np.ascontiguousarray(image))
    return changed
