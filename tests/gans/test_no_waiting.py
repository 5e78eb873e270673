"""Nothing in the loop waits for the device or mixes devices: a meta tensor has no values, so whatever asks raises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fer_utils.gans import objectives, train
from fer_utils.gans.settings import GanSettings
from tests.gans.conftest import labels_for

META = torch.device("meta")


def an_epoch(settings: GanSettings, pictures: np.ndarray) -> train._State:
    state = train._State(settings, 0, settings.all_steps(len(pictures)), 0, META)
    held = torch.from_numpy(pictures).to(META).permute(0, 3, 1, 2)
    labels = labels_for(settings)
    train._Loop(state, settings, held, None if labels is None else torch.from_numpy(labels).to(META)).epoch()
    return state


def test_nothing_waits(settings: GanSettings, pictures: np.ndarray) -> None:
    state = an_epoch(settings.but(average=0.9), pictures)
    assert state.epoch == 1 and state.history.device.type == "meta"
    assert all(weight.device.type == "meta" for weight in state.shown.parameters())


@pytest.mark.parametrize("settings", ["dcgan", "wgan_gp with labels"], indirect=True)
@pytest.mark.parametrize("planted", [torch.Tensor.item, torch.Tensor.cpu, float, bool], ids=lambda each: each.__name__)
def test_what_waits_is_found(
    settings: GanSettings, pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch, planted: object
) -> None:
    loss = objectives.generator_loss

    def waiting(objective: str, fake: torch.Tensor) -> torch.Tensor:
        value = loss(objective, fake)
        planted(value.detach())  # type: ignore[operator]
        return value

    monkeypatch.setattr(objectives, "generator_loss", waiting)
    with pytest.raises((RuntimeError, NotImplementedError)):
        an_epoch(settings, pictures)


def test_a_tensor_on_another_device_is_found(
    settings: GanSettings, pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = objectives.noise
    monkeypatch.setattr(objectives, "noise", lambda *what: noise(*what[:-1], torch.device("cpu")))
    with pytest.raises(RuntimeError, match="device"):
        an_epoch(settings, pictures)
