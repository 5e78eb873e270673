"""Avatars: faces that nobody owns, with everything known of them that a photograph hides.

Rendered from ICT-FaceKit's light face model by :mod:`fer_utils.avatars.generate` and shipped as six shoots:

======  ======================================================================================================
studio  24 people × 8 expressions × 3 takes, frontal, each take with another gaze
views   ten of them × 8 expressions, seen from five sides
clips   ten other people × 6 classes × 2 clips of seven frames: neutral, onset, apex, offset
takes   the studio's 24 people × 7 expressions × 4 takes in one light a person, of 96 pixels enlarged
wild    110 other people × 4: turned heads, hard light, things in the way, clutter, blur
crowd   240 further people, one picture each, for training without labels
======  ======================================================================================================

Columns of the table beside ``label subject source``: ``take intensity gaze angle yaw pitch roll gaze_yaw gaze_pitch
light occluder skin hair``, for clips ``sequence frame phase``, an intensity from 0 to 1 for each action unit
(``au_1`` …), and the 68 landmarks (``x_0`` … ``y_67``), which :func:`landmarks` gives as an array. Angles are degrees
(:class:`~fer_utils.avatars.camera.Pose`), ``skin`` is the mean reflectance of the skin, 0–1. A hidden
landmark is where it would be seen if nothing hid it.
"""

from __future__ import annotations

import io
import zipfile
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.datasets.base import Dataset
from fer_utils.faces import FaceSet

ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 22, 23, 24, 25, 26, 27, 43)
CLASSES = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
TABLE, LANDMARKS = "table.csv", "landmarks.npy"
SIZE = (160, 160)
LANDMARK_UNIT = 16
"""Landmarks are stored as whole sixteenths of a pixel."""
TITLES = {
    "studio": "Avatars in the studio",
    "views": "Avatars from five sides",
    "clips": "Avatars in clips",
    "takes": "Avatars in four takes",
    "wild": "Avatars in the wild",
    "crowd": "A crowd of avatars",
}
CLIP_CLASSES = ("neutral", "anger", "fear", "happiness", "sadness", "surprise")
"""CLIFER's six."""
TAKE_CLASSES = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
"""RAVDESS' eight but calm, which avatars do not show."""


def landmarks(faces: FaceSet) -> np.ndarray:
    """The true 68 points of every picture, ``float32 [N,68,2]``: x to the right and y down, in pixels of 160×160.

    Raises:
        KeyError: the set holds no avatars.
    """
    across = faces.table[[f"x_{point}" for point in range(68)]].to_numpy(np.float32)
    down = faces.table[[f"y_{point}" for point in range(68)]].to_numpy(np.float32)
    return np.stack([across, down], axis=2)


def read_shoot(archive: bytes) -> tuple[np.ndarray, pd.DataFrame]:
    """Pictures ``uint8 [N,160,160,3]`` and table of one packed shoot."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        table = pd.read_csv(io.BytesIO(packed.read(TABLE)), keep_default_na=False)
        points = np.load(io.BytesIO(packed.read(LANDMARKS)), allow_pickle=False) / np.float32(LANDMARK_UNIT)
        images = np.stack([_decode(packed.read(name)) for name in table["source"]])
    where = {f"{axis}_{point}": points[:, point, column] for column, axis in enumerate("xy") for point in range(68)}
    return images, pd.concat([table, pd.DataFrame(where)], axis=1)


def _decode(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as picture:
        # Takes are stored smaller.
        return np.asarray(picture if picture.size == SIZE else picture.resize(SIZE, Image.Resampling.BICUBIC))


def _load(shoot: str, folder: Path | None, stand_in: bool) -> FaceSet:
    packed = resources.files("fer_utils.datasets") / "shipped" / "avatars" / f"{shoot}.zip"
    images, table = read_shoot(packed.read_bytes())
    # Whatever is measured on avatars is measured on faces that stand in for real ones.
    return FaceSet(f"avatars_{shoot}", images, table, DATASETS[shoot].classes, stand_in=True)


DATASETS = {
    shoot: Dataset(
        name=f"avatars_{shoot}",
        title=title,
        classes={"clips": CLIP_CLASSES, "takes": TAKE_CLASSES}.get(shoot, CLASSES),
        shipped=True,
        publishable=True,
        layout="shipped with this package at 160x160 pixels",
        licence="MIT (rendered from ICT-FaceKit, © 2020 USC Institute for Creative Technologies)",
        how_to_get="shipped; rendered anew by `python -m fer_utils data avatars`",
        load=partial(_load, shoot),
    )
    for shoot, title in TITLES.items()
}
"""By shoot."""
