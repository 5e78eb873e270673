"""FER-2013 (Goodfellow et al. 2013): 35,887 faces from a web search, 48×48 pixels, 8-bit grey, seven classes.

Two editions are read, from ``fer2013/`` or a folder ``fer2013/fer2013/`` within:

- ``fer2013.csv`` of the Kaggle challenge, columns ``emotion,pixels,Usage``: codes 0 angry, 1 disgust, 2 fear,
  3 happy, 4 sad, 5 surprise, 6 neutral; ``Usage`` is the official split (28,709 Training, 3,589 PublicTest,
  3,589 PrivateTest). ``source`` is ``row_00000`` …, the row's position in this file. If FER+'s
  ``fer2013new.csv`` lies beside it, its votes become the columns ``votes_*``.
  Kaggle's ``icml_face_data.csv``, the same rows with the columns ``emotion, Usage, pixels``, is read like it.
- folders ``train/`` and ``test/`` (also ``Training PublicTest PrivateTest``) with a folder for each class in any usual
  spelling (``angry``, ``Anger``, ``0_angry``, ``0``). This edition has mostly merged both test sets: ``split`` is
  then ``Training`` or ``Test``. ``source`` is the path. Its pictures were encoded again, which is a difference.

The classes follow the csv's codes in both editions (the folders' own order would be alphabetical).

Counts: copies that lack rows are in use, and what is left in them is sound. Other counts than the official ones are
differences. A code, split or pixel that can't be, or an unreadable picture refuse the set.

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
from fer_utils.datasets.base import PEOPLE_UNKNOWN, Dataset, counts_to_check, stand_in_marker
from fer_utils.datasets.cache import read_once
from fer_utils.datasets.fer2013_csv import SIDE, SOURCE_DIGEST, SPLITS, read_csv
from fer_utils.datasets.findings import Findings, counts_line, few, why_unreadable
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.spellings import class_of_folder
from fer_utils.datasets.walking import child, folder_inside, folders_in, pictures_below
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CSV, ICML_CSV = "fer2013.csv", "icml_face_data.csv"
CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""In the order of the csv's codes 0 to 6."""
FOLDERS = tuple("angry disgust fear happy sad surprise neutral".split())
"""What Kaggle's edition calls the folders of :data:`CLASSES`."""
SPLIT_OF_FOLDER = {
    "train": "Training",
    "training": "Training",
    "test": "Test",
    "publictest": "PublicTest",
    "privatetest": "PrivateTest",
}

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
    found = Findings(DATASET.title, where)
    found.notes.append(PEOPLE_UNKNOWN)
    tables = [file for file in (child(where, CSV), child(where, ICML_CSV)) if file is not None and file.is_file()]
    homes = [home for home in folders_in(where, found) if home.name.lower() in SPLIT_OF_FOLDER]
    homes.sort(key=lambda home: list(SPLIT_OF_FOLDER).index(home.name.lower()))
    if tables:
        images, table = _from_csv(tables[0], found)
        found.notes += [f"{found.named(file)} ignored: {tables[0].name} is there too" for file in tables[1:]]
        if homes:
            names = " and ".join(f"{home.name}/" for home in homes)
            found.notes.append(f"{names} ignored: {tables[0].name} is there too and says more")
    elif homes:
        images, table = _from_folders(homes, found)
        if child(where, ferplus.FILE) is not None:
            found.notes.append(f"{ferplus.FILE} ignored: its rows follow {CSV}, not the folders")
    else:
        found.refuse()
        raise FerError(
            f"{DATASET.title}: {where} holds neither {CSV} nor train/ and test/. Expected: {DATASET.layout}."
        )
    _check_counts(table, found, folder)
    return found.faces("fer2013", images, table, DATASET.classes, stand_in or stand_in_marker(where))


def _from_csv(file: Path, found: Findings) -> tuple[np.ndarray, pd.DataFrame]:
    try:
        arrays = read_once("fer2013", [file], lambda: read_csv(file), SOURCE_DIGEST)
    except OSError as error:
        found.problems.append(f"{file.name}: {why_unreadable(error)}")
        return np.zeros((0, SIDE, SIDE), np.uint8), pd.DataFrame(columns=["label", "subject", "source", "split"])
    found.problems += arrays["problems"].tolist()
    sources = [f"row_{row:05d}" for row in range(len(arrays["images"]))]
    table = pd.DataFrame(
        {
            "label": np.array(CLASSES, dtype=object)[arrays["codes"]],
            "subject": sources,
            "source": sources,
            "split": np.array(SPLITS, dtype=object)[arrays["splits"]],
        }
    )
    votes = child(found.folder, ferplus.FILE)
    if votes is not None and not found.problems:
        table = table.join(ferplus.read_votes(votes, table["split"].tolist(), found.problems, found.notes))
    return arrays["images"], table


