"""What the tests of paper 2 share: drawn faces in three parts, drawn laboratory faces, and tiny settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fer_utils.datasets.fer2013 import CLASSES
from fer_utils.faces import FaceSet
from fer_utils.papers.gan_augmentation import parts as room
from fer_utils.papers.gan_augmentation.settings import PROFILES, Settings
from tests.papers.once import once

SETTINGS = PROFILES["smoke"].but(generated=3, train_images=42, test_images=14, batch_size=8, dcgan_batch=4)
SIZES = {"Training": 12, "PublicTest": 4, "PrivateTest": 4}
"""Pictures of a class in each part."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


def drawn(labels: Sequence[str], side: int, seed: int) -> np.ndarray:
    """A dark ground with noise and, higher for every further class, a light stripe: ``uint8 [N, side, side]``."""
    images = np.random.default_rng(seed).integers(20, 70, (len(labels), side, side))
    known = sorted(set(labels))
    for image, label in zip(images, labels, strict=True):
        top = side * (1 + known.index(label)) // (len(known) + 2)
        image[top : top + side // 8] += 150
    return images.astype(np.uint8)


def make_target(stand_in: bool = True) -> FaceSet:
    """Seven classes at 48 pixels in FER-2013's three parts; a Training picture of each class is in PrivateTest."""
    rows = [(label, split) for split, count in SIZES.items() for label in CLASSES for _ in range(count)]
    table = pd.DataFrame(rows, columns=["label", "split"])
    images = drawn(table["label"].tolist(), 48, 0)
    for label in CLASSES:
        mine = {split: np.flatnonzero((table["label"] == label) & (table["split"] == split)) for split in SIZES}
        images[mine["Training"][0]] = images[mine["PrivateTest"][0]]
    names = [f"row_{row}" for row in range(len(table))]
    return FaceSet("drawn", images, table.assign(subject=names, source=names), CLASSES, stand_in)


def make_source(side: int = 64) -> FaceSet:
    """CK+'s classes and neutral, five pictures each of as many people."""
    labels = [label for label in (*room.GAN_CLASSES, "contempt", "neutral") for _ in range(5)]
    table = pd.DataFrame({"label": labels, "subject": [f"p{row % 5}" for row in range(len(labels))]})
    table["source"] = [f"s{row}" for row in range(len(labels))]
    return FaceSet("lab", drawn(labels, side, 1), table, (*room.GAN_CLASSES, "contempt", "neutral"), stand_in=True)


@pytest.fixture
def target() -> FaceSet:
    return make_target()


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the laboratory faces."""
    monkeypatch.setattr(room.data, "load", lambda name: make_source())
    return "lab"


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


class Counting:
    """``Run.map`` that keeps the calls, and in place of classifiers lets ``lots`` answer."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def count(self, name: str) -> int:
        return sum(called == name for called, _ in self.calls)

    def __call__(
        self, function: Callable[..., dict[str, Any]], calls: Sequence[Mapping[str, Any]], stage: str
    ) -> list[dict[str, Any]]:
        self.calls += [(function.__name__, call) for call in calls]
        if function.__name__ in ("train_classifier", "deep_feature_svm"):
            return [lots(**call) for call in calls]
        return [once(function, call) for call in calls]


def lots(**call: Any) -> dict[str, Any]:
    """Random answers in the form of both kinds of classifier, another draw for other pictures, networks and seeds."""
    random = np.random.default_rng((call["seed"], len(call["images"]), int(call["images"].sum())))
    if "points" not in call:
        predicted = random.integers(0, call["n_classes"], len(call["scored"])).astype(np.uint8)
        return {"predicted": predicted, "VGG-13 accuracies": [0.1], "VGG-16 accuracies": [0.1, 0.2]}
    shape = (len(call["points"]), len(call["scored"]))
    predicted = random.integers(0, call["n_classes"], shape).astype(np.uint8)
    return {"predicted": predicted, "loss": np.zeros(shape[0]), "points": np.asarray(call["points"])}
