"""How long would it take, and how much memory and disk? From a short probe on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_utils import data
from fer_utils.devices import at_once
from fer_utils.papers.landmark_ensemble import complexity, protocol
from fer_utils.papers.landmark_ensemble.protocol import parts_of
from fer_utils.papers.landmark_ensemble.schedule import batches_per_epoch
from fer_utils.papers.landmark_ensemble.settings import KIND_TITLES, KINDS, MEMBERS, Settings, settings_for, wild_set
from fer_utils.papers.landmark_ensemble.study import Study, networks_together

PREPARED_PER_SECOND = 12.0
"""Pictures through detector and landmarks on one core: a rough constant, since the training dwarfs it."""

BYTES_A_WEIGHT = 4
TRAINING = "training"
ACTIVATION_BYTES = 4 * 6
"""For a weight of a feature map in training: the map after convolution, norm and ReLU, and their slopes."""


def estimate(parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The units of notebook 03 with their cost.

    Args:
        parameters: the notebook's, all of them.

    Returns:
        Columns ``unit``, ``count`` (how many of this kind), ``work`` (what one does),
        ``seconds`` (all of them, one after the other), ``memory MB`` (at the peak of one),
        ``disk MB`` (stored by all) and ``at once`` (how many run at once unless told otherwise).
    """
    settings = settings_for(parameters["profile"], parameters["dataset"])
    knobs = "image_size classes max_folds batch_norm head_activation balance landmarks fold_rule".split()
    settings = settings.but(**{name: parameters[name] for name in knobs if parameters[name] is not None})
    table = _rows(parameters, settings)
    trained = table["unit"].str.startswith(TRAINING)
    return table.assign(**{"at once": np.where(trained, at_once(protocol.train), 1)})


def _rows(parameters: Mapping[str, Any], settings: Settings) -> pd.DataFrame:
    wild = wild_set(parameters["wild"], parameters["dataset"])
    names = [parameters["dataset"], *([wild] if wild else [])]
    sets = {name: data.load(name) for name in dict.fromkeys(names)}
    roles = ("published", "sound") if settings.train_twice else ("sound",)

    def nothing(*_: Any) -> Any:
        raise AssertionError("an estimate runs no unit")

    studies = [Study(sets[names[0]], settings, parameters["seeds"], nothing)]
    if wild:
        studies.append(Study(sets[wild], settings, parameters["seeds"], nothing, tested=[sets[names[0]]]))
    pictures = sum(len(faces) for faces in {one.name: one for study in studies for one in study.sets}.values())
    variants = sum(len(study.sets[0]) for study in studies) * settings.augmentation.variants
    pixels = settings.image_size**2
    rows = [
        _row("faces and landmarks", len(sets), f"{pictures:,} pictures", pictures / PREPARED_PER_SECOND,
             pictures * settings.detector_size**2 / 1e6, pictures * settings.landmark_size**2 / 1e6),
        _row("augmentation", len(studies), f"{variants:,} pictures of {settings.image_size} px", variants / 5000,
             variants * pixels / 1e6, variants * pixels / 1e6),
    ]  # fmt: skip
    together = networks_together(settings)
    rate = probe(settings, together)
    for study, title in zip(studies, ("", ", cross-data"), strict=False):
        for kind in KINDS:
            tasks = [task for role in roles for task in study.tasks(role)]
            steps = sum(_steps(kind, len(task.fold.train), settings) for task in tasks)
            tested = sum(len(task.fold.test) + len(task.aside) for task in tasks) * MEMBERS
            epochs = settings.baseline_epochs if kind == "baseline" else settings.tune_epochs
            looks = -(-epochs // settings.check_every)
            # A look runs forward only: a third of a training step for as many pictures.
            seconds = (steps + looks * tested / settings.batch_size / 3) / rate
            weights = complexity.layers(settings.image_size, settings.filters)["parameters"].sum()
            work = f"{MEMBERS} networks, {steps / len(tasks):,.0f} batches of {settings.batch_size} in all"
            memory = variants * pixels / 1e6 + _activations(settings, together)
            disk = len(tasks) * MEMBERS * weights * BYTES_A_WEIGHT / 1e6
            rows.append(_row(f"{TRAINING} {KIND_TITLES[kind]}{title}", len(tasks), work, seconds, memory, disk))
    return pd.DataFrame(rows)


def _steps(kind: str, n_train: int, settings: Settings) -> float:
    """Training steps of one network, times five; a step of a frozen extractor is a third of one."""
    batches = batches_per_epoch(n_train, settings.batch_size)
    if kind == "baseline":
        return len(parts_of(kind)) * batches * settings.baseline_epochs
    epochs = settings.landmark_epochs + settings.tune_epochs + settings.head_epochs / 3
    return len(parts_of(kind)) * batches * epochs


def _activations(settings: Settings, together: int) -> float:
    side, values = settings.image_size, 0
    for width in settings.filters:
        values += 2 * width * side**2
        side = -(-side // 2)
    return values * ACTIVATION_BYTES * settings.batch_size * together / 1e6


def _row(unit: str, count: int, work: str, seconds: float, memory: float, disk: float) -> dict[str, object]:
    return {"unit": unit, "count": count, "work": work, "seconds": seconds, "memory MB": memory, "disk MB": disk}


def probe(settings: Settings, together: int) -> float:
    """Training steps of single networks a second, ``together`` side by side, on noise; after one step to warm up."""
    from fer_utils.papers.landmark_ensemble.trainer import Member, Stack

    faces, variants = 2 * settings.batch_size, settings.augmentation.variants
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (faces * variants, settings.image_size, settings.image_size), np.uint8)
    points = np.zeros((len(images), 68, 2), np.float32)
    members = [Member(None, np.arange(faces), seed) for seed in range(together)]
    stack = Stack(members, images, points, np.zeros(len(images), np.int64), 2, settings, batches=2)
    stack.new_classifier()
    stack.start_tuning(settings.baseline_rate, "batch")
    stack.tune(1)
    start = time.perf_counter()
    stack.tune(1)
    return 2 * together / (time.perf_counter() - start)
