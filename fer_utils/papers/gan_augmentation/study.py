"""The whole experiment on one pair of data sets, and the units that compute it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fer_utils.faces import FaceSet
from fer_utils.gans.train import HISTORY
from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.answers import Answers
from fer_utils.papers.finding import Leak
from fer_utils.papers.gan_augmentation import protocol as steps
from fer_utils.papers.gan_augmentation.arms import ARMS, NOTHING, PAPERS, Extra, as_many, mirrored, noise
from fer_utils.papers.gan_augmentation.parts import FACE_SIDE, Parts, divide, source_faces, target_faces
from fer_utils.papers.gan_augmentation.settings import GANS, NETWORKS, Settings
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.papers.study import Study as Base
from fer_utils.preprocess import resize
from fer_utils.splits import Fold

DF_SVM = "VGG13+VGG16+VGG19+SVM"


class Row(NamedTuple):
    """A line of Table 1: a network, what its training set was enlarged with, and for how long it was trained."""

    network: str
    arm: str
    budget: str  # "epochs": as many passes as any other arm; "steps": as many steps

    def text(self) -> str:
        """As Table 1 writes it, or with the control's name."""
        if self.arm == "none":
            return self.network + (", as many steps" if self.budget == "steps" else "")
        return self.network + {"dcgan": "+DCGAN", "wgan_gp": "+WGAN"}.get(self.arm, f" + {ARMS[self.arm]}")


class _Training(NamedTuple):
    """What tells one training from another: its network, what was added, its evaluation points, its seed."""

    network: str
    arm: str
    points: tuple[int, ...]
    seed: int


class Outcome(NamedTuple):
    """What the networks of one line of Table 1 answer on PrivateTest.

    Attributes:
        answers: one row a seed; where nobody knows who is shown, each picture counts as a person of its own.
        steps: ``int64 [S]``, the step of the evaluation that was chosen for each; 0 where none is chosen.
        extra: how many pictures were added.
    """

    answers: Answers
    steps: np.ndarray
    extra: int


