"""Render the shoots and pack each into one archive of JPEG files and a table: ``python -m fer_utils data avatars``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image

from fer_utils.avatars.camera import SIDE
from fer_utils.avatars.develop import develop
from fer_utils.avatars.face_kit import read_face_kit
from fer_utils.avatars.render import Renderer
from fer_utils.avatars.shoots import SHOOTS, Picture
from fer_utils.datasets.avatar_shoots import ACTION_UNITS, LANDMARK_UNIT, LANDMARKS, TABLE
from fer_utils.errors import FerError, check_choice
from fer_utils.files import whole_file
from fer_utils.progress import track

JPEG_QUALITY, SMALL_QUALITY = 90, 85
"""Of a full picture, and of one that is stored with fewer pixels."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive, so that the same pictures make the same bytes."""
_RENDERERS: dict[Path, Renderer] = {}
"""One renderer a process: it takes a second to set up."""


def generate(model: Path, folder: Path, shoots: Sequence[str] = tuple(SHOOTS), workers: int = 1) -> list[Path]:
    """Render shoots whole and write ``<folder>/<shoot>.zip``.

    Args:
        model: ``ict_facekit_light.npz``.
        folder: where the archives go; each is written whole or not at all.
        shoots: which of :data:`SHOOTS`.
        workers: processes; the bytes do not depend on it.

    Raises:
        UsageError: there is no such shoot.
        FerError: the model can't be read, Mitsuba is not installed, or the disk is full.
    """
    for shoot in shoots:
        check_choice("shoot", shoot, tuple(SHOOTS))
    read_face_kit(model)
    return [_pack(folder / f"{shoot}.zip", shoot, list(SHOOTS[shoot]()), model, workers) for shoot in shoots]


def render(picture: Picture, renderer: Renderer) -> tuple[bytes, np.ndarray]:
    """One picture as JPEG, and its 68 landmarks in pixels, ``float64 [68,2]``.

    Raises:
        FerError: what packs JPEG files is not installed.
    """
    light, landmarks = renderer.draw(picture.shot, picture.seed)
    random = np.random.default_rng(picture.seed)
    pixels = develop(light, landmarks, picture.shot.person.skin, picture.development, random)
    quality = JPEG_QUALITY
    if picture.side < SIDE:
        pixels = cv2.resize(pixels, (picture.side, picture.side), interpolation=cv2.INTER_AREA)
        quality = SMALL_QUALITY
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return _packed(stream.getvalue()), landmarks


def _packed(jpeg: bytes) -> bytes:
    """The same coefficients, thus the same pixels, in some 7 % fewer bytes: the avatars lie in git."""
    try:
        from mozjpeg_lossless_optimization import optimize
    except ImportError as error:
        raise FerError("rendering avatars needs mozjpeg-lossless-optimization: pip install '.[avatars]'") from error
    return optimize(jpeg)


def table_row(picture: Picture) -> dict[str, object]:
    """What is known of a picture; action units from 0 to 1, angles in degrees."""
    shot, pose = picture.shot, picture.shot.pose
    row: dict[str, object] = {
        "label": picture.label,
        "subject": shot.person.name,
        "source": f"{picture.name}.jpg",
        "take": picture.take,
        "intensity": round(picture.intensity, 3),
        "gaze": picture.gaze,
        "angle": picture.angle,
        "yaw": round(pose.yaw, 2),
        "pitch": round(pose.pitch, 2),
        "roll": round(pose.roll, 2),
        "gaze_yaw": round(pose.gaze_yaw, 2),
        "gaze_pitch": round(pose.gaze_pitch, 2),
        "light": shot.light.name,
        "occluder": picture.occluder,
        "skin": round(float(shot.person.skin.mean()), 3),
        "hair": shot.person.hair,
    }
    if picture.sequence:
        row |= {"sequence": picture.sequence, "frame": picture.frame, "phase": picture.phase}
    return row | {f"au_{unit}": round(shot.performance.units[unit], 3) for unit in ACTION_UNITS}


def _pack(path: Path, shoot: str, pictures: list[Picture], model: Path, workers: int) -> Path:
    rendered = list(track(_rendered(pictures, model, workers), f"avatars {shoot}", total=len(pictures)))
    landmarks = np.stack([points for _, points in rendered])
    table = pd.DataFrame([table_row(picture) for picture in pictures])
    stream = io.BytesIO()
    np.save(stream, np.round(landmarks * LANDMARK_UNIT).astype(np.int16), allow_pickle=False)
    with whole_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        _add(archive, TABLE, table.to_csv(index=False).encode(), zipfile.ZIP_DEFLATED)
        _add(archive, LANDMARKS, stream.getvalue(), zipfile.ZIP_DEFLATED)
        for picture, (jpeg, _) in zip(pictures, rendered, strict=True):
            _add(archive, f"{picture.name}.jpg", jpeg, zipfile.ZIP_STORED)
    return path


def _rendered(pictures: list[Picture], model: Path, workers: int) -> Iterator[tuple[bytes, np.ndarray]]:
    """All pictures in order; a person's are drawn by one process, which then paints their skin once."""
    people = [list(group) for _, group in groupby(pictures, key=lambda picture: picture.shot.person.name)]
    jobs = (delayed(_render_all)(group, model) for group in people)
    for group in Parallel(n_jobs=workers, return_as="generator")(jobs):
        yield from group


def _render_all(pictures: list[Picture], model: Path) -> list[tuple[bytes, np.ndarray]]:
    if model not in _RENDERERS:
        _RENDERERS[model] = Renderer(read_face_kit(model))
    return [render(picture, _RENDERERS[model]) for picture in pictures]


def _add(archive: zipfile.ZipFile, name: str, content: bytes, how: int) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = how
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
