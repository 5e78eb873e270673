"""CelebA (Liu et al. 2015): 202,599 faces of 10,177 celebrities from the web, aligned, with 40 attributes.

Official layout: ``img_align_celeba/000001.jpg`` to ``202599.jpg`` (178×218 pixels, colour),
``list_attr_celeba.txt`` (number of pictures; the names of the attributes; then a picture's name and 40 values of 1
or -1 a line), ``list_eval_partition.txt`` (name and 0 train, 1 valid, 2 test) and ``identity_CelebA.txt`` (name and
a person's number). They may lie in ``Img/``, ``Anno/`` and ``Eval/`` as on the official drive. Pictures that are
missing, or that one of the lists does not name and which are therefore left out, are differences, and so are other
counts of the splits (:data:`OFFICIAL`) or of people. Without the file of people each picture counts as its own person.

In the paper on DCGAN features (Alharbawee & Pugeault) CelebA trains a GAN *without labels*. CelebA knows no
emotions, so the classes are its attribute Smiling: ``smiling`` and ``not smiling``. The second is not "neutral",
hence the names, which are none of :data:`fer_utils.faces.EMOTIONS`.

The paper's GAN takes faces of 64×64 pixels that a detector has cut out. Here the pictures are aligned, so one cut
stands for the detector: the middle 128×128 of each picture, shrunk to 64×64: 2.5 GB for all, in memory and in the
cache, where they are kept. The first reading takes minutes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd

from fer_utils.datasets.base import PEOPLE_UNKNOWN, Dataset, counts_to_check
from fer_utils.datasets.fer2013_csv import ranges
from fer_utils.datasets.findings import Findings, counts_line, few, why_unreadable
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import child, folder_inside, pictures_below
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

PICTURES, ATTRIBUTES = "img_align_celeba", "list_attr_celeba.txt"
PARTITION, IDENTITIES = "list_eval_partition.txt", "identity_CelebA.txt"
SMILING = "Smiling"
NUMBER_OF_ATTRIBUTES = 40
SPLITS = ("train", "valid", "test")
"""In the order of the codes 0 to 2."""
OFFICIAL = {"train": 162770, "valid": 19867, "test": 19962}
PEOPLE = 10177
CLASSES = ("not smiling", "smiling")
SIZE = (64, 64)
NATIVE_SIZES = ((218, 178),)
BORDER = 25 / 178
"""Cut off at every side before the middle square is taken: 25 of 178 columns leave 128."""

T = TypeVar("T")


def file_name(number: int) -> str:
    """``"000001.jpg"``."""
    return f"{number:06d}.jpg"


def parse_name(name: str) -> int:
    """Read ``000001.jpg``; the letter case and the kind of picture do not matter.

    Raises:
        ValueError: the name has another form.
    """
    match = re.fullmatch(r"([0-9]{6})\.(?:jpe?g|png|bmp|tiff?)", name, re.ASCII | re.IGNORECASE)
    if match is None:
        raise ValueError("not a name like 000001.jpg")
    return int(match[1])


def parse_attributes(line: str) -> tuple[int, tuple[bool, ...]]:
    """Picture and attributes of a line such as ``000001.jpg -1 1 …``.

    Raises:
        ValueError: a name of another form, another number of values, or a value that is neither 1 nor -1.
    """
    name, *values = line.split() or [""]
    if len(values) != NUMBER_OF_ATTRIBUTES or not {*values} <= {"1", "-1"}:
        raise ValueError(f"not a name and {NUMBER_OF_ATTRIBUTES} values of 1 or -1")
    return parse_name(name), tuple(value == "1" for value in values)


def parse_split(line: str) -> tuple[int, str]:
    """Picture and split of a line such as ``000001.jpg 0``.

    Raises:
        ValueError: the line has another form, or the code is not 0, 1 or 2.
    """
    number, code = _parse_pair(line)
    if code not in ("0", "1", "2"):
        raise ValueError(f"split {code[:20]!r} is not one of 0 to 2")
    return number, SPLITS[int(code)]


def parse_identity(line: str) -> tuple[int, str]:
    """Picture and person of a line such as ``000001.jpg 2880``.

    Raises:
        ValueError: the line has another form.
    """
    number, person = _parse_pair(line)
    if re.fullmatch(r"[0-9]{1,6}", person, re.ASCII) is None:
        raise ValueError(f"person {person[:20]!r} is not a number")
    return number, person


def _parse_pair(line: str) -> tuple[int, str]:
    fields = line.split()
    if len(fields) != 2:
        raise ValueError(f"{len(fields)} fields, expected 2")
    return parse_name(fields[0]), fields[1]


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    home = folder_inside(folder, PICTURES, f"Img/{PICTURES}")
    lists = {name: _find(folder, name) for name in (ATTRIBUTES, PARTITION, IDENTITIES)}
    attributes, partition, identities = lists.values()
    lacking = [name for name in (ATTRIBUTES, PARTITION) if lists[name] is None] + [f"{PICTURES}/"] * (home == folder)
    if lacking or attributes is None or partition is None:
        raise FerError(f"{DATASET.title}: {folder} lacks {' and '.join(lacking)}. Expected: {DATASET.layout}.")
    found = Findings(DATASET.title, folder)
    counts = counts_to_check(folder, {**OFFICIAL, "people": PEOPLE}, found.notes)
    official = {split: counts[split] for split in SPLITS}
    files = _files(home, sum(official.values()), found)
    smiling = _smiling(attributes, files, found)
    splits = _read_list(partition, parse_split, files, found)
    named = [number for number in files if number in smiling and number in splits]
    if identities is None:
        found.notes += [PEOPLE_UNKNOWN, f"{IDENTITIES} is not there"]
        people = {number: file_name(number) for number in named}
    else:
        people = _read_list(identities, parse_identity, files, found)
        named = [number for number in named if number in people]
        if (have := len({people[number] for number in named})) != counts["people"]:
            found.differences.append(f"{have} people, official {counts['people']}")
    have = pd.Series([splits[number] for number in named], dtype=object).value_counts()
    found.differences += counts_line(have, official, "pictures")
    images = read_pictures(
        [files[number] for number in named], found, SIZE, "RGB", NATIVE_SIZES, "JPEG", "celeba", border=BORDER
    )
    table = pd.DataFrame(
        {
            "label": [CLASSES[smiling[number]] for number in named],
            "subject": [people[number] for number in named],
            "source": [file_name(number) for number in named],
            "split": [splits[number] for number in named],
        }
    )
    return found.faces("celeba", images, table, CLASSES, stand_in)


def _find(folder: Path, name: str) -> Path | None:
    places = (child(folder, path) for path in (name, f"Anno/{name}", f"Eval/{name}"))
    return next((file for file in places if file is not None and file.is_file()), None)


def _files(home: Path, last: int, found: Findings) -> dict[int, Path]:
    """The pictures by number, 1 to ``last``. What is missing is said in ranges: it may be thousands."""
    files: dict[int, Path] = {}
    strange = []
    for file in pictures_below(home, found):
        try:
            number = parse_name(file.name)
        except ValueError:
            strange.append(found.named(file))
            continue
        if not 1 <= number <= last:
            strange.append(found.named(file))
        elif number in files:
            found.problems.append(f"{found.named(file)}: the same picture is also {found.named(files[number])}")
        files.setdefault(number, file)
    if strange:
        found.notes.append(
            f"{len(strange)} picture(s) ignored, not one of 000001.jpg to {file_name(last)}: {few(strange)}"
        )
    if missing := [number for number in range(1, last + 1) if number not in files]:
        found.differences.append(f"{len(missing)} pictures missing, number {_some_ranges(missing)}")
    return {number: files[number] for number in sorted(files) if 1 <= number <= last}


def _some_ranges(numbers: list[int]) -> str:
    return few(ranges(numbers).split(", "), 5)


def _smiling(file: Path, files: dict[int, Path], found: Findings) -> dict[int, bool]:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            stream.readline()
            names = stream.readline().split()
    except OSError as error:
        found.problems.append(f"{found.named(file)}: {why_unreadable(error)}")
        return {}
    if SMILING not in names or len(names) != NUMBER_OF_ATTRIBUTES:
        found.problems.append(
            f"{file.name}, line 2: not the names of {NUMBER_OF_ATTRIBUTES} attributes with {SMILING} among them"
        )
        return {}
    column = names.index(SMILING)
    attributes = _read_list(file, parse_attributes, files, found, first=3)
    return {number: values[column] for number, values in attributes.items()}


def _read_list(
    file: Path, parse: Callable[[str], tuple[int, T]], files: dict[int, Path], found: Findings, first: int = 1
) -> dict[int, T]:
    """What the list says of each picture; lines from ``first`` on are read."""
    said: dict[int, T] = {}
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as stream:
            for line_number, line in enumerate(stream, start=1):
                if line_number < first or not line.strip():
                    continue
                try:
                    number, value = parse(line)
                except ValueError as error:
                    found.problems.append(f"{file.name}, line {line_number}: {error}")
                    continue
                if said.setdefault(number, value) != value:
                    found.problems.append(
                        f"{file.name}, line {line_number}: {file_name(number)} is listed twice, in two ways"
                    )
    except OSError as error:
        found.problems.append(f"{found.named(file)}: {why_unreadable(error)}")
    if unlisted := [number for number in files if number not in said]:
        found.differences.append(
            f"{len(unlisted)} pictures left out, for {file.name} does not name them: number {_some_ranges(unlisted)}"
        )
    if absent := sorted(number for number in said if number not in files):
        found.notes.append(
            f"{file.name} names {len(absent)} pictures that are not there: number {_some_ranges(absent)}"
        )
    return said


DATASET = Dataset(
    name="celeba",
    title="CelebA",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout=f"celeba/{PICTURES}/000001.jpg, 202,599 pictures, with {ATTRIBUTES}, {PARTITION} and {IDENTITIES} beside",
    licence="non-commercial research, no redistribution (Liu et al. 2015)",
    how_to_get=(
        "from mmlab.ie.cuhk.edu.hk/projects/CelebA.html: the aligned and cropped JPEG pictures, the attributes, the "
        "partition and the identities (these by e-mail), unpacked to $FER_DATA/celeba"
    ),
    load=_load,
)
