"""The csv form of FER-2013, line by line, parsed strictly and fast.

The columns are ``emotion,pixels,Usage`` in any order, with or without blanks around the names: ``fer2013.csv`` has them
so, Kaggle's ``icml_face_data.csv`` as ``emotion, Usage, pixels``. ``emotion`` is a code from 0 on, ``pixels`` 2,304
numbers from 0 to 255 with spaces between them (48 rows of 48), ``Usage`` one of ``Training PublicTest PrivateTest``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_utils.progress import track
from fer_utils.store import source_digest

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
HEADER = (b"emotion", b"pixels", b"Usage")
CODES = 7
SOURCE_DIGEST = source_digest(Path(__file__))

Order = tuple[int, int, int]
"""Where emotion, pixels and usage stand in a line."""

_SPLIT_NUMBERS = {name.encode(): number for number, name in enumerate(SPLITS)}


def read_csv(file: Path, codes: int = CODES) -> dict[str, np.ndarray]:
    """The whole file as arrays, with everything that is wrong in it.

    Args:
        file: the csv file.
        codes: emotions are numbered from 0 to ``codes - 1``.

    Returns:
        ``images`` (``uint8 [N, 48, 48]``), ``codes`` (``int64 [N]``, emotions as in the file),
        ``splits`` (``int64 [N]``, positions in :data:`SPLITS`) of the good lines in the file's
        order, and ``problems`` (text): what is wrong, with line numbers; the first line is 1.
    """
    bad: dict[str, list[int]] = defaultdict(list)
    found, splits, images = [], [], []
    with file.open("rb") as stream:
        total = sum(1 for _ in stream)
        stream.seek(0)
        order: Order | None = None
        for number, line in enumerate(track(stream, f"reading {file.name}", total=total), start=1):
            try:
                if number == 1:
                    order = check_header(line)
                elif line.strip():
                    code, pixels, split = parse_line(line, order, codes)
                    found.append(code)
                    images.append(pixels)
                    splits.append(split)
            except ValueError as error:
                bad[str(error)].append(number)
                if order is None:
                    # Nobody knows what the columns are, so that every further line would be wrong too.
                    break
    problems = [f"line {ranges(numbers)}: {reason}" for reason, numbers in bad.items()]
    return {
        "images": np.array(images, dtype=np.uint8).reshape(-1, SIDE, SIDE),
        "codes": np.array(found, dtype=np.int64),
        "splits": np.array(splits, dtype=np.int64),
        "problems": np.array(problems, dtype=str),
    }


def check_header(line: bytes) -> Order:
    """Where the three columns stand; ``ValueError`` unless the line names just them, in any letter case."""
    names = [field.lower() for field in _fields(line.removeprefix(b"\xef\xbb\xbf"))]
    wanted = [name.lower() for name in HEADER]
    if sorted(names) != sorted(wanted):
        raise ValueError("the header is not emotion,pixels,Usage")
    emotion, pixels, usage = (names.index(name) for name in wanted)
    return emotion, pixels, usage


def parse_line(line: bytes, order: Order | None = None, codes: int = CODES) -> tuple[int, np.ndarray, int]:
    """Emotion code, pixels (``uint8 [2304]``) and split number of one line.

    Args:
        line: the line, with or without its end.
        order: what :func:`check_header` gave; without it ``emotion,pixels,Usage``.
        codes: emotions are numbered from 0 to ``codes - 1``.

    Raises:
        ValueError: the line is not as the module's docstring says; the message says why.
    """
    fields = _fields(line)
    if len(fields) != 3:
        raise ValueError(f"{len(fields)} fields, expected 3")
    emotion, pixels, usage = (fields[place] for place in order or (0, 1, 2))
    code = int(emotion) if len(emotion) == 1 and emotion.isdigit() else codes
    if code >= codes:
        raise ValueError(f"emotion code {_shown(emotion)} is not one of 0 to {codes - 1}")
    if usage not in _SPLIT_NUMBERS:
        raise ValueError(f"Usage {_shown(usage)} is not one of {', '.join(SPLITS)}")
    if pixels.translate(None, b"0123456789 "):
        raise ValueError("pixels hold something else than whole numbers and spaces")
    # Nothing but digits and spaces is left, so every number is read; too large ones become int64's largest.
    values = np.fromstring(pixels, dtype=np.int64, sep=" ") if pixels.strip() else np.zeros(0, np.int64)
    if len(values) != SIDE * SIDE:
        raise ValueError(f"{len(values)} pixels, expected {SIDE * SIDE}")
    if values.max() > 255:
        raise ValueError("a pixel is larger than 255")
    return code, values.astype(np.uint8), _SPLIT_NUMBERS[usage]


def _fields(line: bytes) -> list[bytes]:
    return [field.strip().strip(b'"').strip() for field in line.split(b",")]


def _shown(field: bytes) -> str:
    return repr(field[:20].decode("utf-8", "replace"))


def ranges(numbers: Sequence[int]) -> str:
    """``[2, 3, 4, 9]`` as ``"2-4, 9"``; the numbers are ascending."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
