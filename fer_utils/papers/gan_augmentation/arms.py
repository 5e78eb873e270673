"""What a classifier's training set is enlarged with: the paper's arms and the controls it lacks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fer_utils.papers.gan_augmentation.parts import FACE_SIDE

ARMS = {
    "none": "nothing",
    "dcgan": "DCGAN pictures",
    "wgan_gp": "WGAN-GP pictures",
    "cgan": "CGAN pictures",
    "source": "the pictures that the GANs learnt from",
    "real": "real pictures held in reserve",
    "mirrored": "mirror images of training pictures",
    "noise": "noise pictures",
}
"""``none`` is what all others are held against: a training of equal length."""
PAPERS = ("none", "dcgan", "wgan_gp")
"""Those of Table 1; the others are controls. The paper trained a CGAN too, and left out what it brought."""


class Extra(NamedTuple):
    """Pictures to add, ``uint8 [N, 48, 48]``, and their labels ``int64 [N]``."""

    images: np.ndarray
    labels: np.ndarray


NOTHING = Extra(np.zeros((0, FACE_SIDE, FACE_SIDE), np.uint8), np.zeros(0, np.int64))


def noise(wanted: np.ndarray) -> Extra:
    """Pictures of nothing with these labels, ``int64 [N]``."""
    shape = (len(wanted), FACE_SIDE, FACE_SIDE)
    return Extra(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8), wanted)


def mirrored(wanted: np.ndarray, images: np.ndarray, labels: np.ndarray) -> Extra:
    """Mirror images of ``images``, as many of each class as ``wanted`` has: :func:`as_many`."""
    chosen = as_many(wanted, labels, repeated=True)
    return Extra(np.ascontiguousarray(images[chosen][:, :, ::-1]), labels[chosen])


def as_many(wanted: np.ndarray, labels: np.ndarray, *, repeated: bool) -> np.ndarray:
    """Rows with as many pictures of each class as are wanted, class by class, ``int64 [M]``.

    Args:
        wanted: labels, ``int64 [N]``.
        labels: of the pictures to choose from.
        repeated: where a class has fewer pictures than are wanted, they come again; else all it has must do.
    """
    random = np.random.default_rng(0)
    rows = []
    for label, count in zip(*np.unique(wanted, return_counts=True), strict=True):
        mine = random.permutation(np.flatnonzero(labels == label))
        rows.append(np.resize(mine, count) if repeated and len(mine) else mine[:count])
    return np.concatenate(rows).astype(np.int64)
