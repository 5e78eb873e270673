"""Imagination models of the recorded evening, for runs that have no time to train their own."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fer_utils import data, datasets
from fer_utils.errors import FerError
from fer_utils.papers.clifer.people import COLUMNS, OTHER_SETS
from fer_utils.papers.clifer.settings import PARAMETERS, PROFILES, Settings
from fer_utils.papers.clifer.study import Study
from fer_utils.travel import RESULTS, take

NOTEBOOK = "01_clifer"


class Keeper(Protocol):
    """What a run must be able to do: :class:`fer_utils.reproduce.run.Run`."""

    profile: str
    changed: dict[str, Any]

    def network(self, name: str, arrays: Mapping[str, Any], trained_with: Mapping[str, Any]) -> None:
        """Leave a trained network behind."""


def run_of(study: Study) -> str:
    """The recorded run that networks are taken from."""
    return f"{NOTEBOOK}/{datasets.filed_as(study.raw)}-evening"


def name_of(protocol: str, number: int) -> str:
    """Of a network's file."""
    return f"imagination_{protocol}_{number}"


def trained_with(study: Study, rows: np.ndarray) -> dict[str, Any]:
    """Everything that a training depends on but the code, as JSON values that are the same on every machine.

    Pictures are told by the sets that they are cut from and by their names: cut pictures differ in their last bits.
    """
    others = {one: data.load(one).fingerprint for one in OTHER_SETS} if study.other_sets else {}
    table = study.pool.table.iloc[rows]
    named = table[[column for column in COLUMNS if column in table]].to_csv(index=False)
    return {
        "data": {study.raw.name: study.raw.fingerprint, **others},
        "faces": hashlib.sha256(named.encode()).hexdigest()[:16],
        "cut": {"detector": study.settings.detector, "margin": study.settings.margin},
        "settings": dataclasses.asdict(study.settings.imagination),
        "seed": study.seed,
    }


def take_over(study: Study, protocols: list[str], results: Path = RESULTS) -> tuple[str, str]:
    """Give a study the recorded evening's imagination models, where its settings ask for them and they fit.

    Args:
        study: nothing is trained yet; its settings become those that the networks were trained with.
        protocols: whose models.
        results: the folder of recorded runs.

    Returns:
        the run that lends them, ``""`` where they are to be trained; and why it lends none, if it was asked to.

    Raises:
        FerError: they do not fit, and ``networks="recorded"`` insists on them.
    """
    before = study.settings
    if before.networks == "train":
        return "", ""
    study.settings = as_in_the_evening(before)
    try:
        found = {
            protocol: [
                take(results, run_of(study), name_of(protocol, number), trained_with(study, rows))
                for number, rows in enumerate(study.training_rows(protocol))
            ]
            for protocol in protocols
        }
    except FerError as error:
        study.settings = before
        if before.networks == "recorded":
            raise
        return "", str(error)
    study.lend(found)
    return run_of(study), ""


def as_in_the_evening(settings: Settings) -> Settings:
    """The same, with the evening's longer training where the training is ``quick``'s own."""
    quick, evening = PROFILES["quick"].imagination, PROFILES["evening"].imagination
    return settings.but(imagination=evening) if settings.imagination == quick else settings


def leave(study: Study, protocols: list[str], run: Keeper) -> None:
    """Let the evening as shipped, on ``quick``'s own data, leave its imagination models; other runs leave none."""
    if run.profile != "evening" or run.changed or study.raw.name != PARAMETERS["dataset"].default:
        return
    for protocol in protocols:
        pairs = zip(study.models(protocol), study.training_rows(protocol), strict=True)
        for number, (model, rows) in enumerate(pairs):
            run.network(name_of(protocol, number), model, trained_with(study, rows))
