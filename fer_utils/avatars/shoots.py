"""The call sheets: who is photographed, doing what, from where and in which light.

Six shoots come of one seed. Every person and every picture has a random stream of its own, named by words, so that
adding a picture changes no other.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fer_utils.avatars.acting import Performance, perform, scale
from fer_utils.avatars.camera import SIDE, Camera, Pose
from fer_utils.avatars.develop import Development
from fer_utils.avatars.people import Person, draw_person
from fer_utils.avatars.render import Lamp, Light, Shot
from fer_utils.datasets.avatar_shoots import CLASSES, CLIP_CLASSES, TAKE_CLASSES

SEED = 2026
STUDIO_PEOPLE, VIEW_PEOPLE, CLIP_PEOPLE, WILD_PEOPLE, CROWD = 24, 10, 10, 110, 240
GAZES = {"left": 22.0, "frontal": 0.0, "right": -22.0}
"""Where the eyes look, in degrees to the picture's left, which is the avatar's right."""
ANGLES = {0: -90.0, 45: -45.0, 90: 0.0, 135: 45.0, 180: 90.0}
"""Camera positions by RaFD's names and as azimuths."""
CLIP_SHARES = (0.0, 0.25, 0.65, 1.0, 0.95, 0.5, 0.1)
CLIP_PHASES = ("neutral", "onset", "onset", "apex", "apex", "offset", "offset")
CLIPS = 2
WILD_TAKES = 4
TAKES = 4
TAKE_SIDE = 96
"""Pixels that a take is stored with: as many as CLIFER's networks see, and few bytes in git."""

