"""Sequences of photographs: CK+, the faces cut out of it (CK+48), and Cohn-Kanade with graded action units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from fer_utils.avatars.stand_ins.casting import Role, Shoot, cast, look, shoot
from fer_utils.avatars.stand_ins.motion import Motion, acted, faded
from fer_utils.avatars.stand_ins.plan import Part, Plan
from fer_utils.avatars.stand_ins.retouch import Frame, encode, face_frame, grey, retouch, touch
from fer_utils.datasets import ck48, ck_plus, ckextended, isl_ck
from fer_utils.datasets.avatar_shoots import CLIP_CLASSES
from fer_utils.datasets.ck_plus import Frame as Place

SHARES = (0.0, 0.3, 0.6, 0.85, 0.93, 1.0)
"""How far each frame of a sequence is on the way from neutral to the expression."""
FRAME = Frame(125)
NATIVE = ck_plus.NATIVE_SIZES[0]
ISL_LOOKS = 2
"""Of each avatar that is in clips."""
ISL_CLIP_PEOPLE, ISL_STUDIO_PEOPLE = 10, 24
GRADES = 5
SMALL = 2
"""Sequences of each class in a small stand-in."""
CLIPS = 2
"""Of each avatar and class."""
WITHOUT_CLIP = ("disgust", "contempt")
"""Expressions that the avatars show in photographs but not in clips."""


class Sequence(NamedTuple):
    """One labelled sequence of CK+: ``take`` counts the person's sequences from 1."""

    person: str
    take: int
    label: str
    role: Role

    def place(self, frame: int) -> Place:
        """What the file of a frame, counted from 1, is called."""
        return Place(self.person, f"{self.take:03d}", frame)


def plan_ck_plus(small: bool = False) -> Plan:
    """327 labelled sequences of six frames. ``small``: two sequences of each class."""
    sequences = list(_sequences(small))
    people, avatars = _counts(sequences)
    stated = {**dict.fromkeys(ck_plus.OFFICIAL, SMALL), "people": people} if small else {}
    return Plan(list(_ck_plus_parts(sequences)), people, avatars, [
        f"every sequence has {len(SHARES)} frames: a neutral photograph cross-faded into one with the expression",
        f"the {ck_plus.SEQUENCES - len(sequences)} sequences without a label, FACS/ and Landmarks/ are not there",
    ], stated)  # fmt: skip


