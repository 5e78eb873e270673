"""How good detector and landmarks are: on real people, and by the angle of a head whose landmarks are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils import data
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble import pipeline
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.points import PART_POINTS
from fer_utils.papers.landmark_ensemble.settings import PARTS
from fer_utils.papers.study import Mapper


def photographs(profile: str) -> FaceSet:
    """Real people on whom detector and landmarks are checked: London's, a few of them in ``"smoke"``."""
    faces = data.load("london")
    return faces.select(np.arange(12)) if profile == "smoke" else faces


def turned_heads(name: str) -> FaceSet:
    """The faces of Figure 12: a set with known landmarks and the column ``angle``, two expressions of it.

    Two are enough to see the angle's part, and finding faces takes time.
    """
    faces = data.load(name)
    return faces.select(faces.table["label"].isin(["neutral", "surprise"]).to_numpy())


def landmark_check(sets: Mapping[str, Prepared], mapper: Mapper) -> pd.DataFrame:
    """Detection and landmarks of several data sets: :meth:`Prepared.report` and dlib's disagreement with its mirror.

    Column ``mirror gap %``: median over the pictures, in per cent of the face's height.
    """
    calls = [{"crops": found.crops} for found in sets.values()]
    gaps = mapper(pipeline.mirror_gap, calls, "landmarks in the mirror")
    rows = [
        found.report().assign(**{"data": name, "mirror gap %": 100 * np.median(gap["gap"])})
        for (name, found), gap in zip(sets.items(), gaps, strict=True)
    ]
    table = pd.concat(rows, ignore_index=True)
    return table[["data", *(name for name in table if name != "data")]]


def error_by_angle(found: Prepared, truth: np.ndarray, angles: np.ndarray, size: tuple[int, int]) -> pd.DataFrame:
    """Figure 12 with a truth to measure against: dlib's error by the angle of the head.

    Args:
        found: prepared faces.
        truth: ``float32 [N, 68, 2]``, true points in pixels of the original pictures.
        angles: ``[N]``, e.g. yaw in degrees, or its bins.
        size: height and width of the original pictures.

    Returns:
        A row an angle: ``angle``, ``images``, ``all`` and one column a part: the mean distance in per
        cent of the face's height from brows to chin, and ``failed %``: images off by more than 10 per cent.
    """
    wanted = found.into_crop(truth, size)
    share = 100 * np.linalg.norm(found.points - wanted, axis=2) / pipeline.face_heights(wanted)[:, None]
    rows = []
    for angle in np.unique(angles):
        mine = share[angles == angle]
        parts = {part: float(mine[:, PART_POINTS[part]].mean()) for part in ("all", *PARTS)}
        failed = 100 * float((mine.mean(axis=1) > 10).mean())
        rows.append({"angle": angle, "images": len(mine), **parts, "failed %": failed})
    return pd.DataFrame(rows)
