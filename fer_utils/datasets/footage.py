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
from fer_utils.datasets.cache import read_once
from fer_utils.datasets.findings import Findings, few, why_unreadable
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.walking import files_below, pictures_below
from fer_utils.progress import track
from fer_utils.store import source_digest

Rule = Callable[[int], list[int]]
"""A function of :mod:`fer_utils.datasets.clips`."""
MAY_LACK = 2
"""Frames that a video may hold fewer than its header says; with more missing it counts as truncated."""
SOURCE_DIGEST = source_digest(Path(__file__), Path(clips.__file__))


class Frames(NamedTuple):
    """The frames that a rule keeps of several clips, in the order of the clips.

    ``images``: ``uint8 [N, H, W, 3]``; ``clip``: the clip's position in the list that was read, ``int64 [N]``;
    ``frame``: the frame's number within its clip, from 1, ``int64 [N]``.
    """

    images: np.ndarray
    clip: np.ndarray
    frame: np.ndarray


def videos_below(folder: Path, suffix: str, found: Findings | None = None) -> list[Path]:
    """All files below ``folder`` that end in ``suffix`` in either case, sorted by path, without junk."""
    return files_below(folder, found, lambda name: name.lower().endswith(suffix))


def read_videos(
    files: Sequence[Path],
    found: Findings,
    size: tuple[int, int],
    rule: Rule,
    native: Collection[tuple[int, int]],
    keep_as: str,
    turned: Sequence[bool] = (),
) -> Frames:
    """Decode videos one after the other and keep the frames that ``rule`` names.

    Frames are scaled and cut to ``size`` as in :func:`fer_utils.datasets.pictures.read_pictures`. Memory: the frames
    kept, and one frame at full size. What was read is kept in the cache.

    Args:
        files: the videos, all existing, below ``found.folder``.
        found: gets a problem for every file that is empty, unreadable or truncated, a difference for videos that are
            too short for the rule or not of a ``native`` size and, where the rule counts time in frames, for those of
            another frame rate.
        size: ``(height, width)`` in pixels that every frame gets.
        rule: which frames to keep.
        native: the sizes, ``(height, width)``, that the official videos are known to have, after turning.
        keep_as: the name under which the frames are kept in the cache.
        turned: for each video, whether it lies on its side: frames that are wider than high are then
            turned by 90 degrees clockwise.
    """
    turned = turned or [False] * len(files)
    names = [found.named(file) for file in files]
    code = f"{SOURCE_DIGEST} opencv {cv2.__version__} {rule.__name__} {size} {sorted(native)} {list(turned)}"

    def read() -> dict[str, np.ndarray]:
        return _read_all(files, names, size, rule, turned)

    try:
        arrays = read_once(keep_as, files, read, code)
    except (OSError, UnicodeError):
        # A file that can't be opened, or whose name is no text, has no key. Reading one by one says what is wrong.
        arrays = read()
    found.problems += arrays["problems"].tolist()
    found.differences += _short([names[row] for row in np.flatnonzero(arrays["short"])])
    others = [row for row, pair in enumerate(arrays["sizes"].tolist()) if tuple(pair) not in {*native, (0, 0)}]
    if others:
        sizes = {tuple(pair) for pair in arrays["sizes"][others].tolist()}
        listed = few(f"{width}x{height}" for height, width in sorted(sizes))
        expected = " or ".join(f"{width}x{height}" for height, width in sorted(native))
        found.differences.append(
            f"{_count(others, files)} video(s) are not {expected} pixels but {listed}{_named(others, names)}"
        )
    rates = [row for row, rate in enumerate(arrays["rates"].tolist()) if rate not in (clips.CHUNK_RATE, 0)]
    if rule is clips.chunk_frames and rates:
        listed = few(sorted({str(arrays["rates"][row]) for row in rates}))
        found.differences.append(
            f"{_count(rates, files)} video(s) have {listed} frames a second: {clips.CHUNK} frames are then not the "
            f"paper's 500 ms{_named(rates, names)}"
        )
    return Frames(arrays["images"], arrays["clip"], arrays["frame"])


def _count(rows: Sequence[int], files: Sequence[Path]) -> str:
    return f"all {len(files)}" if len(rows) == len(files) > 1 else str(len(rows))


