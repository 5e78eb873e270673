"""iCV-MEFED (Guo et al. 2018): 125 people pose 50 compound expressions, five pictures each, 31,250 in all.

The label of a picture is ``A_B``: ``A`` the complementary emotion and ``B`` the **dominant** one, which is the
class here, as in CLIFER (Section V-C.1). Codes: 1 anger, 2 contempt, 3 disgust, 4 fear, 5 happiness, 6 sadness, 7
surprise, N neutral. That makes 4,375 pictures of each emotion and 625 neutral ones; other counts, also of people and
labels, are differences. A picture whose path can't be read refuses the set.

How the files are named beyond the label is not documented. Read are paths such as ``012/1_7_3.jpg``,
``012/1_7/3.jpg`` and ``012_1_7_3.jpg``: person, label, number. For files of other names put a file
``name_pattern.txt`` into the folder with one regular expression (of Python) that matches a picture's whole path,
with ``/`` and as seen from the folder, letter case ignored, and has the groups ``subject``,
``complementary`` (which may match nothing, where a picture has one emotion only) and ``dominant``, such as::

    (?P<subject>[0-9]+)/(?P<complementary>[1-7N])_(?P<dominant>[1-7N])/IMG_[0-9]+[.]jpg

Pictures have 5184×3456 pixels. They are decoded at an eighth of that (JPEG's own scaling) and brought to 176×176, the
middle of the picture, colour: 2.9 GB, in memory and in the cache, where they are kept.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets.base import Dataset, counts_to_check
from fer_utils.datasets.findings import Findings, counts_line, unique
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import child, pictures_below
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASS_OF_CODE = {
    "1": "anger",
    "2": "contempt",
    "3": "disgust",
    "4": "fear",
    "5": "happiness",
    "6": "sadness",
    "7": "surprise",
    "N": "neutral",
}
PEOPLE, LABELS, TAKES = 125, 50, 5
LABELS_OF_EMOTION = 7
"""Labels with the same dominant emotion; neutral has one."""
PATTERN_FILE = "name_pattern.txt"
DEFAULT_PATTERN = (
    r"(?P<subject>[0-9]+)[/_](?P<complementary>[1-7N])_(?P<dominant>[1-7N])[/_](?P<take>[0-9]+)"
    r"\.(?:jpe?g|png|bmp|tiff?)"
)
GROUPS = ("subject", "complementary", "dominant")
SIZE = (176, 176)
NATIVE_SIZES = ((3456, 5184), (5184, 3456))


class Picture(NamedTuple):
    """What a path says."""

    subject: str
    complementary: str
    dominant: str

    @property
    def label(self) -> str:
        """The class: the dominant emotion."""
        return CLASS_OF_CODE[self.dominant]

    def path(self, take: int) -> str:
        """A path that :data:`DEFAULT_PATTERN` reads, such as ``012/1_7_3.jpg``."""
        return f"{self.subject}/{self.complementary}_{self.dominant}_{take}.jpg"


def compile_pattern(text: str) -> re.Pattern[str]:
    """The regular expression for paths.

    Raises:
        ValueError: it is no regular expression or lacks one of :data:`GROUPS`.
    """
    try:
        pattern = re.compile(text, re.IGNORECASE | re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression ({error})") from None
    lacking = [name for name in GROUPS if name not in pattern.groupindex]
    if lacking:
        raise ValueError(f"without the group(s) {', '.join(lacking)}")
    return pattern


def parse_path(path: str, pattern: re.Pattern[str] | None = None) -> Picture:
    """Read ``012/1_7_3.jpg``.

    Args:
        path: as seen from the data set's folder, with ``/``.
        pattern: what :func:`compile_pattern` gave; without it, :data:`DEFAULT_PATTERN`.

    Raises:
        ValueError: the path has another form, or the codes are not 1 to 7 or N.
    """
    match = (pattern or compile_pattern(DEFAULT_PATTERN)).fullmatch(path)
    if match is None:
        raise ValueError(f"not a path like 012/1_7_3.jpg, and not what {PATTERN_FILE} describes, if it is there")
    subject, complementary, dominant = (match[name] or "" for name in GROUPS)
    codes = (complementary or dominant).upper(), dominant.upper()
    if not subject or not set(codes) <= set(CLASS_OF_CODE):
        raise ValueError(f"person {subject[:20]!r}, label {'_'.join(codes)[:20]!r}: codes are 1 to 7 and N")
    return Picture(subject, *codes)


def official_pictures() -> dict[str, int]:
    """Pictures of each class."""
    per_label = PEOPLE * TAKES
    return {label: per_label * (1 if label == "neutral" else LABELS_OF_EMOTION) for label in CLASS_OF_CODE.values()}


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    pattern = _pattern(folder)
    found = Findings(DATASET.title, folder)
    pairs = []
    for file in pictures_below(folder, found):
        path = file.relative_to(folder).as_posix()
        try:
            picture = parse_path(path, pattern)
        except ValueError as error:
            found.problems.append(f"{found.named(file)}: {error}")
            continue
        match = pattern.fullmatch(path)
        # One person's pictures of a label are told apart by a number, if the pattern knows one, else by the path.
        number = match["take"] if match and "take" in pattern.groupindex else path
        pairs.append((file, (picture, number)))
    files, rows = [], []
    for (picture, _), file in unique(pairs, found).items():
        files.append(file)
        rows.append((picture.label, picture.subject, found.named(file), f"{picture.complementary}_{picture.dominant}",
                     CLASS_OF_CODE[picture.complementary]))  # fmt: skip
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "compound", "complementary"])
    official = counts_to_check(folder, {**official_pictures(), "people": PEOPLE, "labels": LABELS}, found.notes)
    per_class = {label: official[label] for label in CLASS_OF_CODE.values()}
    found.differences += counts_line(table["label"].value_counts(), per_class, "pictures")
    have = {"people": table["subject"].nunique(), "labels": table["compound"].nunique()}
    found.differences += [
        f"{have[what]} {what}, official {official[what]}" for what in have if have[what] != official[what]
    ]
    images = read_pictures(files, found, SIZE, "RGB", NATIVE_SIZES, "JPEG", "icv_mefed", draft=True)
    advice = (
        f"Nothing is guessed. Unpack these files again, or describe their names in {PATTERN_FILE}, or take them out of "
        "the folder: what is then missing is listed."
    )
    return found.faces("icv_mefed", images, table, DATASET.classes, stand_in, advice)


def _pattern(folder: Path) -> re.Pattern[str]:
    file = child(folder, PATTERN_FILE)
    if file is None or not file.is_file():
        return compile_pattern(DEFAULT_PATTERN)
    try:
        return compile_pattern(file.read_text("utf-8").strip())
    except (ValueError, OSError) as error:
        raise FerError(
            f"{DATASET.title}: {file}: {error}. It has to hold one regular expression with the groups "
            f"{', '.join(GROUPS)}, such as {DEFAULT_PATTERN}"
        ) from None


DATASET = Dataset(
    name="icv_mefed",
    title="iCV-MEFED",
    classes=tuple(CLASS_OF_CODE.values()),
    shipped=False,
    publishable=False,
    layout=f"icv_mefed/012/1_7_3.jpg, 31,250 pictures, or other names with a regular expression in {PATTERN_FILE}",
    licence="research only, by request, no redistribution (Guo et al. 2018)",
    how_to_get="ask by e-mail, see icv.tuit.ut.ee/icv-mefed-database.html, then unpack it to $FER_DATA/icv_mefed",
    load=_load,
)
