"""What the tests of paper 5 share: drawn faces, JAFFE's labels without its pictures, a cache of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_utils.datasets.jaffe import CLASS_OF_CODE, official_files
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe.protocol import Plan, make_plan
from fer_utils.papers.mobilenet_jaffe.settings import SPLITS, Settings

PEOPLE, CLASSES, TAKES = 12, ("neutral", "happiness", "surprise"), 2


SEEDS = [0, 1]
# 24 photographs a class: ten variants of each, 216 of 240 images a class to train on.
SETTINGS = Settings(image_size=32, quota=240, epochs=4)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make_drawn() -> FaceSet:
    """12 people x 3 classes x 2 takes, ``uint8 [72, 48, 48]``: a ground of one's own, a mark for the class."""
    images, rows = [], []
    for person in range(PEOPLE):
        ground = np.random.default_rng((5, person)).uniform(30, 220, (5, 5)).astype(np.float32)
        ground = cv2.resize(ground, (48, 48), interpolation=cv2.INTER_CUBIC)
        for code, label in enumerate(CLASSES):
            for take in range(TAKES):
                noise = np.random.default_rng((6, person, code, take)).normal(0, 6, (48, 48))
                picture = np.clip(ground + noise, 0, 255).astype(np.uint8)
                cv2.rectangle(picture, (14, 30), (34, 32 + 5 * code), 255, -1)
                images.append(picture)
                rows.append({"label": label, "subject": f"p{person:02d}", "source": f"{person}-{label}-{take}"})
    return FaceSet("drawn", np.stack(images), pd.DataFrame(rows), CLASSES, stand_in=True)


@pytest.fixture(scope="session")
def drawn() -> FaceSet:
    return make_drawn()


@pytest.fixture(scope="session")
def jaffe_names() -> FaceSet:
    """JAFFE's 213 labels and people in their official numbers; the pictures are one black pixel each."""
    official = official_files()
    table = pd.DataFrame(
        {"label": official["class"].map(CLASS_OF_CODE), "subject": official["subject"], "source": official["file"]}
    )
    return FaceSet("jaffe", np.zeros((len(table), 1, 1), np.uint8), table, tuple(CLASS_OF_CODE.values()), True)


def assert_same_answers(given: np.ndarray, probabilities: np.ndarray, rounding: float) -> None:
    """Two programs give the same class wherever its probability is ahead by more than they round differently.

    Args:
        given: ``int [N]``, one program's classes.
        probabilities: ``float [N, K]``, the other's.
        rounding: how far apart their probabilities may lie.
    """
    second, first = np.sort(probabilities, axis=1)[:, -2:].T
    clear = first - second > 2 * rounding
    assert clear.mean() > 0.8, "hardly a clear answer, so nothing was compared"
    np.testing.assert_array_equal(given[clear], probabilities.argmax(axis=1)[clear])


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Run Keras without compiling: TensorFlow compiles a step of the whole network for far longer than it takes."""
    from fer_utils.papers.mobilenet_jaffe import model

    if model.keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow

    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def plan(drawn: FaceSet) -> Plan:
    return make_plan(drawn, SETTINGS, SPLITS, SEEDS)
