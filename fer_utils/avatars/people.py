"""Who the avatars are: a face shape, a skin, hair and brows, and a manner of acting, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_utils.avatars.acting import Manner, draw_manner
from fer_utils.avatars.face_kit import MODES

# Colours are linear RGB reflectances, 0–1.
SKIN_TONES = np.array([
    [0.80, 0.60, 0.50], [0.72, 0.49, 0.37], [0.61, 0.38, 0.26], [0.47, 0.27, 0.17],
    [0.32, 0.17, 0.10], [0.19, 0.10, 0.06], [0.10, 0.052, 0.034],
])  # fmt: skip
"""From very light to very dark, in about equal steps for the eye."""
HAIR_COLOURS = {
    "black": (0.012, 0.010, 0.009), "dark brown": (0.035, 0.020, 0.012), "brown": (0.10, 0.055, 0.028),
    "auburn": (0.16, 0.055, 0.022), "blond": (0.42, 0.28, 0.13), "grey": (0.33, 0.32, 0.31),
}  # fmt: skip
IRIS_COLOURS = {
    "dark brown": (0.030, 0.015, 0.008), "brown": (0.10, 0.05, 0.02), "hazel": (0.17, 0.12, 0.04),
    "green": (0.13, 0.20, 0.10), "blue": (0.15, 0.27, 0.42), "grey": (0.22, 0.27, 0.30),
}  # fmt: skip
LIGHT_IRISES, DARK_IRISES = (0.15, 0.2, 0.15, 0.15, 0.2, 0.15), (0.7, 0.25, 0.05, 0, 0, 0)
"""Shares of the iris colours with lighter and with darker skin."""
CLOTHES = (
    (0.03, 0.04, 0.07),
    (0.25, 0.05, 0.05),
    (0.08, 0.16, 0.25),
    (0.35, 0.35, 0.36),
    (0.07, 0.18, 0.11),
    (0.5, 0.45, 0.35),
)
HAIR_STYLES = ("bald", "cropped", "short", "full", "long")


@dataclass(frozen=True, eq=False)
class Person:
    """An avatar.

    Attributes:
        name: such as ``"A01"``.
        identity: weights of the face model's identity modes, ``float64 [100]``.
        skin, lips, hair_colour, iris, clothes: linear RGB.
        hair: one of :data:`HAIR_STYLES`; ``hairline`` shifts its front border, in cm.
        brow_width: in cm; ``brow_strength``, ``beard`` (0 shaven, 0.3 stubble, 1 full), ``freckles``, ``age``: 0–1.
        texture: the seed of skin and hair patterns.
    """

    name: str
    identity: np.ndarray
    skin: np.ndarray
    lips: np.ndarray
    hair_colour: np.ndarray
    iris: np.ndarray
    clothes: np.ndarray
    hair: str
    hairline: float
    brow_width: float
    brow_strength: float
    beard: float
    moustache: float
    freckles: float
    age: float
    lashes: float
    texture: int
    manner: Manner


def draw_person(name: str, random: np.random.Generator, place: float) -> Person:
    """A new person; ``place`` (0–1) is where on the scale of skin tones, so that a cast covers it evenly."""
    where = np.clip(place + random.normal(0, 0.04), 0, 1) * (len(SKIN_TONES) - 1)
    lower = min(int(where), len(SKIN_TONES) - 2)
    share = where - lower
    skin = SKIN_TONES[lower] ** (1 - share) * SKIN_TONES[lower + 1] ** share
    skin = skin * np.exp(random.normal(0, [0.03, 0.05, 0.07]))
    bearded = random.random() < 0.5
    age = float(random.beta(1.3, 2.2))
    styles = ("bald", "cropped", "short", "full") if bearded else ("short", "full", "long", "long")
    lips = skin * (np.array([0.92, 0.66, 0.68]) if bearded else np.array([0.98, 0.50, 0.55]))
    return Person(
        name=name,
        identity=random.normal(0, 1.15, MODES),
        skin=skin,
        lips=lips * random.uniform(0.85, 1.05),
        hair_colour=_hair_colour(place, age, random),
        iris=_choice(IRIS_COLOURS, LIGHT_IRISES if place < 0.4 else DARK_IRISES, random),
        clothes=np.array(CLOTHES[random.integers(len(CLOTHES))]),
        hair=str(random.choice(styles)),
        hairline=float(random.normal(0, 0.5) + (0.8 * age if bearded else 0)),
        brow_width=float(random.uniform(0.42, 0.68) if bearded else random.uniform(0.28, 0.45)),
        brow_strength=float(random.uniform(0.7, 0.97)),
        beard=float(random.choice([0, 0.15, 0.35, 0.8], p=[0.25, 0.3, 0.25, 0.2])) if bearded else 0.0,
        moustache=float(random.choice([0, 0.7], p=[0.75, 0.25])) if bearded else 0.0,
        freckles=float(random.uniform(0.3, 1)) if place < 0.35 and random.random() < 0.35 else 0.0,
        age=age,
        lashes=float(random.uniform(0.2, 0.6) if bearded else random.uniform(0.6, 1.0)),
        texture=int(random.integers(2**31)),
        manner=draw_manner(random),
    )  # fmt: skip


def _hair_colour(place: float, age: float, random: np.random.Generator) -> np.ndarray:
    if age > 0.65 and random.random() < 0.7:
        return np.array(HAIR_COLOURS["grey"]) * random.uniform(0.6, 1.2)
    shares = (0.1, 0.2, 0.25, 0.15, 0.3, 0) if place < 0.4 else (0.55, 0.35, 0.1, 0, 0, 0)
    return _choice(HAIR_COLOURS, shares, random)


def _choice(
    colours: dict[str, tuple[float, float, float]], shares: tuple[float, ...], random: np.random.Generator
) -> np.ndarray:
    return np.array(colours[str(random.choice(list(colours), p=shares))]) * np.exp(random.normal(0, 0.15))
