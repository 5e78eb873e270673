"""RaFD, Radboud Faces Database (Langner et al. 2010): 67 people, eight expressions, five cameras, three gazes.

Official names: ``Rafd090_28_Caucasian_male_angry_frontal.jpg``: camera angle (000 045 090 135 180; 090 is
frontal), model number, ethnicity, gender, expression, direction of gaze (left frontal right). Folders within
``rafd/`` do not matter. Pictures of children say ``Kid`` instead of an ethnicity. People: 20 Caucasian men,
19 women, 4 boys, 6 girls, 18 Moroccan men. All of them in every combination are 8,040 pictures.

The official site hands out chosen angles and gazes too (the frontal camera alone is 1,608 pictures, 201 an
expression). Angles and gazes that are absent altogether are therefore a note; of those that are there, every picture
of the 67 people that is missing is a difference. One number that belongs to two people refuses the set.

681×1024 colour pictures are shrunk on reading to 213×320 (width × height), where a frontal head keeps more than
100 pixels and all 8,040 pictures take 1.7 GB, in memory and in the
cache, where they are kept. The classes follow the codes of CK+.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets.base import Dataset, counts_to_check
from fer_utils.datasets.findings import Findings, counts_line, missing_line, parse_names, unique
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import pictures_below
from fer_utils.faces import FaceSet

CLASS_OF_EXPRESSION = {
    "neutral": "neutral",
    "angry": "anger",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
}
ANGLES = ("000", "045", "090", "135", "180")
GAZES = ("left", "frontal", "right")
PEOPLE = {
    ("Caucasian", "male"): 20,
    ("Caucasian", "female"): 19,
    ("Kid", "male"): 4,
    ("Kid", "female"): 6,
    ("Moroccan", "male"): 18,
}
"""People in each group, 67 in all."""
SIZE = (320, 213)
NATIVE_SIZES = ((1024, 681),)

_NAME = re.compile(
    rf"Rafd({'|'.join(ANGLES)})_([0-9]{{2}})_([A-Z]+)_(male|female)_({'|'.join(CLASS_OF_EXPRESSION)})"
    rf"_({'|'.join(GAZES)})\.(?:jpe?g|png|bmp|tiff?)",
    re.ASCII | re.IGNORECASE,
)


class Picture(NamedTuple):
    """What a file name says."""

    angle: str
    subject: str
    ethnicity: str
    gender: str
    expression: str
    gaze: str

    @property
    def file_name(self) -> str:
        """The official name."""
        return f"Rafd{'_'.join(self)}.jpg"


def parse_name(name: str) -> Picture:
    """Read ``Rafd090_28_Caucasian_male_angry_frontal.jpg``; letter case does not matter.

    Raises:
        ValueError: the name has another form.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError("not a name like Rafd090_28_Caucasian_male_angry_frontal.jpg")
    angle, subject, ethnicity, *others = match.groups()
    return Picture(angle, subject, ethnicity.capitalize(), *map(str.lower, others))


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    found = Findings(DATASET.title, folder)
    files = unique(parse_names(pictures_below(folder, found), found, parse_name), found)
    pictures = sorted(files)
    _check_people(pictures, found)
    found.differences += _missing(pictures)
    found.notes += _absent(pictures)
    images = read_pictures([files[picture] for picture in pictures], found, SIZE, "RGB", NATIVE_SIZES, "JPEG", "rafd")
    fields = pd.DataFrame(pictures, columns=Picture._fields)
    table = pd.DataFrame(
        {
            "label": fields["expression"].map(CLASS_OF_EXPRESSION),
            "subject": fields["subject"],
            "source": [picture.file_name for picture in pictures],
            "pose": fields["angle"].astype(int),
            "gaze": fields["gaze"],
            "gender": fields["gender"],
            "ethnicity": fields["ethnicity"],
        }
    )
    return found.faces("rafd", images, table, DATASET.classes, stand_in)


def _missing(pictures: list[Picture]) -> list[str]:
    """The names that the angles, gazes and people at hand should have and have not."""
    people = {(picture.subject, picture.ethnicity, picture.gender) for picture in pictures}
    views = {(picture.angle, picture.gaze) for picture in pictures}
    expected = sorted(
        Picture(angle, *person, expression, gaze)
        for person, (angle, gaze), expression in product(people, views, CLASS_OF_EXPRESSION)
    )
    present = {picture.file_name for picture in pictures}
    return missing_line({picture.file_name: picture.subject for picture in expected}, present)


def _check_people(pictures: list[Picture], found: Findings) -> None:
    people = pd.DataFrame(sorted({picture[1:4] for picture in pictures}), columns=["subject", "ethnicity", "gender"])
    official = {" ".join(group): count for group, count in PEOPLE.items()}
    counts = counts_to_check(found.folder, official, found.notes)
    have = {" ".join(group): count for group, count in people.groupby(["ethnicity", "gender"]).size().items()}
    found.differences += counts_line(have, counts, "people")
    for subject, group in people.groupby("subject"):
        if len(group) > 1:
            listed = " and ".join(sorted(f"{row.ethnicity} {row.gender}" for row in group.itertuples()))
            found.problems.append(f"person {subject}: {listed}, one person can't be both")


def _absent(pictures: list[Picture]) -> list[str]:
    angles = [angle for angle in ANGLES if angle not in {picture.angle for picture in pictures}]
    gazes = [gaze for gaze in GAZES if gaze not in {picture.gaze for picture in pictures}]
    lacking = (("camera angle(s)", angles), ("gaze(s)", gazes))
    return [f"no pictures of {what} {', '.join(absent)}" for what, absent in lacking if absent]


DATASET = Dataset(
    name="rafd",
    title="RaFD",
    classes=tuple(CLASS_OF_EXPRESSION.values()),
    shipped=False,
    publishable=False,
    layout="rafd/Rafd090_28_Caucasian_male_angry_frontal.jpg, 8,040 files or chosen angles and gazes",
    licence="science only, by request of each researcher, no redistribution (Langner et al. 2010)",
    how_to_get="request access at rafd.socsci.ru.nl, then unpack the pictures to $FER_DATA/rafd",
    load=_load,
)
