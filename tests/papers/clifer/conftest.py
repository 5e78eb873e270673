"""What the tests of paper 1 share: codes of made-up people, drawn faces in clips, and a cache of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from fer_utils.faces import FaceSet
from fer_utils.papers.clifer.protocol import CLASSES
from fer_utils.papers.clifer.settings import ImaginationSettings, Settings
from tests.stand_ins import draw_face

N_CLASSES, DIMENSIONS = 6, 50
PEOPLE, FRAMES, CLIPS = 4, 3, 2

TINY = ImaginationSettings(
    initial="he", image_size=16, encoder_widths=(4, 4, 8, 8), generator_widths=(8, 8, 8, 4, 4),
    discriminator_widths=(4, 4, 8, 8), discriminator_dense=8, identity="none", epochs=2,
)  # fmt: skip
SETTINGS = Settings(imagination=TINY, detector=None, people_folds=2, order_study=False, for_reading=False)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small only lose by sharing their sums between cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def person_codes(person: int, frames: int = 20, clips: int = 2, spread: float = 0.12) -> dict[str, np.ndarray]:
    """One person's ``codes [6 * clips * frames, 50]`` in (-1, 1): a cluster a class, a small shift a clip."""
    rng = np.random.default_rng((7, person))
    who, codes, labels, clip = rng.normal(0, 0.5, DIMENSIONS), [], [], []
    for label in range(N_CLASSES):
        centre = who + rng.normal(0, 0.35, DIMENSIONS)
        for number in range(clips):
            drift = np.cumsum(rng.normal(0, spread / 8, (frames, DIMENSIONS)), axis=0)
            codes.append(np.tanh(centre + rng.normal(0, spread, DIMENSIONS) + drift))
            labels += [label] * frames
            clip += [f"{label}-{number}"] * frames
    return {"codes": np.concatenate(codes), "labels": np.array(labels), "clips": np.array(clip)}


def make_drawn() -> FaceSet:
    """4 people x 6 classes x 2 clips x 3 frames, ``uint8 [144, 32, 32]``; each clip begins with a neutral frame."""
    images, rows = [], []
    for person in range(PEOPLE):
        for label in CLASSES:
            for clip in range(CLIPS):
                for frame in range(FRAMES):
                    shown = "neutral" if frame == 0 else label
                    face = draw_face(f"clifer {person}", shown, f"{label} {clip} {frame}")
                    images.append(cv2.resize(face, (32, 32), interpolation=cv2.INTER_AREA))
                    name = f"p{person}-{label}-{clip}"
                    rows.append({"label": shown, "subject": f"p{person}", "source": f"{name}#{frame}",
                                 "sequence": name, "frame": frame + 1})  # fmt: skip
    return FaceSet("drawn", np.stack(images), pd.DataFrame(rows), CLASSES, stand_in=True)


@pytest.fixture(scope="session")
def drawn() -> FaceSet:
    return make_drawn()
