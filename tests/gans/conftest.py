"""What the GAN tests share: tiny networks and tiny pictures."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.gans.settings import WGAN_GP, GanSettings

TINY = {"image_size": 16, "ngf": 4, "ndf": 4, "latent": 8, "batch_size": 8, "epochs": 4}


@pytest.fixture(params=["dcgan", "wgan_gp", "dcgan with labels", "wgan_gp with labels"])
def settings(request: pytest.FixtureRequest) -> GanSettings:
    base = (WGAN_GP.but(critic_steps=2) if request.param.startswith("wgan_gp") else GanSettings()).but(**TINY)
    return base.but(n_classes=2) if "labels" in request.param else base


@pytest.fixture
def pictures() -> np.ndarray:
    """20 dark pictures with a light stripe, ``uint8 [20, 16, 16, 3]``."""
    random = np.random.default_rng(0)
    images = random.integers(0, 60, (20, 16, 16, 3))
    images[:, 6:10] += 180
    return images.astype(np.uint8)


def labels_for(settings: GanSettings) -> np.ndarray | None:
    return np.arange(20) % 2 if settings.n_classes else None
