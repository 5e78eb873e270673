"""Small trees in official layouts, with random blocks instead of faces, and what the loaders say of them.

The writers follow the loader modules' own tables of official counts. A test first makes those tables small
(``monkeypatch.setattr(rafd, "PEOPLE", …)``), so that a whole tree is a few dozen files.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import (
    celeba,
    ck48,
    ck_plus,
    fer2013,
    fer2013_csv,
    ferplus,
    icv_mefed,
    isl_ck,
    kdef,
    raf_db,
    rafd,
    sfew,
)
from fer_utils.errors import FerError


def blocks(name: str, size: tuple[int, int], mode: str) -> Image.Image:
    """A picture of 4×4 random blocks, the same for the same name; ``size`` is (height, width)."""
    shape = (4, 4, 3) if mode == "RGB" else (4, 4)
    values = np.random.default_rng(zlib.crc32(name.encode())).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(values).resize(size[::-1], Image.Resampling.NEAREST)


def save(file: Path, size: tuple[int, int], mode: str) -> Path:
    """Write :func:`blocks` named after the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    blocks(file.name, size, mode).save(file)
    return file


def problems_of(name: str) -> list[str]:
    """The problems that loading lists in its one error, checked against the number it announces.

    What is only counted ("… and 4 more like the last") is not given back.
    """
    with pytest.raises(FerError) as failure:
        load(name)
    first, *lines = str(failure.value).splitlines()
    found = [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]
    counted = [re.fullmatch("… and ([0-9]+) more like the last", line) for line in found]
    number = sum(int(match[1]) if match else 1 for match in counted)
    assert first.endswith(f"is not as it should be, {number} problem(s):")
    assert failure.value.exit_code == 1 and len(lines) == len(found) + 1
    return [line for line, match in zip(found, counted, strict=True) if not match]


