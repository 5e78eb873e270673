"""A GAN that is trained on a GPU goes on where it was stopped, and its captured steps are the steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils.devices import deterministic_kernels, gpu_visible
from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import train
from fer_utils.graphs import SWITCH
from tests.gans.conftest import labels_for

pytestmark = pytest.mark.skipif(not gpu_visible(), reason="needs an NVIDIA GPU")


def test_it_goes_on_where_it_was_stopped(settings: GanSettings, pictures: np.ndarray, tmp_path: Path) -> None:
    deterministic_kernels()
    labels, path = labels_for(settings), tmp_path / "gan.npz"
    whole = train(pictures, settings, 3, labels=labels)
    train(pictures, settings, 3, labels=labels, checkpoint=path, stop_after=2)
    resumed = train(pictures, settings, 3, labels=labels, checkpoint=path)
    # Captured and single steps may round differently, and a stopped run has more single ones.
    assert np.allclose(resumed.history, whole.history, rtol=0.02, atol=0.02)


def test_captured_steps_are_the_steps(
    settings: GanSettings, pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = labels_for(settings)
    captured = train(pictures, settings, 3, labels=labels)
    monkeypatch.setenv(SWITCH, "0")
    single = train(pictures, settings, 3, labels=labels)
    assert np.allclose(captured.history, single.history, rtol=0.02, atol=0.02)
