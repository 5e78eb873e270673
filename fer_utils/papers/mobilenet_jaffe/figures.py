"""Figures that only this paper has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fer_utils import plots
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe.protocol import JUDGED
from fer_utils.scores import Estimate

_COLOURS = {"published": plots.PUBLISHED, "sound": plots.SOUND, "": plots.OTHER}


def samples(faces: FaceSet, people: int = 3) -> Figure:
    """One row a person, one column a class: the first picture of each."""
    rows_of = {}
    for person in pd.unique(faces.subjects)[:people]:
        rows = np.flatnonzero(faces.subjects == person)
        _, first = np.unique(faces.labels[rows], return_index=True)
        rows_of[person] = faces.images[rows[first]]
    return plots.pictures(rows_of, "Figure 1: samples")


def published_and_sound(accuracies: Mapping[tuple[str, str], Estimate], chance: float) -> Figure:
    """Accuracies with their intervals, one line for each split and choice of epoch.

    Args:
        accuracies: by split and by how the epoch is chosen, as in :data:`~.protocol.JUDGED`.
        chance: a fraction.
    """
    judged_by = {key: protocol for protocol, key in JUDGED.items()}
    protocols = [judged_by.get(key, "") for key in accuracies]
    lines = {
        f"{protocol}  {name}, {selection}": accuracy
        for protocol, ((name, selection), accuracy) in zip(protocols, accuracies.items(), strict=True)
    }
    colours = [_COLOURS[protocol] for protocol in protocols]
    return plots.intervals(lines, colours, chance, "accuracy, % (95 % interval over people)")
