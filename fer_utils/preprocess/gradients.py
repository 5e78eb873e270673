"""Histograms of oriented gradients: what was read from faces before networks were, and still a hard one to beat."""

from __future__ import annotations

import cv2
import numpy as np

from fer_utils.preprocess.pixels import to_grey

CELL, DIRECTIONS = 8, 9
"""Pixels of a cell, and directions it tells apart: Dalal & Triggs 2005. Blocks are 2 x 2 cells."""


def hog(images: np.ndarray) -> np.ndarray:
    """OpenCV's histograms of oriented gradients of square pictures.

    Args:
        images: ``uint8 [N, S, S]`` or ``uint8 [N, S, S, 3]``, seen in grey; S a multiple of 8.

    Returns:
        ``float32 [N, 36 (S / 8 - 1)²]``: 900 numbers for 48 pixels a side, 1,764 for 64.
    """
    side = images.shape[1]
    descriptor = cv2.HOGDescriptor((side, side), (2 * CELL, 2 * CELL), (CELL, CELL), (CELL, CELL), DIRECTIONS)
    return np.stack([np.asarray(descriptor.compute(image)).ravel() for image in to_grey(images)])
