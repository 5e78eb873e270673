"""How long would it take, and how much memory and disk? From a short probe on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.devices import at_once
from fer_utils.gans.networks import Discriminator
from fer_utils.gans.train import train
from fer_utils.image_features import embed
from fer_utils.papers.dcgan_svm import svm
from fer_utils.papers.dcgan_svm.experiments import ACTION_UNITS, AU7_ONLY
from fer_utils.papers.dcgan_svm.features import CONTROLS
from fer_utils.papers.dcgan_svm.protocol import train_gan
from fer_utils.papers.dcgan_svm.roles import IMAGE_SIZE, Role, cast
from fer_utils.papers.dcgan_svm.settings import FEATURES, Settings, settings_for
from fer_utils.papers.dcgan_svm.study import Study
from fer_utils.splits import random_folds

AU7_EXPERIMENT = 1
"""What the GAN of AU7 frames is compared with."""
PROBE_IMAGES = 64
"""Least pictures of a probe of the GAN: steps of few pictures vary."""
PROBE_ROWS, PROBE_FOLDS = 480, 5
"""Pictures and folds of a probe of the SVM; a fit's time grows with the square of the pictures."""


def estimate(parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The units of notebook 04 with their cost.

    Args:
        parameters: the notebook's, all of them.

    Returns:
        Columns ``unit``, ``count`` (how many of this kind), ``work`` (what one does),
        ``seconds`` (all of them, one after the other), ``memory MB`` (at the peak of one),
        ``disk MB`` (stored by all) and ``at once`` (how many run at once unless told otherwise).
    """
    names = ("width", "epochs", "feature", "optimiser")
    knobs = {name: parameters[name] for name in names if parameters[name] is not None}
    table = _rows(cast(parameters["dataset"]), settings_for(parameters["profile"]).but(**knobs))
    return table.assign(**{"at once": np.where(table["unit"].str.startswith("GAN"), at_once(train_gan), 1)})


def _rows(players: Mapping[str, Role], settings: Settings) -> pd.DataFrame:
    study = Study(players, settings, 0, lambda function, calls, stage: [])
    sizes = {role: len(study.faces(role)) for role in players}
    emotions, units = study.emotion_experiments(), study.au_experiments()
    trained = dict.fromkeys(each.gan for each in [*emotions.values(), *units.values()])
    images_per_second, a_fit, pictures_per_second = probe_gan(settings), probe_svm(settings), probe_space()
    weights_mb = sum(part.numel() for part in Discriminator(settings.gan).parameters()) * 4 / 1e6
    stored_mb = weights_mb + settings.generated * IMAGE_SIZE**2 * 3 / 1e6
    home = "frontal" if "frontal" in players else next(iter(players))
    gans = [(f"GAN on {role}", 1, sizes[role], settings.epochs) for role in trained]
    tested = dict.fromkeys((each.gan, each.test) for each in [*emotions.values(), *units.values()])
    # Two halves are the whole once more.
    apart = [role for gan, role in tested if study.has_met(gan, role)]
    gans += [("GANs on half the people", 2 * len(apart), sum(sizes[role] for role in apart), settings.epochs)]
    if AU7_EXPERIMENT in units:
        # That of all, and once more by halves.
        gans += [("GANs on AU7", 3, 2 * len(study.faces(AU7_ONLY.gan)), settings.epochs)]
    gans += [("GANs, both beta1", 2, 2 * settings.trial_steps * settings.batch_size, 1)]
    rows = []
    for name, count, pictures, epochs in gans:
        work = f"{pictures * epochs:,} images, width {settings.width}"
        seconds = pictures * epochs / images_per_second / max(count, 1)
        rows.append(_row(name, count, work, seconds, 8 * weights_mb, stored_mb))
    for name, inner in (("published", 1), ("sound", settings.inner_folds)):
        # The other two ways to take features come on top.
        roles = [each.train for each in emotions.values()] + [home] * (len(CONTROLS) + len(FEATURES) - 1)
        fits = settings.folds * settings.draws * inner
        seconds = sum(fits * a_fit * (sizes[role] / PROBE_ROWS) ** 2 for role in roles)
        largest = max(sizes[role] for role in roles)
        work = f"{fits} fits a unit, up to {largest:,} rows"
        rows.append(_row(f"emotion SVMs, {name}", len(roles), work, seconds / len(roles), largest**2 * 24 / 1e6, 0.1))
    if units:
        # Between two sets everything of one is training, and there is one fold.
        pictures = [(sizes[each.train], settings.folds if each.train == each.test else 1) for each in units.values()]
        seconds = sum(len(ACTION_UNITS) * folds * a_fit * (count / PROBE_ROWS) ** 2 for count, folds in pictures)
        work = f"{len(ACTION_UNITS)} action units, up to {max(pictures)[0]:,} rows"
        memory = max(sum(sizes[role] for role in {each.train, each.test}) for each in units.values()) ** 2 * 16 / 1e6
        rows.append(_row("action-unit SVMs", 2 * len(units), work, seconds / len(units), memory, 0.1))
    looked_at = sizes[home] + settings.generated
    rows.append(_row("image quality", 1, f"{looked_at:,} pictures", looked_at / pictures_per_second, 100, 0.0))
    return pd.DataFrame(rows)


def _row(unit: str, count: int, work: str, seconds: float, memory: float, disk: float) -> dict[str, object]:
    return {
        "unit": unit,
        "count": count,
        "work": work,
        "seconds": count * seconds,
        "memory MB": memory,
        "disk MB": count * disk,
    }


def probe_gan(settings: Settings) -> float:
    """Images a second through a few training steps, after as many to warm up."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (max(settings.batch_size, PROBE_IMAGES), IMAGE_SIZE, IMAGE_SIZE, 3)).astype(
        np.uint8
    )
    once = settings.gan.but(epochs=1)
    train(images, once, 0)
    start = time.perf_counter()
    train(images, once, 0)
    return len(images) / (time.perf_counter() - start)


def probe_svm(settings: Settings) -> float:
    """Seconds a fold of :data:`PROBE_ROWS` pictures takes, kernel and answers included, over settings of the search."""
    random = np.random.default_rng(0)
    labels = np.arange(PROBE_ROWS) % 8
    features = random.normal(0, 1, (PROBE_ROWS, 64)) + 2 * random.normal(0, 1, (8, 64))[labels]
    distances = svm.squared_distances(features)
    folds, tried = random_folds(labels, PROBE_FOLDS, 0), svm.draw_settings(settings.draws, 0)[:4]
    start = time.perf_counter()
    svm.pooled_accuracies(distances, labels, folds, tried, svm.typical_distance(distances))
    return (time.perf_counter() - start) / (len(tried) * PROBE_FOLDS)


def probe_space() -> float:
    """Pictures a second through the shipped feature space, network and all."""
    images = np.zeros((32, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    embed(images, "mobilenet")
    start = time.perf_counter()
    embed(images, "mobilenet")
    return len(images) / (time.perf_counter() - start)
