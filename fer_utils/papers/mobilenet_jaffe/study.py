"""The experiments of the paper on one data set: what is compared, and the units that compute it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport
from fer_utils.papers.mobilenet_jaffe import protocol as steps
from fer_utils.papers.mobilenet_jaffe.protocol import Outcome, Plan
from fer_utils.papers.mobilenet_jaffe.settings import NORMALISATIONS, PROTOCOLS, Settings
from fer_utils.preprocess import CropReport, crop_faces

Mapper = Callable[[Callable[..., dict[str, Any]], Sequence[Mapping[str, Any]], str], list[dict[str, Any]]]
"""``Run.map``: run these calls, or fetch what is stored of them."""


def comparisons(settings: Settings) -> dict[str, dict[str, Settings]]:
    """What Section 4.1 compares, one factor at a time around ``settings``."""
    return {
        "normalisation": {mode: settings.but(normalisation=mode) for mode in NORMALISATIONS},
        "face crop": {"whole picture": settings, "cropped face": settings.but(cropped=True)},
        "learning rate": {f"{rate:g}": settings.but(learning_rate=rate) for rate in (1e-2, 1e-3)},
        "batch size": {str(size): settings.but(batch_size=size) for size in (8, 32, 128)},
    }


class Study:
    """One data set, one base setting, all protocols.

    Args:
        faces: the photographs.
        settings: the base condition.
        seeds: splits, head starts and batch orders are drawn once for each.
        mapper: runs or fetches units; ``Run.map`` in a notebook.
        detector: finds the faces for the cropping experiment.
    """

    def __init__(
        self, faces: FaceSet, settings: Settings, seeds: Sequence[int], mapper: Mapper, detector: str = "ssd"
    ) -> None:
        self.faces, self.settings, self.seeds, self.mapper, self.detector = faces, settings, seeds, mapper, detector

    @cached_property
    def plan(self) -> Plan:
        """Every fold of every protocol, laid out over one pool of variants."""
        return steps.make_plan(self.faces, self.settings, PROTOCOLS, self.seeds)

    @cached_property
    def cropped(self) -> tuple[FaceSet, CropReport]:
        """The photographs cut to the face, and how often none or several were found."""
        return crop_faces(self.faces, self.detector, self.settings.image_size, margin=0.1)

    def features(self, conditions: Sequence[Settings]) -> list[np.ndarray]:
        """Activations of the frozen trunk for each condition, ``float32 [M, ...]``; one unit a condition.

        Raises:
            FerError: a condition trains the whole network, so nothing is frozen.
        """
        if any(condition.trainable == "all" for condition in conditions):
            raise FerError("with trainable='all' there are no frozen features; use Study.tuned")
        calls = [{**self._image_arguments(condition), "pool": self.plan.pool} for condition in conditions]
        return [stored["activations"] for stored in self.mapper(steps.extract, calls, "backbone features")]

    def train_all(self) -> int:
        """Train every head that the notebook needs, so that all units can share the workers.

        The base condition under all protocols, with its inner folds; every compared condition under
        A and D. Later calls of :meth:`trained` fetch what is stored.

        Returns:
            How many units there were.
        """
        compared = {condition for group in comparisons(self.settings).values() for condition in group.values()}
        wanted = [(self.settings, name, inner) for name in PROTOCOLS for inner in (False, True)]
        wanted += [(other, name, False) for other in sorted(compared - {self.settings}, key=repr) for name in "AD"]
        by_images = {(condition.normalisation, condition.cropped): condition for condition, _, _ in wanted}
        features = dict(zip(by_images, self.features(list(by_images.values())), strict=True))
        calls = [
            self._head_call(features[condition.normalisation, condition.cropped], condition, name, inner)
            for condition, name, inner in wanted
        ]
        return len(self.mapper(steps.train, calls, "training heads"))

    def trained(self, condition: Settings, protocol: str, inner: bool = False) -> dict[str, np.ndarray]:
        """All heads of one protocol under one condition; ``inner`` trains them on the inner folds."""
        call = self._head_call(self.features([condition])[0], condition, protocol, inner)
        return self.mapper(steps.train, [call], f"heads, protocol {protocol}")[0]

    def _head_call(self, features: np.ndarray, condition: Settings, protocol: str, inner: bool) -> dict[str, Any]:
        split = self.plan.splits[protocol]
        return {
            "features": features,
            "pool": self.plan.pool,
            "folds": split.inner if inner else split.folds,
            "seeds": split.seeds,
            "n_classes": len(self.faces.classes),
            "learning_rate": condition.learning_rate,
            "batch_size": condition.batch_size,
            "epochs": condition.epochs,
        }

    def tuned(self, condition: Settings, protocol: str, max_folds: int | None = None) -> Outcome:
        """Train more than the head (``condition.trainable``), fold by fold; scored after the last epoch.

        Args:
            max_folds: stop after so many folds (a quick look).
        """
        from fer_utils.papers.mobilenet_jaffe.tuning import together, tune

        split = self.plan.splits[protocol]
        shortened = steps.Split(protocol, split.folds[:max_folds], split.inner[:max_folds], split.seeds[:max_folds])
        arguments = {
            **self._image_arguments(condition),
            "pool": self.plan.pool,
            "activations": None if condition.trainable == "all" else self.features([condition])[0],
            "learning_rate": condition.learning_rate,
            "batch_size": condition.batch_size,
            "epochs": condition.epochs,
        }
        calls = [
            {**arguments, "fold": fold, "seed": seed}
            for fold, seed in zip(shortened.folds, shortened.seeds, strict=True)
        ]
        trained = together(self.mapper(tune, calls, f"tuning {condition.trainable}, protocol {protocol}"))
        return steps.select(self.faces, Plan(self.plan.pool, {protocol: shortened}), protocol, trained, "last_epoch")

    def outcome(self, condition: Settings, protocol: str, selection: str = "last_epoch") -> Outcome:
        """Test answers of one protocol under one condition: :func:`~.protocol.select`."""
        inner = self.trained(condition, protocol, inner=True) if selection == "inner_split" else None
        trained = self.trained(condition, protocol)
        return steps.select(self.faces, self.plan, protocol, trained, selection, inner)

    def curve(self, condition: Settings, protocol: str) -> np.ndarray:
        """Test accuracy after each epoch, ``float64 [epochs, F]``, one column a fold and seed."""
        predicted = self.trained(condition, protocol)["predicted"]
        folds = self.plan.splits[protocol].folds
        hits = [
            (predicted[:, number, : len(fold.test)] == self.plan.pool.label[fold.test]).mean(axis=1)
            for number, fold in enumerate(folds)
        ]
        return np.stack(hits, axis=1)

    def audits(self) -> dict[str, LeakReport]:
        """The leak audit of every protocol's split, over all its folds."""
        shared = {"faces": self.faces, "pool": self.plan.pool}
        calls = [{**shared, "folds": self.plan.splits[protocol].folds} for protocol in PROTOCOLS]
        stored = self.mapper(steps.audit_split, calls, "leak audit")
        return {protocol: LeakReport(**found) for protocol, found in zip(PROTOCOLS, stored, strict=True)}

    def compare(self, name: str, protocol: str) -> pd.DataFrame:
        """One comparison of Section 4.1 under one protocol, after the last epoch: a row a level.

        Columns ``factor level protocol``, accuracy and its interval in per cent, ``macro F1``.
        """
        rows = []
        for level, condition in comparisons(self.settings)[name].items():
            found = self.outcome(condition, protocol)
            cells = {**found.accuracy().percent(), "macro F1": 100 * found.macro_f1()}
            rows.append({"factor": name, "level": level, "protocol": protocol, **cells})
        return pd.DataFrame(rows)

    def _image_arguments(self, condition: Settings) -> dict[str, Any]:
        """What decides the images and the frozen part: all that a feature unit's key should hold."""
        weights = condition.weights
        return {
            "faces": self.cropped[0] if condition.cropped else self.faces,
            "augmentation": condition.augmentation,
            "image_size": condition.image_size,
            "normalisation": condition.normalisation,
            # A path is keyed by the file's content, a name by itself.
            "weights": weights if weights in ("shipped", "imagenet", "none") else Path(weights),
            "trainable": condition.trainable,
        }
