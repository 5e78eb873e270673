"""What the tests of paper 3 share: drawn people whose mouths tell the class, with points that are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_utils.data import load
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.settings import Augmentation, Settings

PEOPLE, CLASSES, TAKES, SIDE = 6, ("neutral", "happiness", "surprise"), 2, 32

TINY = Settings(
    image_size=SIDE, filters=(3, 4), hidden=5, augmentation=Augmentation(variants=2), batch_size=4,
    landmark_epochs=1, head_epochs=2, tune_epochs=2, baseline_epochs=2, check_every=1, folds=3, aside_share=0.3,
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"


def make_drawn() -> FaceSet:
    """6 people x 3 classes x 2 takes, ``uint8 [36, 32, 32]``: a tone of one's own, a bar whose height is the class."""
    images, rows = [], []
    for person in range(PEOPLE):
        for code, label in enumerate(CLASSES):
            for take in range(TAKES):
                noise = np.random.default_rng((3, person, code, take)).normal(0, 5, (SIDE, SIDE))
                picture = np.clip(90 + 12 * person + noise, 0, 255).astype(np.uint8)
                cv2.rectangle(picture, (8, 18), (24, 20 + 5 * code), 255, -1)
                images.append(picture)
                source = f"{person}-{label}-{take}"
                rows.append({"label": label, "subject": f"p{person}", "source": source, "intensity": take / 2})
    return FaceSet("drawn", np.stack(images), pd.DataFrame(rows), CLASSES, stand_in=True)


@pytest.fixture(scope="session")
def drawn() -> FaceSet:
    return make_drawn()


def as_prepared(drawn: FaceSet) -> Prepared:
    """The drawn pictures as if they had passed detection and landmarking: a grid of points, lower for higher bars."""
    grid = np.stack(np.meshgrid(np.linspace(4, 27, 17), np.linspace(6, 20, 4)), axis=-1).reshape(68, 2)
    points = np.repeat(grid[None], len(drawn), axis=0).astype(np.float32)
    points[:, 48:, 1] += 3 * drawn.labels[:, None]
    squares = np.tile(np.array([0, 0, 300]), (len(drawn), 1))
    return Prepared(drawn.images, points, squares, np.ones(len(drawn), np.int64), 300)


@pytest.fixture(scope="session")
def drawn_faces(drawn: FaceSet) -> Prepared:
    return as_prepared(drawn)


@pytest.fixture(scope="session")
def photographs() -> FaceSet:
    """Three of the shipped London photographs."""
    return load("london").select(np.array([0, 1, 6]))
