"""The experiments of the paper on one data set: what is compared, and the units that compute it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.errors import FerError, check_choice
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.answers import Answers
from fer_utils.papers.finding import Leak
from fer_utils.papers.mobilenet_jaffe import protocol as steps
from fer_utils.papers.mobilenet_jaffe.protocol import COMPARED, JUDGED, Plan
from fer_utils.papers.mobilenet_jaffe.settings import NORMALISATIONS, SPLITS, Settings
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.papers.study import Study as Base
from fer_utils.preprocess import CropReport, crop_faces


def comparisons(settings: Settings) -> dict[str, dict[str, Settings]]:
    """What Section 4.1 compares, one factor at a time around ``settings``."""
    return {
        "normalisation": {mode: settings.but(normalisation=mode) for mode in NORMALISATIONS},
        "face crop": {"whole picture": settings, "cropped face": settings.but(cropped=True)},
        "learning rate": {f"{rate:g}": settings.but(learning_rate=rate) for rate in (1e-2, 1e-3)},
        "batch size": {str(size): settings.but(batch_size=size) for size in (8, 32, 128)},
    }


class Study(Base[Settings]):
    """One data set, one base setting, all splits.

    Args:
        faces: the photographs.
        settings: the base condition.
        seeds: splits, initial weights and batch orders are drawn once for each.
        mapper: runs or fetches units; ``Run.map`` in a notebook.
        detector: finds the faces for the cropping experiment.
    """

    def __init__(
        self, faces: FaceSet, settings: Settings, seeds: Sequence[int], mapper: Mapper, detector: str = "ssd"
    ) -> None:
        super().__init__(faces, settings, seeds, mapper)
        self.detector = detector
        self._answers: dict[tuple[Settings, str, str], Answers] = {}

    @cached_property
    def plan(self) -> Plan:
        """Every fold of every split, laid out over one pool of variants."""
        return steps.make_plan(self.faces, self.settings, SPLITS, self.seeds)

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

        The base condition on all splits, with its inner folds; every compared condition on
        A and D. Later calls of :meth:`trained` fetch what is stored.

        Returns:
            How many units there were.
        """
        compared = {condition for group in comparisons(self.settings).values() for condition in group.values()}
        wanted = [(self.settings, name, inner) for name in SPLITS for inner in (False, True)]
        wanted += [
            (other, name, False) for other in sorted(compared - {self.settings}, key=repr) for name in COMPARED.values()
        ]
        by_images = {(condition.normalisation, condition.cropped): condition for condition, _, _ in wanted}
        features = dict(zip(by_images, self.features(list(by_images.values())), strict=True))
        calls = [
            self._head_call(features[condition.normalisation, condition.cropped], condition, name, inner)
            for condition, name, inner in wanted
        ]
        return len(self.mapper(steps.train, calls, "training heads"))

    def trained(self, condition: Settings, name: str, inner: bool = False) -> dict[str, np.ndarray]:
        """All heads of one split under one condition; ``inner`` trains them on the inner folds."""
        call = self._head_call(self.features([condition])[0], condition, name, inner)
        return self.mapper(steps.train, [call], f"heads, split {name}")[0]

    def _head_call(self, features: np.ndarray, condition: Settings, name: str, inner: bool) -> dict[str, Any]:
        split = self.plan.splits[name]
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

    def tuned(self, condition: Settings, name: str, max_folds: int | None = None) -> Answers:
        """Train more than the head (``condition.trainable``), fold by fold; scored after the last epoch.

        Args:
            condition: what to train, and how.
            name: of the split.
            max_folds: stop after so many folds (for a first impression).
        """
        from fer_utils.papers.mobilenet_jaffe.tuning import together, tune

        split = self.plan.splits[name]
        shortened = steps.Split(name, split.folds[:max_folds], split.inner[:max_folds], split.seeds[:max_folds])
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
        trained = together(self.mapper(tune, calls, f"tuning {condition.trainable}, split {name}"))
        plan = Plan(self.plan.pool, {name: shortened})
        return steps.answers_after(
            self.faces, plan, name, trained, steps.choose_epochs(plan, name, trained, "last_epoch")
        )

    def answers(self, condition: Settings, name: str, selection: str = "last_epoch") -> Answers:
        """Test answers of one split under one condition, the epoch chosen as :func:`~.protocol.choose_epochs` says.

        One row holds all folds and seeds, so an interval is over people only: splits of several seeds test on the
        same photographs and train on much the same people.
        """
        key = condition, name, selection
        if key not in self._answers:
            inner = self.trained(condition, name, inner=True) if selection == "inner_split" else None
            trained = self.trained(condition, name)
            epochs = steps.choose_epochs(self.plan, name, trained, selection, inner)
            self._answers[key] = steps.answers_after(self.faces, self.plan, name, trained, epochs)
        return self._answers[key]

    def judged(self, protocol: str) -> Answers:
        """The test answers that a protocol is judged by: base setting, the protocol's split and choice of epoch."""
        check_choice("protocol", protocol, PROTOCOLS)
        return self.answers(self.settings, *JUDGED[protocol])

    def curve(self, condition: Settings, name: str) -> np.ndarray:
        """Test accuracy after each epoch, ``float64 [epochs, F]``, one column a fold and seed."""
        predicted = self.trained(condition, name)["predicted"]
        folds = self.plan.splits[name].folds
        hits = [
            (predicted[:, number, : len(fold.test)] == self.plan.pool.label[fold.test]).mean(axis=1)
            for number, fold in enumerate(folds)
        ]
        return np.stack(hits, axis=1)

    @cached_property
    def audits(self) -> dict[str, LeakReport]:
        """The leak audit of every split, over all its folds; a test image counts as the photograph behind it."""
        pool, laid_out = self.plan.pool, self.plan.splits
        calls = [{"faces": self.faces, "folds": steps.by_photograph(pool, laid_out[name].folds)} for name in SPLITS]
        stored = self.mapper(audit_faces, calls, "leak audit")
        return {name: LeakReport(**counted) for name, counted in zip(SPLITS, stored, strict=True)}

    def audit(self, protocol: str) -> Leak:
        """The leak audit of the split that a protocol is judged by."""
        check_choice("protocol", protocol, PROTOCOLS)
        return Leak({"": self.audits[JUDGED[protocol][0]]})

    def compare(self, factor: str, name: str) -> pd.DataFrame:
        """One comparison of Section 4.1 on one split, after the last epoch: a row a level.

        Columns ``factor level protocol`` (the split), accuracy and its interval in per cent, ``macro F1``.
        """
        rows = []
        for level, condition in comparisons(self.settings)[factor].items():
            answers = self.answers(condition, name)
            cells = {**answers.accuracy().percent(), "macro F1": 100 * answers.macro_f1()}
            rows.append({"factor": factor, "level": level, "protocol": name, **cells})
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
