"""``ckextended.csv``, the form in which CK+ is about on Kaggle: 920 faces of 48×48 pixels and no names.

Columns ``emotion,pixels,Usage`` as in FER-2013, with other codes: 0 anger, 1 disgust, 2 fear, 3 happiness, 4 sadness,
5 surprise, 6 neutral, 7 contempt. One frame of each of the 327 labelled sequences, and 593 neutral ones. ``Usage`` is a
random division by whoever made it; it is not read.

Nobody can say who is in which row, so that people can't be kept apart, and one person's neutral face and expression lie
in different rows: every split of this file shows the same people on both sides.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.datasets.base import PEOPLE_UNKNOWN, counts_to_check
from fer_utils.datasets.cache import read_once
from fer_utils.datasets.fer2013_csv import SIDE, SOURCE_DIGEST, read_csv
from fer_utils.datasets.findings import Findings, counts_line, why_unreadable
from fer_utils.faces import FaceSet

FILE = "ckextended.csv"
CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")
"""In the order of the file's codes 0 to 7."""
OFFICIAL = {
    "anger": 45,
    "disgust": 59,
    "fear": 25,
    "happiness": 69,
    "sadness": 28,
    "surprise": 83,
    "neutral": 593,
    "contempt": 18,
}
"""Rows of each class, 920 in all; unconfirmed for the neutral ones."""
NO_SOUND = (
    "nobody knows whose faces these are: no protocol can keep people apart, so none on this file is sound by person"
)


def read(file: Path, found: Findings, classes: tuple[str, ...], stand_in: bool) -> FaceSet:
    """The file as a set called ``ck_plus``, with what it lacks among its differences.

    Args:
        file: ``ckextended.csv``.
        found: gets what is wrong with it.
        classes: those of CK+.
        stand_in: whether it stands in for the real one.

    Raises:
        FerError: it can't be read, or lines are wrong.
    """
    try:
        arrays = read_once("ckextended", [file], lambda: read_csv(file, len(CODES)), SOURCE_DIGEST)
    except OSError as error:
        found.problems.append(f"{file.name}: {why_unreadable(error)}")
        found.refuse()
        raise
    found.problems += arrays["problems"].tolist()
    found.notes += [PEOPLE_UNKNOWN, "Usage ignored: a random division by whoever made the file"]
    found.differences += [f"{FILE}: one cut-out face of {SIDE}x{SIDE} pixels a sequence, not the frames", NO_SOUND]
    sources = [f"row_{row:05d}" for row in range(len(arrays["images"]))]
    labels = np.array(CODES, dtype=object)[arrays["codes"]]
    table = pd.DataFrame({"label": labels, "subject": sources, "source": sources})
    counts = counts_to_check(found.folder, OFFICIAL, found.notes)
    found.differences += counts_line(table["label"].value_counts(), counts, "rows")
    return found.faces("ck_plus", arrays["images"], table, classes, stand_in)
