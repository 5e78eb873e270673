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
not the lab's. A frame that the table names and that is not there is a difference; a line that can't be read refuses
the set. Frames of a sequence are near copies; split by ``subject``.

Pictures become 320×240 (width × height), grey: 0.65 GB for 8,422, kept in the cache.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import Dataset
from fer_utils.datasets.ck_plus import NATIVE_SIZES, PICTURES, Frame, parse_picture
from fer_utils.datasets.findings import Findings, few, why_unreadable
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import child, pictures_below
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
    name = re.fullmatch(r"(S[0-9]{3})_([0-9]{3})", sequence.upper(), re.ASCII)
    if name is None or re.fullmatch(r"[0-9]{1,8}", frame, re.ASCII) is None:
        raise ValueError(f"sequence {sequence[:20]!r}, frame {frame[:20]!r}: not like S010_001 and 1")
    return Frame(name[1], name[2], int(frame))


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    graded, home = child(folder, TABLE), child(folder, PICTURES)
    lacking = [name for name, there in ((TABLE, graded is not None and graded.is_file()),
                                        (PICTURES, home is not None and home.is_dir())) if not there]  # fmt: skip
    if lacking or graded is None or home is None:
        raise FerError(f"{DATASET.title}: {folder} lacks {' and '.join(lacking)}. Expected: {DATASET.layout}.")
    found = Findings(DATASET.title, folder)
    pictures = _pictures(home, found)
    table = _table(graded, pictures, found)
    files = [pictures[frame] for frame in table.pop("picture")]
    images = read_pictures(files, found, SIZE, "L", NATIVE_SIZES, "PNG", "isl_ck", colour_too=True)
    if len(table) != FRAMES:
        found.notes.append(f"{len(table)} frames, the paper has {FRAMES}")
    advice = f"Nothing is guessed. Correct {TABLE}, or unpack the pictures again."
    return found.faces("isl_ck", images, table, DATASET.classes, stand_in, advice)


def _pictures(home: Path, found: Findings) -> dict[Frame, Path]:
    """The pictures that lie where their names belong; pictures elsewhere are nobody's frame."""
    pictures: dict[Frame, Path] = {}
    for file in pictures_below(home, found):
        try:
            frame = parse_picture(file.name)
        except ValueError:
            continue
        place = tuple(part.upper() for part in file.relative_to(home).parts[:-1])
        if place != (frame.subject, frame.take):
            found.notes.append(f"{found.named(file)} ignored: belongs into {PICTURES}/{frame.subject}/{frame.take}/")
        elif frame in pictures:
            found.problems.append(f"{found.named(file)}: another picture of this frame is there")
        else:
            pictures[frame] = file
    return pictures


def _table(file: Path, pictures: dict[Frame, Path], found: Findings) -> pd.DataFrame:
    """One row for each good line whose picture is there, with its ``picture`` as a key of ``pictures``."""
    columns = ["label", "subject", "source", "sequence", "frame", "picture", *ACTION_UNITS]
    try:
        text = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig",
                           skip_blank_lines=False, index_col=False)  # fmt: skip
    except (ValueError, OSError) as error:
        reason = why_unreadable(error) if isinstance(error, OSError) else f"unreadable ({error})"
        found.problems.append(f"{TABLE}: {reason}")
        return pd.DataFrame(columns=columns)
    missing = [name for name in COLUMNS if name not in text]
    if missing:
        found.problems.append(f"{TABLE}: without the column(s) {', '.join(missing)}")
        return pd.DataFrame(columns=columns)
    rows, seen, absent = [], set(), []
    for line, cells in enumerate(text[list(COLUMNS)].fillna("").itertuples(index=False, name=None), start=2):
        sequence, number, *units = (cell.strip() for cell in cells)
        if not any((sequence, number, *units)):
            continue
        try:
            frame = parse_row(sequence, number)
        except ValueError as error:
            found.problems.append(f"{TABLE}, line {line}: {error}")
            continue
        wrong = [f"{name} {unit[:20]!r}" for name, unit in zip(ACTION_UNITS, units, strict=True) if unit not in GRADES]
        if wrong:
            found.problems.append(f"{TABLE}, line {line}: {', '.join(wrong)}: not one of 0 to 5")
        elif frame in seen:
            found.problems.append(f"{TABLE}, line {line}: frame {number} of {sequence} is there twice")
        elif frame not in pictures:
            absent.append(f"{frame.stem}.png")
        else:
            grades = map(int, units)
            rows.append((UNLABELLED, frame.subject, f"{frame.stem}.png", frame.sequence, frame.number, frame, *grades))
        seen.add(frame)
    if absent:
        found.differences.append(f"{len(absent)} frame(s) are missing that {TABLE} names: {few(absent)}")
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
