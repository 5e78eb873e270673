"""How people spell the classes in folder names."""

from __future__ import annotations

import re
from collections.abc import Sequence

SPELLINGS = {
    "anger": ("anger", "angry"),
    "contempt": ("contempt", "contemptuous"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "happiness": ("happiness", "happy"),
    "neutral": ("neutral",),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
}


def class_of_folder(name: str, classes: Sequence[str], first_code: int | None = None) -> str | None:
    """The class that a folder's name means, or ``None``.

    Letter case does not matter, nor a number before the word (``0_angry``, ``3. Happy``).

    Args:
        name: the folder's.
        classes: those of the data set; no other is given.
        first_code: the number of the first class where folders may be named by the set's own codes alone.
    """
    word = name.strip().lower()
    if first_code is not None and re.fullmatch("[0-9]", word):
        place = int(word) - first_code
        return classes[place] if 0 <= place < len(classes) else None
    word = re.sub(r"^[0-9]+[ ._-]*", "", word)
    return next((label for label in classes if word in SPELLINGS.get(label, ())), None)
