"""What a classifier's training set is enlarged with: the paper's arms and the controls it lacks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fer_utils.errors import check_choice
from fer_utils.papers.gan_augmentation.parts import FACE_SIDE, Parts, drawn

ARMS = {
    "none": "nothing",
    "dcgan": "DCGAN pictures",
    "wgan_gp": "WGAN-GP pictures",
    "mirrored": "mirror images of training pictures",
    "real": "real pictures held in reserve",
    "noise": "noise pictures",
}
"""``none`` is what all others are held against: a training of equal length."""
PAPERS = ("none", "dcgan", "wgan_gp")
"""Those of Table 1; the others are controls."""


class Extra(NamedTuple):
    """Pictures to add, ``uint8 [N, 48, 48]``, and their labels ``int64 [N]``."""

    images: np.ndarray
    labels: np.ndarray


NOTHING = Extra(np.zeros((0, FACE_SIDE, FACE_SIDE), np.uint8), np.zeros(0, np.int64))


def control(arm: str, wanted: np.ndarray, images: np.ndarray, labels: np.ndarray, parts: Parts) -> Extra:
    """The pictures of a control, of the same classes as the generated ones.

    Args:
        arm: ``"mirrored"``, ``"real"`` or ``"noise"``.
        wanted: labels of the generated pictures, ``int64 [N]``; as many are made of each class. The
            reserve may not hold so many of a rare class: then all it has.
        images, labels: of the target.
        parts: mirror images are made of ``train``, real pictures are taken from ``reserve``.
    """
    check_choice("control", arm, ("mirrored", "real", "noise"))
    random = np.random.default_rng(0)
    if arm == "noise":
        return Extra(random.integers(0, 256, (len(wanted), FACE_SIDE, FACE_SIDE)).astype(np.uint8), wanted)
    rows = []
    for label, count in zip(*np.unique(wanted, return_counts=True), strict=True):
        pool = parts.train if arm == "mirrored" else parts.reserve
        mine = pool[labels[pool] == label]
        if arm == "mirrored":
            # Where a class has fewer pictures than are wanted, they come again.
            rows.append(np.resize(random.permutation(mine), count))
        else:
            rows.append(drawn(labels, mine, int(count)))
    chosen = np.concatenate(rows).astype(np.int64)
    made = images[chosen][:, :, ::-1] if arm == "mirrored" else images[chosen]
    return Extra(np.ascontiguousarray(made), labels[chosen])
