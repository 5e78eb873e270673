"""The experiments of the paper on one data set: what is compared, and the units that compute it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product
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
from fer_utils.papers.mobilenet_jaffe.augment import Pool
from fer_utils.papers.mobilenet_jaffe.protocol import COMPARED, JUDGED, Plan
from fer_utils.papers.mobilenet_jaffe.settings import NORMALISATIONS, READINGS, SPLITS, Retraining, Settings
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.papers.study import Study as Base
from fer_utils.preprocess import CropReport, crop_faces

RATES = (1e-2, 1e-3)
"""Section 4.1: the learning rate that failed, and the one that was found best."""


MOST_TUNED = 1_000
"""Images over all classes when more than the head is trained: with seven classes a fold then takes a minute or two."""


def comparisons(settings: Settings) -> dict[str, dict[str, Settings]]:
    """What Section 4.1 compares, one factor at a time around ``settings``, over their ``compared_quota`` of images."""
    settings = settings.compared()
    return {
        "normalisation": {mode: settings.but(normalisation=mode) for mode in NORMALISATIONS},
        "face crop": {"whole picture": settings, "cropped face": settings.but(cropped=True)},
        "learning rate": {f"{rate:g}": settings.but(learning_rate=rate) for rate in RATES},
        "batch size": {str(size): settings.but(batch_size=size) for size in (8, 32)},
    }


class Study(Base[Settings]):
    """One data set, both readings of the paper's input, all splits.

    Args:
        faces: the photographs.
        settings: the base condition, but for the normalisation.
        seeds: splits, initial weights and batch orders are drawn once for each.
        mapper: runs or fetches units; ``Run.map`` in a notebook.
        detector: finds the faces for the cropping experiment.
        retraining: what is trained beside heads.
    """

    def __init__(
        self, faces: FaceSet, settings: Settings, seeds: Sequence[int], mapper: Mapper, detector: str = "ssd",
        retraining: Retraining | None = None,
    ) -> None:  # fmt: skip
        super().__init__(faces, settings, seeds, mapper)
        self.detector, self.retraining = detector, retraining or Retraining()
        self.readings = {title: settings.but(normalisation=mode) for mode, title in READINGS.items()}
        self._plans: dict[int, Plan] = {}
        self._answers: dict[tuple[Settings, str, str], Answers] = {}
        self._trained: dict[tuple[Settings, str, bool], dict[str, np.ndarray]] = {}
        self._tuned: dict[tuple[str, float, str], Answers] = {}

    @property
    def plan(self) -> Plan:
        """Every fold of every split, laid out over one pool of variants."""
        return self.plan_of(self.settings)

    def plan_of(self, condition: Settings) -> Plan:
        """The folds over as many images as a condition has; only A and D where settings are compared on fewer."""
        if condition.quota not in self._plans:
            names = SPLITS if condition.quota == self.settings.quota else tuple(COMPARED.values())
            self._plans[condition.quota] = steps.make_plan(self.faces, condition, names, self.seeds)
        return self._plans[condition.quota]

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
        return self._features([(condition, self.plan_of(condition).pool) for condition in conditions])

    def _features(self, wanted: Sequence[tuple[Settings, Pool]]) -> list[np.ndarray]:
        calls = [{**self._image_arguments(condition), "pool": pool} for condition, pool in wanted]
        return [stored["activations"] for stored in self.mapper(steps.extract, calls, "backbone features")]

    def train_all(self) -> int:
        """Train every head that the notebook needs, so that all units can share the workers.

        Both readings on all splits, with their inner folds; every compared condition on A and D. One set of features
        is held at a time: at the paper's size each is 400 MB.

        Returns:
            How many units there were.
        """
        wanted = [(base, name, inner) for base in self.readings.values() for name in SPLITS for inner in (False, True)]
        compared = [condition for condition in self.conditions() if condition not in self.readings.values()]
        wanted += [(condition, name, False) for condition in compared for name in COMPARED.values()]
        for images in dict.fromkeys(map(_images, self.conditions())):
            mine = [key for key in wanted if _images(key[0]) == images]
            features = self.features([mine[0][0]])[0]
            calls = [self._head_call(features, *key) for key in mine]
            self._trained |= zip(mine, self.mapper(steps.train, calls, "training heads"), strict=True)
        return len(wanted)

    def conditions(self) -> list[Settings]:
        """Every condition that is compared, each once: both readings and what Section 4.1 varies around them."""
        groups = [group for base in self.readings.values() for group in comparisons(base).values()]
        return list(dict.fromkeys([*self.readings.values(), *(each for group in groups for each in group.values())]))

    def trained(self, condition: Settings, name: str, inner: bool = False) -> dict[str, np.ndarray]:
        """All heads of one split under one condition; ``inner`` trains them on the inner folds."""
        key = condition, name, inner
        if key not in self._trained:
            call = self._head_call(self.features([condition])[0], *key)
            self._trained[key] = self.mapper(steps.train, [call], f"heads, split {name}")[0]
        return self._trained[key]

    def _head_call(
        self, features: np.ndarray, condition: Settings, name: str, inner: bool = False, plan: Plan | None = None
    ) -> dict[str, Any]:
        plan = plan or self.plan_of(condition)
        split = plan.splits[name]
        return {
            "features": features,
            "pool": plan.pool,
            "folds": split.inner if inner else split.folds,
            "seeds": split.seeds,
            "n_classes": len(self.faces.classes),
            "learning_rate": condition.learning_rate,
            "batch_size": condition.batch_size,
            "epochs": condition.epochs,
        }

    @cached_property
    def small_plan(self) -> Plan:
        """The folds of A and D over as few images as :attr:`retraining` and :data:`MOST_TUNED` allow, one seed."""
        quota = min(self.retraining.quota, MOST_TUNED // len(self.faces.classes))
        small = self.settings.but(quota=quota)
        return steps.make_plan(self.faces, small, tuple(COMPARED.values()), self.seeds[:1])

    def tuned(self, depth: str, learning_rate: float, name: str) -> Answers:
        """Train more than the head on each fold of :attr:`small_plan`; scored after the last epoch.

        Args:
            depth: ``"last_block"`` or ``"all"``; ``"head"`` for a head on the same few images, to compare with.
            learning_rate: Adam's.
            name: of the split, A or D.
        """
        key = depth, learning_rate, name
        if key not in self._tuned:
            # A network that is to go on learning needs the pixels that it has learnt from.
            condition = self.readings[READINGS["-1..1"]].but(
                trainable=depth, learning_rate=learning_rate, quota=self.retraining.quota,
                epochs=self.retraining.epochs,
            )  # fmt: skip
            trained = self._few_heads(condition, name) if depth == "head" else self._tune(condition, name)
            epochs = steps.choose_epochs(self.small_plan, name, trained, "last_epoch")
            self._tuned[key] = steps.answers_after(self.faces, self.small_plan, name, trained, epochs)
        return self._tuned[key]

    def _few_heads(self, condition: Settings, name: str) -> dict[str, np.ndarray]:
        features = self._features([(condition, self.small_plan.pool)])[0]
        call = self._head_call(features, condition, name, plan=self.small_plan)
        return self.mapper(steps.train, [call], f"heads of few images, split {name}")[0]

    def _tune(self, condition: Settings, name: str) -> dict[str, np.ndarray]:
        from fer_utils.papers.mobilenet_jaffe.tuning import together, tune

        depth, pool, split = condition.trainable, self.small_plan.pool, self.small_plan.splits[name]
        arguments = {
            **self._image_arguments(condition),
            "pool": pool,
            "activations": None if depth == "all" else self._features([(condition, pool)])[0],
            "learning_rate": condition.learning_rate,
            "batch_size": condition.batch_size,
            "epochs": condition.epochs,
        }
        folds = zip(split.folds, split.seeds, strict=True)
        calls = [{**arguments, "fold": fold, "seed": seed} for fold, seed in folds]
        return together(self.mapper(tune, calls, f"tuning {depth}, split {name}"))

    def answers(self, condition: Settings, name: str, selection: str = "last_epoch") -> Answers:
        """Test answers of one split under one condition, the epoch chosen as :func:`~.protocol.choose_epochs` says.

        One row holds all folds and seeds, so an interval is over people only: splits of several seeds test on the
        same photographs and train on much the same people.
        """
        key = condition, name, selection
        if key not in self._answers:
            inner = self.trained(condition, name, inner=True) if selection == "inner_split" else None
            trained, plan = self.trained(condition, name), self.plan_of(condition)
            epochs = steps.choose_epochs(plan, name, trained, selection, inner)
            self._answers[key] = steps.answers_after(self.faces, plan, name, trained, epochs)
        return self._answers[key]

    def judged(self, protocol: str, reading: str) -> Answers:
        """The test answers that a protocol is judged by under a reading: the protocol's split and choice of epoch."""
        check_choice("protocol", protocol, PROTOCOLS)
        check_choice("reading", reading, tuple(self.readings))
        return self.answers(self.readings[reading], *JUDGED[protocol])

    def curve(self, condition: Settings, name: str) -> np.ndarray:
        """Test accuracy after each epoch, ``float64 [epochs, F]``, one column a fold and seed."""
        predicted = self.trained(condition, name)["predicted"]
        plan = self.plan_of(condition)
        folds = plan.splits[name].folds
        hits = [
            (predicted[:, number, : len(fold.test)] == plan.pool.label[fold.test]).mean(axis=1)
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

    def compare(self, reading: str, factor: str, name: str) -> pd.DataFrame:
        """One comparison of Section 4.1 around one reading on one split, after the last epoch: a row a level.

        Columns ``reading factor level protocol`` (the split), accuracy and its interval in per cent, ``macro F1``.
        """
        rows = []
        for level, condition in comparisons(self.readings[reading])[factor].items():
            answers = self.answers(condition, name)
            cells = {**answers.accuracy().percent(), "macro F1": 100 * answers.macro_f1()}
            rows.append({"reading": reading, "factor": factor, "level": level, "protocol": name, **cells})
        return pd.DataFrame(rows)

    def compare_depths(self) -> pd.DataFrame:
        """What training more than the head does, at both learning rates, on A and D: a row a training.

        Columns ``trained``, ``learning rate``, ``protocol`` (the split), accuracy and its interval in per cent,
        ``macro F1``; no rows where nothing but heads is trained.
        """
        rows = []
        for depth in ("head", *self.retraining.depths) if self.retraining.depths else ():
            for rate, name in product(RATES, COMPARED.values()):
                answers = self.tuned(depth, rate, name)
                cells = {**answers.accuracy().percent(), "macro F1": 100 * answers.macro_f1()}
                rows.append({"trained": depth, "learning rate": f"{rate:g}", "protocol": name, **cells})
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


def _images(condition: Settings) -> tuple[str, bool, int]:
    """Conditions that agree in this look at the same pictures, so one set of features does for them."""
    return condition.normalisation, condition.cropped, condition.quota
