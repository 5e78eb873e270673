"""RAVDESS (Livingstone & Russo 2018): 24 actors speak and sing two sentences in eight expressions, on video.

Official names: ``02-01-06-01-02-01-12.mp4``: modality (01 picture and sound, 02 picture only, 03 sound only),
channel (01 speech, 02 song), emotion (01 neutral, 02 calm, 03 happy, 04 sad, 05 angry, 06 fearful, 07 disgust, 08
surprised), intensity (01 normal, 02 strong), statement, repetition (01 or 02 each), actor (01 to 24, odd numbers
male). Folders do not matter, but one named ``Actor_12`` must hold only actor 12. There is no strong neutral, no
song of disgust and surprise, and no song of actor 18: :func:`official_clips` has 1,440 of speech and 1,012 of song,
and three modalities of these are the published 7,356 files.

Modalities 01 and 02 show the same footage, so one of them is read: the one with more files, 01 if they have as
many. Clips of it that are missing are a difference. A channel (speech, song) of which no file is there is a note.

CLIFER's released loader reads ``<class>/Frames/<clip>/<frame>.png`` instead, with the folders of
:data:`CLASS_OF_FOLDER` and a clip folder for each official name. That layout is read where there is no video; it is
made by its user, which is a difference, and so are missing clips.

Two frames of each chunk of fifteen are kept (:func:`fer_utils.datasets.clips.chunk_frames`), brought to 160×160
pixels, colour: of 1280×720 the middle 720×720, in which the actor sits. Frames of a clip are near copies; split by
``subject`` or at least by ``sequence``. Memory, estimated: 2,452 clips of about 4 s at 30 frames a second are 8 chunks
or 16 frames each, 39,232 frames of 76,800 bytes or 3.0 GB, in memory and in the cache, where they are kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_utils.datasets.base import Dataset
from fer_utils.datasets.clips import chunk_frames
from fer_utils.datasets.findings import Findings, missing_line, parse_names, unique
from fer_utils.datasets.footage import Frames, read_frame_folders, read_videos, videos_below
from fer_utils.datasets.walking import child, folders_in
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASSES = ("neutral", "calm", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
"""In the order of the codes 01 to 08."""
EMOTIONS_OF_CHANNEL = {"01": CLASSES, "02": CLASSES[:6]}
CHANNELS = {"01": "speech", "02": "song"}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = REPETITIONS = ("01", "02")
MODALITIES = ("01", "02")
"""Those with a picture, in the order of preference."""
ACTORS = tuple(f"{actor:02d}" for actor in range(1, 25))
NO_SONG = ("18",)
CLASS_OF_FOLDER = {
    "Angry": "anger",
    "Calm": "calm",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}
FRAMES = "Frames"
SIZE = (160, 160)
NATIVE_SIZES = ((720, 1280),)

_NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-([0-9]{2})\.mp4", re.ASCII)


class Clip(NamedTuple):
    """What a file name says, as its two-digit codes."""

    modality: str
    channel: str
    emotion: str
    intensity: str
    statement: str
    repetition: str
    actor: str

    @property
    def label(self) -> str:
        """The class."""
        return CLASSES[int(self.emotion) - 1]

    @property
    def stem(self) -> str:
        """``"02-01-06-01-02-01-12"``."""
        return "-".join(self)

    @property
    def file_name(self) -> str:
        """The official name."""
        return f"{self.stem}.mp4"

    @property
    def home(self) -> str:
        """The official folder, such as ``Actor_12``."""
        return f"Actor_{self.actor}"


def parse_name(name: str) -> Clip:
    """Read ``02-01-06-01-02-01-12.mp4``; letter case does not matter.

    Raises:
        ValueError: the name has another form, or a code that can't be.
    """
    match = _NAME.fullmatch(name.lower())
    if match is None or match[7] not in ACTORS:
        raise ValueError("not a name like 02-01-06-01-02-01-12.mp4")
    clip = Clip(*match.groups())
    if not _exists(clip):
        raise ValueError("no such clip: there is no strong neutral, and no song of disgust, surprise or actor 18")
    return clip


def official_clips(modality: str = MODALITIES[0]) -> list[Clip]:
    """All 2,452 clips of a modality, sorted."""
    emotions = (f"{code:02d}" for code in range(1, len(CLASSES) + 1))
    every = product((modality,), CHANNELS, emotions, INTENSITIES, STATEMENTS, REPETITIONS, ACTORS)
    return sorted(clip for clip in map(Clip._make, every) if _exists(clip))


def _exists(clip: Clip) -> bool:
    strong_neutral = clip.label == "neutral" and clip.intensity == "02"
    sung = clip.channel == "02"
    return (
        not strong_neutral and clip.label in EMOTIONS_OF_CHANNEL[clip.channel] and not (sung and clip.actor in NO_SONG)
    )


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    found = Findings(DATASET.title, folder)
    files = videos_below(folder, ".mp4", found)
    homes = _frame_folders(folder)
    if files:
        clips, frames = _from_videos(files, found)
        if homes:
            found.notes.append(f"{len(homes)} folders of frames ignored: there are videos too")
    elif homes:
        clips, frames = _from_frames(homes, found)
    else:
        found.refuse()
        raise FerError(f"{DATASET.title}: {folder} holds neither an .mp4 file nor <class>/{FRAMES}/<clip>/. "
                       f"Expected: {DATASET.layout}.")  # fmt: skip
    return found.faces("ravdess", frames.images, _table(clips, frames), CLASSES, stand_in)


def _frame_folders(folder: Path) -> list[Path]:
    """Every ``<class>/Frames/<clip>/``."""
    middle = (child(home, FRAMES) for home in folders_in(folder))
    return [home for frames in middle if frames is not None and frames.is_dir() for home in folders_in(frames)]


def _from_videos(files: list[Path], found: Findings) -> tuple[list[Clip], Frames]:
    pairs = []
    for file, clip in parse_names(files, found, parse_name):
        if re.fullmatch(r"actor_[0-9]+", file.parent.name.lower()) and file.parent.name.lower() != clip.home.lower():
            found.problems.append(f"{found.named(file)}: belongs into {clip.home}/")
        else:
            pairs.append((file, clip))
    by_modality: dict[str, dict[Clip, Path]] = {modality: {} for modality in (*MODALITIES, "03")}
    for clip, file in unique(pairs, found).items():
        by_modality[clip.modality][clip] = file
    modality = max(MODALITIES, key=lambda code: len(by_modality[code]))
    chosen = by_modality[modality]
    found.notes += [
        f"{len(others)} files of modality {code} ignored: "
        + ("they have no picture" if code == "03" else f"modality {modality} shows the same footage")
        for code, others in by_modality.items()
        if code != modality and others
    ]
    for channel, name in CHANNELS.items():
        official = [clip for clip in official_clips(modality) if clip.channel == channel]
        if not any(clip.channel == channel for clip in chosen):
            found.notes.append(f"no {name} clips")
        else:
            expected = {clip.file_name: clip.actor for clip in official}
            present = {clip.file_name for clip in chosen}
            found.differences += missing_line(expected, present, f"{name} clips", "actors")
    clips = sorted(chosen)
    frames = read_videos([chosen[clip] for clip in clips], found, SIZE, chunk_frames, NATIVE_SIZES, "ravdess")
    return clips, frames


def _from_frames(homes: list[Path], found: Findings) -> tuple[list[Clip], Frames]:
    found.differences.append("folders of frames that somebody took out of the videos")
    clips: dict[Clip, Path] = {}
    labels = {name.lower(): label for name, label in CLASS_OF_FOLDER.items()}
    for home, clip in parse_names(homes, found, _parse_folder):
        path = found.named(home)
        label = labels.get(home.relative_to(found.folder).parts[0].lower())
        if label is None:
            found.problems.append(f"{path}: not in one of the folders {', '.join(CLASS_OF_FOLDER)}")
        elif label != clip.label:
            found.problems.append(f"{path}: the name says {clip.label}, the folder {label}")
        elif clip in clips:
            found.problems.append(f"{path}: there is another clip of this name")
        else:
            clips[clip] = home
    ordered = sorted(clips)
    footage = Counter(clip[1:] for clip in ordered)
    found.problems += [f"{'-'.join(('…', *fields))}: the same footage in two modalities" for fields in footage
                       if footage[fields] > 1]  # fmt: skip
    expected = {clip.stem.partition("-")[2]: clip.actor for clip in official_clips()}
    present = {"-".join(fields) for fields in footage}
    found.differences += missing_line(expected, present, "clips", "actors")
    where = [clips[clip] for clip in ordered]
    return ordered, read_frame_folders(where, found, SIZE, chunk_frames, NATIVE_SIZES, "ravdess")


def _parse_folder(name: str) -> Clip:
    return parse_name(f"{name.removesuffix('.mp4')}.mp4")


def _table(clips: Sequence[Clip], frames: Frames) -> pd.DataFrame:
    fields = pd.DataFrame([clips[row] for row in frames.clip], columns=Clip._fields)
    sequence = [clips[row].stem for row in frames.clip]
    return pd.DataFrame(
        {
            "label": [clips[row].label for row in frames.clip],
            "subject": fields["actor"],
            "source": [f"{name}#{frame}" for name, frame in zip(sequence, frames.frame, strict=True)],
            "sequence": sequence,
            "frame": frames.frame,
            "channel": fields["channel"].map(CHANNELS),
            "intensity": fields["intensity"].map(INTENSITIES),
            "statement": fields["statement"].astype(int),
            "repetition": fields["repetition"].astype(int),
            "gender": ["male" if int(actor) % 2 else "female" for actor in fields["actor"]],
        }
    )


DATASET = Dataset(
    name="ravdess",
    title="RAVDESS",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout="ravdess/Actor_12/02-01-06-01-02-01-12.mp4, 2,452 videos a modality, or ravdess/<class>/Frames/<clip>/*",
    licence="CC BY-NC-SA 4.0 (Livingstone & Russo 2018); not for commercial use",
    how_to_get=(
        "`python -m fer_utils data fetch ravdess`, or from zenodo.org/records/1188976 the archives "
        "Video_Speech_Actor_01.zip … and Video_Song_Actor_01.zip …, unpacked to $FER_DATA/ravdess"
    ),
    load=_load,
)
