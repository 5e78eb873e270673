"""Who plays which role, whom the roles share, and what can be played: the cast of a study at work."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence, Set
from functools import cache

import numpy as np
import pandas as pd

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.dcgan_svm.cast import Role, at_most, faces_of, joined_faces
from fer_utils.papers.dcgan_svm.experiments import (
    ACTION_UNITS,
    AU7_ONLY,
    AU_EXPERIMENTS,
    EMOTION_EXPERIMENTS,
    EMOTION_TO_UNITS,
    EVERYONE,
    ROLES,
    Experiment,
    has_coded_units,
    units_as_coded,
)
from fer_utils.papers.dcgan_svm.features import CONTROLS, UNTRAINED
from fer_utils.papers.dcgan_svm.settings import Settings
from fer_utils.papers.study import Mapper
from fer_utils.papers.study import Study as Base

FIRST = "celeba"
"""The role of other people, whose GAN all others go on from where the settings say so."""


class Company(Base[Settings], ABC):
    """One cast of data sets, its faces and its people. Arguments and errors are those of the study."""

    def __init__(self, cast: Mapping[str, Role], settings: Settings, seeds: Sequence[int], mapper: Mapper) -> None:
        self.cast, self.settings = cast, settings
        # Bound here, so that each keeps its own faces.
        self.role_faces = cache(self._role_faces)
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
        if role == EVERYONE:
            return joined_faces([self.role_faces(each) for each in self.others])
        if role not in self.cast:
            raise FerError(f"nobody plays {ROLES[role]} here")
        return at_most(faces_of(self.cast[role]), self.settings.most)

    @property
    def others(self) -> list[str]:
        """Roles that share nobody with :attr:`home`: together they are :data:`EVERYONE`."""
        return [role for role in self.cast if not self.shared(role, self.home)]

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

    def pictures_without(self, role: str, people: Sequence[str]) -> np.ndarray:
        """A role's pictures, ``uint8 [N, 64, 64, 3]``, but those of some people."""
        faces = self.role_faces(role)
        return faces.images[~np.isin(faces.subjects.astype(str), people)]

    def shared(self, one: str, other: str) -> set[str]:
        """People of both roles.

        Names mean nothing across data sets, so roles from different ones share nobody; but all avatars' sets name the
        same avatars alike.
        """
        people = [set(self.role_faces(each).subjects.astype(str)) for each in (one, other)]
        return people[0] & people[1] if self._names(one) & self._names(other) else set()

    def _names(self, role: str) -> set[str]:
        """Where a role's names of people come from."""
        if role == EVERYONE:
            return set().union(*(self._names(each) for each in self.others))
        dataset = self.cast["ck" if role == AU7_ONLY.gan else role].dataset
        return {"avatars" if dataset.startswith("avatars_") else dataset}

    def has_met(self, gan: str, role: str) -> bool:
        """Whether a GAN, or a control that learns from pictures, would see the very people of a role.

        The untrained discriminator learns nothing but the batch-norm statistics of :meth:`reference`'s pictures.
        """
        if gan in CONTROLS:
            return gan == UNTRAINED and bool(self.shared(self.reference, role))
        return bool(self.shared(gan, role))

    @property
    def reference(self) -> str:
        """The role whose pictures set the batch-norm statistics where discriminators are compared.

        CelebA's, of other people, or, where nobody plays it, :attr:`home`. Untrained and trained ones take the same.
        """
        return FIRST if FIRST in self.cast else self.home

    @property
    def trained(self) -> list[str]:
        """Roles whose GAN is compared with :data:`CONTROLS` on the pictures of :attr:`home`.

        :data:`EVERYONE`'s is ours and would double the paper's 300 epochs, so it is trained by steps only.
        """
        wanted = {each.gan for each in self.experiments()} | (
            {EVERYONE} if self.settings.steps and len(self.others) > 1 else set()
        )
        return [role for role in (EVERYONE, FIRST, "ck", self.home) if role in wanted]

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
