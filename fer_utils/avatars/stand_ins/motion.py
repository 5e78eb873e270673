"""Faces in motion: an avatar's clip, or two of its photographs cross-faded."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fer_utils.avatars.shoots import TAKES
from fer_utils.avatars.stand_ins.casting import Role, Shoot
from fer_utils.errors import FerError

_CODECS = {".mp4": "mp4v", ".avi": "MJPG"}


class Motion:
    """Key pictures and the way from one to the next.

    Attributes:
        keys: ``uint8 [K,160,160,3]``.
        points: their landmarks, ``float32 [K,68,2]``.
        rows: their positions in the shoot they are from.
    """

    def __init__(self, keys: np.ndarray, points: np.ndarray, rows: Sequence[int] | np.ndarray) -> None:
        self.keys, self.points, self.rows = keys, points, tuple(int(row) for row in rows)

    def at(self, place: float) -> np.ndarray:
        """The picture at ``place``, from 0 (the first key) to K-1 (the last); between two keys it is cross-faded."""
        before, after, share = self.between(place)
        return cv2.addWeighted(self.keys[before], 1 - share, self.keys[after], share, 0)

    def points_at(self, place: float) -> np.ndarray:
        """The landmarks there, ``float32 [68,2]``."""
        before, after, share = self.between(place)
        return ((1 - share) * self.points[before] + share * self.points[after]).astype(np.float32)

    def between(self, place: float) -> tuple[int, int, float]:
        """The keys before and after a place, and the share of the second, from 0 to 1."""
        before = min(int(place), len(self.keys) - 2)
        return before, before + 1, place - before


def acted(role: Role, label: str, clip: int, clips: Shoot) -> Motion:
    """A clip of the role's avatar, numbered from 1: neutral, onset, apex, offset."""
    rows = clips.rows(subject=role.avatar, label=label, take=clip)
    return Motion(clips.images[rows], clips.points[rows], rows)


def faded(role: Role, label: str, take: int, studio: Shoot) -> Motion:
    """From a neutral photograph to one with an expression, of the same person; ``take`` counts round and round.

    For ``neutral`` it is two neutral photographs. The first is laid over the second by its landmarks, and is one taken
    in the same light if there is any.
    """
    last = studio.row(take, subject=role.avatar, label=label)
    others = [row for row in studio.rows(subject=role.avatar, label="neutral") if row != last]
    light = studio.table["light"]
    return _faded(studio, next((row for row in others if light[row] == light[last]), others[0]), last)


def taken(role: Role, label: str, take: int, takes: Shoot) -> Motion:
    """From the neutral face of a take, numbered from 1, to its expression.

    A neutral clip begins with the neutral face two takes away. So odd takes share no photograph with even ones.
    """
    last = takes.row(0, subject=role.avatar, label=label, take=take)
    other = take if label != "neutral" else (take + 1) % TAKES + 1
    return _faded(takes, takes.row(0, subject=role.avatar, label="neutral", take=other), last)


def _faded(studio: Shoot, first: int, last: int) -> Motion:
    """The picture in the row ``first``, laid over that in the row ``last`` by its landmarks, and this one."""
    onto, _ = cv2.estimateAffinePartial2D(studio.points[first], studio.points[last], method=cv2.LMEDS)
    height, width = studio.images.shape[1:3]
    laid = cv2.warpAffine(studio.images[first], onto, (width, height), borderMode=cv2.BORDER_REPLICATE)
    points = studio.points[first] @ onto[:, :2].T + onto[:, 2]
    keys, landmarks = [laid, studio.images[last]], [points, studio.points[last]]
    return Motion(np.stack(keys), np.stack(landmarks).astype(np.float32), (first, last))


def video(pictures: Sequence[np.ndarray], suffix: str, rate: int) -> bytes:
    """A video file's bytes, without sound.

    Args:
        pictures: frames ``uint8 [H,W,3]`` of one size, with even numbers of rows and columns.
        suffix: ``.mp4`` (MPEG-4 part 2) or ``.avi`` (motion JPEG).
        rate: frames a second.

    Raises:
        FerError: this build of OpenCV can't write such a video.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"video{suffix}"
        height, width = pictures[0].shape[:2]
        codec = cv2.VideoWriter.fourcc(*_CODECS[suffix])
        writer = cv2.VideoWriter(str(file), cv2.CAP_FFMPEG, codec, rate, (width, height))
        if not writer.isOpened():
            raise FerError(f"OpenCV {cv2.__version__} can't write {suffix} videos here; install opencv-python-headless")
        for picture in pictures:
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        writer.release()
        return file.read_bytes()
