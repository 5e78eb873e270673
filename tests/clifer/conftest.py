"""What the tests of paper 1 share: codes of made-up people, and a cache of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

N_CLASSES, DIMENSIONS = 6, 50


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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
