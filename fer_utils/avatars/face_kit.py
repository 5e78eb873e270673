"""ICT-FaceKit's light face model: people and expressions as linear shapes of one mesh (Li et al., CVPR 2020).

The generator reads it from ``ict_facekit_light.npz``; :mod:`fer_utils.avatars.convert` makes that file of
the ``FaceXModel`` folder that its authors publish under the MIT licence. Lengths are centimetres; x points to the
avatar's left, y up and z out of the face.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fer_utils.errors import FerError
from fer_utils.files import UNREADABLE, read_npz

MODES = 100
"""Principal components of identity; their weights are unit normal."""
VERTICES = 26719

# Ranges of the model's quads (its README, "Face Model Topology").
SKIN_QUADS = (0, 11144)
LINING_QUADS = (11144, 13630)
"""Mouth socket and left eye socket; the right one follows to 14034."""
SOCKET_QUADS = (13630, 14034)
GUM_QUADS = (14034, 17006)
TOOTH_QUADS = (17006, 21496)
SCLERA_QUADS = {"L": (21496, 22296), "R": (23094, 23894)}
EYE_VERTICES = {"L": (21451, 23021), "R": (23021, 24591)}

LANDMARKS = np.array([
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509,
    978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360,
    1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841,
    5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
])  # fmt: skip
"""The vertices of the 68 Multi-PIE points, in their order (its README, "Facial Landmarks")."""


@dataclass(frozen=True, eq=False)
class FaceKit:
    """The model's arrays: ``neutral [V,3]``, ``quads [F,4]``, ``identity [100,V,3]``, ``expression`` by name."""

    neutral: np.ndarray
    quads: np.ndarray
    identity: np.ndarray
    expression: Mapping[str, np.ndarray]

    def person(self, weights: np.ndarray) -> np.ndarray:
        """The neutral face of a person, ``float64 [V,3]``; ``weights`` are those of the first identity modes."""
        modes = self.identity[: len(weights)].reshape(len(weights), -1).astype(np.float64)
        return self.neutral + (weights @ modes).reshape(-1, 3)

    def act(self, person: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
        """That person's face with expression shapes added, ``float64 [V,3]``."""
        points = person.copy()
        for name, weight in weights.items():
            if weight:
                points += weight * self.expression[name]
        return points

    def triangles(self, *ranges: tuple[int, int]) -> np.ndarray:
        """The quads of some ranges, each cut in two, ``int64 [T,3]``; a quad that was a triangle gives one."""
        quads = np.concatenate([self.quads[start:end] for start, end in ranges]).astype(np.int64)
        halves = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        return halves[(halves[:, 0] != halves[:, 1]) & (halves[:, 1] != halves[:, 2]) & (halves[:, 2] != halves[:, 0])]

    @cached_property
    def landmarks(self) -> np.ndarray:
        """The 68 points on the mean face, ``float64 [68,3]``."""
        return self.neutral[LANDMARKS]


def read_face_kit(path: Path) -> FaceKit:
    """Read the model.

    Raises:
        FerError: the file is not there, damaged or another model.
    """
    advice = (
        "The avatars' generator needs ICT-FaceKit's light model: get the folder FaceXModel from "
        "github.com/ICT-VGL/ICT-FaceKit and convert it with "
        "`python -m fer_utils.avatars.convert FaceXModel ict_facekit_light.npz`."
    )
    try:
        arrays = read_npz(path)
        neutral, identity, quads = arrays["neutral"].astype(np.float64), arrays["identity"], arrays["faces"]
        names = arrays["expression_names"].tolist()
        shapes = dict(zip(names, arrays["expression"].astype(np.float64), strict=True))
    except (*UNREADABLE, KeyError, ValueError) as error:
        raise FerError(f"{path} can't be read as the face model ({error}). {advice}") from error
    if neutral.shape != (VERTICES, 3) or identity.shape != (MODES, VERTICES, 3):
        raise FerError(f"{path} holds another model: {neutral.shape} vertices, {identity.shape} modes. {advice}")
    return FaceKit(neutral, quads, identity, shapes)
