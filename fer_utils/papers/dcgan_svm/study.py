"""The experiments of the paper with one cast of data sets, and what the notebook compares beyond the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.cast import Role
from fer_utils.papers.dcgan_svm.company import Company
from fer_utils.papers.dcgan_svm.experiments import (
    AU7_ONLY,
    AU_EXPERIMENTS,
    Experiment,
    has_coded_units,
    units_as_coded,
    units_by_rule,
)
from fer_utils.papers.dcgan_svm.features import CONTROLS
from fer_utils.papers.dcgan_svm.outcomes import Detection, Recognition, joined
from fer_utils.papers.dcgan_svm.settings import Settings
from fer_utils.papers.dcgan_svm.training import Gans
from fer_utils.papers.finding import Leak
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.splits import Fold

BY_RULE, AS_ACTED = "by the rule", "as acted"
"""Where the labels of action units come from: the emotion and Table VI, or what was coded or acted."""


class Ask(NamedTuple):
    """Emotions of a role's pictures, from the features of one GAN.

    Attributes:
        gan: the role whose pictures the GAN saw, or one of :data:`CONTROLS`.
        role: whose pictures the SVM is asked about.
        protocol: one of :data:`PROTOCOLS`.
        feature: another one of :data:`FEATURES`; ``""``: that of the settings.
        seed: of the GAN; ``None``: the first.
        level: whether batch-norm statistics are those of :attr:`Study.reference`'s pictures, for comparisons.
    """

    gan: str
    role: str
    protocol: str
    feature: str = ""
    seed: int | None = None
    level: bool = False


class Study(Company):
    """The paper's experiments with one cast of data sets, one setting, both protocols.

    ``faces`` are those of :attr:`home`; :meth:`role_faces` gives the other roles'.

    Args:
        cast: who plays which role, from :func:`fer_utils.papers.dcgan_svm.cast.cast`.
        settings: GAN and SVM.
        seeds: the first one draws weights, folds and the search's settings; the others are compared with it by
            :class:`fer_utils.papers.dcgan_svm.comparison.Comparison` alone.
        mapper: runs or fetches units; ``Run.map`` in a notebook.

    Raises:
        UsageError: seeds are missing or come twice.
        FerError: this cast can play none of the emotion experiments, or its pictures cannot be read.
    """

    def __init__(self, cast: Mapping[str, Role], settings: Settings, seeds: Sequence[int], mapper: Mapper) -> None:
        super().__init__(cast, settings, seeds, mapper)
        # Bound here, so that each study keeps its own; hundreds of numbers ask for one role's audit.
        self._reports = cache(self._audit_folds)
        self.gans = Gans(self)

    def train_gans(self, protocols: Sequence[str] = PROTOCOLS) -> dict[str, dict[str, Any]]:
        """A GAN trained on all pictures of each role that an experiment or a comparison wants one of.

        Where ``protocols`` has ``sound``, those that :meth:`parts` asks for are trained along with them, and so are
        those of the other seeds: features ask for them again, one by one.
        """
        pairs = [(each.gan, each.test) for each in self.experiments()]
        pairs += [(role, self.home) for role in self.trained]
        calls: dict[Any, dict[str, Any]] = {gan: self.gans.call(gan) for gan, _ in pairs}
        roles = list(calls)
        if "sound" in protocols:
            for gan, role in dict.fromkeys(pairs):
                calls |= {(gan, *unmet): self.gans.call(gan, unmet) for _, unmet in self.parts(gan, role, "sound")}
        calls |= {
            (seed, gan, *unmet): self.gans.call(gan, unmet, seed)
            for seed in self.seeds[1:]
            for gan in self.trained
            for protocol in protocols
            for _, unmet in self.parts(gan, self.home, protocol)
        }
        stored = dict(zip(calls, self.mapper(steps.train_gan, list(calls.values()), "training GANs"), strict=True))
        return {role: stored[role] for role in roles}

    def parts(self, gan: str, role: str, protocol: str) -> list[tuple[list[Fold], tuple[str, ...]]]:
        """A protocol's folds over a role, shared out among GANs, and the people whom each GAN must not have met.

        One GAN that may have met everybody; or, under ``sound`` where it would meet who is tested, two:
        every other fold is answered by a GAN that saw only the people of the folds between.
        So each sees about half of the people, and together they cost what one costs.
        """
        folds = self.folds(role, protocol)
        if protocol == "published" or not self.has_met(gan, role):
            return [(folds, ())]
        people = self.role_faces(role).subjects.astype(str)
        tested = [np.concatenate([fold.test for fold in half]) for half in (folds[::2], folds[1::2])]
        return [(folds[start::2], tuple(np.unique(people[rows]).tolist())) for start, rows in enumerate(tested)]

    def features(self, ask: Ask, role: str, unmet: Sequence[str] = ()) -> np.ndarray:
        """Features of a role's pictures from a discriminator or a control, ``float32 [N, D]``.

        Args:
            ask: which; its own role is not looked at.
            role: whose pictures to describe.
            unmet: people left out of what it saw.
        """
        images, gan = self.role_faces(role).images, self.settings.gan
        seed = self.seed if ask.seed is None else ask.seed
        feature = ask.feature or self.settings.feature
        level = self.pictures_without(self.reference, unmet if self.shared(self.reference, ask.role) else ())
        if ask.gan in CONTROLS:
            call = {"control": ask.gan, "images": images, "gan": gan, "feature": feature, "seed": seed, "seen": level}
            return self.mapper(steps.extract_control, [call], ask.gan)[0]["features"]
        title = f"GAN on {self.titles[ask.gan]}"
        (stored,) = self.mapper(steps.train_gan, [self.gans.call(ask.gan, unmet, seed)], title)
        prefix = "discriminator/"
        weights = {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}
        # Radford's pooled features want statistics of what the GAN saw; the paper says nothing of the others.
        seen = self.pictures_without(ask.gan, unmet) if feature == "pooled" else None
        call = {"weights": weights, "images": images, "gan": gan, "feature": feature}
        call["seen"] = level if ask.level else seen
        return self.mapper(steps.extract, [call], "features")[0]["features"]

    def folds(self, role: str, protocol: str) -> list[Fold]:
        """The protocol's folds over a role's pictures."""
        faces = self.role_faces(role)
        if role == "ck":
            # Enhanced CK has no emotions to balance random folds by.
            faces = FaceSet(faces.name, faces.images, faces.table.assign(label="all"), ("all",))
        return steps.make_folds(faces, protocol, self.settings.folds, self.seed)

    def recognise(self, wanted: Sequence[Ask]) -> list[Recognition]:
        """Emotion SVMs, a unit for each of :meth:`parts`."""
        calls, owners = [], []
        for place, ask in enumerate(wanted):
            for folds, unmet in self.parts(ask.gan, ask.role, ask.protocol):
                owners.append(place)
                call = self.described(ask, unmet) | {"folds": folds, "protocol": ask.protocol}
                calls.append({**call, "settings": self.settings, "seed": self.seed})
        answers: list[list[dict[str, Any]]] = [[] for _ in wanted]
        for place, answered in zip(owners, self.mapper(steps.recognise, calls, "emotion SVMs"), strict=True):
            answers[place].append(answered)
        return [joined(self.role_faces(ask.role), parts) for ask, parts in zip(wanted, answers, strict=True)]

    def described(self, ask: Ask, unmet: Sequence[str]) -> dict[str, np.ndarray]:
        """``features`` of a role's pictures, their ``labels``, and ``groups``: whose they are, by number."""
        faces = self.role_faces(ask.role)
        people = np.unique(faces.subjects.astype(str), return_inverse=True)[1]
        return {"features": self.features(ask, ask.role, unmet), "labels": faces.labels, "groups": people}

    def emotions(self, protocol: str) -> dict[int, Recognition]:
        """All emotion experiments under one protocol."""
        experiments = self.emotion_experiments()
        recognised = self.recognise([Ask(each.gan, each.train, protocol) for each in experiments.values()])
        return dict(zip(experiments, recognised, strict=True))

    def units(self, role: str, coded: bool) -> np.ndarray:
        """Action units of a role's pictures, ``bool [N, 14]``: as coded, or from the emotion by Table VI."""
        return units_as_coded(self.role_faces(role)) if coded else units_by_rule(self.role_faces(role))

    def detect(self, wanted: Sequence[tuple[Experiment, str, bool]]) -> list[Detection]:
        """Action-unit SVMs for ``(experiment, protocol, coded)``, a unit for each of :meth:`parts`.

        ``coded``: RaFD's action units as acted (avatars know them) and not by Table VI.
        Between two sets everything of one is training and everything of the other is tested.
        """
        calls, owners, tested = [], [], []
        for place, (experiment, protocol, coded) in enumerate(wanted):
            roles = list(dict.fromkeys([experiment.train, experiment.test]))
            shown = np.concatenate([self.units(role, coded or role == "ck") for role in roles])
            count = len(shown) - len(self.role_faces(experiment.test))
            for folds, unmet in self.parts(experiment.gan, experiment.test, protocol):
                if len(roles) == 2:
                    rows = count + np.concatenate([fold.test for fold in folds])
                    folds = [Fold("all of one set, these of the other", np.arange(count), rows)]
                owners.append(place)
                ask = Ask(experiment.gan, experiment.test, protocol)
                features = np.concatenate([self.features(ask, role, unmet) for role in roles])
                calls.append({"features": features, "labels": shown, "folds": folds})
            tested.append((shown[count:], self.role_faces(experiment.test).subjects))
        scores = [np.full(shown.shape, np.nan) for shown, _ in tested]
        for place, stored in zip(owners, self.mapper(steps.detect, calls, "action-unit SVMs"), strict=True):
            answered = stored["scores"][-len(scores[place]) :]
            scores[place] = np.where(np.isnan(answered), scores[place], answered)
        return [Detection(shown, answered, people) for (shown, people), answered in zip(tested, scores, strict=True)]

    def action_units(self, protocol: str) -> dict[int, Detection]:
        """All action-unit experiments under one protocol."""
        experiments = self.au_experiments()
        detected = self.detect([(each, protocol, False) for each in experiments.values()])
        return dict(zip(experiments, detected, strict=True))

    def au7_only(self, protocol: str) -> tuple[Detection, Detection] | None:
        """A GAN that saw AU7 frames only: answers for tested frames, and for the SVM's own training frames.

        ``None``: nobody plays enhanced CK with coded action units.
        """
        if 1 not in self.au_experiments():
            return None
        (tested,) = self.detect([(AU7_ONLY, protocol, False)])
        shown, everyone = self.units("ck", coded=True), np.arange(len(self.role_faces("ck")))
        call = {"features": self.features(Ask(AU7_ONLY.gan, "ck", protocol), "ck"), "labels": shown}
        (own,) = self.mapper(steps.detect, [{**call, "folds": [Fold("itself", everyone, everyone)]}], "AU7 on training")
        return tested, Detection(shown, own["scores"], self.role_faces("ck").subjects)

    def rule_and_acting(self, protocol: str) -> dict[str, Detection]:
        """Experiment 2 with labels :data:`BY_RULE` and :data:`AS_ACTED`; empty where nobody coded action units."""
        if 2 not in self.au_experiments() or not has_coded_units(self.faces):
            return {}
        cases = {BY_RULE: False, AS_ACTED: True}
        detected = self.detect([(AU_EXPERIMENTS[2], protocol, coded) for coded in cases.values()])
        return dict(zip(cases, detected, strict=True))

    def _audit_folds(self, role: str) -> dict[str, LeakReport]:
        """The leak audit of both protocols' folds over a role's pictures."""
        calls = [{"faces": self.role_faces(role), "folds": self.folds(role, protocol)} for protocol in PROTOCOLS]
        stored = self.mapper(audit_faces, calls, "leak audit")
        return {protocol: LeakReport(**report) for protocol, report in zip(PROTOCOLS, stored, strict=True)}

    def audit(self, protocol: str, experiment: Experiment | None = None) -> Leak:
        """What an experiment's test pictures share with the SVM's training, and whether the GAN saw them.

        ``None``: GAN and SVM both on the pictures of :attr:`home`.
        """
        each = experiment or Experiment(self.home, self.home, self.home)
        within = each.train == each.test
        remarks = [] if within else ["SVM trained on another set"]
        if protocol == "published" and self.has_met(each.gan, each.test):
            remarks.append("the GAN saw the tested pictures")
        return Leak({"": self._reports(each.test)[protocol]} if within else {}, "; ".join(remarks))

    def quality(self, space: str) -> dict[str, dict[str, float]]:
        """Table VII for each role's GAN: :func:`steps.judge_pictures`."""
        roles = list(dict.fromkeys(each.gan for each in self.experiments()))
        gans = self.mapper(steps.train_gan, [self.gans.call(role) for role in roles], "training GANs")
        calls = []
        for role, gan in zip(roles, gans, strict=True):
            faces = self.role_faces(role)
            people = np.unique(faces.subjects)
            labels = np.array(faces.labels) if len(faces.classes) > 1 else None
            half = np.isin(faces.subjects, people[::2])
            call = {"real": faces.images, "labels": labels, "half": half, "generated": gan["pictures"], "space": space}
            calls.append({**call, "judged": self.settings.judged, "searched": self.settings.searched})
        return dict(zip(roles, self.mapper(steps.judge_pictures, calls, "image quality"), strict=True))
