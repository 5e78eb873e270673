"""Who plays whom: avatars in the parts of a data set's people."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from fer_utils.datasets.avatar_shoots import DATASETS, landmarks
from fer_utils.faces import FaceSet

SEED = 2026


def stream(*words: object) -> np.random.Generator:
    """The random numbers that belong to some words, such as a file's name: adding a picture changes no other."""
    return np.random.default_rng([SEED, zlib.crc32(" ".join(map(str, words)).encode())])


@dataclass(frozen=True)
class Look:
    """What makes another person of an avatar: mirrored or not, wider or narrower, in other light.

    ``stretch`` multiplies the width and divides the height; ``tint`` multiplies red, green and blue.
    """

    mirrored: bool = False
    stretch: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def gaze(self, seen: str) -> str:
        """Where the avatar must look so that the look shows the gaze ``seen``."""
        return {"left": "right", "right": "left"}.get(seen, seen) if self.mirrored else seen

    def angle(self, seen: int) -> int:
        """From which side the avatar must be taken so that the look is seen from ``seen`` (90 is frontal)."""
        return 180 - seen if self.mirrored else seen


def look(avatar: str, number: int) -> Look:
    """An avatar's ``number``-th look. The first is as rendered, every second one mirrored."""
    if number == 0:
        return Look()
    random = stream("look", avatar, number)
    brightness = random.normal(0, 0.08)
    tint = np.exp(brightness + random.normal(0, 0.03, 3))
    return Look(bool(number % 2), float(random.uniform(0.92, 1.09)), tuple(tint.tolist()))


@dataclass(frozen=True)
class Role:
    """An avatar in one look plays one person of a data set; ``number`` counts the people from 0."""

    avatar: str
    look: Look
    number: int


def cast(people: Sequence[str], avatars: Sequence[str]) -> dict[str, Role]:
    """A role for each person. Nobody plays twice in the same look, and all play once before one plays twice."""
    roles = {}
    for number, person in enumerate(people):
        avatar = avatars[number % len(avatars)]
        roles[person] = Role(avatar, look(avatar, number // len(avatars)), number)
    return roles


class Shoot:
    """One shoot of the avatars, to choose pictures from.

    Attributes:
        table: as in :mod:`fer_utils.avatars`.
        images: ``uint8 [N,160,160,3]``.
        points: the 68 landmarks, ``float32 [N,68,2]``, in pixels.
        people: the avatars' names, sorted.
    """

    def __init__(self, faces: FaceSet) -> None:
        self.table, self.images = faces.table, faces.images
        self.points = np.ascontiguousarray(landmarks(faces))
        self.people = tuple(sorted(self.table["subject"].unique()))
        self._found: dict[tuple, np.ndarray] = {}

    def rows(self, **wanted: object) -> np.ndarray:
        """Positions of the pictures whose columns have the values wanted, in the shoot's order.

        Raises:
            LookupError: there is none.
        """
        key = tuple(sorted(wanted.items()))
        if key not in self._found:
            match = np.logical_and.reduce([self.table[column] == value for column, value in key])
            self._found[key] = np.flatnonzero(match)
        if not len(self._found[key]):
            raise LookupError(f"no avatar with {wanted}")
        return self._found[key]

    def row(self, number: int, **wanted: object) -> int:
        """The ``number``-th of :meth:`rows`, counted round and round."""
        rows = self.rows(**wanted)
        return int(rows[number % len(rows)])


@cache
def shoot(name: str) -> Shoot:
    """A shipped shoot, such as ``"studio"``."""
    return Shoot(DATASETS[name].load(None, True))
