"""CMU Face Images (T. Mitchell, 1999): 20 people, four poses, four expressions, with and without sunglasses.

Official layout: ``faces/<user>/<user>_<pose>_<expression>_<eyes>.pgm``, 128×120 pixels (width ×
height), 8-bit grey. Of the 640 combinations the archive lacks the sixteen in :data:`BAD`, which
the authors set aside as faulty. Half- and quarter-size copies (``…_2.pgm``, ``…_4.pgm``) are ignored. The folders of
people may be left out; a picture in another person's folder refuses the set.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import Dataset, stand_in_marker
from fer_utils.datasets.findings import Findings, missing_line, one_of_each
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import files_below, folder_inside, is_picture
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
SUFFIX = ".pgm"

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
    where = folder_inside(folder, "faces")
    found = Findings(DATASET.title, where)
    pictures = files_below(where, found, lambda name: is_picture(name) or name.lower().endswith(SUFFIX))
    if where == folder and not any(picture.suffix.lower() == SUFFIX for picture in pictures):
        raise FerError(f"{DATASET.title}: {folder} holds no folder faces/. Expected: {DATASET.layout}.")
    expected = {f"{name}{SUFFIX}": name.split("_")[0] for name in official_names()}
    candidates: dict[str, list[Path]] = {}
    others, elsewhere = [], []
    for file in pictures:
        name = f"{file.stem.lower()}{SUFFIX}"
        if name not in expected:
            others += [file] if not file.stem.endswith(("_2", "_4")) else []
        elif file.parent == where or file.parent.name.lower() == expected[name]:
            candidates.setdefault(name, []).append(file)
        elif file.parent.name.lower() in USERS:
            found.problems.append(f"{found.named(file)}: belongs into {expected[name]}/")
        else:
            elsewhere.append((name, file))
    for name, file in elsewhere:
        # A copy in a folder that is nobody's counts only where nothing lies in the right place.
        others += [file] if name in candidates else []
        candidates.setdefault(name, [file])
    files, left = one_of_each(candidates, found)
    if ignored := sorted(found.named(file) for file in (*others, *left)):
        found.notes.append(f"{len(ignored)} other picture file(s) ignored, such as {ignored[0]}")
    found.differences += missing_line(expected, files)
    present = [name for name in expected if name in files]
    images = read_pictures([files[name] for name in present], found, SIZE, "L", (SIZE,), "PPM")

    parts = [name.removesuffix(SUFFIX).split("_") for name in present]
    fields = pd.DataFrame(parts, columns=["subject", "pose", "expression", "eyes"])
    fields["label"] = fields["expression"].map(CLASS_OF_EXPRESSION)
    fields["source"] = present
    table = fields[["label", "subject", "source", "pose", "eyes"]]
    return found.faces("cmu_faces", images, table, DATASET.classes, stand_in or stand_in_marker(where))


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
