"""CK+, Extended Cohn-Kanade (Lucey et al. 2010): posed sequences from neutral to the peak of an expression.

Official layout: ``cohn-kanade-images/S005/001/S005_001_00000011.png`` (person, sequence, frame) and, for 327 of
the 593 sequences, ``Emotion/S005/001/S005_001_00000011_emotion.txt`` with one number: 0 neutral, 1 anger,
2 contempt, 3 disgust, 4 fear, 5 happy, 6 sadness, 7 surprise. That file names the sequence's last frame. No file
means no label: those sequences are ignored. ``FACS/`` and ``Landmarks/`` are not read.

Four pictures are taken of each labelled sequence, as the papers do: the last three frames carry its label
and the first counts as neutral: 327 × 3 + 327 = 1,308 pictures of 118 people. They are near copies of each
other; split by ``subject``, never at random.

Pictures are 640×490 or 640×480 (width × height), most of them grey. All become grey, and of the taller ones
five rows are cut above and below, so that every image is 480×640 at its own scale.

Checked: 118 people and the sequences of each class (:data:`OFFICIAL`). A gap in a sequence's frame numbers is a note.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets.base import (
    Dataset,
    count_differences,
    parse_names,
    pictures_below,
    read_fitted,
    refuse,
)
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASSES = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
"""In the order of the codes 0 to 7."""
OFFICIAL = {"anger": 45, "contempt": 18, "disgust": 59, "fear": 25, "happiness": 69, "sadness": 28, "surprise": 83}
"""Labelled sequences of each class, 327 in all."""
PEOPLE = 118
SEQUENCES = 593
PEAK_FRAMES = 3
SIZE = (480, 640)
NATIVE_SIZES = ((490, 640), (480, 640))
PICTURES, EMOTIONS = "cohn-kanade-images", "Emotion"


class Frame(NamedTuple):
    """What the name of a picture, or of an emotion file, says."""

    subject: str
    take: str
    number: int

    @property
    def sequence(self) -> str:
        """``"S005_001"``."""
        return f"{self.subject}_{self.take}"

    @property
    def stem(self) -> str:
        """``"S005_001_00000011"``."""
        return f"{self.sequence}_{self.number:08d}"


def parse_picture(name: str) -> Frame:
    """Read ``S005_001_00000011.png``.

    Raises:
        ValueError: the name has another form.
    """
    return _parse(name, r"\.png", "S005_001_00000011.png")


def parse_emotion_file(name: str) -> Frame:
    """Read ``S005_001_00000011_emotion.txt``.

    Raises:
        ValueError: the name has another form.
    """
    return _parse(name, r"_emotion\.txt", "S005_001_00000011_emotion.txt")


def _parse(name: str, ending: str, example: str) -> Frame:
    match = re.fullmatch(rf"(S[0-9]{{3}})_([0-9]{{3}})_([0-9]{{8}}){ending}", name)
    if match is None:
        raise ValueError(f"not a name like {example}")
    return Frame(match[1], match[2], int(match[3]))


def parse_code(text: str) -> str:
    """The class of an emotion file's content, such as ``"   3.0000000e+00"``.

    Raises:
        ValueError: it is not one number from 0 to 7.
    """
    try:
        code = float(text)
    except ValueError:
        code = -1.0
    if code not in range(len(CLASSES)):
        raise ValueError(f"emotion code {text.strip()[:20]!r} is not one of 0 to {len(CLASSES) - 1}")
    return CLASSES[int(code)]


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    lacking = [name for name in (PICTURES, EMOTIONS) if not (folder / name).is_dir()]
    if lacking:
        raise FerError(f"{DATASET.title}: {folder} holds no folder {' and no folder '.join(lacking)}. Expected: "
                       f"{DATASET.layout}.")  # fmt: skip
    problems: list[str] = []
    sequences = _sequences(folder, problems)
    labels = _labels(folder, problems)
    notes = _ignored(len(set(sequences) - set(labels)))
    rows, files = [], []
    for (subject, take), (label, last) in sorted(labels.items()):
        frames = sequences.get((subject, take), {})
        for frame, frame_label in _chosen(frames, label, last, problems, notes):
            files.append(frames[frame.number])
            rows.append((frame_label, subject, f"{frame.stem}.png", frame.sequence, frame.number, label))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence", "frame", "sequence_label"])
    found = pd.Series([label for label, _ in labels.values()], dtype=object).value_counts()
    problems += count_differences(found, OFFICIAL, "labelled sequences")
    if (people := len({subject for subject, _ in labels})) != PEOPLE:
        problems.append(f"{people} people with labelled sequences, official {PEOPLE}")
    images, size_notes = read_fitted(files, folder, SIZE, "L", NATIVE_SIZES, problems)
    refuse(DATASET.title, folder, problems, "Unpack the official archives again; no picture is guessed or skipped.")
    return FaceSet("ck_plus", images, table, DATASET.classes, stand_in, tuple(notes + size_notes))


def _sequences(folder: Path, problems: list[str]) -> dict[tuple[str, str], dict[int, Path]]:
    """All pictures, by person and sequence, then by frame number."""
    found: dict[tuple[str, str], dict[int, Path]] = {}
    for file, frame in parse_names(pictures_below(folder / PICTURES), folder, parse_picture, problems):
        if _in_its_place(file, frame, folder, problems):
            found.setdefault((frame.subject, frame.take), {})[frame.number] = file
    return found


def _labels(folder: Path, problems: list[str]) -> dict[tuple[str, str], tuple[str, Frame]]:
    """The class and the last frame of each labelled sequence."""
    files = sorted(file for file in (folder / EMOTIONS).rglob("*.txt") if not file.name.startswith("."))
    found: dict[tuple[str, str], tuple[str, Frame]] = {}
    for file, last in parse_names(files, folder, parse_emotion_file, problems):
        key = (last.subject, last.take)
        if not _in_its_place(file, last, folder, problems):
            continue
        if key in found:
            problems.append(f"{file.relative_to(folder).as_posix()}: a second emotion file for {last.sequence}")
            continue
        try:
            found[key] = parse_code(file.read_text("utf-8", errors="replace")), last
        except ValueError as error:
            problems.append(f"{file.relative_to(folder).as_posix()}: {error}")
    return found


def _in_its_place(file: Path, frame: Frame, folder: Path, problems: list[str]) -> bool:
    parts = file.relative_to(folder).parts
    if parts[1:-1] == (frame.subject, frame.take):
        return True
    problems.append(f"{'/'.join(parts)}: belongs into {parts[0]}/{frame.subject}/{frame.take}/")
    return False


def _chosen(
    frames: dict[int, Path], label: str, last: Frame, problems: list[str], notes: list[str]
) -> list[tuple[Frame, str]]:
    """The first frame as neutral and the last three with the sequence's label."""
    if last.number not in frames:
        problems.append(
            f"{PICTURES}/{last.subject}/{last.take}/{last.stem}.png: missing, though its emotion file is there"
        )
        return []
    numbers = sorted(frames)
    if numbers[-1] != last.number:
        problems.append(
            f"{last.sequence}: the emotion file names frame {last.number}, but frame {numbers[-1]} is the last"
        )
        return []
    if len(numbers) <= PEAK_FRAMES:
        problems.append(f"{last.sequence}: {len(numbers)} frames, at least {PEAK_FRAMES + 1} are needed")
        return []
    gone = sorted(set(range(1, last.number)) - set(numbers))
    if gone:
        notes.append(
            f"{last.sequence}: {len(gone)} frame(s) before frame {last.number} are not there, such as {gone[0]}"
        )
    peak = [(last._replace(number=number), label) for number in numbers[-PEAK_FRAMES:]]
    return [(last._replace(number=numbers[0]), "neutral"), *peak]


def _ignored(unlabelled: int) -> list[str]:
    official = SEQUENCES - sum(OFFICIAL.values())
    words = f"{unlabelled} sequences without a label ignored"
    if unlabelled != official:
        return [f"{words} (official {official})"]
    return [words]


DATASET = Dataset(
    name="ck_plus",
    title="CK+",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="ck_plus/cohn-kanade-images/S005/001/S005_001_00000011.png and ck_plus/Emotion/S005/001/…_emotion.txt",
    licence="signed agreement, research only, no redistribution (Lucey et al. 2010)",
    how_to_get=(
        "sign the agreement linked at jeffcohn.net/Resources, then unpack the archives of images and of emotion labels "
        "to $FER_DATA/ck_plus"
    ),
    load=_load,
)
