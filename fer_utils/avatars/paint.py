"""Skin, brows, lips, beard, creases and eyes, painted on the points of a mesh.

Everything is placed by where a point lies on the *mean, neutral* face (``place``, cm), so that paint stays on the
skin when a face moves. All functions take and give linear RGB, ``float64 [P,3]``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.interpolate import make_interp_spline

from fer_utils.avatars.hair import hair_cover
from fer_utils.avatars.people import Person

BROWS = (slice(17, 22), slice(22, 27))
OUTER_LIP = slice(48, 60)
EYE_CENTRES = np.array([[3.094, 3.614, 7.995], [-3.094, 3.614, 7.995]])
"""Centres of the two eyeballs of the mean face, left and right."""


class SkinPainter:
    """Paints head and neck. What depends on the mesh alone, or on the person alone, is worked out once.

    ``place [P,3]`` are the mesh's points on the mean face, ``landmarks [68,3]`` the 68 points there.
    """

    def __init__(self, place: np.ndarray, landmarks: np.ndarray) -> None:
        self._place, self._landmarks = place, landmarks
        self._folds = folds(place)
        self._lips = _lips(place, landmarks)
        self._last: tuple[str, np.ndarray, np.ndarray] | None = None

    def paint(self, person: Person, units: Mapping[int, float]) -> np.ndarray:
        """The colours of a person whose face does ``units`` (0–1 by action unit)."""
        if self._last is None or self._last[0] != person.name:
            self._last = (person.name, *self._still(person))
        _, colour, bare = self._last
        crease = crease_depth(self._folds, units, person.age) * bare
        return np.clip(colour * (1 - crease[:, None] * np.array([0.75, 0.9, 0.95])), 0.004, 0.95)

    def _still(self, person: Person) -> tuple[np.ndarray, np.ndarray]:
        """The colours without creases, and where bare skin can crease (0–1)."""
        place, landmarks, lips = self._place, self._landmarks, self._lips
        random = np.random.default_rng(person.texture)
        x, y, z = place.T
        side = np.abs(x)
        tone = np.tile(person.skin, (len(place), 1))
        tone *= 1 + 0.04 * patches(place, random, 0.8)[:, None] + 0.018 * patches(place, random, 4.0)[:, None]
        blush = 0.5 * _spot(place, (4.2, 0.2, 8.5), 1.9) + 0.45 * _spot(place, (0, 0.3, 13), 1.2)
        blush += 0.4 * _spot(place, (8.8, 1.5, -0.5), 2.0)
        tone *= 1 - blush[:, None] * np.array([0.02, 0.20, 0.17])
        shade = 0.22 * _spot(place, (3.1, 2.6, 9.2), 0.9) * (0.5 + person.age) + 0.18 * _spot(
            place, (3.1, 4.6, 9.3), 0.8
        )
        tone *= 1 - shade[:, None]
        dots = np.clip(patches(place, random, 9.0) - 0.9, 0, 1) * _spot(place, (2.6, 0.8, 9), 3.2)
        tone *= 1 - 0.45 * person.freckles * dots[:, None]

        tone = _mix(tone, person.lips, lips)
        hairs = 0.75 + 0.25 * np.clip(patches(place, random, 7.0), -1, 1)
        growth = (person.beard * _beard(x, y, z) + person.moustache * _moustache(x, y, z)) * hairs * (1 - lips)
        tone = _mix(tone, person.hair_colour * 0.9, np.clip(growth, 0, 0.92))
        # Fair brows would hardly be seen at this size.
        brow_colour = np.minimum(person.hair_colour * 0.7, person.skin * 0.4)
        for brow in BROWS:
            cover = _brow(place, landmarks[brow], person.brow_width) * hairs
            tone = _mix(tone, brow_colour, np.clip(cover * person.brow_strength, 0, 1) * (z > 3))
        tone = _mix(tone, person.skin * 0.12, 0.85 * person.lashes * _lid_margin(place, landmarks))
        hair = np.clip(hair_cover(place, person, -0.25), 0, 1)
        tone = _mix(tone, person.hair_colour, 0.9 * hair)
        collar = np.clip((-11.2 - 0.10 * (z + 2) + 0.045 * side**2 * (side < 7) - y) / 0.25, 0, 1)
        collar = np.maximum(collar, np.clip((-13.2 - y) / 0.2, 0, 1))
        return _mix(tone, person.clothes, collar), (1 - hair) * (1 - lips)


def folds(place: np.ndarray) -> dict[str, np.ndarray]:
    """Where the skin folds when a face moves, ``[P]`` 0–1 each; the model's own shapes are too smooth to show it."""
    x, y, z = place.T
    side, front = np.abs(x), z > 5

    def fold(distance: np.ndarray, width: float, inside: np.ndarray) -> np.ndarray:
        return np.exp(-((distance / width) ** 2)) * inside * front

    def soft(low: float, value: np.ndarray, high: float, edge: float = 0.5) -> np.ndarray:
        return np.clip((value - low) / edge, 0, 1) * np.clip((high - value) / edge, 0, 1)

    # From the wing of the nose to the mouth's corner and a little beyond.
    along = np.clip((0.2 - y) / 4.2, 0, 1)
    nasolabial = fold(side - (1.85 + 1.75 * along**0.9), 0.24, soft(-4.8, y, 0.4))
    chin = np.clip(patches(place, np.random.default_rng(7), 3.0), 0, 1) * _spot(place, (0, -6.2, 10.6), 1.1)
    return {
        "frown": fold(side - 0.55 - 0.05 * (y - 5), 0.17, soft(4.4, y, 7.6, 0.8)),
        "inner brow": sum(fold(y - height - 0.03 * side**2, 0.16, soft(-9, side, 2.8)) for height in (7.2, 8.2)),
        "outer brow": sum(
            fold(y - height + 0.02 * (side - 3) ** 2, 0.16, soft(1.4, side, 5.2)) for height in (7.2, 8.2)
        ),
        "nose root": sum(fold(y - height - 0.5 * side, 0.13, soft(-9, side, 1.4)) for height in (2.9, 3.5)),
        "nasolabial": nasolabial,
        "upper nasolabial": nasolabial * np.clip((y + 2.6) / 0.5, 0, 1),
        "crow's feet": sum(
            fold(y - 3.4 - slope * (side - 5.0), 0.13, soft(4.9, side, 6.5)) for slope in (0.35, 0.0, -0.35)
        ),
        "mouth corner": fold(side - 3.1 - 0.25 * (-3.8 - y), 0.22, soft(-5.8, y, -3.4)),
        "chin": chin,
        "dimple": fold(np.hypot(side - 3.5, y + 3.4), 0.35, side > 2.5),
    }


