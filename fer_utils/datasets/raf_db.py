"""RAF-DB (Li, Deng & Du 2017), basic emotions: 15,339 faces from the web, seven classes, official split.

Official layout: ``basic/EmoLabel/list_patition_label.txt`` (sic) with lines ``train_00001.jpg 5``, and
``basic/Image/aligned/train_00001_aligned.jpg``, 100×100 pixels, colour. Codes: 1 surprise, 2 fear, 3 disgust,
4 happiness, 5 sadness, 6 anger, 7 neutral. The aligned pictures are read; ``Image/original/`` is not.

12,271 pictures train and 3,068 test are checked; other counts of the single classes (:data:`OFFICIAL`) are a note.

People: nobody knows who is in the pictures. ``subject`` is the picture's own ``source``, so each counts as its
own person.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import (
    PEOPLE_UNKNOWN,
    Dataset,
    count_differences,
    folder_inside,
    pictures_below,
    read_fitted,
    refuse,
    stand_in_marker,
)
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

_LINE = re.compile(r"((train|test)_[0-9]{5})\.jpg ([0-9]+)")


def parse_line(line: str) -> tuple[str, str, str]:
    """Read ``train_00001.jpg 5``: the name without ending, the split and the class.

    Raises:
        ValueError: the line has another form, or the code is not one of 1 to 7.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("not a line like train_00001.jpg 5")
    name, split, code = match.groups()
    if code not in {str(number) for number in range(1, len(CLASSES) + 1)}:
        raise ValueError(f"emotion code {code[:20]} is not one of 1 to {len(CLASSES)}")
    return name, split, CLASSES[int(code) - 1]


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    where = folder_inside(folder, "basic")
    if not (where / LIST).is_file() or not (where / ALIGNED).is_dir():
        raise FerError(
            f"{DATASET.title}: {where} does not hold both {LIST} and {ALIGNED}/. Expected: {DATASET.layout}."
        )
    problems: list[str] = []
    table = _listed(where / LIST, problems)
    files = {file.name: file for file in pictures_below(where / ALIGNED)}
    expected = {f"{name}_aligned.jpg": name for name in table["name"]}
    problems += [f"{ALIGNED}/{name}: missing" for name in expected if name not in files]
    problems += [f"{ALIGNED}/{name}: not in {LIST}" for name in files if name not in expected]

    totals = {split: sum(counts) for split, counts in OFFICIAL.items()}
    problems += count_differences(table["split"].value_counts(), totals, "pictures")
    by_class = {
        (split, label): count for split in OFFICIAL for label, count in zip(CLASSES, OFFICIAL[split], strict=True)
    }
    notes = [PEOPLE_UNKNOWN, *count_differences(table.groupby(["split", "label"]).size(), by_class, "pictures")]

    present = [name for name in expected if name in files]
    images, size_notes = read_fitted([files[name] for name in present], where, SIZE, "RGB", (SIZE,), problems)
    refuse(DATASET.title, where, problems, "Unpack the official archives again; no picture is guessed or skipped.")
    notes += size_notes
    table = pd.DataFrame(
        {"label": table["label"], "subject": present, "source": present, "split": table["split"]},
    )
    return FaceSet("raf_db", images, table, DATASET.classes, stand_in or stand_in_marker(where), tuple(notes))


def _listed(file: Path, problems: list[str]) -> pd.DataFrame:
    """Columns ``name split label``: the list's good lines, in its order."""
    rows: dict[str, tuple[str, str, str]] = {}
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = parse_line(line.strip())
        except ValueError as error:
            problems.append(f"{file.name}, line {number}: {error}")
            continue
        if row[0] in rows:
            problems.append(f"{file.name}, line {number}: {row[0]}.jpg is listed twice")
        rows.setdefault(row[0], row)
    return pd.DataFrame(list(rows.values()), columns=["name", "split", "label"])


DATASET = Dataset(
    name="raf_db",
    title="RAF-DB",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="raf_db/basic/EmoLabel/list_patition_label.txt and raf_db/basic/Image/aligned/train_00001_aligned.jpg",
    licence="non-commercial research, by academic request, no redistribution (Li, Deng & Du 2017)",
    how_to_get=(
        "request the password from an academic address, see whdeng.cn/RAF/model1.html, then unpack the basic part "
        "(labels and aligned pictures) to $FER_DATA/raf_db/basic"
    ),
    load=_load,
)
