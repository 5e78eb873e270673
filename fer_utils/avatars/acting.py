"""Acting by the Facial Action Coding System: an emotion is a set of action units, never the same one twice.

Du, Tao & Martinez (PNAS 2014, Table 1) list for each emotion the action units (AUs) that nearly everybody shows and
those that only some people show. An avatar draws, once, which of the second kind belong to its own way of showing an
emotion and how strongly its face moves; each take draws its intensity, drops or adds a unit now and then and lets
the two halves of the face differ. So the action units are known for every picture and are no function of the emotion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_utils.datasets.avatar_shoots import ACTION_UNITS


@dataclass(frozen=True)
class Prototype:
    """AUs of an emotion: shown by nearly all, and by some with the share of people given."""

    always: Mapping[int, float]
    some: Mapping[int, tuple[float, float]]


# Always: AU -> intensity at full strength. Some: AU -> (share of people, intensity). From Du, Tao & Martinez, Table 1,
# come all of `always` but contempt's and these of `some`: 10, 17, 23 for anger, 4, 24 for disgust, 2, 5, 26 for fear,
# 6 for happiness, 1, 6, 17 for sadness, 5 for surprise. Contempt is AU 14 on one side (Ekman & Friesen 1986), with
# AU 12 as in the fourth paper's Table VI. The other optional units and all intensities are ours.
PROTOTYPES = {
    "neutral": Prototype({}, {}),
    "anger": Prototype({4: 1.0, 7: 0.8, 24: 0.8}, {10: (0.26, 0.5), 17: (0.52, 0.6), 23: (0.29, 0.7), 5: (0.3, 0.5)}),
    "contempt": Prototype({14: 1.0}, {12: (0.45, 0.35), 2: (0.2, 0.4), 24: (0.25, 0.3)}),
    "disgust": Prototype({9: 1.0, 10: 0.7, 17: 0.5}, {4: (0.31, 0.6), 24: (0.26, 0.4), 7: (0.4, 0.6)}),
    "fear": Prototype({1: 0.9, 4: 0.6, 20: 0.9, 25: 0.6}, {2: (0.57, 0.6), 5: (0.63, 0.9), 26: (0.33, 0.6)}),
    "happiness": Prototype({12: 1.0, 25: 0.6}, {6: (0.51, 0.9), 26: (0.2, 0.4)}),
    "sadness": Prototype(
        {4: 0.6, 15: 1.0}, {1: (0.6, 0.9), 6: (0.5, 0.4), 17: (0.67, 0.7), 43: (0.3, 0.35), 25: (0.12, 0.3)}
    ),
    "surprise": Prototype({1: 0.9, 2: 0.9, 25: 0.5, 26: 0.8}, {5: (0.66, 0.8), 27: (0.25, 0.6)}),
}

STRAY_UNITS = (1, 2, 4, 7, 12, 14, 15, 17, 18, 24, 25, 26)
"""What a face does now and then whatever it feels."""

# AU -> the model's shapes and their weights. `*` stands for both sides. After the table in ICT-FaceKit's README, with
# one change: the upper lip raiser (10) is mouthUpperUp, since mouthShrugUpper lifts the lower lip with it.
SHAPES: Mapping[int, Mapping[str, float]] = {
    1: {"browInnerUp_*": 1.1},
    2: {"browOuterUp_*": 0.8},
    4: {"browDown_*": 1.35},
    5: {"eyeWide_*": 1.3},
    6: {"cheekSquint_*": 0.8, "cheekRaiser_*": 0.5, "eyeSquint_*": 0.5},
    7: {"eyeSquint_*": 1.3, "eyeBlink_*": 0.12},
    9: {"noseSneer_*": 1.0, "browDown_*": 0.35},
    10: {"mouthUpperUp_*": 0.8},
    12: {"mouthSmile_*": 1.15},
    14: {"mouthDimple_*": 1.5, "mouthSmile_*": 0.4},
    15: {"mouthFrown_*": 1.35},
    17: {"mouthShrugLower": 0.75},
    18: {"mouthPucker": 0.8},
    20: {"mouthStretch_*": 1.1},
    22: {"mouthFunnel": 0.8},
    23: {"mouthPress_*": 0.6, "mouthPucker": 0.3},
    24: {"mouthPress_*": 0.9, "mouthRollLower": 0.25, "mouthRollUpper": 0.25},
    25: {"mouthLowerDown_*": 0.7, "mouthUpperUp_*": 0.4},
    26: {"jawOpen": 0.42},
    27: {"jawOpen": 0.55},
    43: {"eyeBlink_*": 0.7},
}


@dataclass(frozen=True)
class Manner:
    """One person's way of acting: the optional units they use, how strongly each moves and how lopsided it is."""

    optional: Mapping[str, frozenset[int]]
    strength: Mapping[int, float]
    lopsided: Mapping[int, float]
    contempt_side: str