def write_fer2013_csv(folder: Path) -> list[tuple[int, str]]:
    """``fer2013.csv`` with the official counts; gives back code and split of every row."""
    rows = [
        (code, split)
        for split, counts in fer2013.OFFICIAL.items()
        for code, count in enumerate(counts)
        for _ in range(count)
    ]
    lines = ["emotion,pixels,Usage"]
    for number, (code, split) in enumerate(rows):
        pixels = np.asarray(blocks(f"fer {number}", (48, 48), "L")).ravel()
        lines.append(f"{code},{' '.join(map(str, pixels))},{split}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / fer2013.CSV).write_text("\n".join(lines) + "\n")
    return rows


def write_ferplus(folder: Path, usage: list[str]) -> None:
    """``fer2013new.csv``: nine votes for the vote column ``row mod 10``, one for the next."""
    lines = [",".join(("Usage", "Image name", *ferplus.VOTES))]
    for number, split in enumerate(usage):
        votes = [9 if vote == number % 10 else int(vote == (number + 1) % 10) for vote in range(10)]
        lines.append(",".join((split, f"fer{number:07d}.png", *map(str, votes))))
    (folder / ferplus.FILE).write_text("\n".join(lines) + "\n")


def write_fer2013_folders(folder: Path) -> None:
    """``train/`` and ``test/`` with the official counts, both test sets merged."""
    merged = np.add(fer2013.OFFICIAL["PublicTest"], fer2013.OFFICIAL["PrivateTest"])
    for split, counts in (("train", fer2013.OFFICIAL["Training"]), ("test", merged)):
        for name, count in zip(fer2013.FOLDERS, counts, strict=True):
            for number in range(count):
                side = fer2013_csv.SIDE
                save(folder / split / name / f"{split}_{name}_{number}.png", (side, side), "L")


def write_ck_plus(folder: Path, frames: int = 6) -> None:
    """Labelled sequences of the official counts, dealt out to the official number of people, and one unlabelled."""
    labels = [label for label, count in ck_plus.OFFICIAL.items() for _ in range(count)]
    for number, label in enumerate(labels):
        take, person = divmod(number, ck_plus.PEOPLE)
        write_ck_sequence(folder, f"S{person + 1:03d}", f"{take + 1:03d}", label, frames)
    write_ck_sequence(folder, "S001", "099", None, frames)


def write_ck_sequence(folder: Path, subject: str, take: str, label: str | None, frames: int) -> None:
    """The pictures of one sequence and, where it has a label, its emotion file."""
    for frame in range(1, frames + 1):
        name = ck_plus.Frame(subject, take, frame).stem
        save(folder / ck_plus.PICTURES / subject / take / f"{name}.png", (480, 640), "L")
    if label is not None:
        home = folder / ck_plus.EMOTIONS / subject / take
        home.mkdir(parents=True, exist_ok=True)
        name = ck_plus.Frame(subject, take, frames).stem
        (home / f"{name}_emotion.txt").write_text(f"   {ck_plus.CLASSES.index(label):.7e}\n")


def write_ck48(folder: Path) -> None:
    """Three frames of every sequence of the official counts, each sequence of another person."""
    number = 0
    for name, label in ck48.CLASS_OF_FOLDER.items():
        for _ in range(ck_plus.OFFICIAL[label]):
            number += 1
            for frame in (9, 10, 11):
                save(folder / name / f"S{number:03d}_001_{frame:08d}.png", ck48.SIZE, "L")


def write_rafd(folder: Path) -> None:
    """The people of the official table in every angle, gaze and expression."""
    number = 0
    for (ethnicity, gender), count in rafd.PEOPLE.items():
        for _ in range(count):
            number += 1
            for angle in rafd.ANGLES:
                for gaze in rafd.GAZES:
                    for expression in rafd.CLASS_OF_EXPRESSION:
                        name = rafd.Picture(angle, f"{number:02d}", ethnicity, gender, expression, gaze).file_name
                        save(folder / name, rafd.NATIVE_SIZES[0], "RGB")


def write_kdef(folder: Path) -> None:
    """Every official picture, in the folder of its session and person."""
    for picture in kdef.official_pictures():
        save(folder / picture.home / picture.file_name, kdef.NATIVE_SIZES[0], "RGB")


def write_raf_db(folder: Path) -> None:
    """The list and the aligned pictures, with the official counts."""
    lines = []
    for split, counts in raf_db.OFFICIAL.items():
        codes = [code for code, count in enumerate(counts, start=1) for _ in range(count)]
        for number, code in enumerate(codes, start=1):
            name = f"{split}_{number:05d}"
            lines.append(f"{name}.jpg {code}")
            save(folder / "basic" / raf_db.ALIGNED / f"{name}_aligned.jpg", raf_db.SIZE, "RGB")
    labels = folder / "basic" / raf_db.LIST
    labels.parent.mkdir(parents=True)
    labels.write_text("\n".join(lines) + "\n")


def write_sfew(folder: Path) -> None:
    """Frames of the official counts, two movies a split."""
    for split, counts in sfew.OFFICIAL.items():
        for name, count in zip(sfew.CLASS_OF_FOLDER, counts, strict=True):
            for number in range(count):
                movie = f"{split}Movie{number % 2}"
                code = sorted(sfew.CLASS_OF_FOLDER).index(name)
                file = f"{movie}_{1000 * code + number:09d}_{number:08d}.png"
                save(folder / split / name / file, sfew.NATIVE_SIZES[0], "RGB")


def write_icv_mefed(folder: Path) -> None:
    """The official number of people, with each label that is there as often as the official counts ask for."""
    codes = list(icv_mefed.CLASS_OF_CODE)
    pairs = [(a, b) for b in codes[:-1] for a in codes[: icv_mefed.LABELS_OF_EMOTION]] + [("N", "N")]
    for person in range(1, icv_mefed.PEOPLE + 1):
        for complementary, dominant in pairs:
            for take in range(1, icv_mefed.TAKES + 1):
                path = icv_mefed.Picture(f"{person:03d}", complementary, dominant).path(take)
                save(folder / path, icv_mefed.NATIVE_SIZES[0], "RGB")


def write_celeba(folder: Path, identities: bool = True) -> None:
    """Pictures of the official counts, every third smiling; the official number of people in turn."""
    splits = [code for code, count in enumerate(celeba.OFFICIAL.values()) for _ in range(count)]
    names = [f"Attribute_{number}" for number in range(celeba.NUMBER_OF_ATTRIBUTES - 1)]
    names.insert(31, celeba.SMILING)
    attributes, partition, people = [str(len(splits)), " ".join(names)], [], []
    for number, split in enumerate(splits, start=1):
        name = celeba.file_name(number)
        save(folder / celeba.PICTURES / name, celeba.NATIVE_SIZES[0], "RGB")
        values = ["-1"] * celeba.NUMBER_OF_ATTRIBUTES
        values[31] = "1" if number % 3 == 0 else "-1"
        attributes.append(f"{name} {' '.join(values)}")
        partition.append(f"{name} {split}")
        people.append(f"{name} {100 + number % celeba.PEOPLE}")
    lists = {celeba.ATTRIBUTES: attributes, celeba.PARTITION: partition}
    if identities:
        lists[celeba.IDENTITIES] = people
    for name, lines in lists.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def write_isl_ck(folder: Path) -> None:
    """The paper's number of frames, in sequences of three; the frame's number is the grade of every action unit."""
    lines = [",".join(isl_ck.COLUMNS)]
    for row in range(isl_ck.FRAMES):
        frame = ck_plus.Frame(f"S{row // 3 + 1:03d}", "001", row % 3 + 1)
        path = folder / ck_plus.PICTURES / frame.subject / frame.take / f"{frame.stem}.png"
        save(path, ck_plus.NATIVE_SIZES[0], "L")
        grades = [str(frame.number)] * len(isl_ck.ACTION_UNITS)
        lines.append(",".join((frame.sequence, str(frame.number), *grades)))
    (folder / isl_ck.TABLE).write_text("\n".join(lines) + "\n")
