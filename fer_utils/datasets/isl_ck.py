"""Enhanced Cohn-Kanade (RPI, Intelligent Systems Lab): 14 action units, frame by frame, of Cohn-Kanade's sequences.

The lab gives labels only; the pictures are those of one's own copy of Cohn-Kanade. The format of the lab's label
files is not documented, so this reads a table that the user makes of them, ``isl_ck/action_units.csv``::

    sequence,frame,au_1,au_2,au_4,au_5,au_6,au_7,au_9,au_12,au_15,au_17,au_23,au_24,au_25,au_27
    S010_001,1,0,0,2,0,0,1,0,0,0,0,0,0,0,0

One line a labelled frame. ``sequence`` and ``frame`` are what the picture's name says: ``S010_001_00000001.png`` is
frame 1 of ``S010_001``. An action unit is 0 where absent, 1 (A, a trace) to 5 (E) where present, and 1 where
present without a grade. Pictures lie as in CK+, ``isl_ck/cohn-kanade-images/S010/001/S010_001_00000001.png`` (a
link to the folder of that name in ``ck_plus`` will do if frame numbers agree: the first edition of Cohn-Kanade
numbers some sequences otherwise).

The table's columns ``au_*`` hold those numbers. There are no emotions: every ``label`` is ``unlabelled``. The paper
on DCGAN features (Alharbawee & Pugeault) has 8,422 frames; another number is a note, since it is the paper's and
not the lab's. Frames of a sequence are near copies; split by ``subject``.

Pictures become 320×240 (width × height), grey: 0.65 GB for 8,422, kept in the cache.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import Dataset, read_fitted, refuse
from fer_utils.datasets.ck_plus import NATIVE_SIZES, PICTURES, Frame
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

TABLE = "action_units.csv"
ACTION_UNITS = tuple(f"au_{unit}" for unit in (1, 2, 4, 5, 6, 7, 9, 12, 15, 17, 23, 24, 25, 27))
COLUMNS = ("sequence", "frame", *ACTION_UNITS)
GRADES = frozenset("012345")
FRAMES = 8422
UNLABELLED = "unlabelled"
SIZE = (240, 320)


def parse_row(sequence: str, frame: str) -> Frame:
    """The frame that two cells name, ``S010_001`` and ``1``.

    Raises:
        ValueError: the cells have another form.
    """
    name = re.fullmatch(r"(S[0-9]{3})_([0-9]{3})", sequence, re.ASCII)
    if name is None or re.fullmatch(r"[0-9]{1,8}", frame, re.ASCII) is None:
        raise ValueError(f"sequence {sequence[:20]!r}, frame {frame[:20]!r}: not like S010_001 and 1")
    return Frame(name[1], name[2], int(frame))


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    lacking = [name for name, there in ((TABLE, (folder / TABLE).is_file()), (PICTURES, (folder / PICTURES).is_dir()))
               if not there]  # fmt: skip
    if lacking:
        raise FerError(f"{DATASET.title}: {folder} lacks {' and '.join(lacking)}. Expected: {DATASET.layout}.")
    problems: list[str] = []
    table = _table(folder, problems)
    files = [folder / PICTURES / path for path in table.pop("path")]
    images, notes = read_fitted(files, folder, SIZE, "L", NATIVE_SIZES, problems, "isl_ck")
    refuse(DATASET.title, folder, problems, f"Correct {TABLE} or unpack the pictures again; no frame is skipped.")
    if len(table) != FRAMES:
        notes.append(f"{len(table)} frames, the paper has {FRAMES}")
    return FaceSet("isl_ck", images, table, DATASET.classes, stand_in, tuple(notes))


def _table(folder: Path, problems: list[str]) -> pd.DataFrame:
    """One row for each good line whose picture is there, with its ``path`` below the folder of pictures."""
    columns = ["label", "subject", "source", "sequence", "frame", "path", *ACTION_UNITS]
    try:
        text = pd.read_csv(folder / TABLE, dtype=str, keep_default_na=False, encoding="utf-8-sig",
                           skip_blank_lines=False, index_col=False)  # fmt: skip
    except ValueError as error:
        problems.append(f"{TABLE}: unreadable ({error})")
        return pd.DataFrame(columns=columns)
    missing = [name for name in COLUMNS if name not in text]
    if missing:
        problems.append(f"{TABLE}: without the column(s) {', '.join(missing)}")
        return pd.DataFrame(columns=columns)
    rows, seen = [], set()
    for line, cells in enumerate(text[list(COLUMNS)].fillna("").itertuples(index=False, name=None), start=2):
        sequence, number, *units = (cell.strip() for cell in cells)
        if not any((sequence, number, *units)):
            continue
        try:
            frame = parse_row(sequence, number)
        except ValueError as error:
            problems.append(f"{TABLE}, line {line}: {error}")
            continue
        wrong = [f"{name} {unit[:20]!r}" for name, unit in zip(ACTION_UNITS, units, strict=True) if unit not in GRADES]
        path = f"{frame.subject}/{frame.take}/{frame.stem}.png"
        if wrong:
            problems.append(f"{TABLE}, line {line}: {', '.join(wrong)}: not one of 0 to 5")
        elif frame in seen:
            problems.append(f"{TABLE}, line {line}: frame {number} of {sequence} is there twice")
        elif not (folder / PICTURES / path).is_file():
            problems.append(f"{PICTURES}/{path}: missing, though {TABLE}, line {line} names it")
        else:
            grades = map(int, units)
            rows.append((UNLABELLED, frame.subject, f"{frame.stem}.png", sequence, frame.number, path, *grades))
        seen.add(frame)
    if not rows and not problems:
        problems.append(f"{TABLE}: not one line")
    return pd.DataFrame(rows, columns=columns)


DATASET = Dataset(
    name="isl_ck",
    title="Enhanced Cohn-Kanade (RPI ISL)",
    classes=(UNLABELLED,),
    shipped=False,
    publishable=False,
    layout=f"isl_ck/{TABLE} and isl_ck/{PICTURES}/S010/001/S010_001_00000001.png",
    licence="research only; the pictures as Cohn-Kanade, by signed agreement, no redistribution",
    how_to_get=(
        "labels: ecse.rpi.edu/~cvrl/database/ISL_Enhanced_CohnKanade.htm, brought into the table that the docstring of "
        "fer_utils/datasets/isl_ck.py describes; pictures: one's own copy of Cohn-Kanade, see ck_plus"
    ),
    load=_load,
)
