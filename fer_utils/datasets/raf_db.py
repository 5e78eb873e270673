"""RAF-DB (Li, Deng & Du 2017), basic emotions: 15,339 faces from the web, seven classes, official split.

Official layout: ``basic/EmoLabel/list_patition_label.txt`` (sic) with lines ``train_00001.jpg 5``, and
``basic/Image/aligned/train_00001_aligned.jpg``, 100×100 pixels, colour. Codes: 1 surprise, 2 fear, 3 disgust,
4 happiness, 5 sadness, 6 anger, 7 neutral. The aligned pictures are read; ``Image/original/`` is not. The list and the
folder ``aligned`` may also lie directly in ``raf_db/`` or ``basic/``.

An edition in folders is about as well: ``DATASET/train/5/train_00001_aligned.jpg``, the code as the folder, with
``train_labels.csv`` and ``test_labels.csv`` beside, which must agree. It is another edition, and so a difference.

Other counts than 12,271 + 3,068 are differences; other counts of single classes within these totals
(:data:`OFFICIAL`), which nobody has confirmed, are a note. A picture without a label is left out and named.

People: nobody knows who is in the pictures. ``subject`` is the picture's own ``source``, so each counts as its
own person.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import PEOPLE_UNKNOWN, Dataset, counts_to_check, stand_in_marker
from fer_utils.datasets.findings import Findings, counts_line, few, read_text
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.spellings import class_of_folder
from fer_utils.datasets.walking import child, folder_inside, pictures_below
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASSES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
"""In the order of the codes 1 to 7."""
OFFICIAL = {
    "train": (1290, 281, 717, 4772, 1982, 705, 2524),
    "test": (329, 74, 160, 1185, 478, 162, 680),
}
"""Pictures of each split, in the order of :data:`CLASSES`."""
SIZE = (100, 100)
LIST, ALIGNED = "EmoLabel/list_patition_label.txt", "Image/aligned"

FOLDERS = "DATASET"

_LINE = re.compile(r"((train|test)_[0-9]{5})(?:_aligned)?\.jpg[ ,\t]+([0-9]+)", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"((train|test)_[0-9]{5})(?:_aligned)?", re.ASCII | re.IGNORECASE)


def parse_line(line: str) -> tuple[str, str, str]:
    """Read ``train_00001.jpg 5``: the name without ending, the split and the class.

    Raises:
        ValueError: the line has another form, or the code is not one of 1 to 7.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("not a line like train_00001.jpg 5")
    name, split, code = match[1].lower(), match[2].lower(), match[3]
    if code not in {str(number) for number in range(1, len(CLASSES) + 1)}:
        raise ValueError(f"emotion code {code[:20]} is not one of 1 to {len(CLASSES)}")
    return name, split, CLASSES[int(code) - 1]


def parse_picture(name: str) -> tuple[str, str]:
    """Read ``train_00001_aligned.jpg``: ``train_00001`` and the split.

    Raises:
        ValueError: the name has another form.
    """
    match = _NAME.fullmatch(name.rpartition(".")[0])
    if match is None:
        raise ValueError("not a name like train_00001_aligned.jpg")
    return match[1].lower(), match[2].lower()


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    where = folder_inside(folder, "basic")
    found = Findings(DATASET.title, where)
    found.notes.append(PEOPLE_UNKNOWN)
    listed, aligned = _first(where, LIST), _first(where, ALIGNED)
    homes = {split: child(folder_inside(where, FOLDERS), split, found) for split in OFFICIAL}
    if listed is not None and aligned is not None:
        table, files = _from_list(listed, aligned, found)
    elif any(homes.values()):
        where = folder_inside(where, FOLDERS)
        found.folder = where
        table, files = _from_folders(homes, found)
    else:
        raise FerError(
            f"{DATASET.title}: {where} does not hold both {LIST} and {ALIGNED}/, nor {FOLDERS}/train/1 and so on. "
            f"Expected: {DATASET.layout}."
        )
    _check_counts(table, found, folder)
    images = read_pictures(files, found, SIZE, "RGB", (SIZE,), "JPEG")
    return found.faces("raf_db", images, table, DATASET.classes, stand_in or stand_in_marker(where))


def _first(where: Path, path: str) -> Path | None:
    """The path below ``where``, or only its last part."""
    places = (child(where, path), child(where, path.rpartition("/")[2]))
    return next((place for place in places if place is not None), None)


def _table(names: list[str], labels: dict[str, str]) -> pd.DataFrame:
    sources = [f"{name}_aligned.jpg" for name in names]
    splits = [name.partition("_")[0] for name in names]
    return pd.DataFrame(
        {"label": [labels[name] for name in names], "subject": sources, "source": sources, "split": splits},
        columns=["label", "subject", "source", "split"],
    )


