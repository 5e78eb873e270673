"""Section 3.3: a few photographs become many, the same number for each class.

Each photograph has an endless row of variants; variant ``v`` of photograph ``s`` is drawn from
the seed ``(augmentation.seed, s, v)`` alone. So a fold that needs more variants of fewer
photographs, and one that needs fewer of more, share all they have in common, and the backbone
looks at each variant once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe.settings import Augmentation

ORIGINAL = -1
"""The variant number of an untouched photograph."""


def affine_matrix(generator: np.random.Generator, size: int, augmentation: Augmentation) -> np.ndarray:
    """Draw one rotation, shift, shear and zoom about the centre as a ``float64 [2, 3]`` matrix.

    Shift, shear and zoom are uniform within plus or minus the ranges of ``augmentation``, rotation in
    degrees; width and height zoom apart, which is the paper's "stretching".
    """
    angle = np.deg2rad(generator.uniform(-augmentation.rotation, augmentation.rotation))
    shift_x, shift_y = generator.uniform(-augmentation.shift, augmentation.shift, 2) * size
    shear = generator.uniform(-augmentation.shear, augmentation.shear)
    zoom_x, zoom_y = generator.uniform(1 - augmentation.zoom, 1 + augmentation.zoom, 2)
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rotate @ np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag([zoom_x, zoom_y])
    centre = np.full(2, (size - 1) / 2)
    return np.column_stack([linear, centre - linear @ centre + [shift_x, shift_y]])


def variant(image: np.ndarray, source: int, number: int, augmentation: Augmentation) -> np.ndarray:
    """Variant ``number`` of photograph ``source``: ``uint8``, the shape of ``image``.

    Pixels from outside repeat the nearest edge (JAFFE's and London's grounds are plain).
    """
    if number == ORIGINAL:
        return image
    generator = np.random.default_rng((augmentation.seed, source, number))
    matrix = affine_matrix(generator, image.shape[0], augmentation)
    size = (image.shape[1], image.shape[0])
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True, eq=False)
class Pool:
    """Which variants of which photographs exist: the originals first, then all variants.

    Attributes:
        source: ``int64 [M]``, the photograph's row in the face set.
        variant: ``int64 [M]``, its variant, :data:`ORIGINAL` for the first ``n_sources`` rows.
        label: ``int64 [M]``, its class.
    """

    source: np.ndarray
    variant: np.ndarray
    label: np.ndarray
    n_sources: int

    def __len__(self) -> int:
        return len(self.source)

    def images(self, faces: FaceSet, rows: np.ndarray | range, augmentation: Augmentation) -> np.ndarray:
        """Draw the pool's images at ``rows``: ``uint8 [len(rows), H, W(, 3)]``."""
        return np.stack(
            [variant(faces.images[self.source[row]], self.source[row], self.variant[row], augmentation) for row in rows]
        )


def make_pool(labels: np.ndarray, sources: Sequence[np.ndarray], per_class: Sequence[int], n_classes: int) -> Pool:
    """A pool deep enough for every training set that will be drawn from it.

    Args:
        labels: ``int64 [N]``, one a photograph.
        sources: the photographs of each training set to come.
        per_class: how many images of each class each of those training sets is to have.
        n_classes: how many classes there are.
    """
    deepest = np.zeros(n_classes, np.int64)
    for rows, quota in zip(sources, per_class, strict=True):
        found = np.bincount(labels[rows], minlength=n_classes)
        if (found == 0).any():
            raise FerError(f"a training part has no photograph of class {int(np.argmin(found))}; use fewer folds")
        deepest = np.maximum(deepest, -(-quota // found))
    depth = deepest[labels]
    source = np.concatenate([np.arange(len(labels)), np.repeat(np.arange(len(labels)), depth)])
    number = np.concatenate([np.full(len(labels), ORIGINAL), *[np.arange(n) for n in depth]])
    return Pool(source, number, labels[source], len(labels))


def draw_quota(
    pool: Pool, sources: np.ndarray, quota: int, n_classes: int, without: np.ndarray | None = None
) -> np.ndarray:
    """Pool rows with ``quota`` images of each class, taken round-robin from ``sources``.

    First variant 0 of every photograph of the class, then variant 1, and so on: no photograph
    is used twice more often than another (but for variants left out by ``without``). Within a
    round the order is random but always the same.

    Args:
        pool: what there is to draw from.
        sources: the photographs that may be used.
        quota: images of each class.
        n_classes: how many classes there are.
        without: pool rows that must not be drawn.

    Returns:
        ``int64 [n_classes * quota]``, class after class.

    Raises:
        FerError: the pool does not hold so many.
    """
    allowed = np.zeros(pool.n_sources, bool)
    allowed[sources] = True
    free = allowed[pool.source] & (pool.variant != ORIGINAL)
    if without is not None:
        free[without] = False
    rows = np.flatnonzero(free)
    # Photographs take turns in a fixed random order: a round that the quota cuts short must not
    # leave out whoever comes last in the folder.
    turn = np.random.default_rng(0).permutation(pool.n_sources)
    rows = rows[np.lexsort((turn[pool.source[rows]], pool.variant[rows]))]
    chosen = [rows[pool.label[rows] == code][:quota] for code in range(n_classes)]
    short = [code for code, found in enumerate(chosen) if len(found) < quota]
    if short:
        raise FerError(f"the pool is too shallow for a quota of {quota} in classes {short}")
    return np.concatenate(chosen)
