"""How long would it take, and how much memory and disk? From a short probe on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_utils import data
from fer_utils.devices import at_once
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer.imagination import Trainer
from fer_utils.papers.clifer.networks import count_parameters
from fer_utils.papers.clifer.protocol import TEST_CONDITIONS, folds_of, learn_person
from fer_utils.papers.clifer.settings import ImaginationSettings, Settings, settings_for
from fer_utils.papers.clifer.study import PROTOCOLS, Study

FORWARD_SHARE = 0.1
"""Encoding costs about a tenth of a training step an image: one pass through E against passes through all, and back."""


def estimate(parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The units of notebook 01 with their cost.

    Args:
        parameters: the notebook's, all of them.

    Returns:
        Columns ``unit``, ``count`` (how many of this kind), ``work`` (what one does),
        ``seconds`` (all of them, one after the other), ``memory MB`` (at the peak of one) and
        ``disk MB`` (stored by all).
    """
    settings = settings_for(parameters["profile"])
    if parameters["epochs"] is not None:
        settings = settings.but(imagination=settings.imagination.but(epochs=parameters["epochs"]))
    asked = {"both": PROTOCOLS}.get(parameters["protocol"], (parameters["protocol"],))
    return _rows(data.load(parameters["dataset"]), settings, parameters["seeds"][0], asked)


def _rows(faces: FaceSet, settings: Settings, seed: int, protocols: tuple[str, ...]) -> pd.DataFrame:
    study = Study(faces, settings, seed, _refuse)
    chosen, rows = settings.imagination, []
    per_second = probe_imagination(chosen)
    weights_mb = 4e-6 * sum(count_parameters(network) for network in Trainer(_cheap(chosen), [0], 0).networks.values())
    pictures_mb = study.faces.images.nbytes / 1e6
    per_frame = probe_memories(settings, study)
    for protocol in protocols:
        trained_on = [len(part) for part in study.training_rows(protocol)]
        images = sum(trained_on) * (chosen.warm_up + chosen.epochs)
        rows.append(_row(f"imagination, {protocol}", len(trained_on), f"{images // len(trained_on):,} image steps",
                         images / per_second, pictures_mb + 6 * weights_mb, len(trained_on) * weights_mb))  # fmt: skip
        folds = [fold for person in study.people for fold in folds_of(study.faces, person, protocol)]
        frames = sum(len(fold.train) for fold in folds) * len(study.orders)
        for condition in TEST_CONDITIONS:
            seconds = frames * per_frame["GDM" if condition == "CLIFER" else condition]
            if condition == "CLIFER":
                # At most one decoded and encoded picture a frame and expression.
                seconds += frames * len(study.faces.classes) * 2 * FORWARD_SHARE / per_second
            work = f"{frames // len(folds):,} frames in {len(study.orders)} orders"
            rows.append(_row(f"{condition}, {protocol}", len(folds), work, seconds, weights_mb + 10, 0.1 * len(folds)))
    table = pd.DataFrame(rows)
    table.attrs["at once"] = at_once(learn_person)
    return table


def _row(unit: str, count: int, work: str, seconds: float, memory: float, disk: float) -> dict[str, object]:
    return {"unit": unit, "count": count, "work": work, "seconds": seconds, "memory MB": memory, "disk MB": disk}


def _refuse(*_: object) -> list[dict[str, Any]]:
    raise FerError("an estimate runs no units")


def _cheap(settings: ImaginationSettings) -> ImaginationSettings:
    return settings.but(identity="none")


def probe_imagination(settings: ImaginationSettings) -> float:
    """Images a second through a training step with all losses, measured on one batch after one to warm up."""
    trainer = Trainer(settings.but(warm_up=0), [0, 1], 0)
    shape = (settings.batch_size, settings.image_size, settings.image_size, 3)
    images, labels = np.zeros(shape, np.uint8), np.arange(settings.batch_size) % 2
    trainer.epoch(images, labels, 0)
    start = time.perf_counter()
    trainer.epoch(images, labels, 0)
    return settings.batch_size / (time.perf_counter() - start)


def probe_memories(settings: Settings, study: Study) -> dict[str, float]:
    """Seconds a frame and order of each condition but CLIFER, on made-up codes of the first person's size."""
    (fold,) = folds_of(study.faces, study.people[0], "published")
    labels = study.faces.labels[fold.train]
    codes = np.random.default_rng(0).uniform(-1, 1, (len(labels), settings.imagination.code_size))
    rows, found = np.arange(len(labels)), {}
    for condition in TEST_CONDITIONS[:-1]:
        call = {
            "codes": codes, "labels": labels, "train": rows, "test": rows, "orders": study.orders[:1],
            "condition": condition, "settings": settings, "seed": 0,
        }  # fmt: skip
        learn_person(**call)
        start = time.perf_counter()
        learn_person(**call)
        found[condition] = (time.perf_counter() - start) / len(rows)
    return found