def _from_list(listed: Path, aligned: Path, found: Findings) -> tuple[pd.DataFrame, list[Path]]:
    labels = _labels(listed, found)
    files = _by_name(pictures_below(aligned, found), found)
    named = found.named(listed)
    unlisted = [found.named(file) for name, file in files.items() if name not in labels]
    if unlisted:
        found.differences.append(
            f"{len(unlisted)} picture(s) left out, for {named} does not name them: {few(unlisted)}"
        )
    missing = [f"{name}_aligned.jpg" for name in labels if name not in files]
    if missing:
        found.differences.append(f"{len(missing)} picture(s) are missing that {named} names: {few(missing)}")
    present = [name for name in labels if name in files]
    return _table(present, labels), [files[name] for name in present]


def _from_folders(homes: dict[str, Path | None], found: Findings) -> tuple[pd.DataFrame, list[Path]]:
    found.differences.append(f"an edition in folders ({FOLDERS}/train/1 …), not the official archive")
    labels: dict[str, str] = {}
    files: dict[str, Path] = {}
    for split, home in homes.items():
        if home is None:
            found.differences.append(f"no folder {split}: none of its pictures")
            continue
        said = (
            _labels(home.parent / f"{split}_labels.csv", found)
            if (home.parent / f"{split}_labels.csv").exists()
            else {}
        )
        for file in pictures_below(home, found):
            parts, path = file.relative_to(home).parts, found.named(file)
            label = class_of_folder(parts[0], CLASSES, first_code=1) if len(parts) == 2 else None
            try:
                name, own = parse_picture(file.name)
            except ValueError as error:
                found.problems.append(f"{path}: {error}")
                continue
            if label is None:
                found.problems.append(f"{path}: not in a folder {split}/<1 to {len(CLASSES)}>")
            elif own != split:
                found.problems.append(f"{path}: belongs into {own}/")
            elif name in files:
                found.problems.append(f"{path}: the same picture is also {found.named(files[name])}")
            elif said.get(name, label) != label:
                found.problems.append(f"{path}: {split}_labels.csv says {said[name]}")
            else:
                files[name], labels[name] = file, label
        if missing := [name for name in said if name not in files]:
            found.differences.append(
                f"{len(missing)} picture(s) are missing that {split}_labels.csv names: {few(missing)}"
            )
    names = [name for split in homes for name in sorted(files) if name.startswith(split)]
    return _table(names, labels), [files[name] for name in names]


def _by_name(pictures: list[Path], found: Findings) -> dict[str, Path]:
    files: dict[str, Path] = {}
    strange = []
    for file in pictures:
        try:
            name, _ = parse_picture(file.name)
        except ValueError:
            strange.append(found.named(file))
            continue
        if name in files:
            found.problems.append(f"{found.named(file)}: the same picture is also {found.named(files[name])}")
        files.setdefault(name, file)
    if strange:
        found.notes.append(f"{len(strange)} picture(s) of other names ignored: {few(strange)}")
    return files


def _labels(file: Path, found: Findings) -> dict[str, str]:
    """The class of each picture that a list names, in the list's order."""
    labels: dict[str, str] = {}
    for number, line in enumerate((read_text(file, found) or "").splitlines(), start=1):
        if not line.strip() or (number == 1 and line.strip().lower() == "image,label"):
            continue
        try:
            name, _, label = parse_line(line.strip())
        except ValueError as error:
            found.problems.append(f"{file.name}, line {number}: {error}")
            continue
        if labels.get(name, label) != label:
            found.problems.append(f"{file.name}, line {number}: {name}.jpg is listed twice, with two labels")
        elif name in labels:
            found.notes.append(f"{file.name}, line {number}: {name}.jpg is listed twice")
        labels.setdefault(name, label)
    return labels


def _check_counts(table: pd.DataFrame, found: Findings, folder: Path) -> None:
    official = {f"{split} {label}": count for split, counts in OFFICIAL.items()
                for label, count in zip(CLASSES, counts, strict=True)}  # fmt: skip
    counts = counts_to_check(folder, official, found.notes)
    totals = {split: sum(counts[f"{split} {label}"] for label in CLASSES) for split in OFFICIAL}
    found.differences += counts_line(table["split"].value_counts(), totals, "pictures")
    have = {" ".join(key): count for key, count in table.groupby(["split", "label"]).size().items()}
    found.notes += counts_line(have, counts, "pictures")


DATASET = Dataset(
    name="raf_db",
    title="RAF-DB",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout=(
        "raf_db/basic/EmoLabel/list_patition_label.txt and …/Image/aligned/train_00001_aligned.jpg, or "
        "raf_db/DATASET/train/1/*"
    ),
    licence="non-commercial research, by academic request, no redistribution (Li, Deng & Du 2017)",
    how_to_get=(
        "request the password from an academic address, see whdeng.cn/RAF/model1.html, then unpack the basic part "
        "(labels and aligned pictures) to $FER_DATA/raf_db/basic"
    ),
    load=_load,
)
