"""CMU Face Images (T. Mitchell, 1999): 20 people, four poses, four expressions, with and without sunglasses.

Official layout: ``faces/<user>/<user>_<pose>_<expression>_<eyes>.pgm``, 128×120 pixels (width ×
height), 8-bit grey. Of the 640 combinations the archive lacks the sixteen in :data:`BAD`, which
the authors set aside as faulty. Half- and quarter-size copies (``…_2.pgm``, ``…_4.pgm``) are ignored.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import Dataset, read_images, refuse
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

USERS = (
    "an2i at33 boland bpm ch4f cheyer choon danieln glickman karyadi kawamura kk49 megak mitchell night phoebe "
    "saavik steffi sz24 tammo"
).split()
POSES = ("straight", "left", "right", "up")
CLASS_OF_EXPRESSION = {"neutral": "neutral", "happy": "happiness", "sad": "sadness", "angry": "anger"}
EYES = ("open", "sunglasses")
SIZE = (120, 128)

BAD = frozenset(
    """
    choon_left_angry_sunglasses danieln_straight_happy_sunglasses glickman_right_sad_open
    glickman_straight_angry_open karyadi_right_happy_sunglasses kawamura_up_happy_open
    megak_straight_sad_sunglasses megak_up_sad_sunglasses mitchell_right_angry_sunglasses
    mitchell_straight_angry_open mitchell_up_happy_sunglasses mitchell_up_neutral_sunglasses
    phoebe_left_angry_open sz24_left_neutral_sunglasses tammo_right_happy_open tammo_right_sad_open
    """.split()
)
"""Names, without ``.pgm``, that the official archive does not hold."""


def official_names() -> list[str]:
    """The 624 file names of the official archive, without ``.pgm``, sorted."""
    every = ("_".join(parts) for parts in product(USERS, POSES, CLASS_OF_EXPRESSION, EYES))
    return sorted(name for name in every if name not in BAD)


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    faces = folder / "faces"
    if not faces.is_dir():
        raise FerError(f"{DATASET.title}: {folder} holds no folder faces/. Expected: {DATASET.layout}.")
    names = official_names()
    found = [file for file in faces.glob("*/*.pgm") if not file.name.startswith(".")]
    files = {file.stem: file for file in found if file.parent.name == file.stem.split("_")[0]}
    problems = [f"{name.split('_')[0]}/{name}.pgm: missing" for name in names if name not in files]
    others = set(found) - {files[name] for name in names if name in files}
    extra = sorted(f"{file.parent.name}/{file.name}" for file in others if not file.stem.endswith(("_2", "_4")))
    if problems and extra:
        problems.append("not official names, renamed perhaps: " + ", ".join(extra))
    present = [name for name in names if name in files]
    images = read_images([files[name] for name in present], SIZE, "L", problems)
    refuse(DATASET.title, faces, problems, "Unpack the official archive again; see `python -m fer_utils data`.")

    fields = pd.DataFrame([name.split("_") for name in present], columns=["subject", "pose", "expression", "eyes"])
    fields["label"] = fields["expression"].map(CLASS_OF_EXPRESSION)
    fields["source"] = [f"{name}.pgm" for name in present]
    table = fields[["label", "subject", "source", "pose", "eyes"]]
    notes = (f"{len(extra)} other .pgm file(s) ignored, such as {extra[0]}",) if extra else ()
    return FaceSet("cmu_faces", images, table, DATASET.classes, stand_in, notes)


DATASET = Dataset(
    name="cmu_faces",
    title="CMU Face Images",
    classes=tuple(CLASS_OF_EXPRESSION.values()),
    shipped=False,
    publishable=False,
    layout="cmu_faces/faces/<user>/<user>_<pose>_<expression>_<eyes>.pgm, 624 files",
    licence="free for any educational purpose, with attribution (T. Mitchell, UCI repository, doi 10.24432/C5JC79)",
    how_to_get=(
        "open download: `python -m fer_utils data fetch cmu_faces`, or by hand "
        "`mkdir -p $FER_DATA/cmu_faces && cd $FER_DATA/cmu_faces && "
        "curl -L -o cmu.zip https://archive.ics.uci.edu/static/public/124/cmu+face+images.zip && "
        "unzip cmu.zip && tar xzf faces.tar.gz`"
    ),
    load=_load,
)
