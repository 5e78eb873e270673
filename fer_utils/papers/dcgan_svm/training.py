"""Which GANs a study trains: on whose pictures, from which weights, for how many steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from fer_utils.gans.checkpoint import NETWORKS
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.company import FIRST, Company


class Gans:
    """The GANs of a study; each is a unit, :func:`fer_utils.papers.dcgan_svm.protocol.train_gan`."""

    def __init__(self, study: Company) -> None:
        self.study = study
        self.first = cache(self._first)

    def call(self, role: str, unmet: Sequence[str] = (), seed: int | None = None) -> dict[str, Any]:
        """What the GAN on a role is trained with, without the people ``unmet``; the first seed unless told."""
        study, seed = self.study, self.study.seed if seed is None else seed
        start = self.first(seed) if self._goes_on(role, unmet) else None
        return {
            "images": study.pictures_without(role, unmet),
            "gan": study.settings.anew if start is None else study.settings.gan,
            "start": start,
            "seed": seed,
            "generated": study.settings.generated,
        }

    def _goes_on(self, role: str, unmet: Sequence[str]) -> bool:
        """Whether a role's GAN goes on from that on :data:`FIRST`: not where that had met who is tested."""
        study = self.study
        if study.settings.first_gan is None or FIRST not in study.cast:
            return False
        return not (unmet and study.shared(FIRST, role) & set(unmet))

    def _first(self, seed: int) -> dict[str, np.ndarray]:
        """Both networks' weights of the GAN from which others go on."""
        calls = [self._first_call(seed)]
        if seed == self.study.seed:
            # All others wait for it. What the trial wants beside it takes another core meanwhile.
            calls += [call for call in self._trial_calls() if call["gan"] != calls[0]["gan"]]
        stored = self.study.mapper(steps.train_gan, calls, "training the first GAN")[0]
        return _weights(stored)

    def _first_call(self, seed: int) -> dict[str, Any]:
        settings = self.study.settings
        images = self.study.role_faces(FIRST).images
        return {
            "images": images, "gan": settings.first_gan, "start": None, "seed": seed, "generated": settings.generated
        }  # fmt: skip

    @property
    def tried_on(self) -> str:
        """The role on which two optimisers are compared: CelebA's, or :attr:`Company.home`."""
        return FIRST if FIRST in self.study.cast else self.study.home

    def trial(self) -> dict[str, dict[str, Any]]:
        """The GAN on :attr:`tried_on` with each optimiser of :attr:`Settings.rivals`, for as many steps."""
        stored = self.study.mapper(steps.train_gan, self._trial_calls(), "trying two optimisers")
        return dict(zip(self.study.settings.rivals, stored, strict=True))

    def _trial_calls(self) -> list[dict[str, Any]]:
        study = self.study
        call = {
            "images": study.role_faces(self.tried_on).images, "start": None, "seed": study.seed,
            "generated": study.settings.generated,
        }  # fmt: skip
        return [{**call, "gan": gan} for gan in study.settings.rivals.values()]


def _weights(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value for name, value in stored.items() if name.partition("/")[0] in NETWORKS}
