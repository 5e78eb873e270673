"""How long would it take, and how much memory and disk? From a short probe on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_utils import data
from fer_utils.devices import at_once
from fer_utils.gans.train import train
from fer_utils.image_features import embed
from fer_utils.papers.gan_augmentation.parts import GAN_SIDE
from fer_utils.papers.gan_augmentation.protocol import PROTOCOLS, build, train_classifier
from fer_utils.papers.gan_augmentation.settings import GANS, Settings, settings_for
from fer_utils.papers.gan_augmentation.study import Study

KNOBS = ("mismatch", "init", "train_images", "test_images", "generated", "epochs")
"""Parameters of the notebook that are settings."""
QUALITY = "image quality"
PROBE_STEPS = 25
"""Fewer would measure how long Keras takes to begin."""


def settings_from(parameters: Mapping[str, Any], real: bool) -> Settings:
    """The profile's settings with the notebook's changes."""
    changes = {name: parameters[name] for name in KNOBS if parameters[name] is not None}
    return settings_for(parameters["profile"], real).but(**changes)


def estimate(parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The units of notebook 02 with their cost.

    Args:
        parameters: the notebook's, all of them.

    Returns:
        Columns ``unit``, ``count`` (how many of this kind), ``work`` (what one does),
        ``seconds`` (all of them, one after the other), ``memory MB`` (at the peak of one),
        ``disk MB`` (stored by all) and ``at once`` (how many run at once unless told otherwise).
    """
    faces = data.load(parameters["dataset"])
    settings = settings_from(parameters, not faces.stand_in)
    study = Study(faces, parameters["source"], settings, parameters["seeds"], lambda function, calls, stage: [])
    table = _rows(study)
    return table.assign(**{"at once": np.where(table["unit"] == QUALITY, 1, at_once(train_classifier))})


def _rows(study: Study) -> pd.DataFrame:
    settings, n_source, n_classes = study.settings, len(study.source), len(study.source.classes)
    stored = n_classes * settings.generated * 48**2 / 1e6
    rows = []
    for kind, name in GANS.items():
        gan = settings.gan(kind)
        seconds = n_source * gan.epochs / probe_gan(settings, kind)
        count = 1 if kind == "cgan" else n_classes
        work = f"{n_source * gan.epochs // count:,} pictures, width {gan.ngf}"
        rows.append(_row(name, count, work, seconds, 60 * gan.ndf**2 * 800 / 1e6, stored))
    for network in ("VGG-16", "ResNet-50"):
        speed, parameters = probe_classifier(settings, network)
        for protocol in PROTOCOLS:
            # A look at the tested pictures costs about a third of a training step on as many.
            parts, plan = study.parts(protocol), study.schedule(protocol)
            tested = len(parts.public) + len(parts.private)
            arms = {row.arm for row in study.rows(protocol) if row.network == network}
            seen = plan.looks[-1] * settings.batch_size + len(plan.looks) * tested / 3
            count = len(arms) * len(study.seeds)
            work = f"{plan.looks[-1]:,} steps of {settings.batch_size}, {len(plan.looks)} looks"
            memory = 16 * parameters / 1e6 + len(study.target) * settings.side**2 / 1e6
            disk = len(plan.looks) * tested / 1e6 * count
            title = f"{settings.title(network)}, {protocol}"
            rows.append(_row(title, count, work, count * seen / speed, memory, disk))
    pictures = n_classes * settings.judged + len(GANS) * n_classes * min(settings.judged, settings.generated)
    rows.append(_row(QUALITY, 1, f"{pictures:,} pictures", pictures / probe_space(), 200, 0.0))
    return pd.DataFrame(rows)


def _row(unit: str, count: int, work: str, seconds: float, memory: float, disk: float) -> dict[str, object]:
    return {"unit": unit, "count": count, "work": work, "seconds": seconds, "memory MB": memory, "disk MB": disk}


def probe_gan(settings: Settings, kind: str) -> float:
    """Pictures a second through training, four generator steps long, after as many to warm up."""
    once = settings.gan(kind).but(epochs=1)
    count = 4 * once.batch_size * once.critic_steps
    images = np.random.default_rng(0).integers(0, 256, (count, GAN_SIDE, GAN_SIDE)).astype(np.uint8)
    train(images, once, 0)
    start = time.perf_counter()
    train(images, once, 0)
    return count / (time.perf_counter() - start)


def probe_classifier(settings: Settings, network: str) -> tuple[float, int]:
    """Pictures a second through training, and the network's number of parameters; from a random start."""
    from fer_utils.papers.gan_augmentation.course import Course

    built = build(network, settings.but(init="random"), 7, None)
    images = np.zeros((settings.batch_size, settings.side, settings.side), np.uint8)
    course = Course(
        built, images, np.zeros(len(images), int), steps=1 + PROBE_STEPS, batch_size=len(images), rate=settings.rate,
        momentum=settings.momentum, rotation=settings.rotation, translation=settings.translation, imagenet=False,
        seed=0,
    )  # fmt: skip
    course.advance(1)
    start = time.perf_counter()
    course.advance(PROBE_STEPS)
    return PROBE_STEPS * len(images) / (time.perf_counter() - start), built.count_params()


def probe_space() -> float:
    """Pictures a second through the shipped feature space."""
    images = np.zeros((32, 48, 48), np.uint8)
    embed(images, "mobilenet")
    start = time.perf_counter()
    embed(images, "mobilenet")
    return len(images) / (time.perf_counter() - start)
