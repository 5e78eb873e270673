"""The 68 landmarks as targets: which belong to a part, how a mirror renames them, how they are scaled."""

from __future__ import annotations

import numpy as np

from fer_utils.papers.landmark_ensemble.settings import PARTS

N_POINTS = 68

PART_POINTS = {
    "jaw": slice(0, 17),
    "eyebrows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
    "all": slice(0, 68),
}
"""Section III-C2, Figure 4: 17, 10, 9, 12 and 20 points; ``"all"`` is what FTL learns."""

_MIRROR_PAIRS = (
    [(i, 16 - i) for i in range(8)]
    + [(17, 26), (18, 25), (19, 24), (20, 23), (21, 22)]
    + [(31, 35), (32, 34)]
    + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    + [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]
)


def _mirror() -> np.ndarray:
    order = np.arange(N_POINTS)
    for left, right in _MIRROR_PAIRS:
        order[left], order[right] = right, left
    return order


MIRROR = _mirror()
"""``int64 [68]``: point ``i`` of a mirrored face was point ``MIRROR[i]`` (iBUG 300-W numbering)."""


def outputs_of(part: str) -> int:
    """Outputs of a localization head: two for each point of the part."""
    return 2 * len(range(N_POINTS)[PART_POINTS[part]])


def targets(points: np.ndarray, part: str, image_size: int) -> np.ndarray:
    """Section III-D: coordinates of one part as shares of the picture's side, ``x0 y0 x1 y1 …``.

    Args:
        points: ``float32 [N, 68, 2]`` in pixels.
        part: a key of :data:`PART_POINTS`.
        image_size: the picture's side in pixels.

    Returns:
        ``float32 [N, 2n]``, 0 to 1 for points within the picture.
    """
    chosen = points[:, PART_POINTS[part]] / np.float32(image_size)
    return np.ascontiguousarray(chosen.reshape(len(points), -1), np.float32)


def pixels(shares: np.ndarray, image_size: int) -> np.ndarray:
    """The inverse of :func:`targets`: ``float32 [N, 2n]`` shares to ``[N, n, 2]`` pixels."""
    return shares.reshape(len(shares), -1, 2) * np.float32(image_size)


def whole_face(shares: np.ndarray, image_size: int) -> np.ndarray:
    """The 68 points as EL's five networks predict them together.

    Args:
        shares: ``float32 [5, N, outputs]``, one network a part in the order of ``PARTS``.
        image_size: the picture's side in pixels.

    Returns:
        ``float32 [N, 68, 2]`` in pixels.
    """
    points = np.empty((shares.shape[1], N_POINTS, 2), np.float32)
    for own, part in zip(shares, PARTS, strict=True):
        points[:, PART_POINTS[part]] = pixels(own[:, : outputs_of(part)], image_size)
    return points
