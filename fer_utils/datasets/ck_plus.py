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

Other counts of people or of sequences of a class (:data:`OFFICIAL`) are differences, and so are a labelled sequence
that has to be left out, because its last frame is not there or it is too short, and a gap among the frames taken.
A gap elsewhere in a sequence's frame numbers is a note.

Kaggle's ``ckextended.csv`` is read where there are no pictures (:mod:`fer_utils.datasets.ckextended`): one small face a
sequence, and nobody knows whose.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets import ckextended
from fer_utils.datasets.base import Dataset, counts_to_check
from fer_utils.datasets.findings import Findings, counts_line, few, parse_names, read_text
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import child, files_below, pictures_below
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
    """Read ``S005_001_00000011.png``; letter case does not matter, nor does the kind of picture.

    Raises:
        ValueError: the name has another form.
    """
    return _parse(name, r"\.(?:png|jpe?g|bmp|tiff?)", "S005_001_00000011.png")


def parse_emotion_file(name: str) -> Frame:
    """Read ``S005_001_00000011_emotion.txt``.

    Raises:
        ValueError: the name has another form.
    """
    return _parse(name, r"_emotion\.txt", "S005_001_00000011_emotion.txt")


def _parse(name: str, ending: str, example: str) -> Frame:
    match = re.fullmatch(rf"(S[0-9]{{3}})_([0-9]{{3}})_([0-9]{{8}}){ending}", name, re.ASCII | re.IGNORECASE)
    if match is None:
        raise ValueError(f"not a name like {example}")
    return Frame(match[1].upper(), match[2], int(match[3]))


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
    found = Findings(DATASET.title, folder)
    homes = {name: child(folder, name, found) for name in (PICTURES, EMOTIONS)}
    lacking = [name for name, home in homes.items() if home is None or not home.is_dir()]
    pictures, emotions = homes.values()
    if lacking or pictures is None or emotions is None:
        if (table := child(folder, ckextended.FILE)) is not None:
            return ckextended.read(table, found, DATASET.classes, stand_in)
        raise FerError(f"{DATASET.title}: {folder} holds no folder {' and no folder '.join(lacking)}. Expected: "
                       f"{DATASET.layout}.")  # fmt: skip
    sequences = _sequences(pictures, found)
    labels = _labels(emotions, found)
    counts = counts_to_check(folder, {**OFFICIAL, "people": PEOPLE}, found.notes)
    found.notes += _ignored(len(set(sequences) - set(labels)))
    rows, files, used = [], [], []
    left_out: list[str] = []
    for (subject, take), (label, last) in sorted(labels.items()):
        frames = sequences.get((subject, take), {})
        chosen = _chosen(frames, label, last, found, left_out)
        used += [(label, subject)] * bool(chosen)
        for frame, frame_label in chosen:
            files.append(frames[frame.number])
            rows.append((frame_label, subject, f"{frame.stem}.png", frame.sequence, frame.number, label))
    if left_out:
        found.differences.append(f"{len(left_out)} labelled sequence(s) left out: {few(left_out)}")
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence", "frame", "sequence_label"])
    have = pd.Series([label for label, _ in used], dtype=object).value_counts()
    official = {label: counts[label] for label in OFFICIAL}
    found.differences += counts_line(have, official, "labelled sequences")
    if (people := len({subject for _, subject in used})) != counts["people"]:
        found.differences.append(f"{people} people with labelled sequences, official {counts['people']}")
    images = read_pictures(files, found, SIZE, "L", NATIVE_SIZES, "PNG", colour_too=True)
    return found.faces("ck_plus", images, table, DATASET.classes, stand_in)


def _sequences(home: Path, found: Findings) -> dict[tuple[str, str], dict[int, Path]]:
    """All pictures, by person and sequence, then by frame number."""
    sequences: dict[tuple[str, str], dict[int, Path]] = {}
    for file, frame in parse_names(pictures_below(home, found), found, parse_picture):
        if _in_its_place(file, frame, home, found):
            frames = sequences.setdefault((frame.subject, frame.take), {})
            if frame.number in frames:
                found.problems.append(f"{found.named(file)}: another picture of this frame is there")
            frames.setdefault(frame.number, file)
    return sequences


def _labels(home: Path, found: Findings) -> dict[tuple[str, str], tuple[str, Frame]]:
    """The class and the last frame of each labelled sequence."""
    files = files_below(home, found, lambda name: name.lower().endswith(".txt"))
    labels: dict[tuple[str, str], tuple[str, Frame]] = {}
    for file, last in parse_names(files, found, parse_emotion_file):
        key = (last.subject, last.take)
        if not _in_its_place(file, last, home, found):
            continue
        if key in labels:
            found.problems.append(f"{found.named(file)}: a second emotion file for {last.sequence}")
            continue
        text = read_text(file, found)
        try:
            if text is not None:
                labels[key] = parse_code(text), last
        except ValueError as error:
            found.problems.append(f"{found.named(file)}: {error}")
    return labels


def _in_its_place(file: Path, frame: Frame, home: Path, found: Findings) -> bool:
    parts = file.relative_to(home).parts
    if tuple(part.upper() for part in parts[:-1]) == (frame.subject, frame.take):
        return True
    found.problems.append(f"{found.named(file)}: belongs into {home.name}/{frame.subject}/{frame.take}/")
    return False


def _chosen(
    frames: dict[int, Path], label: str, last: Frame, found: Findings, left_out: list[str]
) -> list[tuple[Frame, str]]:
    """The first frame as neutral and the last three with the sequence's label."""
    numbers = sorted(frames)
    if last.number not in frames:
        left_out.append(f"{last.sequence} (its last frame {last.number} is missing)")
        return []
    if numbers[-1] != last.number:
        found.problems.append(
            f"{last.sequence}: the emotion file names frame {last.number}, but frame {numbers[-1]} is the last"
        )
        return []
    if len(numbers) <= PEAK_FRAMES:
        left_out.append(f"{last.sequence} ({len(numbers)} frames, at least {PEAK_FRAMES + 1} are needed)")
        return []
    gone = sorted(set(range(1, last.number)) - set(numbers))
    if gone:
        taken = gone[0] < numbers[0] or gone[-1] > numbers[-PEAK_FRAMES]
        (found.differences if taken else found.notes).append(
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
    layout="ck_plus/cohn-kanade-images/S005/001/S005_001_00000011.png and …/Emotion/…_emotion.txt, or ckextended.csv",
    licence="signed agreement, research only, no redistribution (Lucey et al. 2010)",
    how_to_get=(
        "sign the agreement linked at jeffcohn.net/Resources, then unpack the archives of images and of emotion labels "
        "to $FER_DATA/ck_plus"
    ),
    load=_load,
)
