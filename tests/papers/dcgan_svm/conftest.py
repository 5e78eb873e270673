"""What the tests of paper 4 share: drawn people with expressions and action units, and a small cast of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.dcgan_svm import cast
from fer_utils.papers.dcgan_svm.cast import Role
from fer_utils.papers.dcgan_svm.experiments import ACTION_UNITS, EMOTION_TO_UNITS
from fer_utils.papers.dcgan_svm.settings import Settings
from tests.papers.once import once

PEOPLE, TAKES = 6, 3
CLASSES = ("neutral", "anger", "happiness", "surprise")
SETTINGS = Settings(search="tpe", search_range="measured",
    width=4, batch_size=16, epochs=1, trial_steps=4, folds=3, inner_folds=2, draws=4, few_draws=2, generated=8,
    searched=2,
)  # fmt: skip
CAST = {"ck": Role("drawn"), "celeba": Role("drawn"), "frontal": Role("drawn"), "kdef": Role("drawn")}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


def make_drawn() -> FaceSet:
    """6 people x 4 classes x 3 takes, ``uint8 [72, 64, 64, 3]``: a ground of one's own, a mouth for the class."""
    images, rows = [], []
    for person in range(PEOPLE):
        ground = np.random.default_rng((5, person)).uniform(60, 190, (4, 4, 3)).astype(np.float32)
        ground = cv2.resize(ground, (64, 64), interpolation=cv2.INTER_CUBIC)
        for code, label in enumerate(CLASSES):
            for take in range(TAKES):
                noise = np.random.default_rng((6, person, code, take)).normal(0, 5, (64, 64, 3))
                picture = np.clip(ground + noise, 0, 255).astype(np.uint8)
                cv2.rectangle(picture, (16, 44), (48, 46 + 4 * code), (250, 250, 250), -1)
                images.append(picture)
                units = {f"au_{unit}": 0.8 * (unit in EMOTION_TO_UNITS[label]) for unit in ACTION_UNITS}
                # Acted, and not by the rule: one lifts the brows in the second take, whatever the emotion.
                units["au_2"] = 0.5 if take == 1 else 0.1
                rows.append({"label": label, "subject": f"p{person}", "source": f"{person}-{code}-{take}", **units})
    return FaceSet("drawn", np.stack(images), pd.DataFrame(rows), CLASSES, stand_in=True)


@pytest.fixture(scope="session")
def drawn() -> FaceSet:
    return make_drawn()


@pytest.fixture
def played(drawn: FaceSet, monkeypatch: pytest.MonkeyPatch) -> dict[str, Role]:
    """Four roles, all played by the drawn people; nobody looks for their faces."""
    monkeypatch.setattr(cast.data, "load", lambda name: drawn)
    monkeypatch.setattr(cast, "crop_faces", lambda faces, *_, **__: (faces, None))
    return CAST


def run_all(function: Any, calls: Any, stage: str) -> list[dict[str, Any]]:
    """``Run.map`` with a store in memory."""
    return [once(function, call) for call in calls]
