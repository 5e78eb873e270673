"""JAFFE, Japanese Female Facial Expression: 213 posed photographs of ten women, seven classes.

Official layout (Zenodo 3451524): one flat folder of ``XX.EEn.k.tiff``: ``XX`` the woman, ``EE``
the expression she was asked for, ``n`` the pose number, ``k`` a running number; 256×256 pixels,
8-bit grey, of which 23 (``KA.AN1.39`` and all of ``KM``) have a palette of greys. All 213 names are known
(``jaffe_files.csv``); running numbers 8, 12, 21, 76, 108 and 183 do not exist.

Copies that were encoded again (``.tif .png .jpg .bmp``) are read by the same names, in either case and in any
folder. Where a picture is there in several encodings, the official one counts.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import STAND_IN_FILE, Dataset, stand_in_marker
from fer_utils.datasets.findings import Findings, few, missing_line, one_of_each
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import files_below, is_picture
from fer_utils.faces import FaceSet

SIZE = (256, 256)
CLASS_OF_CODE = {
    "NE": "neutral",
    "FE": "fear",
    "AN": "anger",
    "HA": "happiness",
    "SA": "sadness",
    "DI": "disgust",
    "SU": "surprise",
}
"""Expression codes in the order of Barile et al., Figure 3."""


def official_files() -> pd.DataFrame:
    """The 213 official files: columns ``file subject class pose number``, sorted by file name."""
    with (resources.files("fer_utils.datasets") / "jaffe_files.csv").open("r", encoding="utf-8") as stream:
        # "NA" is a woman's initials here, not a missing value.
        return pd.read_csv(stream, keep_default_na=False).sort_values("file", ignore_index=True)


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    found = Findings(DATASET.title, folder)
    official = official_files()
    by_stem = {Path(name).stem.upper(): name for name in official["file"]}
    candidates: dict[str, list[Path]] = {}
    others: list[Path] = []
    for file in files_below(folder, found, lambda name: name != STAND_IN_FILE):
        name = by_stem.get(file.stem.upper()) if is_picture(file.name) else None
        candidates.setdefault(name, []).append(file) if name else others.append(file)
    files, left = one_of_each(candidates, found)
    others = sorted(others + left)
    found.differences += missing_line(dict(zip(official["file"], official["subject"], strict=True)), files)
    if others:
        renamed = ", renamed perhaps" if found.differences and any(is_picture(file.name) for file in others) else ""
        found.notes.append(f"{len(others)} other file(s) ignored{renamed}: {few(map(found.named, others))}")
    official = official[official["file"].isin(list(files))].reset_index(drop=True)
    images = read_pictures([files[name] for name in official["file"]], found, SIZE, "L", (SIZE,), "TIFF")
    table = pd.DataFrame(
        {
            "label": official["class"].map(CLASS_OF_CODE),
            "subject": official["subject"],
            "source": official["file"],
            "take": official["pose"],
        }
    )
    stand_in = stand_in or stand_in_marker(folder / "jaffe")
    return found.faces("jaffe", images, table, DATASET.classes, stand_in)


DATASET = Dataset(
    name="jaffe",
    title="JAFFE",
    classes=tuple(CLASS_OF_CODE.values()),
    shipped=False,
    publishable=False,
    layout="jaffe/XX.EEn.k.tiff, 213 files in one flat folder",
    licence="non-commercial research, citation obligatory, no redistribution (Lyons et al. 1998)",
    how_to_get="ask for access, with your reasons, at zenodo.org/records/3451524, then unpack it to $FER_DATA/jaffe",
    load=_load,
)