def crease_depth(where: Mapping[str, np.ndarray], units: Mapping[int, float], age: float) -> np.ndarray:
    """How much the skin darkens in its folds, ``[P]`` 0–0.6, for action units of 0–1 and an age of 0–1."""

    def level(*numbers: int) -> float:
        return max(units.get(number, 0.0) for number in numbers)

    old = 0.13 * age
    depths = {
        "frown": 0.42 * level(4),
        "inner brow": 0.3 * level(1) + old,
        "outer brow": 0.28 * level(2) + old,
        "nose root": 0.38 * level(9),
        "nasolabial": 0.3 * max(level(12, 6), 0.5 * level(14)) + old,
        "upper nasolabial": 0.3 * level(9, 10),
        "crow's feet": 0.25 * level(6) + old,
        "mouth corner": 0.3 * level(15),
        "chin": 0.3 * level(17),
        "dimple": 0.28 * level(14),
    }
    return np.clip(sum(depth * where[name] for name, depth in depths.items()), 0, 0.6)


def eyeball(place: np.ndarray, centre: np.ndarray, iris: np.ndarray) -> np.ndarray:
    """Pupil, iris with a dark rim, and a white that reddens towards its corners."""
    away = place - centre
    angle = np.degrees(np.arccos(np.clip(away[:, 2] / np.linalg.norm(away, axis=1), -1, 1)))
    white = np.array([0.72, 0.69, 0.66]) * (1 - 0.25 * np.clip((angle - 35) / 40, 0, 1))[:, None]
    white = white * np.where(angle[:, None] > 45, [1.0, 0.88, 0.86], 1.0)
    ring = np.clip((angle - 19) / 4, 0, 1)
    colour = _mix(np.tile(iris, (len(place), 1)), iris * 0.25, ring)
    colour = _mix(colour, np.full(3, 0.004), np.clip((10.5 - angle) / 2, 0, 1))
    return _mix(colour, white, np.clip((angle - 24.5) / 2, 0, 1))


def patches(place: np.ndarray, random: np.random.Generator, per_cm: float) -> np.ndarray:
    """A smooth random pattern, ``[P]``, mean 0 and deviation about 1, with ``per_cm`` radians a centimetre."""
    waves = random.normal(0, per_cm, (24, 3))
    return np.sqrt(2 / 24) * np.cos(place @ waves.T + random.uniform(0, 2 * np.pi, 24)).sum(axis=1)


