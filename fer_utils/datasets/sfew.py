"""SFEW 2.0, Static Facial Expressions in the Wild (Dhall et al. 2015): stills from movies, seven classes.

Layout: ``Train/<class>/`` and ``Val/<class>/`` with ``Angry Disgust Fear Happy Neutral Sad Surprise``; file names are
the movie's title, then numbers for the place in it: ``AlexEmma_000058680_00000007.png``. 958 pictures train, 436
validate. The 372 of ``Test/`` have no labels and are not read. These are whole frames, not the aligned faces.
SFEW 1.0 (700 pictures) is another set.

``sequence`` is the movie's title, ``frame`` the numbers after it. People: nobody knows who is in the pictures;
``subject`` is the picture's own ``source``, so each counts as its own person. To keep people apart, keep movies
apart; a movie in both splits is a note.

Checked: both totals and validation's classes; other counts of training's classes are a note. Frames are brought
to 600×480 pixels (width × height), colour, with the overhang cut: 1.2 GB, in memory
and in the cache, where they are kept.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import (
    PEOPLE_UNKNOWN,
    Dataset,
    count_differences,
    parse_names,
    pictures_below,
    read_fitted,
    refuse,
)
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
CLASS_OF_FOLDER = dict(zip("Angry Disgust Fear Happy Neutral Sad Surprise".split(), CLASSES, strict=True))
SPLITS = ("Train", "Val")
OFFICIAL = {"Train": (178, 66, 98, 198, 150, 172, 96), "Val": (77, 23, 47, 73, 86, 73, 57)}
"""Pictures of each split, in the order of :data:`CLASSES`."""
SIZE = (480, 600)
NATIVE_SIZES = ((576, 720),)


def parse_name(name: str) -> tuple[str, str]:
    """Read ``AlexEmma_000058680_00000007.png``: the movie's title, and the numbers after it as text.

    Raises:
        ValueError: the name has another form.
    """
    match = re.fullmatch(r"(.*[^_0-9].*?)_([0-9]+(?:_[0-9]+)*)\.(?:png|jpg)", name)
    if match is None:
        raise ValueError("not a name like AlexEmma_000058680_00000007.png")
    return match[1], match[2]


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    lacking = [name for name in SPLITS if not (folder / name).is_dir()]
    if lacking:
        raise FerError(f"{DATASET.title}: {folder} holds no folder {' and no folder '.join(lacking)}. Expected: "
                       f"{DATASET.layout}.")  # fmt: skip
    problems: list[str] = []
    files, rows = [], []
    pictures = [file for split in SPLITS for file in pictures_below(folder / split)]
    for file, (movie, numbers) in parse_names(pictures, folder, parse_name, problems):
        parts = file.relative_to(folder).parts
        path = "/".join(parts)
        if len(parts) != 3 or parts[1] not in CLASS_OF_FOLDER:
            problems.append(f"{path}: not in a folder {parts[0]}/<{'|'.join(CLASS_OF_FOLDER)}>")
            continue
        files.append(file)
        rows.append((CLASS_OF_FOLDER[parts[1]], path, path, parts[0], movie, numbers))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "split", "sequence", "frame"])
    notes = [PEOPLE_UNKNOWN]
    _check_counts(table, problems, notes)
    shared = set(table.loc[table["split"] == "Train", "sequence"]) & set(table.loc[table["split"] == "Val", "sequence"])
    if shared:
        notes.append(f"movies in both splits: {', '.join(sorted(shared))}")
    if (folder / "Test").is_dir():
        notes.append("Test/ ignored: its pictures have no labels")
    images, size_notes = read_fitted(files, folder, SIZE, "RGB", NATIVE_SIZES, problems, "sfew")
    refuse(DATASET.title, folder, problems, "Unpack the official archives again; no picture is guessed or skipped.")
    return FaceSet("sfew", images, table, DATASET.classes, stand_in, tuple(notes + size_notes))


def _check_counts(table: pd.DataFrame, problems: list[str], notes: list[str]) -> None:
    totals = {split: sum(counts) for split, counts in OFFICIAL.items()}
    problems += count_differences(table["split"].value_counts(), totals, "pictures")
    for split, sink in (("Train", notes), ("Val", problems)):
        found = table.loc[table["split"] == split, "label"].value_counts()
        official = dict(zip(CLASSES, OFFICIAL[split], strict=True))
        sink += [f"{split} {line}" for line in count_differences(found, official, "pictures")]


DATASET = Dataset(
    name="sfew",
    title="SFEW 2.0",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="sfew/Train/<class>/<movie>_<numbers>.png and sfew/Val/<class>/<movie>_<numbers>.png, 958 + 436 frames",
    licence="signed agreement, research only, no redistribution (Dhall et al. 2011, 2015)",
    how_to_get="sign the agreement at cs.anu.edu.au/few, then unpack the frames to $FER_DATA/sfew/Train and .../Val",
    load=_load,
)