def _named(rows: Sequence[int], names: Sequence[str]) -> str:
    return "" if len(rows) == len(names) > 1 else f" ({few(names[row] for row in rows)})"


def read_frame_folders(
    folders: Sequence[Path],
    found: Findings,
    size: tuple[int, int],
    rule: Rule,
    native: Collection[tuple[int, int]],
    keep_as: str,
) -> Frames:
    """The same for clips that lie there as folders of pictures, one a frame, ordered by the last number in the name.

    Args:
        folders: a folder for each clip, below ``found.folder``.
        found: gets a problem for every unreadable picture and for every picture whose name has no
            number, or the same number as another.
        size: as for :func:`read_videos`, and so are ``rule``, ``native`` and ``keep_as``.
    """
    chosen: list[Path] = []
    clip, frame, short = [], [], []
    for row, home in enumerate(folders):
        ordered = _ordered(pictures_below(home, found), found)
        kept = rule(len(ordered))
        if not kept:
            short.append(found.named(home))
        chosen += [ordered[position] for position in kept]
        clip += [row] * len(kept)
        frame += [position + 1 for position in kept]
    found.differences += _short(short)
    images = read_pictures(chosen, found, size, "RGB", native, keep_as=keep_as)
    return Frames(images, np.array(clip, np.int64), np.array(frame, np.int64))


def _ordered(pictures: list[Path], found: Findings) -> list[Path]:
    by_number: dict[int, Path] = {}
    for picture in pictures:
        numbers = re.findall(r"[0-9]+", picture.stem)
        path = found.named(picture)
        if not numbers:
            found.problems.append(f"{path}: no frame number in the name")
        elif int(numbers[-1]) in by_number:
            found.problems.append(f"{path}: frame {int(numbers[-1])} is there twice")
        else:
            by_number[int(numbers[-1])] = picture
    return [by_number[number] for number in sorted(by_number)]


def _short(names: list[str]) -> list[str]:
    return [f"{len(names)} clip(s) too short to take frames from: {few(names)}"] if names else []


def _read_all(
    files: Sequence[Path], names: Sequence[str], size: tuple[int, int], rule: Rule, turned: Sequence[bool]
) -> dict[str, np.ndarray]:
    faults = [_fault(file) for file in files]
    headers = [_Header(0, 0) if fault else _header(file) for file, fault in zip(files, faults, strict=True)]
    images = np.zeros((sum(len(rule(header.frames)) for header in headers), *size, 3), np.uint8)
    sizes = np.zeros((len(files), 2), np.int64)
    short = np.zeros(len(files), bool)
    clip: list[int] = []
    frame: list[int] = []
    problems = []
    for row, file in enumerate(track(files, "reading videos")):
        if faults[row]:
            problems.append(f"{names[row]}: {faults[row]}")
            continue
        try:
            taken = _decode(file, headers[row].frames, rule, turned[row])
        except ValueError as error:
            problems.append(f"{names[row]}: {error}")
            continue
        short[row] = not taken
        for position, picture in taken:
            sizes[row] = picture.shape[:2]
            fitted = ImageOps.fit(Image.fromarray(picture), size[::-1], Image.Resampling.LANCZOS)
            images[len(clip)] = np.asarray(fitted)
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
    frames: int
    rate: int


@contextmanager
def _opened(file: Path) -> Iterator[cv2.VideoCapture]:
    # An absolute path, since FFmpeg would take a name such as "concat:x" for a protocol.
    capture = cv2.VideoCapture(str(file.resolve()), cv2.CAP_FFMPEG)
    try:
        yield capture
    finally:
        capture.release()


def _fault(file: Path) -> str:
    """Why the file can't even be opened, in a few words that the decoder would not give; empty if it can."""
    try:
        with file.open("rb") as stream:
            return "" if stream.read(1) else "empty file"
    except OSError as error:
        return why_unreadable(error)


def _header(file: Path) -> _Header:
    """Frames and frames a second as the file declares them; zeros where it is no video."""
    with _opened(file) as capture:
        count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    return _Header(max(0, round(count)), max(0, round(rate)))


def _decode(file: Path, count: int, rule: Rule, turned: bool) -> list[tuple[int, np.ndarray]]:
    """Positions and RGB frames ``uint8 [H, W, 3]`` that ``rule`` keeps of the first ``count``."""
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