_KEY, _FILL = (9.5, 9.3, 9.0), (1.6, 1.6, 1.7)
STUDIO_LIGHTS = (
    Light("left key", (Lamp((-50, 55, 75), 40, _KEY), Lamp((60, 10, 70), 40, _FILL)), (0.2, 0.2, 0.21)),
    Light("right key", (Lamp((50, 55, 75), 40, _KEY), Lamp((-60, 10, 70), 40, _FILL)), (0.2, 0.2, 0.21)),
    Light("two soft", (Lamp((-45, 35, 80), 50, (4.2, 4.2, 4.2)), Lamp((45, 35, 80), 50, (4.2, 4.2, 4.2))),
          (0.25, 0.25, 0.26)),
)  # fmt: skip
WILD_LIGHTS = (
    Light("hard side", (Lamp((-95, 25, 30), 12, (95.0, 90.0, 80.0)),), (0.08, 0.08, 0.1)),
    Light("hard top", (Lamp((10, 105, 35), 15, (70.0, 68.0, 64.0)),), (0.10, 0.10, 0.12)),
    Light("from below", (Lamp((15, -70, 60), 25, (14.0, 11.0, 8.0)),), (0.12, 0.11, 0.13)),
    Light("against the light", (Lamp((40, 40, -70), 60, (14.0, 14.0, 15.0)),), (0.32, 0.33, 0.36)),
    Light("evening", (Lamp((-60, 30, 70), 40, (6.0, 3.6, 1.9)), Lamp((80, 40, 10), 40, (0.6, 1.2, 3.0))),
          (0.1, 0.1, 0.14)),
    Light("overcast", (Lamp((0, 90, 60), 90, (1.6, 1.7, 1.8)),), (0.45, 0.47, 0.5)),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture to be taken, and what the table will say of it besides what is measured."""

    name: str
    shot: Shot
    development: Development
    label: str
    intensity: float
    gaze: str
    take: int
    angle: int = 90
    occluder: str = ""
    sequence: str = ""
    frame: int = 0
    phase: str = ""
    side: int = SIDE
    """Pixels that it is stored with; its landmarks count in those of a full picture."""

    @property
    def seed(self) -> int:
        """Of the renderer and of the grain."""
        return zlib.crc32(self.name.encode())


def stream(*words: object) -> np.random.Generator:
    """The random numbers that belong to some words, such as a person's name."""
    return np.random.default_rng([SEED, zlib.crc32(" ".join(map(str, words)).encode())])


def cast(letter: str, count: int) -> list[Person]:
    """People of one shoot, their skins spread evenly over the whole scale, in an order that says nothing."""
    places = stream("places", letter).permutation((np.arange(count) + 0.5) / count)
    names = [f"{letter}{number:0{len(str(count))}d}" for number in range(1, count + 1)]
    return [draw_person(name, stream("person", name), place) for name, place in zip(names, places, strict=True)]


def studio() -> Iterator[Picture]:
    """24 people × 8 expressions × 3 takes, frontal, each take with another gaze, light and strength."""
    for person in cast("A", STUDIO_PEOPLE):
        for label in CLASSES:
            for take, gaze in enumerate(GAZES, start=1):
                name = f"{person.name}_{label}_{take}_{gaze}"
                random = stream("studio", name)
                yield _posed(name, person, label, gaze, take, Camera(shift=_jitter(random, 0.5)), 90, random)


def views() -> Iterator[Picture]:
    """Ten of the studio's people × 8 expressions, each seen by five cameras at one moment, as in RaFD."""
    for person in cast("A", STUDIO_PEOPLE)[:VIEW_PEOPLE]:
        for label in CLASSES:
            for angle, azimuth in ANGLES.items():
                # One stream for all angles: the same face and the same light, from five sides.
                random = stream("views", person.name, label)
                camera = Camera(azimuth=azimuth, shift=_jitter(random, 0.5))
                yield _posed(f"{person.name}_{label}_{angle:03d}", person, label, "frontal", 1, camera, angle, random)


def clips() -> Iterator[Picture]:
    """Ten other people × 6 classes × 2 clips of seven frames: neutral, onset, apex, offset, with a moving head."""
    for person in cast("C", CLIP_PEOPLE):
        for label in CLIP_CLASSES:
            for clip in range(1, CLIPS + 1):
                yield from _clip(person, label, clip)


def takes() -> Iterator[Picture]:
    """The studio's 24 people × 7 expressions × 4 takes: everybody keeps one light and one place, and acts anew."""
    for person in cast("A", STUDIO_PEOPLE):
        for label in TAKE_CLASSES:
            for take in range(1, TAKES + 1):
                yield _take(f"{person.name}_{label}_take_{take}", person, label, take)


def wild() -> Iterator[Picture]:
    """110 other people, four pictures each: turned heads, hard light, things in the way, clutter and blur."""
    for number, person in enumerate(cast("W", WILD_PEOPLE)):
        for take in range(1, WILD_TAKES + 1):
            label = CLASSES[(number * WILD_TAKES + take + number // 2) % len(CLASSES)]
            yield _snapshot(f"{person.name}_{take}", person, label, take)


def crowd() -> Iterator[Picture]:
    """240 further people, one picture each, for training without labels."""
    for person in cast("N", CROWD):
        name = person.name
        random = stream("crowd", name)
        label = str(random.choice(CLASSES, p=(0.3, 0.1, 0.1, 0.1, 0.05, 0.2, 0.1, 0.05)))
        gaze = str(random.choice(list(GAZES), p=(0.15, 0.7, 0.15)))
        yield _posed(name, person, label, gaze, 1, Camera(shift=_jitter(random, 0.8)), 90, random, turn=12.0)


SHOOTS = {"studio": studio, "views": views, "clips": clips, "takes": takes, "wild": wild, "crowd": crowd}


def _posed(
    name: str,
    person: Person,
    label: str,
    gaze: str,
    take: int,
    camera: Camera,
    angle: int,
    random: np.random.Generator,
    turn: float = 2.5,
) -> Picture:
    intensity = 0.0 if label == "neutral" else float(random.uniform(0.5, 1.0))
    performance = perform(label, intensity, person.manner, random)
    yaw, pitch, roll = random.normal(0, [turn, turn * 0.7, turn * 0.5])
    eyes = GAZES[gaze] + float(random.normal(0, 1.5))
    # The camera's left is the avatar's right.
    pose = Pose(yaw, pitch, roll, -eyes, float(random.normal(0, 1.5)))
    light = STUDIO_LIGHTS[random.integers(len(STUDIO_LIGHTS))]
    grey = float(random.uniform(0.12, 0.5))
    development = Development(
        _exposure(person) * float(random.uniform(0.92, 1.08)), backdrop=(grey, grey * 1.02, grey * 1.06)
    )
    return Picture(
        name, Shot(person, performance, pose, camera, light), development, label, intensity, gaze, take, angle
    )


def _clip(person: Person, label: str, clip: int) -> Iterator[Picture]:
    sequence = f"{person.name}_{label}_{clip}"
    random = stream("clip", sequence)
    strength = 0.0 if label == "neutral" else float(random.uniform(0.6, 1.0))
    full = perform(label, strength, person.manner, random)
    light = STUDIO_LIGHTS[random.integers(len(STUDIO_LIGHTS))]
    camera = Camera(shift=_jitter(random, 0.7))
    grey = float(random.uniform(0.12, 0.5))
    development = Development(_exposure(person), backdrop=(grey, grey * 1.02, grey * 1.06))
    start, drift = random.normal(0, 3, 3), random.normal(0, 1.2, 3)
    peak = random.normal(1, 0.05, len(CLIP_SHARES))
    for frame, (share, phase) in enumerate(zip(CLIP_SHARES, CLIP_PHASES, strict=True), start=1):
        level = float(np.clip(share * peak[frame - 1], 0, 1))
        yaw, pitch, roll = start + drift * (frame - 1) / 2
        shown: Performance = full if label == "neutral" else scale(full, level)
        yield Picture(
            f"{sequence}_{frame:02d}",
            Shot(person, shown, Pose(yaw, pitch, roll, float(random.normal(0, 2)), 0.0), camera, light),
            development,
            label,
            strength * level,
            "frontal",
            clip,
            sequence=sequence,
            frame=frame,
            phase="neutral" if label == "neutral" else phase,
        )


def _take(name: str, person: Person, label: str, take: int) -> Picture:
    # The person's stream settles what stays, the take's what changes.
    whose, random = stream("takes", person.name), stream("take", name)
    light = STUDIO_LIGHTS[whose.integers(len(STUDIO_LIGHTS))]
    grey = float(whose.uniform(0.12, 0.5))
    development = Development(_exposure(person), backdrop=(grey, grey * 1.02, grey * 1.06))
    intensity = 0.0 if label == "neutral" else float(random.uniform(0.6, 1.0))
    performance = perform(label, intensity, person.manner, random)
    yaw, pitch, roll = random.normal(0, [2.5, 1.8, 1.2])
    pose = Pose(yaw, pitch, roll, float(random.normal(0, 1.5)), float(random.normal(0, 1.5)))
    shot = Shot(person, performance, pose, Camera(shift=_jitter(random, 0.4)), light)
    return Picture(name, shot, development, label, intensity, "frontal", take, side=TAKE_SIDE)


def _snapshot(name: str, person: Person, label: str, take: int) -> Picture:
    random = stream("wild", name)
    intensity = 0.0 if label == "neutral" else float(random.uniform(0.45, 1.0))
    performance = perform(label, intensity, person.manner, random)
    pose = Pose(
        float(random.uniform(-45, 45)),
        float(random.uniform(-18, 18)),
        float(random.normal(0, 8)),
        float(random.normal(0, 9)),
        float(random.normal(0, 5)),
    )
    camera = Camera(frame=float(random.uniform(25, 40)), shift=_jitter(random, 2.0))
    light = WILD_LIGHTS[random.integers(len(WILD_LIGHTS))]
    worn = str(random.choice(["", "spectacles", "sunglasses"], p=(0.72, 0.18, 0.10)))
    held = str(random.choice(["", "hand", "scarf", "cup"], p=(0.76, 0.12, 0.06, 0.06)))
    development = Development(
        exposure=_exposure(person) * float(random.uniform(0.6, 1.5)),
        tint=_tint(random),
        backdrop="clutter",
        occluder=held,
        blur=float(random.choice(np.array([0.0, random.uniform(0.5, 1.8)]), p=(0.6, 0.4))),
        motion=int(random.choice([0, int(random.integers(3, 8))], p=(0.8, 0.2))),
        grain=float(random.uniform(1, 7)),
        shrink=int(random.choice([0, 96, 64], p=(0.6, 0.25, 0.15))),
    )
    occluder = " and ".join(part for part in (worn, held) if part)
    gaze = "frontal" if abs(pose.gaze_yaw) < 10 else "left" if pose.gaze_yaw < 0 else "right"
    shot = Shot(person, performance, pose, camera, light, worn)
    return Picture(name, shot, development, label, intensity, gaze, take, occluder=occluder)


def _exposure(person: Person) -> float:
    """As a photographer would, open up a little for dark skin, but not until all skins look alike."""
    return 1.15 * float(0.35 / person.skin.mean()) ** 0.3


def _tint(random: np.random.Generator) -> tuple[float, float, float]:
    red, green, blue = np.exp(random.normal(0, 0.10, 3))
    return float(red), float(green), float(blue)


def _jitter(random: np.random.Generator, centimetres: float) -> tuple[float, float]:
    x, y = random.normal(0, centimetres, 2)
    return float(x), float(y)