def _mix(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = np.asarray(share, dtype=float)[:, None]
    return below * (1 - share) + above * share


def _spot(place: np.ndarray, centre: tuple[float, float, float], radius: float) -> np.ndarray:
    """A soft spot, on both sides of the face."""
    mirrored = np.column_stack([np.abs(place[:, 0]), place[:, 1:]])
    return np.exp(-(((mirrored - np.array(centre)) ** 2).sum(axis=1)) / radius**2)


def _polyline(points: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance to a polyline and how far along it (0–1) the nearest place is."""
    start, step = corners[:-1], np.diff(corners, axis=0)
    share = ((points[:, None] - start) * step).sum(-1) / (step**2).sum(-1)
    share = np.clip(share, 0, 1)
    apart = np.linalg.norm(points[:, None] - (start + share[..., None] * step), axis=-1)
    nearest = apart.argmin(axis=1)
    row = np.arange(len(points))
    return apart[row, nearest], (nearest + share[row, nearest]) / len(step)


def _smooth_curve(corners: np.ndarray, closed: bool = False) -> np.ndarray:
    if closed:
        corners = np.concatenate([corners, corners[:1]])
    spline = make_interp_spline(np.arange(len(corners)), corners, bc_type="periodic" if closed else None)
    return spline(np.linspace(0, len(corners) - 1, 8 * len(corners)))


def _brow(place: np.ndarray, points: np.ndarray, width: float) -> np.ndarray:
    if points[0, 0] > 0:
        points = points[::-1]
    curve = _smooth_curve(points[:, :2])
    near = (np.abs(place[:, 1] - points[:, 1].mean()) < 3) & (place[:, 2] > 3)
    cover = np.zeros(len(place))
    distance, along = _polyline(place[near][:, :2], curve)
    taper = np.clip(1.15 - 0.75 * (1 - along), 0, 1) * np.clip((1 - along) / 0.06 + 0.35, 0, 1)
    half = 0.5 * width * taper * 1.25
    cover[near] = np.clip((half - distance) / 0.16 + 0.5, 0, 1) * (0.55 + 0.45 * np.clip(along * 3, 0, 1))
    return cover


def _lips(place: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    outline = _smooth_curve(landmarks[OUTER_LIP, :2], closed=True)
    near = (np.abs(place[:, 0]) < 3.2) & (place[:, 1] < -1.8) & (place[:, 1] > -5.2) & (place[:, 2] > 8.5)
    cover = np.zeros(len(place))
    distance, _ = _polyline(place[near][:, :2], outline)
    inside = _within(place[near][:, :2], outline)
    cover[near] = np.clip(np.where(inside, distance, -distance) / 0.14 + 0.6, 0, 1)
    return cover


def _within(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    start, end = polygon[:-1], polygon[1:]
    x, y = points[:, :1], points[:, 1:]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    slope = (end[:, 0] - start[:, 0]) / np.where(end[:, 1] == start[:, 1], 1e-9, end[:, 1] - start[:, 1])
    return ((crosses & (x < start[:, 0] + slope * (y - start[:, 1]))).sum(axis=1) % 2).astype(bool)


def _lid_margin(place: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    cover = np.zeros(len(place))
    near = (np.abs(place[:, 1] - 3.5) < 1.3) & (place[:, 2] > 6.5) & (np.abs(place[:, 0]) < 5.5)
    for eye in (slice(36, 42), slice(42, 48)):
        upper = landmarks[eye][:4]
        distance, _ = _polyline(place[near], upper)
        cover[near] = np.maximum(cover[near], np.clip(1.3 - distance / 0.13, 0, 1))
    return cover


def _beard(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    side = np.abs(x)
    # The cheek's border runs from the sideburn in front of the ear down to the mouth's corner.
    border = np.interp(side, [0, 2.6, 3.4, 5.0, 6.6, 7.4], [-4.7, -3.9, -2.4, -1.6, 0.8, 3.5])
    cheek = np.clip((border - y) / 0.9, 0, 1)
    below = np.clip((y + 9.3) / 1.2, 0, 1) * np.clip((z - 0.4) / 0.8, 0, 1)
    return np.maximum(cheek * below, _moustache(x, y, z) * 0.9)


def _moustache(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    side = np.abs(x)
    top = -1.55 - 0.10 * side
    bottom = np.interp(side, [0, 2.4, 3.2, 3.6], [-2.75, -3.6, -4.4, -4.8])
    inside = np.clip((top - y) / 0.3, 0, 1) * np.clip((y - bottom) / 0.2 + 0.5, 0, 1)
    return inside * np.clip((3.4 - side) / 0.5, 0, 1) * (z > 7)
