"""Places in a paper, and which of a run's files stand beside them.

``figure_6_confusion_sound.png`` and ``table_4.csv`` name their place: Figure 6, Table IV. Nothing else has to say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_KINDS = ("table", "figure", "section")
_ROMAN = {"I": 1, "V": 5, "X": 10}


def place_key(where: str) -> str:
    """``Table IV`` gives ``table_4``, ``Figure 3a`` ``figure_3a``, ``Section V-D`` ``section_5_d``."""
    words = re.split(r"[\s.,-]+", where.strip())
    if words[0].lower() in _KINDS and len(words) > 1:
        words[1] = str(_roman(words[1])) if re.fullmatch("[IVX]+", words[1]) else words[1]
    return re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(-value if value < max(values[place:]) else value for place, value in enumerate(values))


def beside(where: str, files: Iterable[str]) -> list[str]:
    """The files whose name begins with the place's key."""
    key = place_key(where)
    return [file for file in files if re.match(rf"{re.escape(key)}(_|$)", PurePosixPath(file).stem)]


def title(file: str) -> str:
    """A file's name as words: ``figure_3a_sound.png`` reads ``Figure 3a sound``, ``section_4_1`` ``Section 4.1``."""
    words = re.sub(r"(?<=\d)_(?=\d)", ".", PurePosixPath(file).stem).replace("_", " ")
    return words[:1].upper() + words[1:]
