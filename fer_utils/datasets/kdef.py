"""KDEF, Karolinska Directed Emotional Faces (Lundqvist et al. 1998): 70 people, seven expressions, five angles, twice.

Official layout: a folder for each session and person, ``AF01/AF01ANHL.JPG``: session ``A`` or ``B``, gender
``F`` or ``M``, number 01 to 35, expression (``AF`` afraid, ``AN DI HA NE SA SU``), angle ``FL`` full left profile,
``HL`` half left, ``S`` straight, ``HR``, ``FR``; 562×762 pixels, colour. The folders may lie in ``KDEF/`` or
``KDEF_and_AKDEF/KDEF/``, or the pictures all in one folder.
2 × 2 × 35 × 7 × 5 = 4,900 pictures; 700 of each expression, 980 straight ones.

``subject`` is gender and number (``F01``): the same woman sits in ``AF01`` and ``BF01``; ``take`` is the session.

The archive itself is known to hold a few odd names and to lack a few pictures. Up to :data:`MAY_LACK` missing
pictures (a limit of this repository) and every odd name are notes; more missing ones are a difference. A picture in
another person's folder refuses the set.

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

from fer_utils.datasets.base import Dataset, stand_in_marker
from fer_utils.datasets.findings import Findings, few, missing_line, parse_names, unique
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import folder_inside, pictures_below
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

_NAME = re.compile(rf"([AB])([FM])([0-9]{{2}})({'|'.join(CLASS_OF_CODE)})({'|'.join(POSE_OF_CODE)})"
                   r"\.(?:JPE?G|PNG|BMP|TIFF?)", re.ASCII)  # fmt: skip
_HOME = re.compile("[AB][FM][0-9]{2}", re.ASCII)


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
    where = folder_inside(folder, "KDEF_and_AKDEF/KDEF", "KDEF")
    found = Findings(DATASET.title, where)
    odd: list[str] = []
    pairs = []
    for file, picture in parse_names(pictures_below(where, found), found, parse_name, odd):
        home = file.parent.name.upper()
        if _HOME.fullmatch(home) and home != picture.home:
            found.problems.append(f"{found.named(file)}: belongs into {picture.home}/")
        else:
            pairs.append((file, picture))
    files = unique(pairs, found)
    if odd:
        found.notes.append(f"odd names ignored: {few(odd)}")
    _judge_missing({picture.file_name for picture in files}, found)
    pictures = sorted(files)
    images = read_pictures([files[picture] for picture in pictures], found, SIZE, "RGB", NATIVE_SIZES, "JPEG", "kdef")
    fields = pd.DataFrame(pictures, columns=Picture._fields)
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
    return found.faces("kdef", images, table, DATASET.classes, stand_in or stand_in_marker(where))


def _judge_missing(present: set[str], found: Findings) -> None:
    expected = {picture.file_name: picture.gender + picture.number for picture in official_pictures()}
    missing = len(expected) - len(present & expected.keys())
    # The archive is not known picture by picture: so few may be missing from the official one.
    sink = found.notes if missing <= MAY_LACK else found.differences
    sink += missing_line(expected, present)


DATASET = Dataset(
    name="kdef",
    title="KDEF",
    classes=tuple(CLASS_OF_CODE.values()),
    shipped=False,
    publishable=False,
    layout="kdef/AF01/AF01ANHL.JPG, 4,900 files in 140 folders or in one",
    licence="non-commercial research, no redistribution (Lundqvist, Flykt & Öhman 1998)",
    how_to_get="register at kdef.se, then unpack the archive so that $FER_DATA/kdef holds the folders AF01 to BM35",
    load=_load,
)
