"""What the tests of training share: drawn pictures of two classes, and a small network."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

SIDE = 24
LABELS = np.arange(24) % 2


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Noise on a dark ground and a light stripe, above in one class and below in the other: ``uint8 [24, 24, 24]``."""
    images = np.random.default_rng(4).integers(20, 70, (len(LABELS), SIDE, SIDE))
    for image, label in zip(images, LABELS, strict=True):
        image[5 + 10 * label : 8 + 10 * label] += 150
    return images.astype(np.uint8)


def network(dropout: float = 0.3, channels: int = 1) -> nn.Sequential:
    """With batch norm and dropout, so that all that a checkpoint must hold is there."""
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Dropout(dropout), nn.Linear(72, 2),
    )  # fmt: skip
