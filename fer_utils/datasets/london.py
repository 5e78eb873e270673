"""Face Research Lab London Set: 102 adults, neutral and smiling, shipped with this package.

The official files are ``neutral_front/001_03.jpg`` and ``smiling_front/001_08.jpg`` at
1350×1350 pixels. What is shipped are the same photographs at 320×320 in one zip file, read
without unpacking; :func:`pack` is the code that made it.
"""

from __future__ import annotations

import io
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.datasets.base import Dataset
from fer_utils.faces import FaceSet
from fer_utils.files import whole_file

SIDE = 320
JPEG_QUALITY = 85
LABEL_OF_SUFFIX = {"03": "neutral", "08": "happiness"}
"""Picture codes of the official names: ``03`` neutral front, ``08`` smiling front."""


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    shipped = resources.files("fer_utils.datasets") / "shipped" / "london"
    people = pd.read_csv(io.StringIO((shipped / "london_info.csv").read_text("utf-8")), dtype={"face_id": str})
    images, rows = [], []
    with zipfile.ZipFile(io.BytesIO((shipped / "london_320.zip").read_bytes())) as archive:
        for name in sorted(archive.namelist()):
            with Image.open(io.BytesIO(archive.read(name))) as picture:
                images.append(np.asarray(picture.convert("RGB")))
            subject, suffix = Path(name).stem.split("_")
            rows.append({"label": LABEL_OF_SUFFIX[suffix], "subject": subject, "source": name})
    facts = people.set_index("face_id").rename(columns=lambda name: name.removeprefix("face_"))
    table = pd.DataFrame(rows).join(facts, on="subject")
    return FaceSet("london", np.stack(images), table, DATASET.classes, stand_in)


def pack(folder: Path, target: Path) -> None:
    """Shrink the photographs below ``folder`` and write them to ``target`` as one zip file.

    The same input gives the same bytes: names are sorted and time stamps fixed.
    """
    files = sorted(file for file in folder.rglob("*.jpg") if file.stem[-2:] in LABEL_OF_SUFFIX)
    with whole_file(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            with Image.open(file) as picture:
                small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            stream = io.BytesIO()
            small.save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True)
            archive.writestr(zipfile.ZipInfo(file.name, date_time=(2017, 5, 30, 0, 0, 0)), stream.getvalue())


DATASET = Dataset(
    name="london",
    title="Face Research Lab London Set",
    classes=("neutral", "happiness"),
    shipped=True,
    publishable=True,
    layout="shipped with this package at 320x320 pixels",
    licence="CC BY 4.0 (DeBruine & Jones 2017, doi 10.6084/m9.figshare.5047666)",
    how_to_get="shipped; full size with `python -m fer_utils data fetch london`, doi 10.6084/m9.figshare.5047666",
    load=_load,
)
