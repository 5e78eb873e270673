"""How long would it take, and how much memory and disk? From a short probe on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_utils import data
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe import heads
from fer_utils.papers.mobilenet_jaffe.protocol import FORWARD_BATCH, Plan, make_plan
from fer_utils.papers.mobilenet_jaffe.settings import PROTOCOLS, Settings, settings_for
from fer_utils.papers.mobilenet_jaffe.study import comparisons
from fer_utils.splits import Fold

FEATURE_BYTES = 1280 * 4


def estimate(parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The units of notebook 05 with their cost.

    Args:
        parameters: the notebook's, all of them.

    Returns:
        Columns ``unit``, ``count`` (how many of this kind), ``work`` (what one does),
        ``seconds`` (all of them, one after the other), ``memory MB`` (at the peak of one) and
        ``disk MB`` (stored by all).
    """
    knobs = {name: parameters[name] for name in ("quota", "epochs", "weights") if parameters[name] is not None}
    settings = settings_for(parameters["profile"]).but(**knobs)
    return _rows(data.load(parameters["dataset"]), settings, parameters)


def _rows(faces: FaceSet, settings: Settings, parameters: Mapping[str, Any]) -> pd.DataFrame:
    plan = make_plan(faces, settings, PROTOCOLS, parameters["seeds"])
    images_per_second = probe_backbone(settings)
    batches_per_second = probe_heads(settings, len(faces.classes))
    conditions = {level: s for group in comparisons(settings).values() for level, s in group.items()}
    image_conditions = {(s.normalisation, s.cropped) for s in conditions.values()}
    pool_mb = len(plan.pool) * FEATURE_BYTES / 1e6

    # The notebook keeps the features of all conditions in memory at once.
    rows = [_row("backbone features", len(image_conditions), f"{len(plan.pool):,} images of {settings.image_size} px",
                 len(plan.pool) / images_per_second, len(image_conditions) * pool_mb, pool_mb)]  # fmt: skip
    for protocol in PROTOCOLS:
        batches = _batches(plan, protocol, settings)
        # The base condition with its inner folds, and for A and D every comparison.
        times = 2 + (len(set(conditions.values()) - {settings}) if protocol in "AD" else 0)
        work = f"{len(plan.splits[protocol].folds)} heads, {batches:,} batches of {settings.batch_size}"
        rows.append(_row(f"heads, protocol {protocol}", times, work, batches / batches_per_second, pool_mb, 0.1))
    for depth in parameters["tune"]:
        images = 2 * len(plan.splits["A"].folds[0].train) * parameters["tune_epochs"]
        # Forward and backward cost about three times forward alone; the last block is about a quarter of all.
        slower = 3.0 if depth == "all" else 0.75
        work = f"first fold of A and D, {images:,} image steps"
        rows.append(_row(f"tuning {depth}", 1, work, images * slower / images_per_second, pool_mb, 0.1))
    rows.append(_row("leak audit", len(PROTOCOLS), f"{len(faces):,} thumbnails", len(faces) / 2000, 1, 0))
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


def _batches(plan: Plan, protocol: str, settings: Settings) -> int:
    folds = plan.splits[protocol].folds
    return len(folds) * settings.epochs * -(-len(folds[0].train) // settings.batch_size)


def probe_backbone(settings: Settings) -> float:
    """Images a second through the frozen backbone, measured on two batches after one to warm up."""
    from fer_utils.papers.mobilenet_jaffe import model

    backbone = model.backbone(settings.image_size, "none")
    images = np.zeros((FORWARD_BATCH, settings.image_size, settings.image_size, 3), np.float32)
    model.run_frozen(backbone, images)
    start = time.perf_counter()
    for _ in range(2):
        model.run_frozen(backbone, images)
    return 2 * FORWARD_BATCH / (time.perf_counter() - start)


def probe_heads(settings: Settings, n_classes: int) -> float:
    """Batches a second, over all heads that train side by side, on made-up features."""
    rows = 20 * settings.batch_size
    features = np.random.default_rng(0).random((rows, 1280), np.float32)
    labels = np.arange(rows) % n_classes
    folds = [Fold("probe", np.arange(rows), np.arange(2))] * (2 * heads.BLOCK)
    start = time.perf_counter()
    heads.train_heads(
        features, labels, folds, range(len(folds)), n_classes,
        learning_rate=settings.learning_rate, batch_size=settings.batch_size, epochs=1,
    )  # fmt: skip
    return 20 * len(folds) / (time.perf_counter() - start)
