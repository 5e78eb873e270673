"""The experiments of the paper on one data set: what is prepared, trained and read, as units."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fer_utils import leak_audit, scores
from fer_utils.devices import gpu_visible
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport
from fer_utils.papers.finding import Leak
from fer_utils.papers.landmark_ensemble import complexity, pipeline
from fer_utils.papers.landmark_ensemble import protocol as rules
from fer_utils.papers.landmark_ensemble.outcome import Outcome, joined, select
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.protocol import Task
from fer_utils.papers.landmark_ensemble.schedule import batches_per_epoch
from fer_utils.papers.landmark_ensemble.settings import (
    KIND_TITLES,
    KINDS,
    MEMBERS,
    PARTS,
    Settings,
)
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.papers.study import Study as Base
from fer_utils.splits import Fold

COMPARED = (
    ("ftl", "baseline"), ("el", "ftl"), ("el", "baseline"),
    ("ftl", "control"), ("el", "control"), ("control", "baseline"),
)  # fmt: skip
"""Pairs of kinds: the paper's order first, then the two transferred ones at equal work."""

READABLE = 64
"""Side in pixels from which on Grad-CAM's maps, 8 x 8 then, can be read."""

TOGETHER_GPU = 50
"""Networks in a stack on a GPU; fifty of 160 pixels need about 30 GB of its memory."""

SMALL_FLOPS = 50e6
"""A picture's operations below which a processor stacks five networks: no slower than one at a time (on an
AMD core 205 ms a step against 5 x 41 at 32 pixels, 389 against 5 x 100 at 64, both 7 M).
Larger ones fill its caches."""


