"""The experiments of the paper with one cast of data sets, and what the notebook compares beyond the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.cast import Role, faces_of
from fer_utils.papers.dcgan_svm.experiments import (
    ACTION_UNITS,
    AU7_ONLY,
    AU_EXPERIMENTS,
    EMOTION_EXPERIMENTS,
    EMOTION_TO_UNITS,
    ROLES,
    Experiment,
    has_coded_units,
    units_as_coded,
    units_by_rule,
)
from fer_utils.papers.dcgan_svm.features import CONTROLS, UNTRAINED
from fer_utils.papers.dcgan_svm.outcomes import Detection, Recognition, joined
from fer_utils.papers.dcgan_svm.settings import FEATURES, OPTIMISERS, Settings
from fer_utils.papers.finding import Leak
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.papers.study import Study as Base
from fer_utils.splits import Fold

BY_RULE, AS_ACTED = "by the rule", "as acted"
"""Where the labels of action units come from: the emotion and Table VI, or what was coded or acted."""


class Study(Base[Settings]):
    """The paper's experiments with one cast of data sets, one setting, both protocols.

    ``faces`` are those of :attr:`home`; :meth:`role_faces` gives the other roles'.

    Args:
        cast: who plays which role, from :func:`fer_utils.papers.dcgan_svm.cast.cast`.
        settings: GAN and SVM.
        seeds: the first one draws weights, folds and the search's settings; the others are not used.
        mapper: runs or fetches units; ``Run.map`` in a notebook.

    Raises:
        UsageError: seeds are missing or come twice.
        FerError: this cast can play none of the emotion experiments, or its pictures cannot be read.
    """

    def __init__(self, cast: Mapping[str, Role], settings: Settings, seeds: Sequence[int], mapper: Mapper) -> None:
        self.cast = cast
        # Bound here, so that each study keeps its own faces; hundreds of numbers ask for one role's audit.
        self.role_faces, self._reports = cache(self._role_faces), cache(self._audit_folds)
        if not self.emotion_experiments():
            have = ", ".join(sorted({role.dataset for role in cast.values()})) or "nothing"
            raise FerError(
                f"none of the paper's emotion experiments can be run with {have} alone; they need faces labelled with "
                f"emotions in the role of RaFD, RAF-DB, KDEF or SFEW. `python -m fer_utils data` says what is here."
            )
        super().__init__(self.role_faces(self.home), settings, seeds, mapper)
        self.seed = self.seeds[0]

    @property
    def home(self) -> str:
        """The role on which features are compared: frontal RaFD, or the first that emotions are tested on."""
        tested = [each.test for each in self.emotion_experiments().values()]
        return "frontal" if "frontal" in tested else tested[0]

    def _role_faces(self, role: str) -> FaceSet:
        if role == AU7_ONLY.gan:
            whole = self.role_faces("ck")
            return whole.select(units_as_coded(whole)[:, ACTION_UNITS.index(7)])
        if role not in self.cast:
            raise FerError(f"nobody plays {ROLES[role]} here")
        return faces_of(self.cast[role])

    @property
    def titles(self) -> dict[str, str]:
        """What tables and figures call each role: the paper's name of it, or of who plays it instead."""
        return {role: name if role not in self.cast else self.cast[role].title or name for role, name in ROLES.items()}

    def _playable(self, experiment: Experiment) -> bool:
        return {experiment.gan, experiment.train, experiment.test} <= set(self.cast)

    def emotion_experiments(self) -> dict[int, Experiment]:
        """Those of Section 4-A that this cast can play."""
        return {number: each for number, each in EMOTION_EXPERIMENTS.items() if self._playable(each)}

    def au_experiments(self) -> dict[int, Experiment]:
        """Those of Section 4-B that this cast can play: enhanced CK with coded action units, RaFD with emotions."""
        playable = {number: each for number, each in AU_EXPERIMENTS.items() if self._playable(each)}
        return {number: each for number, each in playable.items() if self._has_units({each.train, each.test})}

    def _has_units(self, roles: Set[str]) -> bool:
        coded = "ck" not in roles or has_coded_units(self.role_faces("ck"))
        return coded and ("frontal" not in roles or set(self.role_faces("frontal").classes) <= set(EMOTION_TO_UNITS))

    def experiments(self) -> list[Experiment]:
        """All that this cast can play."""
        return [*self.emotion_experiments().values(), *self.au_experiments().values()]

    def gans(self, protocols: Sequence[str] = PROTOCOLS) -> dict[str, dict[str, Any]]:
        """A GAN trained on all pictures of each role that an experiment wants one of: :func:`steps.train_gan`.

        Where ``protocols`` has ``sound``, those that :meth:`parts` asks for are trained along with them.
        """
        wanted = self.experiments()
        calls: dict[Any, dict[str, Any]] = {each.gan: self._gan_call(each.gan, ()) for each in wanted}
        roles = list(calls)
        if "sound" in protocols:
            for gan, role in dict.fromkeys((each.gan, each.test) for each in wanted):
                calls |= {(gan, *unmet): self._gan_call(gan, unmet) for _, unmet in self.parts(gan, role, "sound")}
        stored = dict(zip(calls, self.mapper(steps.train_gan, list(calls.values()), "training GANs"), strict=True))
        return {role: stored[role] for role in roles}

    def _gan_call(self, role: str, unmet: Sequence[str]) -> dict[str, Any]:
        images, settings = self._pictures_without(role, unmet), self.settings
        return {"images": images, "settings": settings, "seed": self.seed, "generated": settings.generated}

    def trial(self) -> dict[str, dict[str, Any]]:
        """The GAN on :attr:`home` with each of :data:`OPTIMISERS`, for about ``trial_steps`` steps."""
        steps_an_epoch = max(1, len(self.faces) // self.settings.batch_size)
        epochs = max(1, round(self.settings.trial_steps / steps_an_epoch))
        calls = [
            {**self._gan_call(self.home, ()), "settings": self.settings.but(optimiser=name, epochs=epochs)}
            for name in OPTIMISERS
        ]
        return dict(zip(OPTIMISERS, self.mapper(steps.train_gan, calls, "trying both beta1"), strict=True))

    def _pictures_without(self, role: str, people: Sequence[str]) -> np.ndarray:
        faces = self.role_faces(role)
        return faces.images[~np.isin(faces.subjects.astype(str), people)]

    def has_met(self, gan: str, role: str) -> bool:
        """Whether a GAN, or a control that learns from pictures, would see the very people of a role."""
        if gan in CONTROLS:
            return gan == UNTRAINED
        datasets = [self.cast["ck" if each == AU7_ONLY.gan else each].dataset for each in (gan, role)]
        # Names of people mean nothing across data sets.
        return datasets[0] == datasets[1] and bool(
            set(self.role_faces(gan).subjects) & set(self.role_faces(role).subjects)
        )

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

    def features(self, gan: str, role: str, settings: Settings | None = None, unmet: Sequence[str] = ()) -> np.ndarray:
        """Features of a role's pictures from the discriminator that saw ``gan``'s, ``float32 [N, D]``.

        Args:
            gan: the role whose pictures it saw, or a control.
            role: whose pictures to describe.
            settings: with another ``feature`` they read the same GAN.
            unmet: people left out of what it saw.
        """
        images, settings = self.role_faces(role).images, settings or self.settings
        if gan in CONTROLS:
            call = {"control": gan, "images": images, "settings": settings, "seed": self.seed}
            call["seen"] = self._pictures_without(role, unmet)
            return self.mapper(steps.extract_control, [call], gan)[0]["features"]
        (stored,) = self.mapper(steps.train_gan, [self._gan_call(gan, unmet)], f"GAN on {self.titles[gan]}")
        prefix = "discriminator/"
        weights = {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}
        seen = self._pictures_without(gan, unmet)
        call = {"weights": weights, "images": images, "settings": settings, "seen": seen}
        return self.mapper(steps.extract, [call], "features")[0]["features"]

    def folds(self, role: str, protocol: str) -> list[Fold]:
        """The protocol's folds over a role's pictures."""
        faces = self.role_faces(role)
        if role == "ck":
            # Enhanced CK has no emotions to balance random folds by.
            faces = FaceSet(faces.name, faces.images, faces.table.assign(label="all"), ("all",))
        return steps.make_folds(faces, protocol, self.settings.folds, self.seed)

    def recognise(self, wanted: Sequence[tuple[str, str, str]], feature: str | None = None) -> list[Recognition]:
        """Emotion SVMs for ``(GAN's role or control, SVM's role, protocol)``, a unit for each of :meth:`parts`."""
        settings = self.settings.but(feature=feature or self.settings.feature)
        calls, owners = [], []
        for place, (gan, role, protocol) in enumerate(wanted):
            faces = self.role_faces(role)
            for folds, unmet in self.parts(gan, role, protocol):
                owners.append(place)
                calls.append(
                    {
                        "features": self.features(gan, role, settings, unmet),
                        "labels": faces.labels,
                        "groups": np.unique(faces.subjects.astype(str), return_inverse=True)[1],
                        "folds": folds,
                        "protocol": protocol,
                        "settings": settings,
                        "seed": self.seed,
                    }
                )
        answers: list[list[dict[str, Any]]] = [[] for _ in wanted]
        for place, answered in zip(owners, self.mapper(steps.recognise, calls, "emotion SVMs"), strict=True):
            answers[place].append(answered)
        return [joined(self.role_faces(role), parts) for (_, role, _), parts in zip(wanted, answers, strict=True)]

    def emotions(self, protocol: str) -> dict[int, Recognition]:
        """All emotion experiments under one protocol."""
        experiments = self.emotion_experiments()
        recognised = self.recognise([(each.gan, each.train, protocol) for each in experiments.values()])
        return dict(zip(experiments, recognised, strict=True))

    @property
    def trained(self) -> list[str]:
        """Roles whose GAN is compared with :data:`CONTROLS` on the pictures of :attr:`home`."""
        roles = {each.gan for each in self.experiments()}
        return [role for role in dict.fromkeys(("ck", "celeba", self.home)) if role in roles]

    def way(self, name: str) -> str:
        """What tables and figures call a way to get features: a role's GAN or one of :data:`CONTROLS`."""
        return name if name in CONTROLS else f"DCGAN on {self.titles[name]}"

    def controls(self, protocol: str) -> dict[str, Recognition]:
        """Emotions of :attr:`home` from each GAN of :attr:`trained` and from each of :data:`CONTROLS`."""
        ways = [*self.trained, *CONTROLS]
        return dict(zip(ways, self.recognise([(way, self.home, protocol) for way in ways]), strict=True))

    def layers(self, protocol: str) -> dict[str, Recognition]:
        """Emotions of :attr:`home` from the first GAN of :attr:`trained`, by where its features are taken."""
        wanted = [(self.trained[0], self.home, protocol)]
        return {feature: self.recognise(wanted, feature)[0] for feature in FEATURES}

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
                features = np.concatenate([self.features(experiment.gan, role, unmet=unmet) for role in roles])
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
        call = {"features": self.features(AU7_ONLY.gan, "ck"), "labels": shown}
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

    def quality(self, space: str) -> dict[str, float]:
        """Table VII for the GAN trained on the pictures of :attr:`home`: :func:`steps.judge_pictures`."""
        (gan,) = self.mapper(steps.train_gan, [self._gan_call(self.home, ())], f"GAN on {self.titles[self.home]}")
        call = {"real": self.faces.images, "labels": self.faces.labels, "generated": gan["pictures"], "space": space}
        return self.mapper(steps.judge_pictures, [call], "image quality")[0]

    def data_table(self) -> pd.DataFrame:
        """Table I for this cast: a row a role."""
        rows = []
        for role, player in self.cast.items():
            faces = self.role_faces(role)
            rows.append(
                {
                    "role": ROLES[role],
                    "played by": player.dataset,
                    "called": self.titles[role],
                    "images": len(faces),
                    "people": faces.table["subject"].nunique(),
                    "classes": len(faces.classes),
                    "faces by": player.detector,
                }
            )
        return pd.DataFrame(rows)
