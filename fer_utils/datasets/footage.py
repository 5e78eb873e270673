"""Frames out of clips: video files, or folders of pictures that somebody has already taken out of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageOps

from fer_utils.datasets import clips
from fer_utils.datasets.base import pictures_below, read_fitted
from fer_utils.datasets.cache import read_once, source_digest
from fer_utils.progress import track

Rule = Callable[[int], list[int]]
"""A function of :mod:`fer_utils.datasets.clips`."""
MAY_LACK = 2
"""Frames that a video may hold fewer than its header says; with more missing it counts as truncated."""
SOURCE_DIGEST = source_digest(__file__) + source_digest(clips.__file__)


class Frames(NamedTuple):
    """The frames that a rule keeps of several clips, in the order of the clips.

    ``images``: ``uint8 [N, H, W, 3]``; ``clip``: the clip's position in the list that was read, ``int64 [N]``;
    ``frame``: the frame's number within its clip, from 1, ``int64 [N]``; ``notes``: for people.
    """

    images: np.ndarray
    clip: np.ndarray
    frame: np.ndarray
    notes: list[str]


def videos_below(folder: Path, suffix: str) -> list[Path]:
    """All files below ``folder`` that end in ``suffix`` in either case, sorted by path, without hidden ones."""
    files = (file for file in folder.rglob("*") if file.suffix.lower() == suffix and file.is_file())
    return sorted(file for file in files if not file.name.startswith("."))


def read_videos(
    files: Sequence[Path],
    folder: Path,
    size: tuple[int, int],
    rule: Rule,
    native: Collection[tuple[int, int]],
    problems: list[str],
    keep_as: str,
    turned: Sequence[bool] = (),
) -> Frames:
    """Decode videos one after the other and keep the frames that ``rule`` names.

    Frames are scaled and cut to ``size`` as in :func:`fer_utils.datasets.base.read_fitted`. Memory: the frames
    kept, and one frame at full size. What was read is kept in the cache.

    Args:
        files: the videos, all existing, below ``folder``.
        folder: paths in messages are relative to it.
        size: ``(height, width)`` in pixels that every frame gets.
        rule: which frames to keep.
        native: the sizes, ``(height, width)``, that the official videos are known to have, after turning.
        problems: one line is added for every file that is empty, unreadable or truncated.
        keep_as: the name under which the frames are kept in the cache.
        turned: for each video, whether it lies on its side: frames that are wider than high are then
            turned by 90 degrees clockwise.

    Returns:
        The frames, with notes on videos that are too short for the rule, not of a ``native`` size or, where
        the rule counts time in frames, of another frame rate.
    """
    turned = turned or [False] * len(files)
    names = [file.relative_to(folder).as_posix() for file in files]
    code = f"{SOURCE_DIGEST} opencv {cv2.__version__} {rule.__name__} {size} {sorted(native)} {list(turned)}"
    arrays = read_once(keep_as, files, lambda: _read_all(files, names, size, rule, turned), code)
    problems += arrays["problems"].tolist()
    notes = _short_notes([names[row] for row in np.flatnonzero(arrays["short"])])
    sizes = {tuple(pair) for pair in arrays["sizes"].tolist()} - set(native) - {(0, 0)}
    if sizes:
        others = ", ".join(f"{width}x{height}" for height, width in sorted(sizes))
        expected = " or ".join(f"{width}x{height}" for height, width in sorted(native))
        notes.append(f"there are videos that are not {expected} pixels but {others}")
    rates = {int(rate) for rate in arrays["rates"]} - {clips.CHUNK_RATE, 0}
    if rule is clips.chunk_frames and rates:
        others = ", ".join(str(rate) for rate in sorted(rates))
        notes.append(
            f"there are videos of {others} frames a second: {clips.CHUNK} frames are then not the paper's 500 ms"
        )
    return Frames(arrays["images"], arrays["clip"], arrays["frame"], notes)


def read_frame_folders(
    folders: Sequence[Path],
    folder: Path,
    size: tuple[int, int],
    rule: Rule,
    native: Collection[tuple[int, int]],
    problems: list[str],
    keep_as: str,
) -> Frames:
    """The same for clips that lie there as folders of pictures, one a frame, ordered by the last number in the name.

    Args:
        folders: a folder for each clip, below ``folder``.
        folder: as for :func:`read_videos`, and so are ``size``, ``rule``, ``native`` and ``keep_as``.
        problems: one line is added for every unreadable picture and for every picture whose name has no
            number, or the same number as another.
    """
    chosen: list[Path] = []
    clip, frame, short = [], [], []
    for row, home in enumerate(folders):
        ordered = _ordered(pictures_below(home), folder, problems)
        kept = rule(len(ordered))
        if not kept:
            short.append(home.relative_to(folder).as_posix())
        chosen += [ordered[position] for position in kept]
        clip += [row] * len(kept)
        frame += [position + 1 for position in kept]
    images, notes = read_fitted(chosen, folder, size, "RGB", native, problems, keep_as)
    return Frames(images, np.array(clip, np.int64), np.array(frame, np.int64), _short_notes(short) + notes)


def _ordered(pictures: list[Path], folder: Path, problems: list[str]) -> list[Path]:
    by_number: dict[int, Path] = {}
    for picture in pictures:
        numbers = re.findall(r"[0-9]+", picture.stem)
        path = picture.relative_to(folder).as_posix()
        if not numbers:
            problems.append(f"{path}: no frame number in the name")
        elif int(numbers[-1]) in by_number:
            problems.append(f"{path}: frame {int(numbers[-1])} is there twice")
        else:
            by_number[int(numbers[-1])] = picture
    return [by_number[number] for number in sorted(by_number)]


def _short_notes(names: list[str]) -> list[str]:
    return [f"{len(names)} clip(s) too short to take frames from: {', '.join(names)}"] if names else []


def _read_all(
    files: Sequence[Path], names: Sequence[str], size: tuple[int, int], rule: Rule, turned: Sequence[bool]
) -> dict[str, np.ndarray]:
    headers = [_header(file) for file in files]
    images = np.zeros((sum(len(rule(header.count)) for header in headers), *size, 3), np.uint8)
    sizes = np.zeros((len(files), 2), np.int64)
    short = np.zeros(len(files), bool)
    clip: list[int] = []
    frame: list[int] = []
    problems = []
    for row, file in enumerate(track(files, "reading videos")):
        try:
            taken = _decode(file, headers[row].count, rule, turned[row])
        except ValueError as error:
            problems.append(f"{names[row]}: {error}")
            continue
        short[row] = not taken
        for position, picture in taken:
            sizes[row] = picture.shape[:2]
            images[len(clip)] = ImageOps.fit(Image.fromarray(picture), size[::-1], Image.Resampling.LANCZOS)
            clip.append(row)
            frame.append(position + 1)
    return {
        "images": images[: len(clip)],
        "clip": np.array(clip, np.int64),
        "frame": np.array(frame, np.int64),
        "short": short,
        "sizes": sizes,
        "rates": np.array([header.rate for header in headers], np.int64),
        "problems": np.array(problems, dtype=str),
    }


class _Header(NamedTuple):
    count: int
    rate: int


@contextmanager
def _opened(file: Path) -> Iterator[cv2.VideoCapture]:
    # An absolute path, since FFmpeg would take a name such as "concat:x" for a protocol.
    capture = cv2.VideoCapture(str(file.resolve()), cv2.CAP_FFMPEG)
    try:
        yield capture
    finally:
        capture.release()


def _header(file: Path) -> _Header:
    """Frames and frames a second as the file declares them; zeros where it can't be opened."""
    if file.stat().st_size == 0:
        return _Header(0, 0)
    with _opened(file) as capture:
        count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    return _Header(max(0, round(count)), max(0, round(rate)))