class Study(Base[Settings]):
    """All kinds of network on one data set.

    Args:
        faces: what is trained on; without ``tested`` also what is tested on.
        settings: sizes, rates, epochs, folds.
        seeds: networks are initialised and people set aside once for each.
        mapper: runs or fetches units; ``Run.map`` in a notebook.
        detector: finds the faces; the paper's is ``"ssd"``.
        tested: other data sets to test on (cross-data). Only classes that all sets have are kept, of those that
            ``settings.classes`` names.

    Attributes:
        sets: ``faces`` and ``tested``, of the classes that count.
        classes: C names.
        labels: class codes of all sets, one after the other, ``int64 [N]``.
        subjects: ``[N]``, who is in each picture.
        origin: ``[N]``, the data set of each picture.
        position: ``int64 [N]``, its row there before classes were left out.

    Raises:
        UsageError: seeds are missing or come twice.
        FerError: the sets have fewer than two classes in common.
    """

    def __init__(
        self, faces: FaceSet, settings: Settings, seeds: Sequence[int], mapper: Mapper, detector: str = "ssd",
        tested: Sequence[FaceSet] = (),
    ) -> None:  # fmt: skip
        self.detector = detector
        self._trained: dict[tuple[str, str], list[dict[str, Any]]] = {}
        sets = (faces, *tested)
        wanted = faces.classes if settings.classes is None else settings.classes
        self.classes = tuple(name for name in faces.classes if name in wanted and all(_has(one, name) for one in sets))
        if len(self.classes) < 2:
            names = " and ".join(one.name for one in sets)
            raise FerError(f"of {', '.join(wanted)} {names} have fewer than two classes in common; name others")
        kept = [np.flatnonzero(one.table["label"].isin(self.classes)) for one in sets]
        self.sets = [one.select(rows) for one, rows in zip(sets, kept, strict=True)]
        self.position = np.concatenate(kept)
        super().__init__(self.sets[0], settings, seeds, mapper)
        self.labels = np.concatenate([self._codes(one) for one in self.sets])
        # Two data sets never show the same person, whatever they call them.
        self.subjects = np.concatenate([one.name + "/" + one.subjects for one in self.sets])
        self.origin = np.repeat([one.name for one in self.sets], [len(one) for one in self.sets])

    @property
    def parameters(self) -> int:
        """Weights of an ensemble."""
        settings = self.settings
        one = complexity.layers(settings.image_size, settings.filters, settings.hidden, len(self.classes))
        return MEMBERS * int(one["parameters"].sum())

    def _codes(self, faces: FaceSet) -> np.ndarray:
        return faces.table["label"].map({name: code for code, name in enumerate(self.classes)}).to_numpy(np.int64)

    # -- pictures ---------------------------------------------------------------------------

    def prepare(self, faces: FaceSet) -> Prepared:
        """Stages 1 to 4 for any face set, at the size at which dlib looks."""
        settings = self.settings
        call = {"faces": faces, "detector_size": settings.detector_size, "clahe_clip": settings.clahe_clip,
                "clahe_tiles": settings.clahe_tiles, "landmark_size": settings.landmark_size,
                "margin": settings.margin, "detector": self.detector}  # fmt: skip
        return pipeline.prepared(self.mapper(pipeline.prepare, [call], "faces and landmarks")[0])

    @cached_property
    def prepared(self) -> list[Prepared]:
        """Crops and landmarks of each data set."""
        return [self.prepare(faces) for faces in self.sets]

    @cached_property
    def crops(self) -> np.ndarray:
        """``uint8 [N, S, S]`` of all sets, one after the other, at the networks' size."""
        return np.concatenate([found.at(self.settings.image_size).crops for found in self.prepared])

    @cached_property
    def points(self) -> np.ndarray:
        """``float32 [N, 68, 2]``, dlib's landmarks on :attr:`crops` in pixels."""
        return np.concatenate([found.at(self.settings.image_size).points for found in self.prepared])

    @cached_property
    def variants(self) -> dict[str, np.ndarray]:
        """Stage 5: every variant of every face that may be trained on."""
        n = len(self.sets[0])
        call = {"crops": self.crops[:n], "points": self.points[:n], "augmentation": self.settings.augmentation}
        return self.mapper(rules.draw, [call], "augmentation")[0]

    # -- folds ------------------------------------------------------------------------------

    @cached_property
    def folds(self) -> list[Fold]:
        """By person; or the data set's own split; or, with other sets to test on, one fold that tests them all."""
        own, n = self.sets[0], len(self.sets[0])
        fold = rules.holdout(own.table["split"].to_numpy()) if "split" in own.table else None
        if len(self.sets) > 1:
            train, test = (fold.train, fold.test) if fold else (np.arange(n), np.empty(0, np.int64))
            return [Fold("cross", train, np.concatenate([test, np.arange(n, len(self.labels))]))]
        if fold:
            return [fold]
        return rules.subject_folds(own.subjects, self.settings.folds, self.settings.fold_rule)

    @property
    def _twice(self) -> bool:
        """Whether the two protocols train on other people."""
        return self.settings.train_twice and self.settings.aside_share > 0

    def selection(self, protocol: str) -> str:
        """How a protocol chooses the epoch: on the test fold; on people set aside; or, without those, not at all."""
        if protocol == "published":
            return "test_fold"
        return "inner_split" if self.settings.aside_share else "last_epoch"

    def tasks(self, protocol: str) -> list[Task]:
        """What is trained for a protocol; the same for both where one training serves both."""
        groups = np.concatenate([_groups(faces) for faces in self.sets])
        tasks = rules.tasks_of(self.folds, groups, self.settings, self.seeds)
        if protocol == "published" and self._twice:
            return [rules.with_everyone(task) for task in tasks]
        return tasks

    def audit(self, protocol: str) -> Leak:
        """What test images share with the training part of a protocol."""
        table = pd.concat([faces.table for faces in self.sets], ignore_index=True).assign(subject=self.subjects)
        known = [name for name in ("label", "subject", "source", "sequence") if name in table]
        # The crops of all sets, for folds may be about several.
        crops = FaceSet(" and ".join(one.name for one in self.sets), self.crops, table[known].astype(str), self.classes)
        call = {"faces": crops, "folds": [task.fold for task in self.tasks(protocol)]}
        return Leak({"": LeakReport(**self.mapper(leak_audit.audit_faces, [call], "leak audit")[0])})

    # -- networks ---------------------------------------------------------------------------

    def closer(self) -> Study:
        """A study whose pictures are large enough for Grad-CAM: this one, or its first fold at 64 pixels.

        The last maps are an eighth of the picture's side. Half as wide, a network of twice the side costs the same.
        """
        settings = self.settings
        if settings.image_size >= READABLE:
            return self
        narrower = tuple(max(2, width // 2) for width in settings.filters)
        settings = settings.but(image_size=READABLE, filters=narrower, max_folds=1)
        return Study(self.faces, settings, self.seeds[:1], self.mapper, self.detector)

    def work(self, protocols: Sequence[str], kinds: Sequence[str] = KINDS) -> list[dict[str, Any]]:
        """The calls of ``protocol.train`` that these protocols need, longest first."""
        distinct = protocols if self._twice else protocols[:1]
        return [call for protocol in distinct for kind in kinds[::-1] for call in self._calls(kind, protocol)]

    def batches(self, protocol: str) -> int:
        """Steps an epoch, the same for all folds: the longest training part is seen once."""
        longest = max(len(task.fold.train) for task in self.tasks(protocol))
        return batches_per_epoch(longest, self.settings.batch_size)

    def _task_groups(self, protocol: str) -> list[list[Task]]:
        """The tasks of each unit: many folds on a GPU; one on a processor, so that a killed run goes on there."""
        tasks, size = self.tasks(protocol), max(1, networks_together(self.settings) // MEMBERS)
        return [tasks[start : start + size] for start in range(0, len(tasks), size)]

    def _calls(self, kind: str, protocol: str) -> list[dict[str, Any]]:
        # Where one training serves both protocols, the weights that are kept are those of the sound one.
        kept = self.selection(protocol if self._twice else "sound")
        shared = {
            "kind": kind, "crops": self.crops, "labels": self.labels, **self.variants,
            "n_classes": len(self.classes), "settings": self.settings, "batches": self.batches(protocol),
            "together": networks_together(self.settings), "kept": kept,
        }  # fmt: skip
        return [{**shared, "tasks": tasks} for tasks in self._task_groups(protocol)]

    def trained(self, kind: str, protocol: str) -> list[dict[str, np.ndarray]]:
        """What ``protocol.train`` gave for each unit of one kind; fetched once."""
        if (kind, protocol) not in self._trained:
            self._trained[kind, protocol] = self.mapper(rules.train, self._calls(kind, protocol), f"training {kind}")
        return self._trained[kind, protocol]

    def units(self, kind: str, protocol: str) -> list[tuple[list[Task], dict[str, np.ndarray]]]:
        """The tasks of each unit and what it gave."""
        return list(zip(self._task_groups(protocol), self.trained(kind, protocol), strict=True))

    def outcome(self, kind: str, protocol: str, selection: str | None = None, tested_on: str | None = None) -> Outcome:
        """Test answers of one kind of network.

        Args:
            kind: one of ``KINDS``.
            protocol: ``"published"`` or ``"sound"``, which also chooses the epoch unless ``selection`` does.
            selection: one of ``EPOCH_SELECTIONS``.
            tested_on: only images of the data set of this name.
        """
        among = None if tested_on is None else self.origin == tested_on
        parts = []
        chosen_on = selection or self.selection(protocol)
        for tasks, trained in self.units(kind, protocol):
            parts.append(select(trained, tasks, self.labels, self.subjects, chosen_on, among))
        return joined(parts, len(self.seeds))

    # -- tables -----------------------------------------------------------------------------

    def accuracies(self, protocol: str, selection: str | None = None, tested_on: str | None = None) -> pd.DataFrame:
        """A row a network of Table I (or III): the ensembles and EL's five members.

        Columns ``network``, ``accuracy %`` with its interval, ``mean of folds %``, ``people``.
        """
        rows = []
        for kind in KINDS:
            outcome = self.outcome(kind, protocol, selection, tested_on)
            members: list[tuple[str, int | None]] = [(KIND_TITLES[kind], None)]
            if kind == "el":
                members = [(part.capitalize(), number) for number, part in enumerate(PARTS)] + members
            for name, member in members:
                estimate = outcome.answers(member).accuracy()
                cells = {"mean of folds %": 100 * outcome.fold_mean(member).value, "people": estimate.n}
                rows.append({"network": name, **estimate.percent(), **cells})
        return pd.DataFrame(rows)

    def differences(self, protocol: str, tested_on: str | None = None) -> pd.DataFrame:
        """Which kind of network is better, on the same images: at equal steps of the last stage, and at equal work.

        Columns ``difference``, ``points`` with its interval over people and seeds, ``half-width``, and McNemar's p for
        the first seed.
        """
        answers = {kind: self.outcome(kind, protocol, tested_on=tested_on).answers() for kind in KINDS}
        rows = []
        for first, second in COMPARED:
            one, other = answers[first], answers[second]
            points = one.minus(other).both
            low, high = (100 * bound for bound in points.ci95)
            rows.append({"difference": f"{KIND_TITLES[first]} - {KIND_TITLES[second]}", "points": 100 * points.value,
                         "low": low, "high": high, "half-width": (high - low) / 2, "interval": points.how,
                         "McNemar p": scores.mcnemar(one.correct[0], other.correct[0])})  # fmt: skip
        return pd.DataFrame(rows)

    def first_task(self, kind: str, protocol: str = "sound") -> tuple[Task, dict[str, np.ndarray]]:
        """The first fold and what its unit left behind, weights included."""
        tasks, trained = self.units(kind, protocol)[0]
        return tasks[0], trained


def train_all(studies: Sequence[Study], protocols: Sequence[str] = PROTOCOLS) -> int:
    """Train every network of some studies that share a mapper, all at once, so that the units can share the workers.

    The first one's networks for Grad-CAM are among them.

    Returns:
        How many units there were.
    """
    first, closer = studies[0], studies[0].closer()
    calls = [] if closer is first else closer.work(protocols[-1:], ("el",))
    calls += [call for study in studies for call in study.work(protocols)]
    return len(first.mapper(rules.train, calls, "training"))


def _groups(faces: FaceSet) -> np.ndarray:
    """Whom to set aside together: people, or where nobody knows them, the pictures of one movie (SFEW)."""
    unknown = (faces.subjects == faces.table["source"].astype(str).to_numpy()).all()
    if unknown and "sequence" in faces.table:
        return faces.table["sequence"].astype(str).to_numpy(object)
    return faces.subjects


def networks_together(settings: Settings) -> int:
    """How many networks train side by side on this machine; results do not depend on it."""
    if gpu_visible():
        return TOGETHER_GPU
    flops = complexity.layers(settings.image_size, settings.filters, settings.hidden)["flops"].sum()
    return MEMBERS if flops < SMALL_FLOPS else 1


def _has(faces: FaceSet, name: str) -> bool:
    return name in faces.classes and bool((faces.table["label"] == name).any())
