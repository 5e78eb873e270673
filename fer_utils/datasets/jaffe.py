"""JAFFE, Japanese Female Facial Expression: 213 posed photographs of ten women, seven classes.

Official layout (Zenodo 3451524): one flat folder of ``XX.EEn.k.tiff``: ``XX`` the woman, ``EE``
the expression she was asked for, ``n`` the pose number, ``k`` a running number; 256×256 pixels,
8-bit grey. All 213 names are known (``jaffe_files.csv``) and checked; running numbers 8, 12,
21, 76, 108 and 183 do not exist.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import STAND_IN_FILE, Dataset, read_images, refuse, stand_in_marker
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
    official = official_files()
    # Some copies unpack into a folder of their own.
    where = folder / "jaffe" if (folder / "jaffe").is_dir() else folder
    stand_in = stand_in or stand_in_marker(where)
    present = {file.name: file for file in where.iterdir() if file.is_file()}
    expected = official["file"].tolist()
    problems = [f"{name}: missing" for name in expected if name not in present]
    extra = sorted(set(present) - set(expected) - {STAND_IN_FILE})
    strange_images = [name for name in extra if name.lower().endswith((".tiff", ".tif"))]
    if problems and strange_images:
        problems.append("not official names, renamed perhaps: " + ", ".join(strange_images))
    readable = official[official["file"].isin(list(present))]
    images = read_images([present[name] for name in readable["file"]], SIZE, "L", problems)
    refuse(DATASET.title, where, problems, "Unpack the official archive again; no image is guessed or skipped.")

    table = pd.DataFrame(
        {
            "label": official["class"].map(CLASS_OF_CODE),
            "subject": official["subject"],
            "source": official["file"],
            "take": official["pose"],
        }
    )
    notes = (f"{len(extra)} other file(s) ignored: {', '.join(extra)}",) if extra else ()
    return FaceSet("jaffe", images, table, DATASET.classes, stand_in, notes)


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