def _decode(file: Path, count: int, rule: Rule, turned: bool) -> list[tuple[int, np.ndarray]]:
    """Positions and RGB frames ``uint8 [H, W, 3]`` that ``rule`` keeps of the first ``count``."""
    if file.stat().st_size == 0:
        raise ValueError("empty file")
    kept = set(rule(count))
    taken, decoded = [], 0
    with _opened(file) as capture:
        if not capture.isOpened() or count == 0:
            raise ValueError("unreadable or truncated (no video that can be decoded)")
        while decoded < count and capture.grab():
            if decoded in kept:
                found, picture = capture.retrieve()
                if not found:
                    raise ValueError(f"unreadable or truncated (frame {decoded + 1} can't be decoded)")
                taken.append((decoded, _upright(picture, turned)))
            decoded += 1
    if decoded < count - MAY_LACK or decoded == 0:
        raise ValueError(f"unreadable or truncated ({decoded} of {count} frames can be decoded)")
    return taken if decoded == count else _decode(file, decoded, rule, turned)


def _upright(picture: np.ndarray, turned: bool) -> np.ndarray:
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    lies = turned and rgb.shape[1] > rgb.shape[0]
    return cv2.rotate(rgb, cv2.ROTATE_90_CLOCKWISE) if lies else rgb
