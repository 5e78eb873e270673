"""CK+48: a re-upload of CK+'s peak frames, cropped by a Haar detector, 48×48 pixels, grey, seven classes.

Layout: ``anger/S010_004_00000017.png`` and so on in the folders ``anger contempt disgust fear happy sadness
surprise``, below ``ck48/`` or ``ck48/CK+48/``: three frames of each of 327 sequences, 981 in all, no neutral
pictures. The names are those of CK+ (person, sequence, frame), and so ``subject`` and ``sequence`` are known: the
frames of a sequence are near copies; split by ``subject``, never at random.

Checked: pictures of each class (three times :data:`fer_utils.datasets.ck_plus.OFFICIAL`). Copies are in use that
repeat one frame instead of taking three: exact duplicates and sequences without three frames are notes.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fer_utils.datasets import ck_plus
from fer_utils.datasets.base import (
    Dataset,
    count_differences,
    folder_inside,
    parse_names,
    pictures_below,
    read_images,
    refuse,
    stand_in_marker,
)
from fer_utils.datasets.duplicates import identical_groups
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
    if not any((where / name).is_dir() for name in CLASS_OF_FOLDER):
        raise FerError(f"{DATASET.title}: {where} holds none of the folders {', '.join(CLASS_OF_FOLDER)}.")
    problems: list[str] = []
    files, rows = [], []
    for file, frame in parse_names(pictures_below(where), where, ck_plus.parse_picture, problems):
        parts = file.relative_to(where).parts
        if len(parts) != 2 or parts[0] not in CLASS_OF_FOLDER:
            problems.append(f"{'/'.join(parts)}: not directly in one of the folders {', '.join(CLASS_OF_FOLDER)}")
            continue
        files.append(file)
        rows.append((CLASS_OF_FOLDER[parts[0]], frame.subject, "/".join(parts), frame.sequence, frame.number))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence", "frame"])
    official = {label: ck_plus.PEAK_FRAMES * count for label, count in ck_plus.OFFICIAL.items()}
    problems += count_differences(table["label"].value_counts(), official, "pictures")
    problems += [
        f"{sequence}: in the folders of {' and '.join(sorted(set(labels)))}, one sequence has one label"
        for sequence, labels in table.groupby("sequence")["label"]
        if labels.nunique() > 1
    ]
    images = read_images(files, SIZE, "L", problems, where)
    refuse(DATASET.title, where, problems, "Take the archive again; no picture is guessed or skipped.")
    stand_in = stand_in or stand_in_marker(where)
    return FaceSet("ck48", images, table, DATASET.classes, stand_in, tuple(_oddities(images, table)))


def _oddities(images, table: pd.DataFrame) -> list[str]:
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
