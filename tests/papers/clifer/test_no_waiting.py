"""No step of the imagination model waits for the device or mixes devices: a meta tensor has no values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from fer_utils.papers.clifer import imagination
from fer_utils.papers.clifer.settings import ImaginationSettings
from tests.papers.clifer.conftest import TINY

SCHEDULES = {"joint": TINY, "alternating": TINY.but(schedule="alternating")}


def a_pass(settings: ImaginationSettings, faces: tuple[np.ndarray, np.ndarray], epoch: int) -> torch.Tensor:
    return imagination.Trainer(settings, range(6), 0, "meta").pass_over(*faces, epoch)


@pytest.fixture
def faces() -> tuple[np.ndarray, np.ndarray]:
    side = TINY.image_size
    return np.random.default_rng(0).integers(0, 256, (10, side, side, 3)).astype(np.uint8), np.arange(10) % 6


@pytest.mark.parametrize("epoch", [0, 1], ids=["warm-up", "all losses"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_nothing_waits(schedule: str, epoch: int, faces: tuple[np.ndarray, np.ndarray]) -> None:
    losses = a_pass(SCHEDULES[schedule].but(warm_up=1, flip=True), faces, epoch)
    assert losses.device.type == "meta" and losses.shape[1] == len(imagination.LOSSES)


@pytest.mark.parametrize("planted", [torch.Tensor.item, torch.Tensor.cpu, float, bool], ids=lambda each: each.__name__)
def test_what_waits_is_found(
    planted: Callable[[torch.Tensor], Any], faces: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    variation = imagination.total_variation

    def waiting(images: torch.Tensor) -> torch.Tensor:
        value = variation(images)
        planted(value.detach())
        return value

    monkeypatch.setattr(imagination, "total_variation", waiting)
    with pytest.raises((RuntimeError, NotImplementedError)):
        a_pass(TINY, faces, 1)
