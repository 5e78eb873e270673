"""A training step on torch's meta device, which has shapes and no values: what it costs is counted, not paid."""

from __future__ import annotations

from collections.abc import Callable

import torch

from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import _Loop, _State


def a_step(settings: GanSettings, batch: int) -> Callable[[], None]:
    """A whole step of a GAN, all steps of its critic included, on batches of so many pictures."""
    meta, one = torch.device("meta"), settings.but(batch_size=batch)
    held = torch.zeros(batch, settings.channels, settings.image_size, settings.image_size, dtype=torch.uint8)
    labels = torch.zeros(batch, dtype=torch.int64, device=meta) if settings.n_classes else None
    return _Loop(_State(one, 0, 1, 0, meta), one, held.to(meta), labels)._step
