"""The dry run's table: what it lists, and that its sums follow from the probes."""

from __future__ import annotations

import math

import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.gan_augmentation import estimate as room
from fer_utils.papers.gan_augmentation.study import Study
from tests.papers.gan_augmentation.conftest import SETTINGS, Counting, make_source


def test_rows_and_sums(target: FaceSet, lab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "probe_gan", lambda settings, kind: 10.0)
    monkeypatch.setattr(room, "probe_classifier", lambda settings, network: (100.0, 5_000))
    monkeypatch.setattr(room, "probe_space", lambda: 50.0)
    study = Study(target, lab, SETTINGS.but(wgan_epochs=4), [0, 1], Counting())
    table = room._rows(study).set_index("unit")
    # Thirty laboratory pictures, six classes.
    assert math.isclose(table.loc["WGAN-GP", "seconds"], 30 * 4 / 10) and table.loc["WGAN-GP", "count"] == 6
    assert table.loc["CGAN", "count"] == 1 and math.isclose(table.loc["CGAN", "seconds"], 30 * 1 / 10)
    # Two looks at 28 pictures; 42 + 18 pictures make 7 steps of 8; three arms of two seeds.
    vgg = table.loc["reduced VGG-16, published"]
    assert vgg["count"] == 3 * 2
    assert math.isclose(vgg["seconds"], 6 * (7 * 8 + len(study.schedule("published").looks) * 28 / 3) / 100)
    assert table.loc["reduced ResNet, sound", "count"] == 6 * 2
    # Three pictures of six classes from three kinds, and the real ones.
    assert table.loc["image quality", "seconds"] <= (4 * 6 * SETTINGS.judged) / 50


def test_the_probes_measure(target: FaceSet, lab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.datasets, "load", lambda name: {"drawn": target, "lab": make_source()}[name])
    knobs = dict.fromkeys(room.KNOBS) | {"train_images": 42, "test_images": 14, "generated": 3}
    table = room.estimate({"dataset": "drawn", "source": "lab", "profile": "smoke", "seeds": [0], **knobs})
    for cost in ("seconds", "memory MB"):
        assert (table[cost] > 0).all() and table[cost].map(math.isfinite).all()