def plan_ckextended(small: bool = False) -> Plan:
    """``ckextended.csv``: the last frame of every sequence, and first frames, the faces cut out."""
    sequences = list(_sequences(small))
    neutral = ckextended.OFFICIAL["neutral"] if not small else SMALL
    rows = [(sequence, len(SHARES), sequence.label) for sequence in sequences]
    # There are more neutral rows than sequences: a person's second frame is then the other one.
    rows += [(sequences[number % len(sequences)], 1 + number // len(sequences), "neutral") for number in range(neutral)]
    header = Part(ckextended.FILE, partial(bytes, b"emotion,pixels,Usage\n"))
    parts = [header, *(Part(ckextended.FILE, partial(_csv_row, *row)) for row in rows)]
    stated = dict.fromkeys(ckextended.OFFICIAL, SMALL) if small else {}
    return Plan(parts, None, _counts(sequences)[1], [
        "faces are cut out by the avatars' landmarks",
        "rows are sorted by class; Usage is Training throughout",
        "neutral rows are first and second frames of the labelled sequences",
    ], stated)  # fmt: skip


def plan_ck48(small: bool = False) -> Plan:
    """The last three frames of the same sequences, the faces cut out by their true landmarks."""
    sequences = list(_sequences(small))
    folder_of = {label: folder for folder, label in ck48.CLASS_OF_FOLDER.items()}
    peak = range(len(SHARES) - ck_plus.PEAK_FRAMES + 1, len(SHARES) + 1)
    parts = [
        Part(f"{folder_of[sequence.label]}/{sequence.place(frame).stem}.png", partial(_face, sequence, frame))
        for sequence in sequences
        for frame in peak
    ]
    stated = dict.fromkeys(ck_plus.OFFICIAL, ck_plus.PEAK_FRAMES * SMALL) if small else {}
    return Plan(parts, *_counts(sequences), [
        "faces are cut out by the avatars' landmarks, not by a Haar detector",
        "frames are cross-faded from a neutral photograph to one with the expression",
    ], stated)  # fmt: skip


def plan_isl_ck(small: bool = False) -> Plan:
    """The avatars' clips, and for the expressions that have none cross-faded photographs, with graded action units."""
    clips, studio = shoot("clips"), shoot("studio")
    scenes = list(_scenes(clips, studio, small))
    parts = [Part(isl_ck.TABLE, partial(_line, isl_ck.COLUMNS))]
    for place, role, motion, at, units in scenes:
        grades = [str(int(np.ceil(GRADES * units[unit]))) for unit in isl_ck.ACTION_UNITS]
        parts.append(Part(isl_ck.TABLE, partial(_line, (place.sequence, str(place.number), *grades))))
        path = f"{isl_ck.PICTURES}/{place.subject}/{place.take}/{place.stem}.png"
        parts.append(Part(path, partial(_still, motion, at, role, place)))
    people = len({place.subject for place, *_ in scenes})
    return Plan(parts, people, len({role.avatar for _, role, *_ in scenes}), [
        f"{len(scenes)} frames, the paper has {isl_ck.FRAMES}",
        "grades are the avatars' intensities in steps of a fifth; no human coder has seen them",
        f"{' and '.join(WITHOUT_CLIP)} are cross-faded photographs, their grades interpolated",
    ])  # fmt: skip


def _sequences(small: bool = False) -> Iterator[Sequence]:
    """Labels dealt out so that nobody shows an expression twice."""
    studio = shoot("studio")
    people = [f"S{5 + 8 * number:03d}" for number in range(ck_plus.PEOPLE)]
    roles = cast(people, studio.people)
    labels = [label for label, count in ck_plus.OFFICIAL.items() for _ in range(SMALL if small else count)]
    people = people[: len(ck_plus.OFFICIAL)] if small else people
    for number, label in enumerate(labels):
        round_, person = divmod(number, len(people))
        yield Sequence(people[person], round_ + 1, label, roles[people[person]])


def _counts(sequences: list[Sequence]) -> tuple[int, int]:
    """How many people there are, and how many avatars."""
    return len({sequence.person for sequence in sequences}), len({sequence.role.avatar for sequence in sequences})


def _ck_plus_parts(sequences: list[Sequence]) -> Iterator[Part]:
    for sequence in sequences:
        home = f"{sequence.person}/{sequence.take:03d}"
        for number in range(1, len(SHARES) + 1):
            stem = sequence.place(number).stem
            yield Part(f"{ck_plus.PICTURES}/{home}/{stem}.png", partial(_frame, sequence, number))
        code = f"   {ck_plus.CLASSES.index(sequence.label):.7e}\n".encode()
        yield Part(f"{ck_plus.EMOTIONS}/{home}/{stem}_emotion.txt", partial(bytes, code))


@cache
def _motion(sequence: Sequence) -> Motion:
    return faded(sequence.role, sequence.label, sequence.role.number + sequence.take, shoot("studio"))


def _frame(sequence: Sequence, number: int) -> bytes:
    return _still(_motion(sequence), SHARES[number - 1], sequence.role, sequence.place(number))


def _still(motion: Motion, at: float, role: Role, place: Place) -> bytes:
    drawn = retouch(motion.at(at), role.look, touch(place.sequence).drifted(place.number), NATIVE, FRAME)
    return encode(grey(drawn), ".png")


def _face(sequence: Sequence, number: int) -> bytes:
    return encode(_drawn_face(sequence, number), ".png")


def _drawn_face(sequence: Sequence, number: int) -> np.ndarray:
    motion, at = _motion(sequence), SHARES[number - 1]
    moved = touch("ck48", sequence.place(number).sequence).drifted(number)
    frame = face_frame(motion.points_at(at))
    return grey(retouch(motion.at(at), sequence.role.look, moved, ck48.SIZE, frame))


def _scenes(clips: Shoot, studio: Shoot, small: bool) -> Iterator[tuple[Place, Role, Motion, float, dict[str, float]]]:
    """Place, role, motion, place in the motion and action units of every frame."""
    number = 0
    for look_number in range(1 if small else ISL_LOOKS):
        for avatar in clips.people[: 1 if small else ISL_CLIP_PEOPLE]:
            number += 1
            role = Role(avatar, look(avatar, look_number), number)
            scenes = [acted(role, label, clip, clips) for label in CLIP_CLASSES for clip in range(1, CLIPS + 1)]
            for take, motion in enumerate(scenes, start=1):
                yield from _frames(number, take, role, motion, np.arange(len(motion.keys)), clips)
    for avatar in studio.people[: 1 if small else ISL_STUDIO_PEOPLE]:
        number += 1
        role = Role(avatar, look(avatar, 0), number)
        for take, label in enumerate(WITHOUT_CLIP, start=1):
            yield from _frames(number, take, role, faded(role, label, 0, studio), SHARES, studio)


def _frames(
    number: int, take: int, role: Role, motion: Motion, places: Iterable[float], source: Shoot
) -> Iterator[tuple[Place, Role, Motion, float, dict[str, float]]]:
    for frame, at in enumerate(places, start=1):
        before, after, share = motion.between(at)
        units = {
            unit: (1 - share) * source.table.loc[motion.rows[before], unit]
            + share * source.table.loc[motion.rows[after], unit]
            for unit in isl_ck.ACTION_UNITS
        }
        yield Place(f"S{number:03d}", f"{take:03d}", frame), role, motion, at, units


def _csv_row(sequence: Sequence, number: int, label: str) -> bytes:
    pixels = " ".join(map(str, _drawn_face(sequence, number).ravel().tolist()))
    return f"{ckextended.CODES.index(label)},{pixels},Training\n".encode()


def _line(cells: tuple[str, ...]) -> bytes:
    return (",".join(cells) + "\n").encode()
