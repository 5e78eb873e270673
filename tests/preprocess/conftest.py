"""What the tests of the preprocessing room share: one photograph, and a cache of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage import data

from fer_utils.faces import FaceSet


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """One frontal face, ``uint8 [512, 512, 3]``; it lies at about x 180–272, y 60–175."""
    photograph = data.astronaut()
    photograph.setflags(write=False)
    return photograph


@pytest.fixture(scope="session")
def two_faces(astronaut: np.ndarray) -> np.ndarray:
    """A large face on the left and a small one in the middle, ``uint8 [300, 800, 3]``."""
    portrait = astronaut[0:280, 90:370]
    picture = np.full((300, 800, 3), 128, np.uint8)
    picture[10:290, 10:290] = portrait
    picture[50:250, 310:510] = portrait[np.arange(200) * 280 // 200][:, np.arange(200) * 280 // 200]
    return picture


@pytest.fixture(scope="session")
def face_set() -> Callable[[np.ndarray], FaceSet]:
    def make(images: np.ndarray) -> FaceSet:
        rows = range(len(images))
        table = pd.DataFrame({"label": "happy", "subject": "s", "source": [f"picture {row}" for row in rows]})
        return FaceSet("test", images, table, ("happy",))

    return make
