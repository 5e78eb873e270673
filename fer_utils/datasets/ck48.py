"""CK+48: a re-upload of CK+'s peak frames, cropped by a Haar detector, 48×48 pixels, grey, seven classes.

Layout: ``anger/S010_004_00000017.png`` and so on in the folders ``anger contempt disgust fear happy sadness
surprise``, below ``ck48/`` or ``ck48/CK+48/``: three frames of each of 327 sequences, 981 in all, no neutral
pictures. The names are those of CK+ (person, sequence, frame), and so ``subject`` and ``sequence`` are known: the
frames of a sequence are near copies; split by ``subject``, never at random.

Folders may be spelled otherwise (``happiness``, ``Angry``). Other counts of a class than three times
:data:`fer_utils.datasets.ck_plus.OFFICIAL` are differences. Copies are in use that repeat one frame instead of taking
three: exact duplicates and sequences without three frames are notes. A sequence in two classes refuses the set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.datasets import ck_plus
from fer_utils.datasets.base import Dataset, counts_to_check, stand_in_marker
from fer_utils.datasets.duplicates import identical_groups
from fer_utils.datasets.findings import Findings, counts_line, parse_names
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.spellings import class_of_folder
from fer_utils.datasets.walking import folder_inside, folders_in, pictures_below
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASS_OF_FOLDER = {
    "anger": "anger",
    "contempt": "contempt",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sadness": "sadness",
    "surprise": "surprise",
}
SIZE = (48, 48)


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    where = folder_inside(folder, "CK+48")
    found = Findings(DATASET.title, where)
    if not any(class_of_folder(home.name, DATASET.classes) for home in folders_in(where, found)):
        found.refuse()
        raise FerError(f"{DATASET.title}: {where} holds none of the folders {', '.join(CLASS_OF_FOLDER)}.")
    files, rows = [], []
    for file, frame in parse_names(pictures_below(where, found), found, ck_plus.parse_picture):
        parts, path = file.relative_to(where).parts, found.named(file)
        label = class_of_folder(parts[0], DATASET.classes) if len(parts) == 2 else None
        if label is None:
            found.problems.append(f"{path}: not directly in one of the folders {', '.join(CLASS_OF_FOLDER)}")
            continue
        files.append(file)
        rows.append((label, frame.subject, path, frame.sequence, frame.number))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence", "frame"])
    official = {label: ck_plus.PEAK_FRAMES * count for label, count in ck_plus.OFFICIAL.items()}
    counts = counts_to_check(folder, official, found.notes)
    found.differences += counts_line(table["label"].value_counts(), counts, "pictures")
    found.problems += [
        f"{sequence}: in the folders of {' and '.join(sorted(set(labels)))}, one sequence has one label"
        for sequence, labels in table.groupby("sequence")["label"]
        if labels.nunique() > 1
    ]
    images = read_pictures(files, found, SIZE, "L", (SIZE,), "PNG")
    found.notes += _oddities(images, table)
    return found.faces("ck48", images, table, DATASET.classes, stand_in or stand_in_marker(where))


def _oddities(images: np.ndarray, table: pd.DataFrame) -> list[str]:
    notes = []
    uneven = int((table["sequence"].value_counts() != ck_plus.PEAK_FRAMES).sum())
    if uneven:
        notes.append(f"{uneven} sequence(s) do not have {ck_plus.PEAK_FRAMES} frames")
    repeated = len(images) - len(set(identical_groups(images)))
    if repeated:
        notes.append(f"{repeated} of {len(images)} pictures repeat another one exactly")
    return notes


DATASET = Dataset(
    name="ck48",
    title="CK+48",
    classes=tuple(CLASS_OF_FOLDER.values()),
    shipped=False,
    publishable=False,
    layout="ck48/<anger|contempt|disgust|fear|happy|sadness|surprise>/S010_004_00000017.png, 981 files",
    licence="as CK+, from which it was cut: research only, no redistribution (Lucey et al. 2010)",
    how_to_get="prefer ck_plus; the 48x48 copy is on kaggle.com as CK+48: unpack its class folders to $FER_DATA/ck48",
    load=_load,
)
