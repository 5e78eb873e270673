"""The dry run's table: what it lists, and that its sums follow from the probes."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from fer_utils.papers.dcgan_svm import estimate as room
from fer_utils.papers.dcgan_svm.roles import Role
from tests.papers.dcgan_svm.conftest import SETTINGS


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch, played: dict[str, Role]) -> dict[str, Role]:
    """100 images a second in training, a millisecond a fit of the probe's rows, 50 pictures a second in Inception."""
    monkeypatch.setattr(room, "probe_gan", lambda settings: 100.0)
    monkeypatch.setattr(room, "probe_svm", lambda settings: 1e-3)
    monkeypatch.setattr(room, "probe_space", lambda: 50.0)
    return played


def test_rows_and_sums(probed: dict[str, Role]) -> None:
    table = room._rows(probed, SETTINGS.but(epochs=3, trial_steps=5)).set_index("unit")
    assert math.isclose(table.loc["GAN on ck", "seconds"], 3 * 72 / 100)
    # One set plays all roles here, so every pair of GAN's and tested role is done by halves: ck, frontal and
    # kdef on themselves, ck and celeba on frontal, celeba on ck.
    assert math.isclose(table.loc["GANs on half the people", "seconds"], 6 * 3 * 72 / 100)
    assert table.loc["GANs on half the people", "count"] == 12
    # 18 of the 72 show AU7.
    assert math.isclose(table.loc["GANs on AU7", "seconds"], 2 * 3 * 18 / 100)
    assert math.isclose(table.loc["GANs, both beta1", "seconds"], 2 * 5 * 16 / 100)
    sound, published = (table.loc[f"emotion SVMs, {name}"] for name in ("sound", "published"))
    assert math.isclose(sound["seconds"], SETTINGS.inner_folds * published["seconds"])
    # Four experiments, four controls, two other ways to take features; 3 folds x 4 settings; 72 pictures, not 480.
    assert math.isclose(published["seconds"], 10 * 12 * 1e-3 * (72 / 480) ** 2)
    # Four experiments within a set have 3 folds, four between sets one; both protocols, 14 units.
    assert math.isclose(table.loc["action-unit SVMs", "seconds"], 2 * 14 * (4 * 3 + 4) * 1e-3 * (72 / 480) ** 2)
    assert math.isclose(table.loc["image quality", "seconds"], (72 + 8) / 50)


def test_a_wider_net_needs_more_room(probed: dict[str, Role]) -> None:
    narrow, wide = (room._rows(probed, SETTINGS.but(width=width)) for width in (16, 64))
    assert wide["memory MB"].max() > narrow["memory MB"].max()
    gan = wide.set_index("unit").loc["GAN on ck"]
    # 4,315,585 parameters of four bytes and eight pictures.
    assert math.isclose(gan["disk MB"], (4_315_585 * 4 + 8 * 64 * 64 * 3) / 1e6)


def test_the_probes_measure(played: dict[str, Role], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "cast", lambda dataset: played)
    knobs = {"width": 4, "epochs": 1, "feature": None, "optimiser": None}
    table = room.estimate({"dataset": "drawn", "profile": "smoke", **knobs})
    assert isinstance(table, pd.DataFrame)
    for cost in ("seconds", "memory MB"):
        assert (table[cost] > 0).all() and table[cost].map(math.isfinite).all()
