"""The whole experiment on one pair of data sets, and the units that compute it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.answers import Answers
from fer_utils.papers.finding import Leak
from fer_utils.papers.gan_augmentation import protocol as steps
from fer_utils.papers.gan_augmentation.arms import ARMS, NOTHING, PAPERS, Extra, control
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


class Outcome(NamedTuple):
    """What the networks of one line of Table 1 answer on PrivateTest.

    Attributes:
        answers: one row a seed; every picture counts as a person of its own.
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
        weights: ``.weights.h5`` files of whole networks by name, in place of ``settings.init``.

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
        # Bound here, so that each study keeps its own.
        self.parts = cache(self._parts)
        self.extra = cache(self._extra)
        self.starts = cache(self._starts)
        self.gans = cache(self._gans)
        self._trained: dict[tuple[str, str, str, int], dict[str, np.ndarray]] = {}

    def _parts(self, protocol: str) -> Parts:
        return divide(self.target, self.settings.train_images, self.settings.test_images, protocol)

    # -- the GANs ---------------------------------------------------------------------------------

    def _gans(self, kind: str) -> dict[str, dict[str, Any]]:
        """Trained GANs of one kind, by class; the CGAN is one for ``"all"``: :func:`steps.train_gan`.

        All draw from the same noise. Where those of each class go on from one GAN, the same noise gives much the
        same face in every class.
        """
        settings, source = self.settings.gan(kind), self.source
        same: dict[str, Any] = {"seed": self.seeds[0], "generated": self.settings.generated, "side": FACE_SIDE}
        if kind == "cgan":
            conditioned = settings.but(n_classes=len(source.classes))
            # pandas hands out labels that may not be written to, which torch warns of.
            calls = [{"images": source.images, "labels": np.array(source.labels), "settings": conditioned,
                      "start": None, **same}]  # fmt: skip
            return {"all": self.mapper(steps.train_gan, calls, "training the CGAN")[0]}
        same |= {"labels": None, "settings": settings, "start": self.starts().get(kind)}
        calls = [{"images": source.images[source.labels == code], **same} for code in range(len(source.classes))]
        return dict(zip(source.classes, self.mapper(steps.train_gan, calls, f"training {GANS[kind]}s"), strict=True))

    def _starts(self) -> dict[str, dict[str, np.ndarray]]:
        """By kind, the weights from which the GANs of each class go on: :func:`steps.pretrain_gan`."""
        firsts = {kind: gan for kind in GANS if (gan := self.settings.gan_start(kind))}
        calls = [{"images": self.source.images, "settings": gan, "seed": self.seeds[0]} for gan in firsts.values()]
        return dict(zip(firsts, self.mapper(steps.pretrain_gan, calls, "training GANs on all classes"), strict=True))

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

    def _extra(self, arm: str, protocol: str) -> Extra:
        if arm == "none":
            return NOTHING
        if arm in GANS:
            return self.pictures(arm)
        wanted = self.pictures("dcgan").labels
        return control(arm, wanted, self.target.images, self.target.labels, self.parts(protocol))

    def rows(self, protocol: str) -> list[Row]:
        """The lines of Table 1 under a protocol. The paper's come first; the controls need equal steps.

        Without pictures in reserve there is no control with real ones.
        """
        papers = [Row(network, arm, "epochs") for network in NETWORKS for arm in PAPERS]
        if protocol == "published":
            return papers + [Row(network, "none", "steps") for network in NETWORKS]
        controls = [arm for arm in ARMS if arm not in PAPERS and (arm != "real" or len(self.parts(protocol).reserve))]
        rows = [row._replace(budget="steps") for row in papers]
        return rows + [Row(network, arm, "steps") for network in self.settings.controls for arm in controls]

    def schedule(self, protocol: str) -> steps.Schedule:
        """Evaluation points of all arms: equal steps, as many as the generated pictures lead to."""
        n_extra = len(self.source.classes) * self.settings.generated
        return steps.schedule(len(self.parts(protocol).train), n_extra, self.settings)

    def train(self, protocols: Sequence[str]) -> None:
        """Run what is not there yet of all rows' trainings, as one batch of units."""
        wanted = [
            (row.network, row.arm, protocol, seed)
            for protocol in protocols
            for row in self.rows(protocol)
            for seed in self.seeds
        ]
        new = [key for key in dict.fromkeys(wanted) if key not in self._trained]
        trained = self.mapper(steps.train_classifier, [self._call(*key) for key in new], "training classifiers")
        self._trained.update(zip(new, trained, strict=True))

    def _call(self, network: str, arm: str, protocol: str, seed: int) -> dict[str, Any]:
        parts, extra, target = self.parts(protocol), self.extra(arm, protocol), self.target
        tested = np.concatenate([parts.public, parts.private])
        return {
            "network": network,
            "images": np.concatenate([target.images[parts.train], extra.images]),
            "labels": np.concatenate([target.labels[parts.train], extra.labels]),
            "scored": target.images[tested],
            "points": self.schedule(protocol).points,
            "settings": self.settings,
            "n_classes": len(target.classes),
            "seed": seed,
            "weights": self.weights.get(network),
        }

    def curves(self, row: Row, protocol: str) -> np.ndarray:
        """Accuracy on PublicTest at each evaluation point, ``float64 [L, S]``."""
        self.train([protocol])
        truth = self.target.labels[self.parts(protocol).public]
        runs = [self._trained[(row.network, row.arm, protocol, seed)]["predicted"] for seed in self.seeds]
        return np.stack([(run[:, : len(truth)] == truth).mean(axis=1) for run in runs], axis=1)

    def outcome(self, row: Row, protocol: str) -> Outcome:
        """One line of Table 1: each seed's answers on PrivateTest at the evaluation that the protocol chose."""
        self.train([protocol])
        parts, plan, labels = self.parts(protocol), self.schedule(protocol), self.target.labels
        shorter = row.arm == "none" and row.budget == "epochs"
        allowed = plan.own if shorter else len(plan.points)
        chosen = [
            steps.answers(
                self._trained[(row.network, row.arm, protocol, seed)]["predicted"],
                labels[parts.public], labels[parts.private], protocol, allowed,
            )
            for seed in self.seeds
        ]  # fmt: skip
        taken = np.array([plan.points[number] for _, number in chosen])
        extra = len(self.extra(row.arm, protocol).labels)
        return Outcome(self._answers(np.stack([predicted for predicted, _ in chosen]), parts), taken, extra)

    def _answers(self, predicted: np.ndarray, parts: Parts) -> Answers:
        truth = self.target.labels[parts.private]
        return Answers(truth, predicted, np.arange(len(truth)), len(self.target.classes))

    def df_svm(self, protocol: str) -> tuple[Outcome, dict[str, list[float]]]:
        """DF-SVM under a protocol, and the validation accuracies of its networks during fine-tuning."""
        from fer_utils.papers.gan_augmentation.deep_svm import TRIO, deep_feature_svm

        parts, target = self.parts(protocol), self.target
        held = parts.private if protocol == "published" else parts.public
        call = {
            "images": target.images[parts.train], "labels": target.labels[parts.train],
            "held": target.images[held], "held_labels": target.labels[held],
            "scored": target.images[parts.private], "settings": self.settings,
            "n_classes": len(target.classes), "seed": self.seeds[0],
            "weights": {name: path for name, path in self.weights.items() if name in TRIO},
        }  # fmt: skip
        (result,) = self.mapper(deep_feature_svm, [call], f"DF-SVM, {protocol}")
        tuned = {name: result[f"{name} accuracies"] for name in TRIO[:2]}
        return Outcome(self._answers(result["predicted"][None], parts), np.array([0]), 0), tuned

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