@dataclass(frozen=True)
class Performance:
    """What a face does in one picture: ``units`` holds every AU's intensity, 0–1; ``shapes`` the model's weights."""

    units: Mapping[int, float]
    shapes: Mapping[str, float]


def draw_manner(random: np.random.Generator) -> Manner:
    """How a new person acts."""
    optional = {
        emotion: frozenset(unit for unit, (share, _) in prototype.some.items() if random.random() < share)
        for emotion, prototype in PROTOTYPES.items()
    }
    strength = {unit: float(np.clip(random.normal(0.95, 0.17), 0.5, 1.3)) for unit in ACTION_UNITS}
    lopsided = {unit: float(np.clip(random.normal(0, 0.12), -0.35, 0.35)) for unit in ACTION_UNITS}
    return Manner(optional, strength, lopsided, "L" if random.random() < 0.5 else "R")


def perform(emotion: str, intensity: float, manner: Manner, random: np.random.Generator) -> Performance:
    """One picture's action units and the shapes that show them.

    Args:
        emotion: one of :data:`CLASSES`.
        intensity: 0 (nothing to be seen) to 1 (as strong as it gets).
        manner: the person's.
        random: the take's.
    """
    prototype = PROTOTYPES[emotion]
    units = {unit: level * intensity for unit, level in prototype.always.items()}
    for unit, (_, level) in prototype.some.items():
        # A take may leave out what its person usually shows, and show what it usually does not.
        if random.random() < (0.8 if unit in manner.optional[emotion] else 0.12):
            units[unit] = level * intensity
    for unit in list(units):
        # The unit that makes the emotion (12 for happiness, 9 for disgust …) is never left out.
        if random.random() < 0.08 and prototype.always.get(unit, 0) < max(prototype.always.values()):
            del units[unit]
    for unit in STRAY_UNITS:
        if unit not in units and random.random() < 0.035:
            units[unit] = float(random.uniform(0.1, 0.45))
    return _shown({unit: level * float(random.uniform(0.75, 1.15)) for unit, level in units.items()}, manner, emotion)


def scale(performance: Performance, share: float) -> Performance:
    """The same performance at a share (0–1) of its strength: a frame of the way there or back."""
    units = {unit: level * share for unit, level in performance.units.items()}
    return Performance(units, {name: weight * share for name, weight in performance.shapes.items()})


def _shown(units: Mapping[int, float], manner: Manner, emotion: str) -> Performance:
    levels = {unit: float(np.clip(units.get(unit, 0.0) * manner.strength[unit], 0, 1)) for unit in ACTION_UNITS}
    shapes: dict[str, float] = {}
    for unit, level in levels.items():
        one_sided = emotion == "contempt" and unit in (12, 14)
        for name, weight in SHAPES[unit].items():
            for side in ("L", "R") if "*" in name else ("",):
                lean = manner.lopsided[unit] * {"L": 1, "R": -1, "": 0}[side]
                share = (1.0 if side == manner.contempt_side else 0.1) if one_sided and side else 1 + lean
                full = name.replace("*", side)
                shapes[full] = shapes.get(full, 0.0) + level * weight * share
    # Two units that move the same shape (6 and 7 both narrow the eye) do not add up beyond what skin can do.
    return Performance(levels, {name: min(weight, 1.35) for name, weight in shapes.items() if weight > 0})