class Study(Base[Settings]):
    """One source of GAN pictures, one FER-2013, one setting, both protocols.

    Args:
        faces: FER-2013 or who plays it.
        source: registry name of what the GANs are trained on.
        settings: sizes, rates, amounts.
        seeds: of the classifiers; the GANs and DF-SVM take the first.
        mapper: runs or fetches units; ``Run.map`` in a notebook.
        weights: ``.safetensors`` files of whole networks by name, in place of ``settings.init``.

    Raises:
        UsageError: seeds are missing or come twice.
        FerError: the pictures do not suffice.
    """

    def __init__(
        self, faces: FaceSet, source: str, settings: Settings, seeds: Sequence[int], mapper: Mapper,
        weights: Mapping[str, Path] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(faces, settings, seeds, mapper)
        self.weights = dict(weights or {})
        self.target = target_faces(faces)
        self.source = source_faces(source, settings.mismatch, self.target, settings.gan_side)
        self._people = np.unique(self.target.subjects, return_inverse=True)[1]
        # Bound here, so that each study keeps its own.
        self.parts = cache(self._parts)
        self.extra = cache(self._extra)
        self.starts = cache(self._starts)
        self.gans = cache(self._gans)
        self._trained: dict[_Training, dict[str, np.ndarray]] = {}
        self._svms: dict[str, dict[str, Any]] = {}

    def _parts(self, protocol: str) -> Parts:
        return divide(self.target, self.settings, protocol)

    # -- the GANs ---------------------------------------------------------------------------------

    def _gans(self, kind: str) -> dict[str, dict[str, Any]]:
        """Trained GANs of one kind, by class; the CGAN is one for ``"all"``: :func:`steps.train_gan`."""
        settings, source = self.settings.gan(kind), self.source
        start = self.starts().get(self.settings.goes_on_from(kind))
        same: dict[str, Any] = {
            "start": start and {name: value for name, value in start.items() if name != "history"},
            "seed": self.seeds[0], "generated": self.settings.generated, "side": FACE_SIDE,
        }  # fmt: skip
        if kind == "cgan":
            conditioned = settings.but(n_classes=len(source.classes))
            # pandas hands out labels that may not be written to, which torch warns of.
            calls = [{"images": source.images, "labels": np.array(source.labels), "settings": conditioned, **same}]
            return {"all": self.mapper(steps.train_gan, calls, "training the CGAN")[0]}
        same |= {"labels": None, "settings": settings}
        # Another seed a class: GANs that start from one would draw the same faces from the same noise.
        calls = [
            {**same, "images": source.images[source.labels == code], "seed": self.seeds[0] + 1_000 * code}
            for code in range(len(source.classes))
        ]
        return dict(zip(source.classes, self.mapper(steps.train_gan, calls, f"training {GANS[kind]}s"), strict=True))

    def _starts(self) -> dict[str, dict[str, np.ndarray]]:
        """By kind, the GANs on all classes: :func:`steps.pretrain_gan`."""
        firsts = {kind: gan for kind in GANS if (gan := self.settings.gan_start(kind))}
        calls = [{"images": self.source.images, "settings": gan, "seed": self.seeds[0]} for gan in firsts.values()]
        return dict(zip(firsts, self.mapper(steps.pretrain_gan, calls, "training GANs on all classes"), strict=True))

    def before(self, kind: str) -> np.ndarray:
        """The history of the GAN from which those of a kind go on, ``float32 [steps, 4]``; without one no steps."""
        start = self.starts().get(self.settings.goes_on_from(kind))
        return start["history"] if start else np.zeros((0, len(HISTORY)), np.float32)

    def pictures(self, kind: str) -> Extra:
        """What a kind of GAN generated, labelled with the target's classes, class by class."""
        images = np.concatenate([gan["pictures"] for gan in self.gans(kind).values()])
        codes = [self.target.classes.index(label) for label in self.source.classes]
        return Extra(images, np.repeat(np.array(codes, np.int64), self.settings.generated))

    def source_pictures(self) -> Extra:
        """What the GANs were trained on, at the classifiers' size, labelled with the target's classes."""
        codes = np.array([self.target.classes.index(label) for label in self.source.classes])
        return Extra(resize(self.source.images, FACE_SIDE), codes[self.source.labels])

    def quality(self, space: str) -> pd.DataFrame:
        """One row a kind of GAN, and one for half of the people judged by the others: :func:`steps.judge_pictures`."""
        real, made = self.source_pictures(), {kind: self.pictures(kind) for kind in GANS}
        people = np.unique(self.source.subjects)
        call = {
            "real": real.images, "labels": real.labels, "half": np.isin(self.source.subjects, people[::2]),
            "made": np.concatenate([each.images for each in made.values()]),
            "made_labels": np.concatenate([each.labels for each in made.values()]),
            "kinds": np.repeat(list(made), [len(each.labels) for each in made.values()]),
            "judged": self.settings.judged, "searched": self.settings.searched, "space": space,
        }  # fmt: skip
        (quality,) = self.mapper(steps.judge_pictures, [call], "image quality")
        names = {**GANS, "real": "real, half of the people against the others"}
        columns = ["faces found %", "class read %", "KID", "variety", "nearest", "nearest, real", "copies"]
        return pd.DataFrame(
            [{"pictures": name} | {c: quality[kind][c] for c in columns} for kind, name in names.items()]
        )

    # -- the classifiers --------------------------------------------------------------------------

    def _extra(self, arm: str) -> Extra:
        if arm == "none":
            return NOTHING
        if arm in GANS:
            return self.pictures(arm)
        wanted = self.pictures("dcgan").labels
        if arm == "noise":
            return noise(wanted)
        if arm == "source":
            faces = self.source_pictures()
            rows = as_many(wanted, faces.labels, repeated=True)
            return Extra(faces.images[rows], faces.labels[rows])
        parts, images, labels = self.parts("published"), self.target.images, self.target.labels
        if arm == "mirrored":
            return mirrored(wanted, images[parts.train], labels[parts.train])
        # The reserve may not hold so many of a rare class: then all it has.
        rows = parts.reserve[as_many(wanted, labels[parts.reserve], repeated=False)]
        return Extra(images[rows], labels[rows])

    def rows(self, protocol: str) -> list[Row]:
        """The lines of Table 1 under a protocol. The paper's come first; the controls need equal steps.

        Without pictures in reserve there is no control with real ones.
        """
        papers = [Row(network, arm, "epochs") for network in NETWORKS for arm in PAPERS]
        if protocol == "published":
            return papers + [Row(network, "none", "steps") for network in NETWORKS]
        reserve = len(self.parts(protocol).reserve)
        controls = [arm for arm in ARMS if arm not in PAPERS and (arm != "real" or reserve)]
        rows = [row._replace(budget="steps") for row in papers]
        return rows + [Row(network, arm, "steps") for network in self.settings.controls for arm in controls]

    def schedule(self) -> steps.Schedule:
        """Evaluation points of all arms: equal steps, as many as the generated pictures lead to."""
        n_extra = len(self.source.classes) * self.settings.generated
        return steps.schedule(len(self.parts("published").train), n_extra, self.settings)

    def _course(self, row: Row) -> tuple[tuple[int, ...], int]:
        """The evaluation points of a row's training, and how many of them are the row's."""
        plan = self.schedule()
        if row.arm != "none" or row.budget == "steps":
            return plan.points, len(plan.points)
        return (plan.points if plan.prefix else plan.own), len(plan.own)

    def _training(self, row: Row, seed: int) -> _Training:
        return _Training(row.network, row.arm, self._course(row)[0], seed)

    def train(self, protocols: Sequence[str]) -> None:
        """Run what is not there yet of all rows' trainings, as one batch of units. One may serve both protocols."""
        rows = [row for protocol in protocols for row in self.rows(protocol)]
        # Seed by seed, so that a run that is stopped has compared all arms with some seeds.
        wanted = [self._training(row, seed) for seed in self.seeds for row in rows]
        new = [key for key in dict.fromkeys(wanted) if key not in self._trained]
        trained = self.mapper(steps.train_classifier, [self._call(key) for key in new], "training classifiers")
        self._trained.update(zip(new, trained, strict=True))

    def _call(self, key: _Training) -> dict[str, Any]:
        parts, extra, target = self.parts("published"), self.extra(key.arm), self.target
        return {
            "network": key.network,
            "images": np.concatenate([target.images[parts.train], extra.images]),
            "labels": np.concatenate([target.labels[parts.train], extra.labels]),
            "scored": target.images[np.concatenate([parts.public, parts.private])],
            "points": key.points,
            "settings": self.settings,
            "n_classes": len(target.classes),
            "seed": key.seed,
            "weights": self.weights.get(key.network),
        }

    def _predicted(self, row: Row, seed: int, protocol: str) -> tuple[np.ndarray, np.ndarray]:
        """What a row's network answers at its evaluation points: the protocol's PublicTest, and its PrivateTest."""
        self.train([protocol])
        asked, counted = self.parts("published"), self.parts(protocol)
        predicted = self._trained[self._training(row, seed)]["predicted"][: self._course(row)[1]]
        public, private = np.split(predicted, [len(asked.public)], axis=1)
        return public[:, np.isin(asked.public, counted.public)], private[:, np.isin(asked.private, counted.private)]

    def curves(self, row: Row, protocol: str) -> tuple[tuple[int, ...], np.ndarray]:
        """Evaluation points in steps, and the accuracy on PublicTest at each, ``float64 [L, S]``."""
        truth = self.target.labels[self.parts(protocol).public]
        public = [self._predicted(row, seed, protocol)[0] for seed in self.seeds]
        points, count = self._course(row)
        return points[:count], np.stack([(each == truth).mean(axis=1) for each in public], axis=1)

    def outcome(self, row: Row, protocol: str) -> Outcome:
        """One line of Table 1: each seed's answers on PrivateTest at the evaluation that the protocol chose."""
        parts, labels = self.parts(protocol), self.target.labels
        chosen = [
            steps.answers(
                *self._predicted(row, seed, protocol), labels[parts.public], labels[parts.private], protocol
            )
            for seed in self.seeds
        ]  # fmt: skip
        taken = np.array([self._course(row)[0][number] for _, number in chosen])
        extra = len(self.extra(row.arm).labels)
        return Outcome(self._answers(np.stack([given for given, _ in chosen]), parts.private), taken, extra)

    def _answers(self, predicted: np.ndarray, rows: np.ndarray) -> Answers:
        return Answers(self.target.labels[rows], predicted, self._people[rows], len(self.target.classes))

    def train_svms(self, protocols: Sequence[str]) -> None:
        """Run DF-SVM under those protocols under which it was not run yet, as one batch of units."""
        from fer_utils.papers.gan_augmentation.deep_svm import deep_feature_svm

        new = [protocol for protocol in protocols if protocol not in self._svms]
        trained = self.mapper(deep_feature_svm, [self._svm_call(protocol) for protocol in new], "DF-SVM")
        self._svms.update(zip(new, trained, strict=True))

    def _svm_call(self, protocol: str) -> dict[str, Any]:
        from fer_utils.papers.gan_augmentation.deep_svm import TRIO

        parts, target = self.parts(protocol), self.target
        held, scored = self._svm_rows(protocol)
        return {
            "images": target.images[parts.train], "labels": target.labels[parts.train],
            "held": target.images[held], "held_labels": target.labels[held],
            "scored": target.images[scored], "settings": self.settings,
            "n_classes": len(target.classes), "seed": self.seeds[0],
            "weights": {name: path for name, path in self.weights.items() if name in TRIO},
        }  # fmt: skip

    def _svm_rows(self, protocol: str) -> tuple[np.ndarray, np.ndarray]:
        """On which pictures DF-SVM is validated, and which it is scored on."""
        parts = self.parts(protocol)
        both = np.concatenate([parts.public, parts.private])
        return (both, both) if protocol == "published" else (parts.public, parts.private)

    def df_svm(self, protocol: str) -> tuple[Outcome, dict[str, list[float]]]:
        """DF-SVM under a protocol, and the validation accuracies of its networks during fine-tuning.

        ``published`` validates on both test parts and scores both, PublicTest first: the paper's 52.40 % are
        3,761 of 7,178 pictures. ``sound`` validates on PublicTest and scores PrivateTest.
        """
        self.train_svms([protocol])
        result, scored = self._svms[protocol], self._svm_rows(protocol)[1]
        tuned = {name: values for name, values in result.items() if name != "predicted"}
        tuned = {name.removesuffix(" accuracies"): values for name, values in tuned.items()}
        return Outcome(self._answers(result["predicted"][None], scored), np.array([0]), 0), tuned

    def audit(self, protocol: str) -> Leak:
        """What the scored pictures share with the training set, without what was added to it."""
        parts = self.parts(protocol)
        call = {"faces": self.target, "folds": [Fold("PrivateTest", parts.train, parts.private)]}
        (counted,) = self.mapper(audit_faces, [call], "leak audit")
        return Leak({"": LeakReport(**counted)})

    def data_table(self) -> pd.DataFrame:
        """How many pictures of each class play which part."""
        rows = [{"part": f"GANs are trained on ({self.source.name})", **_counts(self.source.table["label"])}]
        for protocol in PROTOCOLS:
            parts = self.parts(protocol)
            for name in ("train", "public", "private", "reserve"):
                labels = self.target.table["label"].iloc[getattr(parts, name)]
                rows.append({"part": f"{protocol}: {PARTS[name]}", **_counts(labels)})
        order = ["part", *self.target.classes, "total"]
        return pd.DataFrame(rows).reindex(columns=order).fillna(0).astype({name: int for name in order[1:]})


PARTS = {
    "train": "training", "public": "PublicTest", "private": "PrivateTest", "reserve": "Training pictures in reserve"
}  # fmt: skip


def _counts(labels: pd.Series) -> dict[str, int]:
    return {**labels.value_counts().to_dict(), "total": len(labels)}
