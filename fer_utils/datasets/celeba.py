"""CelebA (Liu et al. 2015): 202,599 faces of 10,177 celebrities from the web, aligned, with 40 attributes.

Official layout: ``img_align_celeba/000001.jpg`` to ``202599.jpg`` (178×218 pixels, colour),
``list_attr_celeba.txt`` (number of pictures; the names of the attributes; then a picture's name and 40 values of 1
or -1 a line), ``list_eval_partition.txt`` (name and 0 train, 1 valid, 2 test) and ``identity_CelebA.txt`` (name and
a person's number). They may lie in ``Img/``, ``Anno/`` and ``Eval/`` as on the official drive. Checked: the names,
the counts of each split (:data:`OFFICIAL`) and, if the file of people is there, their number. Without it each
picture counts as its own person.

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

from fer_utils.datasets.base import (
    PEOPLE_UNKNOWN,
    Dataset,
    count_differences,
    counts_to_check,
    folder_inside,
    pictures_below,
    read_fitted,
    refuse,
)
from fer_utils.datasets.fer2013_csv import ranges
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
    """Read ``000001.jpg``.

    Raises:
        ValueError: the name has another form.
    """
    match = re.fullmatch(r"([0-9]{6})\.jpg", name, re.ASCII)
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
    lacking = [name for name in (ATTRIBUTES, PARTITION) if lists[name] is None] + [f"{PICTURES}/"] * (home == folder)
    if lacking:
        raise FerError(f"{DATASET.title}: {folder} lacks {' and '.join(lacking)}. Expected: {DATASET.layout}.")
    problems: list[str] = []
    notes: list[str] = []
    counts = counts_to_check(folder, {**OFFICIAL, "people": PEOPLE}, notes)
    splits_to_check = {split: counts[split] for split in SPLITS}
    files = _files(home, sum(splits_to_check.values()), problems)
    smiling = _smiling(lists[ATTRIBUTES], files, problems)
    splits = _read_list(lists[PARTITION], parse_split, files, problems)
    problems += count_differences(pd.Series(splits, dtype=object).value_counts(), splits_to_check, "pictures")
    if lists[IDENTITIES] is None:
        notes.append(PEOPLE_UNKNOWN)
        people = {number: file_name(number) for number in files}
    else:
        people = _read_list(lists[IDENTITIES], parse_identity, files, problems)
        if (found := len(set(people.values()))) != counts["people"]:
            problems.append(f"{IDENTITIES}: {found} people, official {counts['people']}")
    images, size_notes = read_fitted(
        list(files.values()), folder, SIZE, "RGB", NATIVE_SIZES, problems, "celeba", border=BORDER
    )
    refuse(DATASET.title, folder, problems, "Unpack the official archives again; no picture is guessed or skipped.")
    table = pd.DataFrame(
        {
            "label": [CLASSES[smiling[number]] for number in files],
            "subject": [people[number] for number in files],
            "source": [file_name(number) for number in files],
            "split": [splits[number] for number in files],
        }
    )
    return FaceSet("celeba", images, table, CLASSES, stand_in, tuple(notes + size_notes))


def _find(folder: Path, name: str) -> Path | None:
    places = (folder / name, folder / "Anno" / name, folder / "Eval" / name)
    return next((file for file in places if file.is_file()), None)


def _files(home: Path, last: int, problems: list[str]) -> dict[int, Path]:
    """The pictures by number, 1 to ``last``. What is missing or too much is said in ranges: it may be thousands."""
    files: dict[int, Path] = {}
    for file in pictures_below(home):
        try:
            number = parse_name(file.name)
        except ValueError as error:
            problems.append(f"{PICTURES}/{file.name}: {error}")
            continue
        if file.parent != home or not 1 <= number <= last:
            problems.append(
                f"{PICTURES}/{file.relative_to(home).as_posix()}: not one of 000001.jpg to {file_name(last)}"
            )
            continue
        files[number] = file
    missing = [number for number in range(1, last + 1) if number not in files]
    if missing:
        problems.append(f"{PICTURES}: {len(missing)} pictures missing, number {ranges(missing)}")
    return files


def _smiling(file: Path, files: dict[int, Path], problems: list[str]) -> dict[int, bool]:
    with file.open(encoding="utf-8", errors="replace") as stream:
        stream.readline()
        names = stream.readline().split()
    if SMILING not in names or len(names) != NUMBER_OF_ATTRIBUTES:
        problems.append(
            f"{file.name}, line 2: not the names of {NUMBER_OF_ATTRIBUTES} attributes with {SMILING} among them"
        )
        return {}
    column = names.index(SMILING)
    attributes = _read_list(file, parse_attributes, files, problems, first=3)
    return {number: values[column] for number, values in attributes.items()}


def _read_list(
    file: Path, parse: Callable[[str], tuple[int, T]], files: dict[int, Path], problems: list[str], first: int = 1
) -> dict[int, T]:
    """What the list says of each picture; lines from ``first`` on are read."""
    found: dict[int, T] = {}
    with file.open(encoding="utf-8", errors="replace") as stream:
        for line_number, line in enumerate(stream, start=1):
            if line_number < first or not line.strip():
                continue
            try:
                number, value = parse(line)
            except ValueError as error:
                problems.append(f"{file.name}, line {line_number}: {error}")
                continue
            if number in found:
                problems.append(f"{file.name}, line {line_number}: {file_name(number)} is listed twice")
            found.setdefault(number, value)
    unlisted = [number for number in files if number not in found]
    if unlisted:
        problems.append(f"{file.name}: {len(unlisted)} pictures not listed, number {ranges(unlisted)}")
    return found


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
