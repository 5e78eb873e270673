"""FER-2013 (Goodfellow et al. 2013): 35,887 faces from a web search, 48×48 pixels, 8-bit grey, seven classes.

Two editions are read, from ``fer2013/`` or a folder ``fer2013/fer2013/`` within:

- ``fer2013.csv`` of the Kaggle challenge, columns ``emotion,pixels,Usage``: codes 0 angry, 1 disgust, 2 fear,
  3 happy, 4 sad, 5 surprise, 6 neutral; ``Usage`` is the official split (28,709 Training, 3,589 PublicTest,
  3,589 PrivateTest). ``source`` is ``row_00000`` …, the row's position in this file. If FER+'s
  ``fer2013new.csv`` lies beside it, its votes become the columns ``votes_*``.
- folders ``train/`` and ``test/`` with ``angry disgust fear happy neutral sad surprise`` in each. This edition
  has merged both test sets: ``split`` is then ``Training`` or ``Test``. ``source`` is the path.

The classes follow the csv's codes in both editions (the folders' own order would be alphabetical).

Counts: copies that lack rows are in use, and what is left in them is sound, so missing rows are a note
that says how many of which split. *More* pictures of a class than the official training or test sets hold,
a code, split or pixel that can't be, or an unreadable picture refuse the set.

People: nobody knows who is in the pictures. ``subject`` is the picture's own ``source``, so each counts as
its own person and leave-one-subject-out means leave-one-picture-out. Exact duplicates across splits and
under contradicting labels are counted in the notes.

The parsed csv is kept in the cache, found by the file's content.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.datasets import ferplus
from fer_utils.datasets.base import (
    PEOPLE_UNKNOWN,
    Dataset,
    folder_inside,
    pictures_below,
    read_images,
    refuse,
    stand_in_marker,
)
from fer_utils.datasets.cache import read_once
from fer_utils.datasets.fer2013_csv import SIDE, SOURCE_DIGEST, SPLITS, read_csv
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CSV = "fer2013.csv"
CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""In the order of the csv's codes 0 to 6."""
CLASS_OF_FOLDER = dict(zip("angry disgust fear happy sad surprise neutral".split(), CLASSES, strict=True))
SPLIT_OF_FOLDER = {"train": "Training", "test": "Test"}

OFFICIAL = {
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626),
}
"""Official pictures of each split, in the order of :data:`CLASSES`. The two test rows are checked by their sum
and by their totals, since only those have been confirmed."""


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    where = folder_inside(folder, "fer2013")
    problems: list[str] = []
    notes = [PEOPLE_UNKNOWN]
    if (where / CSV).is_file():
        images, table = _from_csv(where, problems, notes)
    elif (where / "train").is_dir() or (where / "test").is_dir():
        images, table = _from_folders(where, problems)
        if (where / ferplus.FILE).exists():
            notes.append(f"{ferplus.FILE} ignored: its rows follow {CSV}, not the folders")
    else:
        raise FerError(
            f"{DATASET.title}: {where} holds neither {CSV} nor train/ and test/. Expected: {DATASET.layout}."
        )
    _check_counts(table, problems, notes)
    refuse(DATASET.title, where, problems, "Take the files from Kaggle again; nothing is guessed or skipped.")
    return FaceSet("fer2013", images, table, DATASET.classes, stand_in or stand_in_marker(where), tuple(notes))


def _from_csv(where: Path, problems: list[str], notes: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    arrays = read_once("fer2013", [where / CSV], lambda: read_csv(where / CSV), SOURCE_DIGEST)
    problems += arrays["problems"].tolist()
    sources = [f"row_{row:05d}" for row in range(len(arrays["images"]))]
    table = pd.DataFrame(
        {
            "label": np.array(CLASSES, dtype=object)[arrays["codes"]],
            "subject": sources,
            "source": sources,
            "split": np.array(SPLITS, dtype=object)[arrays["splits"]],
        }
    )
    if (where / ferplus.FILE).exists():
        table = table.join(ferplus.read_votes(where / ferplus.FILE, table["split"].tolist(), problems, notes))
    if any((where / name).is_dir() for name in SPLIT_OF_FOLDER):
        notes.append(f"train/ and test/ ignored: {CSV} is there too and says more")
    return arrays["images"], table


def _from_folders(where: Path, problems: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    files, rows = [], []
    for file in [file for name in SPLIT_OF_FOLDER for file in pictures_below(where / name)]:
        parts = file.relative_to(where).parts
        path = "/".join(parts)
        if len(parts) != 3 or parts[1] not in CLASS_OF_FOLDER:
            problems.append(f"{path}: not in a folder {parts[0]}/<{'|'.join(CLASS_OF_FOLDER)}>")
            continue
        files.append(file)
        rows.append((CLASS_OF_FOLDER[parts[1]], path, path, SPLIT_OF_FOLDER[parts[0]]))
    images = read_images(files, (SIDE, SIDE), "L", problems, where)
    return images, pd.DataFrame(rows, columns=["label", "subject", "source", "split"])


def _check_counts(table: pd.DataFrame, problems: list[str], notes: list[str]) -> None:
    """More than the official counts is a problem, and so is nothing at all; fewer is a note."""
    if table.empty:
        problems.append("not one picture")
    training = np.array(OFFICIAL["Training"])
    test = np.array(OFFICIAL["PublicTest"]) + np.array(OFFICIAL["PrivateTest"])
    part = np.where(table["split"] == "Training", "training", "test")
    found = table.groupby([part, "label"]).size()
    for name, official in (("training", training), ("test", test)):
        for label, most in zip(CLASSES, official, strict=True):
            have = found.get((name, label), 0)
            if have > most:
                problems.append(f"{name} set, {label}: {have} pictures, more than the official {most}")
    totals = {name: sum(counts) for name, counts in OFFICIAL.items()}
    if "Test" in set(table["split"]):
        totals = {"Training": int(training.sum()), "Test": int(test.sum())}
    lacking = {name: total - int((table["split"] == name).sum()) for name, total in totals.items()}
    problems += [
        f"{name}: {totals[name] - lack} pictures, more than the official {totals[name]}"
        for name, lack in lacking.items()
        if lack < 0
    ]
    if any(lacking.values()):
        listed = ", ".join(f"{name} {lack}" for name, lack in lacking.items() if lack)
        notes.append(f"{sum(lacking.values())} of the official {sum(totals.values())} pictures are missing ({listed})")


DATASET = Dataset(
    name="fer2013",
    title="FER-2013",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="fer2013/fer2013.csv (FER+'s fer2013new.csv beside it is read too), or fer2013/train and test/<class>/*",
    licence="Kaggle competition rules; the pictures come from the web and their rights are not cleared",
    how_to_get=(
        "log in at kaggle.com, open the competition "
        "challenges-in-representation-learning-facial-expression-recognition-challenge, accept its rules, download, "
        "and put fer2013.csv into $FER_DATA/fer2013; FER+ votes: fer2013new.csv from github.com/microsoft/FERPlus"
    ),
    load=_load,
)
