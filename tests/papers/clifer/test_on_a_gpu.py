"""On a GPU, a captured step of the imagination model is the step, and a stopped training goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils.devices import deterministic_kernels, gpu_visible
from fer_utils.graphs import SWITCH
from fer_utils.papers.clifer.imagination import Trainer, train
from fer_utils.saving import EVERY
from tests.papers.clifer.conftest import TINY

pytestmark = pytest.mark.skipif(not gpu_visible(), reason="needs an NVIDIA GPU")

SCHEDULES = {"joint": TINY, "alternating": TINY.but(schedule="alternating")}


@pytest.fixture
def many() -> tuple[np.ndarray, np.ndarray]:
    """Six batches of eight and a rest: three to warm up, a capture, and replays."""
    side = TINY.image_size
    return np.random.default_rng(0).integers(0, 256, (53, side, side, 3)).astype(np.uint8), np.arange(53) % 6


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_captured_steps_are_the_steps(
    schedule: str, many: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SCHEDULES[schedule].but(batch_size=8, warm_up=1, epochs=3, flip=True, decay_to_zero=True)
    captured = train(*many, settings, seed=3)["history"]
    monkeypatch.setenv(SWITCH, "0")
    single = train(*many, settings, seed=3)["history"]
    np.testing.assert_allclose(captured, single, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_goes_on_where_it_was_stopped(
    schedule: str, many: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deterministic_kernels()
    monkeypatch.setenv(EVERY, "0")
    settings = SCHEDULES[schedule].but(batch_size=8, warm_up=1, epochs=3)
    whole = train(*many, settings, seed=3)["history"]
    unbroken = Trainer.epoch

    def stops(self: Trainer, images: np.ndarray, labels: np.ndarray, epoch: int) -> np.ndarray:
        if epoch == 2:
            raise KeyboardInterrupt
        return unbroken(self, images, labels, epoch)

    monkeypatch.setattr(Trainer, "epoch", stops)
    with pytest.raises(KeyboardInterrupt):
        train(*many, settings, seed=3, checkpoint=tmp_path / "half.npz")
    monkeypatch.setattr(Trainer, "epoch", unbroken)
    resumed = train(*many, settings, seed=3, checkpoint=tmp_path / "half.npz")["history"]
    # Captured and single steps may round differently, and a stopped training has more single ones.
    np.testing.assert_allclose(resumed, whole, rtol=0.02, atol=0.02)
