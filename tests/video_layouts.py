"""Small trees of videos in official layouts. Each frame shows its number, as a pattern that survives compression."""

from __future__ import annotations

import csv
import functools
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.datasets import baum1, mmi, ravdess
from fer_utils.datasets.mmi import Session

FRAME_SIZE = (36, 64)
"""Height and width of a frame."""
CODECS = {".mp4": "mp4v", ".avi": "MJPG"}


BITS = 6


def draw_frame(number: int) -> np.ndarray:
    """A frame ``uint8 [36, 64, 3]``: its number in binary, a light or dark stripe a digit, the lowest on top."""
    digits = [200 if number >> bit & 1 else 50 for bit in range(BITS)]
    rows = np.repeat(np.array(digits, np.uint8), FRAME_SIZE[0] // BITS)
    return np.broadcast_to(rows[:, None, None], (*FRAME_SIZE, 3)).copy()


def frame_of(image: np.ndarray) -> int:
    """The number that an image of a frame shows, if its stripes lie as drawn and its whole height is there."""
    stripes = np.array_split(image.mean(axis=(1, 2)), BITS)
    return sum((float(stripe.mean()) > 125) << bit for bit, stripe in enumerate(stripes))


@functools.cache
def video_bytes(suffix: str, frames: int, rate: int) -> bytes:
    """A video file's content."""
    height, width = FRAME_SIZE
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(
            str(file), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*CODECS[suffix]), rate, (width, height)
        )
        assert writer.isOpened()
        for number in range(1, frames + 1):
            writer.write(draw_frame(number))
        writer.release()
        return file.read_bytes()


def write_video(file: Path, frames: int = 31, rate: int = 30) -> Path:
    """Write a video; the codec follows from the name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(video_bytes(file.suffix, frames, rate))
    return file


def write_frames(folder: Path, frames: int) -> None:
    """The frames as pictures. Their numbers are not padded, so that names sort otherwise."""
    folder.mkdir(parents=True)
    for number in range(1, frames + 1):
        Image.fromarray(draw_frame(number)).save(folder / f"frame{number}.png")


def write_ravdess(folder: Path, modality: str = "01", frames: int = 31) -> None:
    """Every official clip of a modality in its actor's folder."""
    for clip in ravdess.official_clips(modality):
        write_video(folder / clip.home / clip.file_name, frames)


def write_ravdess_frames(folder: Path, clips: Iterable[ravdess.Clip], frames: int = 31) -> None:
    """The layout of CLIFER's released loader."""
    folder_of_class = {label: name for name, label in ravdess.CLASS_OF_FOLDER.items()}
    for clip in clips:
        write_frames(folder / folder_of_class[clip.label] / ravdess.FRAMES / clip.stem, frames)


def write_session(folder: Path, number: int, session: Session, sid: str, emotion: int, frames: int = 9) -> Path:
    """A session of MMI with its three or four files; gives its folder back."""
    home = folder / mmi.SESSIONS / str(number)
    write_video(home / f"{sid}.avi", frames, 25)
    (home / mmi.SESSION_FILE).write_text(mmi.session_xml(session, sid))
    (home / f"{sid}.xml").write_text(mmi.emotion_xml(emotion))
    if session.coded:
        (home / f"{sid}-{mmi.ACTION_UNITS}").write_text("<oao/>")
    return home


def write_baum1(folder: Path, part: str, clips: Sequence[tuple[baum1.Clip, str]], suffix: str = ".xlsx") -> None:
    """A part of BAUM-1: its videos and its table."""
    home = "BAUM1s_MP4 - All" if part == "s" else "BAUM1a_MP4_all"
    for clip, _ in clips:
        write_video(folder / home / clip.home / clip.file_name)
    write_baum1_table(folder, part, [baum1.format_row(clip, emotion, part) for clip, emotion in clips], suffix)


def write_baum1_table(folder: Path, part: str, rows: Sequence[Sequence[str]], suffix: str = ".xlsx") -> None:
    """A table with a line of headings; whole numbers are numbers in a workbook, as in the official one."""
    lines = [["No", "Subject", "Gender", "Clip", "Emotion", "Emotion code"], *rows]
    file = folder / f"Annotations_BAUM1{part}{suffix}"
    if suffix == ".xlsx":
        cells = [[int(cell) if cell.isdigit() else cell for cell in line] for line in lines]
        pd.DataFrame(cells).to_excel(file, header=False, index=False, engine="openpyxl")
        return
    with file.open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream).writerows(lines)


def write_baum1_frames(folder: Path, clips: Iterable[tuple[str, str, str]], frames: int = 31) -> None:
    """The layout of CLIFER's released loader: person, folder of the class, clip."""
    for parts in clips:
        write_frames(folder.joinpath(*parts), frames)
