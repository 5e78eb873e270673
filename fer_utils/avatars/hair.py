"""Hair: a cap that stands off the scalp, and for long hair a curtain that falls beside and behind the face."""

from __future__ import annotations

import numpy as np

from fer_utils.avatars.people import Person

CENTRE = np.array([0.0, 4.0, 0.5])
"""About the middle of the skull."""
THICKNESS = {"bald": 0.0, "cropped": 0.18, "short": 0.75, "full": 1.4, "long": 1.1}
"""How far the cap stands off, in cm."""

# The border of the hair at angles round the head, from the middle of the forehead (0°) over temple, sideburn and
# ear to the nape (180°), as a height in cm.
_ANGLES = np.array([0, 20, 38, 50, 60, 68, 76, 84, 92, 104, 116, 130, 150, 180])
_HEIGHTS = np.array([9.6, 9.7, 9.3, 8.0, 6.3, 5.2, 2.2, 2.4, 4.6, 4.8, 1.0, -3.0, -4.5, -5.0])


def hair_cover(place: np.ndarray, person: Person, inset: float = 0.0) -> np.ndarray:
    """How far above its border (in units of 0.7 cm, clipped to −1…1) a point of the mean face lies; bald: −1."""
    if person.hair == "bald":
        return np.full(len(place), -1.0)
    away = place - CENTRE
    angle = np.degrees(np.arctan2(np.abs(away[:, 0]), away[:, 2]))
    border = np.interp(angle, _ANGLES, _HEIGHTS) + person.hairline * np.clip(1 - angle / 60, 0, 1)
    random = np.random.default_rng(person.texture + 1)
    wobble = 0.25 * np.sin(angle * random.uniform(0.2, 0.5) + random.uniform(0, 6)) * (angle < 60)
    parting = random.uniform(-4, 4)
    swept = 0.6 * np.clip(1 - np.abs(away[:, 0] - parting) / 2.5, 0, 1) * (angle < 40)
    ears = (np.abs(place[:, 0]) > 7.9) & (place[:, 2] < 3) & (place[:, 1] < 4.9)
    cover = np.clip((place[:, 1] - border - wobble - swept + inset) / 0.7, -1, 1)
    return np.where(ears, -1.0, cover)


def cap(points: np.ndarray, place: np.ndarray, triangles: np.ndarray, person: Person) -> tuple[np.ndarray, np.ndarray]:
    """The part of the scalp that is covered, moved outwards: points ``[P,3]`` and triangles."""
    cover = hair_cover(place, person)
    random = np.random.default_rng(person.texture + 2)
    locks = np.sin(place @ random.normal(0, 1.1, (3, 8)) + random.uniform(0, 6, 8)).mean(axis=1)
    crown = 1 + 0.35 * np.clip((place[:, 1] - 9) / 5, 0, 1)
    away = place - CENTRE
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    lift = THICKNESS[person.hair] * crown * (1 + 0.45 * locks) * np.clip(cover, 0, 1) ** 0.5
    raised = points + away * (lift - 0.06 * (cover <= 0))[:, None]
    return raised, triangles[(cover[triangles] > -0.15).any(axis=1)]


def curtain(person: Person, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Long hair below the cap: points ``[P,3]`` and triangles; ``scale`` is the head's width against the mean's."""
    random = np.random.default_rng(person.texture + 3)
    reach, wave = random.uniform(-15, -8), random.uniform(0.15, 0.5)
    angles = np.radians(np.linspace(62, 298, 160))
    heights = np.linspace(7.5, reach, 40)
    angle, height = np.meshgrid(angles, heights)
    down = (7.5 - height) / (7.5 - reach)
    phase = random.uniform(0, 6)
    ripple = 0.22 * np.sin(23 * angle + phase) + wave * np.sin(9 * angle + 4 * down + phase)
    wide = (8.6 + 1.2 * np.sin(np.pi * np.clip(down * 1.3, 0, 1)) + 0.8 * down) * scale + ripple * down
    deep = 9.4 + 0.8 * down + ripple * down
    x, z = wide * np.sin(angle), deep * np.cos(angle) - 0.4
    points = np.stack([x, height, z], -1).reshape(-1, 3)
    index = np.arange(angle.size).reshape(angle.shape)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack([a, d, b], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    return points, triangles


def hair_paint(place: np.ndarray, person: Person) -> np.ndarray:
    """Strands in lighter and darker shades, linear RGB ``[P,3]``."""
    random = np.random.default_rng(person.texture + 4)
    away = place - CENTRE
    angle = np.arctan2(away[:, 0], away[:, 2])
    strands = sum(
        np.sin(angle * turns + away[:, 1] * random.normal(0, 0.3) + random.uniform(0, 6)) for turns in (37, 59, 83)
    )
    return person.hair_colour * (1 + 0.12 * strands)[:, None]
