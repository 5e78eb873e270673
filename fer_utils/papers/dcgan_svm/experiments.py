"""What the paper tries, as data: which faces train the GAN, which the SVM, and which test it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fer_utils.faces import FaceSet

ROLES = {
    "ck": "enhanced CK",
    "celeba": "CelebA",
    "frontal": "RaFD frontal",
    "views": "RaFD multi-view",
    "raf": "RAF-DB",
    "kdef": "KDEF",
    "sfew": "SFEW",
    "au7": "enhanced CK with AU7",
    "everyone": "all who are not tested",
}
"""The parts that data sets play, and the paper's name of who played them.

The last but one is cut from the first. The last is ours: all roles together that share nobody with the tested one.
"""
EVERYONE = "everyone"


class Experiment(NamedTuple):
    """The roles of the GAN's pictures, of the SVM's training pictures and of its test pictures."""

    gan: str
    train: str
    test: str

    def text(self, names: Mapping[str, str] = ROLES) -> str:
        """``GAN: CelebA, SVM: RaFD frontal``, with other names of the roles where given."""
        svm = names[self.train] if self.train == self.test else f"{names[self.train]} -> {names[self.test]}"
        return f"GAN: {names[self.gan]}, SVM: {svm}"


EMOTION_EXPERIMENTS = {
    1: Experiment("ck", "frontal", "frontal"),
    2: Experiment("celeba", "frontal", "frontal"),
    3: Experiment("ck", "views", "views"),
    4: Experiment("views", "views", "views"),
    5: Experiment("frontal", "frontal", "frontal"),
    6: Experiment("raf", "raf", "raf"),
    7: Experiment("kdef", "kdef", "kdef"),
    8: Experiment("sfew", "sfew", "sfew"),
}
"""Section 4-A and Table II."""

AU_EXPERIMENTS = {
    1: Experiment("ck", "ck", "ck"),
    2: Experiment("ck", "frontal", "frontal"),
    3: Experiment("celeba", "ck", "ck"),
    4: Experiment("celeba", "ck", "frontal"),
    5: Experiment("celeba", "frontal", "ck"),
    6: Experiment("celeba", "frontal", "frontal"),
    7: Experiment("ck", "ck", "frontal"),
    8: Experiment("ck", "frontal", "ck"),
}
"""Section 4-B and Table V."""

AU7_ONLY = Experiment("au7", "ck", "ck")
"""Section 4-B1: a DCGAN that saw only frames with AU7, tested on AU7."""

ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 12, 15, 17, 23, 24, 25, 27)
"""Section 4-B1."""

EMOTION_TO_UNITS = {
    "happiness": (6, 12, 25),
    "sadness": (1, 4, 15, 17),
    "fear": (1, 2, 5, 15, 25),
    "surprise": (1, 2, 5, 25, 27),
    "anger": (4, 5, 7, 17, 23, 24),
    "disgust": (9, 15, 17, 25),
    "contempt": (12,),
    "neutral": (),
}
"""Table VI. Neutral is not in it; that it shows no action unit is our reading."""

PAPER_NAMES = {
    "anger": "angry",
    "contempt": "contemptuous",
    "disgust": "disgusted",
    "fear": "fearful",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
"""Our class names to those of Table II."""

VISIBLE = 0.2
"""An avatar's action unit counts as shown from this intensity: about FACS grade B, slight."""


def units_by_rule(faces: FaceSet) -> np.ndarray:
    """Table VI: action units as the emotion says, ``bool [N, 14]``.

    Since the emotion decides, units that the same emotions share are one and the same label: 7,
    23 and 24 are "angry", 6 is "happy", 9 "disgusted", 27 "surprised".
    """
    shown = {name: [unit in units for unit in ACTION_UNITS] for name, units in EMOTION_TO_UNITS.items()}
    return np.array([shown[label] for label in faces.table["label"]], bool).reshape(len(faces), len(ACTION_UNITS))


def units_as_coded(faces: FaceSet) -> np.ndarray:
    """The action units that were coded (enhanced CK) or acted (avatars), ``bool [N, 14]``.

    Coders grade in whole numbers and count every trace; an avatar's intensity runs from 0 to 1
    and counts from :data:`VISIBLE`.
    """
    levels = faces.table[[f"au_{unit}" for unit in ACTION_UNITS]].to_numpy(float)
    return levels >= VISIBLE


def has_coded_units(faces: FaceSet) -> bool:
    """Whether the table says which action units are shown."""
    return all(f"au_{unit}" in faces.table for unit in ACTION_UNITS)
