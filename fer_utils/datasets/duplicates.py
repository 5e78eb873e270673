"""Pictures that occur more than once, pixel by pixel: across official splits, and under different labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd


def identical_groups(images: np.ndarray) -> np.ndarray:
    """A group number for each of ``images [N, …]``, ``int64 [N]``; identical images share one."""
    digests = [hashlib.sha256(np.ascontiguousarray(image).data).digest() for image in images]
    return pd.factorize(np.array(digests, dtype=object))[0]


def duplicate_notes(images: np.ndarray, labels: Sequence[str], splits: Sequence[str]) -> list[str]:
    """Notes on exact duplicates, empty where every image is unique.

    Says how many images differ; for every split after the first, how many of its rows show an image
    that is also in the first; and how many rows of each split have an identical image, anywhere,
    with another label.

    Args:
        images: ``uint8 [N, …]``.
        labels: the class name of each image.
        splits: the official split of each image; the first split met counts as the training set.
    """
    rows = pd.DataFrame({"group": identical_groups(images), "label": list(labels), "split": list(splits)})
    unique = rows["group"].nunique()
    if unique == len(rows):
        return []
    notes = [f"{unique} different images among {len(rows)}: the others are exact duplicates"]
    names = list(rows["split"].unique())
    training = set(rows.loc[rows["split"] == names[0], "group"])
    shared = rows[rows["group"].isin(training) & (rows["split"] != names[0])]["split"].value_counts()
    if len(shared):
        notes.append(f"also in {names[0]}: " + _counts(shared, names))
    contradicted = rows[rows.groupby("group")["label"].transform("nunique") > 1]["split"].value_counts()
    if len(contradicted):
        notes.append("rows whose identical image has another label: " + _counts(contradicted, names))
    return notes


def _counts(found: pd.Series, names: Sequence[str]) -> str:
    return ", ".join(f"{found[name]} of {name}" for name in names if name in found)
