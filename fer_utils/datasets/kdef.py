"""KDEF, Karolinska Directed Emotional Faces (Lundqvist et al. 1998): 70 people, seven expressions, five angles, twice.

Official layout: a folder for each session and person, ``AF01/AF01ANHL.JPG``: session ``A`` or ``B``, gender
``F`` or ``M``, number 01 to 35, expression (``AF`` afraid, ``AN DI HA NE SA SU``), angle ``FL`` full left profile,
``HL`` half left, ``S`` straight, ``HR``, ``FR``; 562×762 pixels, colour. The folders may lie in ``KDEF/`` or
``KDEF_and_AKDEF/KDEF/``.
2 × 2 × 35 × 7 × 5 = 4,900 pictures; 700 of each expression, 980 straight ones.

``subject`` is gender and number (``F01``): the same woman sits in ``AF01`` and ``BF01``; ``take`` is the session.

The archive itself is known to hold a few odd names and to lack a few pictures. Up to :data:`MAY_LACK` missing
pictures (a limit of this repository) and every odd name are notes; more missing ones, an absent person,
a picture in another person's folder or an unreadable one refuse the set.

Pictures are shrunk on reading to 236×320 (width × height): 4,900 of them take 1.1 GB, in memory and in
the cache, where they are kept. The classes follow the
codes of CK+.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets.base import (
    Dataset,
    folder_inside,
    parse_names,
    pictures_below,
    read_fitted,
    refuse,
    stand_in_marker,
)
from fer_utils.faces import FaceSet

CLASS_OF_CODE = {
    "NE": "neutral",
    "AN": "anger",
    "DI": "disgust",
    "AF": "fear",
    "HA": "happiness",
    "SA": "sadness",
    "SU": "surprise",
}
POSE_OF_CODE = {"FL": "full_left", "HL": "half_left", "S": "straight", "HR": "half_right", "FR": "full_right"}
GENDERS = {"F": "female", "M": "male"}
SESSIONS = ("A", "B")
NUMBERS = tuple(f"{number:02d}" for number in range(1, 36))
MAY_LACK = 20
SIZE = (320, 236)
NATIVE_SIZES = ((762, 562),)

_NAME = re.compile(rf"([AB])([FM])([0-9]{{2}})({'|'.join(CLASS_OF_CODE)})({'|'.join(POSE_OF_CODE)})\.JPG")


class Picture(NamedTuple):
    """What a file name says."""

    session: str
    gender: str
    number: str
    expression: str
    angle: str

    @property
    def home(self) -> str:
        """The picture's folder, such as ``AF01``."""
        return self.session + self.gender + self.number

    @property
    def file_name(self) -> str:
        """The official name."""
        return f"{''.join(self)}.JPG"


def parse_name(name: str) -> Picture:
    """Read ``AF01ANHL.JPG`` (letter case of the whole name does not matter).

    Raises:
        ValueError: the name has another form, or there is no such person.
    """
    match = _NAME.fullmatch(name.upper())
    if match is None or match[3] not in NUMBERS:
        raise ValueError("not a name like AF01ANHL.JPG")
    return Picture(*match.groups())


def official_pictures() -> list[Picture]:
    """All 4,900, sorted."""
    every = product(SESSIONS, GENDERS, NUMBERS, CLASS_OF_CODE, POSE_OF_CODE)
    return sorted(Picture(*fields) for fields in every)


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    where = folder_inside(folder, "KDEF", "KDEF_and_AKDEF/KDEF")
    problems: list[str] = []
    odd: list[str] = []
    files: dict[Picture, Path] = {}
    for file, picture in parse_names(pictures_below(where), where, parse_name, odd):
        path = file.relative_to(where).as_posix()
        if file.parent.name.upper() != picture.home:
            problems.append(f"{path}: belongs into {picture.home}/")
        elif picture in files:
            problems.append(f"{path}: there is another picture of this name")
        else:
            files[picture] = file
    notes = [f"odd names ignored: {', '.join(line.split(':')[0] for line in odd)}"] if odd else []
    missing = [picture for picture in official_pictures() if picture not in files]
    _judge_missing(missing, {picture[1:3] for picture in files}, problems, notes)
    if problems:
        problems += odd

    pictures = sorted(files)
    images, size_notes = read_fitted(
        [files[picture] for picture in pictures], where, SIZE, "RGB", NATIVE_SIZES, problems, "kdef"
    )
    refuse(DATASET.title, where, problems, "Unpack the official archive again; no picture is guessed or skipped.")
    fields = pd.DataFrame(pictures)
    table = pd.DataFrame(
        {
            "label": fields["expression"].map(CLASS_OF_CODE),
            "subject": fields["gender"] + fields["number"],
            "source": [picture.file_name for picture in pictures],
            "pose": fields["angle"].map(POSE_OF_CODE),
            "take": fields["session"],
            "gender": fields["gender"].map(GENDERS),
        }
    )
    stand_in = stand_in or stand_in_marker(where)
    return FaceSet("kdef", images, table, DATASET.classes, stand_in, tuple(notes + size_notes))


def _judge_missing(missing: list[Picture], people: set, problems: list[str], notes: list[str]) -> None:
    absent = [gender + number for gender, number in product(GENDERS, NUMBERS) if (gender, number) not in people]
    problems += [f"no picture of person {person} in session A or B" for person in absent]
    others = [picture for picture in missing if picture.gender + picture.number not in absent]
    if len(others) > MAY_LACK:
        problems += [f"{picture.home}/{picture.file_name}: missing" for picture in others]
    elif others:
        notes.append(f"{len(others)} picture(s) missing: {', '.join(picture.file_name for picture in others)}")


DATASET = Dataset(
    name="kdef",
    title="KDEF",
    classes=tuple(CLASS_OF_CODE.values()),
    shipped=False,
    publishable=False,
    layout="kdef/AF01/AF01ANHL.JPG, 4,900 files in 140 folders",
    licence="non-commercial research, no redistribution (Lundqvist, Flykt & Öhman 1998)",
    how_to_get="register at kdef.se, then unpack the archive so that $FER_DATA/kdef holds the folders AF01 to BM35",
    load=_load,
)