def _from_folders(homes: list[Path], found: Findings) -> tuple[np.ndarray, pd.DataFrame]:
    found.differences.append("the edition in folders: pictures were encoded again, and their order is not the csv's")
    by_split = {
        name: [home for home in homes if SPLIT_OF_FOLDER[home.name.lower()] == name] for name in (*SPLITS, "Test")
    }
    for same in by_split.values():
        if len(same) > 1:
            found.problems.append(f"{' and '.join(home.name for home in same)}: two folders of one split")
    others = [home.name for home in folders_in(found.folder) if home not in homes]
    if others:
        found.notes.append(f"folders ignored: {few(others)}")
    files, rows = [], []
    for split, home in [(split, home) for split, same in by_split.items() for home in same]:
        for file in pictures_below(home, found):
            parts = file.relative_to(home).parts
            label = class_of_folder(parts[0], CLASSES, first_code=0) if len(parts) == 2 else None
            path = found.named(file)
            if label is None:
                found.problems.append(f"{path}: not in a folder {home.name}/<{'|'.join(FOLDERS)}>")
                continue
            files.append(file)
            rows.append((label, path, path, split))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "split"])
    images = read_pictures(files, found, (SIDE, SIDE), "L", ((SIDE, SIDE),))
    _refuse_copies(files, table, images, found)
    return images, table


def _refuse_copies(files: list[Path], table: pd.DataFrame, images: np.ndarray, found: Findings) -> None:
    """One name and the same pixels in two class folders of a split: which label is right?

    The official set itself holds pictures under two labels, but not under one name.
    """
    keys = pd.Series(list(zip((file.name.lower() for file in files), table["split"], strict=True)), dtype=object)
    repeated = keys[keys.duplicated(keep=False)]
    for rows in repeated.groupby(repeated).groups.values():
        first, *others = rows
        for row in others:
            if table["label"][row] != table["label"][first] and np.array_equal(images[row], images[first]):
                found.problems.append(f"{table['source'][row]}: the same picture is also {table['source'][first]}")


def _check_counts(table: pd.DataFrame, found: Findings, folder: Path) -> None:
    """Counts of the training and the test part by class, and of each split in all."""
    official = {f"{split} {label}": count for split, counts in OFFICIAL.items()
                for label, count in zip(CLASSES, counts, strict=True)}  # fmt: skip
    counts = counts_to_check(folder, official, found.notes)
    sums = {split: sum(counts[f"{split} {label}"] for label in CLASSES) for split in OFFICIAL}
    if "Test" in set(table["split"]):
        sums = {"Training": sums["Training"], "Test": sums["PublicTest"] + sums["PrivateTest"]}
        found.differences.append("PublicTest and PrivateTest are merged")
    have = table["split"].value_counts()
    lacking = {name: total - int(have.get(name, 0)) for name, total in sums.items()}
    if any(lack > 0 for lack in lacking.values()):
        listed = ", ".join(f"{name} {lack}" for name, lack in lacking.items() if lack > 0)
        total = sum(lack for lack in lacking.values() if lack > 0)
        found.differences.append(f"{total} of the official {sum(sums.values())} pictures are missing ({listed})")
    if any(lack < 0 for lack in lacking.values()):
        listed = ", ".join(f"{name} {-lack}" for name, lack in lacking.items() if lack < 0)
        found.differences.append(f"more pictures than the official {sum(sums.values())} ({listed})")
    by_class = table.groupby([np.where(table["split"] == "Training", "training", "test"), "label"]).size()
    expected = {
        (part, label): sum(
            counts[f"{split} {label}"] for split in OFFICIAL if (split == "Training") == (part == "training")
        )
        for part in ("training", "test")
        for label in CLASSES
    }
    found.differences += counts_line(by_class.to_dict(), expected, "pictures")


DATASET = Dataset(
    name="fer2013",
    title="FER-2013",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="fer2013/fer2013.csv or icml_face_data.csv (FER+'s fer2013new.csv is read too), or fer2013/train/<class>/*",
    licence="Kaggle competition rules; the pictures come from the web and their rights are not cleared",
    how_to_get=(
        "log in at kaggle.com, open the competition "
        "challenges-in-representation-learning-facial-expression-recognition-challenge, accept its rules, download, "
        "and put fer2013.csv into $FER_DATA/fer2013; FER+ votes: fer2013new.csv from github.com/microsoft/FERPlus"
    ),
    load=_load,
)
