"""BAUM-1 (Zhalehpour et al. 2017): 31 people on video, moved by pictures and films (BAUM-1s) or acting (BAUM-1a).

Official layout: ``BAUM1s_MP4 - All/s001/S001_001.mp4`` and ``BAUM1a_MP4 - All/…`` (also ``BAUM1a_MP4_all``) with
the tables ``Annotations_BAUM1s.xlsx`` and ``Annotations_BAUM1a.xlsx``, or the same exported as ``.csv``: a line of
headings, then the person's number in the second column, the clip in the fourth, the emotion's name in the fifth and
its code in the sixth. The codes of the two parts differ (:data:`NAMES`). ``part`` is ``spontaneous`` or ``acted``;
CLIFER uses the spontaneous one; without it the set is another. Mental states (boredom, thinking, unsure …) are no
expressions of :data:`fer_utils.faces.EMOTIONS`: their clips are counted in a note and not read.

A name and a code that contradict each other are a problem, but for ``S015_007`` (spontaneous), where the official
table does so: that clip is left out, with a note. An annotated clip that is missing is a difference in the spontaneous
part and a note in the acted part, whose own table names some; clips without annotation are a note. So are counts
other than 1,222 spontaneous clips, 273 acted ones and 31 people, which have not been confirmed.

CLIFER's released loader reads ``<person>/<class>/<clip>/<frame>.png`` instead, with the folders of
:data:`CLASS_OF_FOLDER`. That layout is read where there is no folder of videos; ``part`` is then unknown and left
out, and the frames are whoever's who took them out, which is a difference.

Two frames of each chunk of fifteen are kept (:func:`fer_utils.datasets.clips.chunk_frames`), brought to 200×160
pixels (width × height), colour. Memory: a frame takes 96 kB; the paper has 15 to 20 frames a clip, so that even all
1,495 clips would take 2.9 GB, in memory and in the cache, where they are kept.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets.base import Dataset
from fer_utils.datasets.clips import chunk_frames
from fer_utils.datasets.findings import Findings, counts_line, few, parse_names, unique, why_unreadable
from fer_utils.datasets.footage import Frames, read_frame_folders, read_videos, videos_below
from fer_utils.datasets.walking import child, folders_in
from fer_utils.errors import FerError
from fer_utils.faces import EMOTIONS, FaceSet

CLASSES = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
NAMES = {
    "s": (
        *("anger", "boredom", "bothered", "concentrating", "contempt", "disgust", "fear", "happiness", "neutral"),
        *("sadness", "surprise", "thinking", "unsure"),
    ),
    "a": ("anger", "boredom", "disgust", "fear", "happiness", "interest", "sadness", "surprise", "unsure"),
}
"""Of the spontaneous and the acted part, in the order of the codes from 1."""
PARTS = {"s": "spontaneous", "a": "acted"}
OFFICIAL = {"spontaneous": 1222, "acted": 273}
"""Clips of each part; unconfirmed, and so are the people."""
PEOPLE = 31
CONTRADICTED = frozenset((("s", "S015_007"),))
CLASS_OF_FOLDER = {
    "Anger": "anger",
    "Fear": "fear",
    "Happiness": "happiness",
    "Neutral": "neutral",
    "Sadness": "sadness",
    "Surprise": "surprise",
}
SUBJECT, CLIP, NAME, CODE = 1, 3, 4, 5
"""Columns of the tables, from 0."""
SIZE = (160, 200)
NATIVE_SIZES = ((576, 720),)


class Clip(NamedTuple):
    """What a file name says, as text: person ``001`` and clip ``002``."""

    person: str
    number: str

    @property
    def stem(self) -> str:
        """``"S001_002"``."""
        return f"S{self.person}_{self.number}"

    @property
    def file_name(self) -> str:
        """The official name."""
        return f"{self.stem}.mp4"

    @property
    def home(self) -> str:
        """The official folder, such as ``s001``."""
        return f"s{self.person}"


def parse_name(name: str) -> Clip:
    """Read ``S001_002.mp4`` (letter case does not matter).

    Raises:
        ValueError: the name has another form.
    """
    match = re.fullmatch(r"S([0-9]{3})_([0-9]{3})\.MP4", name.upper(), re.ASCII)
    if match is None:
        raise ValueError("not a name like S001_002.mp4")
    return Clip(*match.groups())


def parse_row(row: list[str], part: str) -> tuple[Clip, str]:
    """Clip and emotion of a line of an annotation table.

    Args:
        row: the cells as text.
        part: ``"s"`` or ``"a"``.

    Raises:
        ValueError: too few cells; a clip, person or code that can't be; or a name and a code that differ.
    """
    if len(row) <= CODE:
        raise ValueError(f"{len(row)} columns, at least {CODE + 1} are needed")
    cells = [cell.strip() for cell in row]
    clip = parse_name(f"{cells[CLIP]}.mp4")
    person = re.fullmatch(r"[sS]?0*([0-9]{1,3})", cells[SUBJECT], re.ASCII)
    if person is None or int(person[1]) != int(clip.person):
        raise ValueError(f"{clip.stem} of person {cells[SUBJECT][:20]!r}")
    code = cells[CODE]
    if code not in {str(number) for number in range(1, len(NAMES[part]) + 1)}:
        raise ValueError(f"emotion code {code[:20]!r} is not one of 1 to {len(NAMES[part])}")
    emotion = NAMES[part][int(code) - 1]
    if not _same_emotion(cells[NAME], emotion):
        raise ContradictionError(clip, f"{clip.stem} is called {cells[NAME][:20]!r}, but code {code} is {emotion}")
    return clip, emotion


def format_row(clip: Clip, emotion: str, part: str) -> list[str]:
    """The cells of a line of an annotation table, as far as :func:`parse_row` reads them; the others are empty."""
    cells = {SUBJECT: str(int(clip.person)), CLIP: clip.stem, NAME: emotion.capitalize()}
    cells[CODE] = str(NAMES[part].index(emotion) + 1)
    return [cells.get(column, "") for column in range(CODE + 1)]


class ContradictionError(ValueError):
    """A line whose name and code differ."""

    def __init__(self, clip: Clip, message: str) -> None:
        super().__init__(message)
        self.clip = clip


def _same_emotion(name: str, emotion: str) -> bool:
    """Whether they begin alike: Happy is Happiness. Contempt and concentrating differ in the fourth letter."""
    letters = 4 if emotion.startswith("con") else 3
    return name.lower()[:letters] == emotion[:letters]


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    found = Findings(DATASET.title, folder)
    homes = {part: _videos_folder(folder, part) for part in PARTS}
    clips = _clip_folders(folder)
    if any(homes.values()):
        table, frames = _from_videos(homes, found)
    elif clips:
        table, frames = _from_frames(clips, found)
    else:
        raise FerError(f"{DATASET.title}: {folder} holds neither BAUM1s_MP4 - All/ nor <person>/<class>/<clip>/. "
                       f"Expected: {DATASET.layout}.")  # fmt: skip
    table = table.iloc[frames.clip].reset_index(drop=True)
    table["source"] = [f"{path}#{frame}" for path, frame in zip(table["source"], frames.frame, strict=True)]
    table["frame"] = frames.frame
    return found.faces("baum1", frames.images, table, CLASSES, stand_in)


def _videos_folder(folder: Path, part: str) -> Path | None:
    pattern = re.compile(rf"BAUM1{part}_MP4[ _-]*all", re.IGNORECASE)
    return next((home for home in folders_in(folder) if pattern.fullmatch(home.name)), None)


def _clip_folders(folder: Path) -> list[Path]:
    """Every ``<person>/<class>/<clip>/``."""
    return [clip for person in folders_in(folder) for name in folders_in(person) for clip in folders_in(name)]


def _from_videos(homes: dict[str, Path | None], found: Findings) -> tuple[pd.DataFrame, Frames]:
    rows, files = [], []
    clips_of: dict[str, int] = {}
    for part, home in homes.items():
        if home is None:
            (found.differences if part == "s" else found.notes).append(f"no folder BAUM1{part}_MP4 - All")
            continue
        labels = _labels(part, found)
        there = _files(home, found)
        clips_of[PARTS[part]] = len(there)
        if missing := [clip.stem for clip in labels if clip not in there]:
            sink = found.differences if part == "s" else found.notes
            sink.append(f"{len(missing)} {PARTS[part]} clips annotated but not there: {few(missing)}")
        unknown = [clip.stem for clip in there if clip not in labels and (part, clip.stem) not in CONTRADICTED]
        if unknown and labels:
            found.notes.append(f"{len(unknown)} {PARTS[part]} clips without annotation ignored: {few(unknown)}")
        others = Counter(labels[clip] for clip in there if clip in labels and labels[clip] not in EMOTIONS)
        if others:
            counts = ", ".join(f"{name} {count}" for name, count in sorted(others.items()))
            found.notes.append(f"{PARTS[part]} clips of mental states ignored: {counts}")
        for clip, file in there.items():
            if labels.get(clip) in CLASSES:
                files.append(file)
                path = found.named(file)
                rows.append((labels[clip], clip.home, path, f"{PARTS[part]} {clip.stem}", PARTS[part]))
    found.notes += counts_line(clips_of, {name: OFFICIAL[name] for name in clips_of}, "clips")
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence", "part"])
    if (people := table["subject"].nunique()) != PEOPLE:
        found.notes.append(f"{people} people with clips of these classes, official {PEOPLE}")
    return table, read_videos(files, found, SIZE, chunk_frames, NATIVE_SIZES, "baum1")


def _files(home: Path, found: Findings) -> dict[Clip, Path]:
    pairs = []
    for file, clip in parse_names(videos_below(home, ".mp4", found), found, parse_name):
        if file.parent.name.lower() != clip.home:
            found.problems.append(f"{found.named(file)}: belongs into {clip.home}/")
        else:
            pairs.append((file, clip))
    return dict(sorted(unique(pairs, found).items()))


def _labels(part: str, found: Findings) -> dict[Clip, str]:
    """The emotion of each annotated clip of a part."""
    names = [f"Annotations_BAUM1{part}{suffix}" for suffix in (".xlsx", ".csv")]
    places = (child(found.folder, name) for name in names)
    file = next((place for place in places if place is not None and place.is_file()), None)
    if file is None:
        found.problems.append(f"neither {' nor '.join(names)} is there")
        return {}
    labels: dict[Clip, str] = {}
    for number, row in _rows(file, found):
        try:
            clip, emotion = parse_row(row, part)
        except ContradictionError as error:
            known = (part, error.clip.stem) in CONTRADICTED
            sink = found.notes if known else found.problems
            sink.append(f"{file.name}, line {number}: {error}" + "; left out" * known)
        except ValueError as error:
            found.problems.append(f"{file.name}, line {number}: {error}")
        else:
            if clip in labels:
                found.problems.append(f"{file.name}, line {number}: {clip.stem} is there twice")
            labels.setdefault(clip, emotion)
    return labels


def _rows(file: Path, found: Findings) -> list[tuple[int, list[str]]]:
    """Line number, from 1, and cells of each line that is not empty, without the headings."""
    options = {"header": None, "dtype": str, "keep_default_na": False}
    try:
        if file.suffix.lower() == ".xlsx":
            table = pd.read_excel(file, engine="openpyxl", **options)
        else:
            table = pd.read_csv(file, encoding="utf-8-sig", skip_blank_lines=False, **options)
    except PermissionError as error:
        found.problems.append(f"{file.name}: {why_unreadable(error)}")
        return []
    # Damaged workbooks surface as errors of zipfile, of the XML parser or of openpyxl itself.
    except Exception as error:
        reason = "empty file" if file.stat().st_size == 0 else f"unreadable ({error})"
        found.problems.append(f"{file.name}: {reason}")
        return []
    cells = table.fillna("").astype(str).to_numpy().tolist()
    return [(number, row) for number, row in enumerate(cells, start=1) if number > 1 and any(map(str.strip, row))]


def _from_frames(homes: list[Path], found: Findings) -> tuple[pd.DataFrame, Frames]:
    found.differences.append("folders of frames that somebody took out of the videos")
    rows, kept = [], []
    labels = {name.lower(): label for name, label in CLASS_OF_FOLDER.items()}
    for home in homes:
        person, name, clip = home.relative_to(found.folder).parts
        path = found.named(home)
        if name.lower() not in labels:
            found.problems.append(f"{path}: not in a folder {person}/<{'|'.join(CLASS_OF_FOLDER)}>")
            continue
        kept.append(home)
        rows.append((labels[name.lower()], person, path, f"{person} {clip}"))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence"])
    repeated = table.loc[table["sequence"].duplicated(), "source"]
    found.problems += [f"{path}: the same clip in two classes" for path in repeated]
    frames = read_frame_folders(kept, found, SIZE, chunk_frames, NATIVE_SIZES, "baum1")
    found.notes.append("folders of frames: which part of the set they are from is not known")
    return table, frames


DATASET = Dataset(
    name="baum1",
    title="BAUM-1",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="baum1/BAUM1s_MP4 - All/s001/S001_001.mp4 with Annotations_BAUM1s.xlsx, or baum1/<person>/<class>/<clip>/*",
    licence="signed agreement, research only, no redistribution (Zhalehpour et al. 2017)",
    how_to_get=(
        "CLIFER's authors point to archive.ics.uci.edu/ml/datasets/BAUM-1; sign the agreement of the authors "
        "(Zhalehpour et al. 2017), then unpack videos and tables to $FER_DATA/baum1"
    ),
    load=_load,
)
