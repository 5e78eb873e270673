"""Figures that only this paper has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fer_utils import plots
from fer_utils.faces import FaceSet
from fer_utils.scores import Estimate

BLOCKS = {
    "A": "A  augment, then split\n(published)",
    "B": "B  photographs apart",
    "C": "C  one person left out\n(sound)",
    "D": "D  people apart",
}
CHOICES = {
    "test_fold": "epoch best on the test fold",
    "inner_split": "epoch best on people set aside",
    "last_epoch": "last epoch, none chosen",
}


def samples(faces: FaceSet, people: int = 3) -> Figure:
    """One row a person, one column a class: the first picture of each."""
    rows_of = {}
    for person in pd.unique(faces.subjects)[:people]:
        rows = np.flatnonzero(faces.subjects == person)
        _, first = np.unique(faces.labels[rows], return_index=True)
        rows_of[person] = faces.images[rows[first]]
    return plots.pictures(rows_of, "Figure 1: samples")


def published_and_sound(
    accuracies: Mapping[tuple[str, str, str], Estimate], chance: float, printed: float | None = None
) -> Figure:
    """Accuracies with their intervals: a block for each split, a colour for each reading, a form for each choice.

    Args:
        accuracies: by split, reading of the input and how the epoch is chosen.
        chance: a fraction.
        printed: the paper's accuracy, a fraction, where ours can be held beside it.
    """
    groups: dict[str, dict[tuple[str, str], Estimate]] = {}
    for (name, reading, selection), accuracy in accuracies.items():
        groups.setdefault(BLOCKS[name], {})[reading, CHOICES[selection]] = accuracy
    marks = {} if printed is None else {f"paper {100 * printed:.1f}": printed}
    return plots.grouped_intervals(groups, chance, "accuracy, % (95 % interval over people)", marks)
