"""Reading pictures: every encoding that means the same picture gives the same pixels, and what is different is said.

- Grey is read from grey, 1-bit and 16-bit files, from a palette of greys and from RGB with three equal channels; an
  alpha channel is dropped. Each of these is a note, for the picture is the same.
- Colour where the set is grey is made grey by ITU-R 601 (0.299 R + 0.587 G + 0.114 B), which is a difference.
- 16 bits become 8: the upper byte where the lower one is always zero, else ``v / 257``, rounded.
- A picture whose EXIF data say that it lies is turned upright, before anything else: the camera's owner saw it so.
- Another size is scaled until it just covers the official one, with the overhang cut evenly: a difference. So is a file
  of another kind, such as JPEG for PNG, whatever its name ends in.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from fer_utils.datasets.cache import MANY, read_once
from fer_utils.datasets.findings import Findings, few, why_unreadable
from fer_utils.progress import track
from fer_utils.store import source_digest

SOURCE_DIGEST = source_digest(Path(__file__))
READ_MODES = frozenset(("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX"))
ORIENTATION = 0x0112
LYING = frozenset(range(5, 9))
"""EXIF orientations by which width and height change places."""
NOTE, DIFFERENCE = "note", "difference"

Remark = tuple[str, str]
"""Whether it is a note or a difference, and a phrase that goes on after "3 picture(s)"."""


def read_pictures(
    files: Sequence[Path],
    found: Findings,
    size: tuple[int, int],
    mode: str,
    native: Collection[tuple[int, int]],
    kind: str | None = None,
    keep_as: str | None = None,
    border: float = 0.0,
    draft: bool = False,
    colour_too: bool = False,
) -> np.ndarray:
    """Read pictures and bring them to one size and mode, as the module's text says.

    Args:
        files: the picture files, below ``found.folder``.
        found: gets a problem for every file that is empty, truncated or unreadable, and a note or a difference for
            each way in which pictures are encoded other than officially.
        size: ``(height, width)`` in pixels that every image gets. A picture of that size is not touched, one that is
            only a few rows higher is cut and not resampled (Lanczos).
        mode: ``"L"`` for grey, ``"RGB"`` for colour.
        native: the sizes, ``(height, width)``, that the official files have.
        kind: the official kind of file as Pillow calls it (``"PNG"``, ``"JPEG"``, ``"TIFF"``, ``"PPM"``); ``None``
            where it is not known.
        keep_as: the name under which the images are kept in the cache, for sets that take long to read.
        border: share of width and of height that is first cut off on every side, for sets that are aligned.
        draft: decode a JPEG at the smallest of its built-in scales (1/2, 1/4, 1/8) that still covers ``size``: huge
            pictures take a fraction of the time and memory, and get slightly other pixels.
        colour_too: whether some official pictures are in colour though ``mode`` is grey.

    Returns:
        ``uint8 [N, H, W]`` or ``[N, H, W, 3]``; a picture with a problem is black, since the caller is going to raise.
    """
    remarks: list[tuple[int, Remark]] = []

    def prepared(row: int, picture: Image.Image) -> Image.Image:
        said, fitted = _prepared(picture, size, mode, native, kind, border, draft, colour_too)
        remarks.extend((row, remark) for remark in said)
        return fitted

    def read() -> dict[str, np.ndarray]:
        remarks.clear()
        problems: list[str] = []
        images = _read(files, found.named, size, mode, prepared, problems)
        return {
            "images": images,
            "problems": np.array(problems, dtype=str),
            "rows": np.array([row for row, _ in remarks], np.int64),
            "remarks": np.array([f"{weight} {text}" for _, (weight, text) in remarks], dtype=str),
        }

    code = f"{SOURCE_DIGEST} {size} {mode} {sorted(native)} {kind} {border} {draft} {colour_too}"
    try:
        arrays = read_once(keep_as, files, read, code) if keep_as else read()
    except (OSError, UnicodeError):
        # A file that can't be opened, or whose name is no text, has no key. Reading one by one says what is wrong.
        arrays = read()
    found.problems += arrays["problems"].tolist()
    _report([found.named(files[row]) for row in arrays["rows"].tolist()], arrays["remarks"].tolist(), len(files), found)
    return arrays["images"]


def _report(names: Sequence[str], remarks: Sequence[str], total: int, found: Findings) -> None:
    by_remark: dict[str, list[str]] = {}
    for name, remark in zip(names, remarks, strict=True):
        by_remark.setdefault(remark, []).append(name)
    for remark, pictures in by_remark.items():
        weight, _, text = remark.partition(" ")
        listed = "" if len(pictures) == total > 1 else f" ({few(pictures)})"
        count = f"all {total}" if len(pictures) == total > 1 else f"{len(pictures)}"
        sink = found.differences if weight == DIFFERENCE else found.notes
        sink.append(f"{count} picture(s) {text}{listed}")


def _read(
    files: Sequence[Path],
    named: Callable[[Path], str],
    size: tuple[int, int],
    mode: str,
    prepared: Callable[[int, Image.Image], Image.Image],
    problems: list[str],
) -> np.ndarray:
    images = np.zeros((len(files), *size, *((3,) if mode == "RGB" else ())), dtype=np.uint8)
    for row, file in enumerate(track(files, "reading images") if len(files) > MANY else files):
        try:
            with Image.open(file) as picture:
                images[row] = np.asarray(prepared(row, picture))
        # Pillow reports damage in many ways (OSError, ValueError, TypeError, DecompressionBombError …);
        # each means that the file is not the image it should be.
        except Exception as error:
            reason = "empty file" if _is_empty(file) else why_unreadable(error)
            problems.append(
                f"{named(file)}: {reason.replace(repr(str(file)), 'the file').replace(str(file), 'the file')}"
            )
    return images


def _is_empty(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except OSError:
        return False


class ModeError(ValueError):
    """A picture whose colours can't be read for sure."""


def _prepared(
    picture: Image.Image,
    size: tuple[int, int],
    mode: str,
    native: Collection[tuple[int, int]],
    kind: str | None,
    border: float,
    draft: bool,
    colour_too: bool,
) -> tuple[list[Remark], Image.Image]:
    said: list[Remark] = []
    turn = _orientation(picture)
    height, width = (picture.width, picture.height) if turn in LYING else (picture.height, picture.width)
    official = "JPEG" if picture.format == "MPO" else picture.format
    if kind is not None and official != kind:
        said.append((DIFFERENCE, f"are {official} files, official {kind}"))
    if (height, width) not in native:
        expected = " or ".join(f"{wide}x{high}" for high, wide in sorted(native))
        said.append((DIFFERENCE, f"are not {expected} pixels but {width}x{height}"))
    if draft:
        picture.draft(mode, size[::-1])
    picture.load()
    if turn != 1:
        said.append((NOTE, "turned upright, as their EXIF orientation says"))
        picture = ImageOps.exif_transpose(picture)
    picture = _in_mode(picture, mode, colour_too, said)
    return said, ImageOps.fit(picture, size[::-1], Image.Resampling.LANCZOS, border)


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none that can be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            turn = picture.getexif().get(ORIENTATION, 1)
    # EXIF data are decoration: damaged ones damage no pixel.
    except Exception:
        return 1
    return turn if turn in range(1, 9) else 1


def _in_mode(picture: Image.Image, mode: str, colour_too: bool, said: list[Remark]) -> Image.Image:
    if picture.mode == mode:
        return picture
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        said.append((NOTE, "have 16 bits, scaled to 8: the same pictures"))
        return Image.fromarray(_eight_bits(np.asarray(picture))).convert(mode)
    if picture.mode not in READ_MODES:
        raise ModeError(f"colour mode {picture.mode}, expected grey or RGB")
    if picture.mode in ("LA", "PA", "RGBA"):
        said.append((NOTE, "have an alpha channel, which is dropped"))
    if mode == "RGB" or picture.mode in ("L", "LA", "1"):
        if picture.mode == "1":
            said.append((NOTE, "are black and white (1 bit)"))
        return picture.convert(mode)
    colours = picture.convert("RGB")
    red, green, blue = colours.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():
        what = "have a palette of greys" if picture.mode in ("P", "PA") else "hold grey as RGB"
        if not colour_too:
            said.append((NOTE, f"{what}: the same pictures"))
        return red
    if not colour_too:
        said.append((DIFFERENCE, "are in colour, official grey: made grey by ITU-R 601"))
    return picture.convert("L")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise ModeError("values of 32 bits, expected 8 or 16")
    wide = values.astype(np.uint32)
    # What was shifted up is shifted down again; anything else fills 0 to 65535 (8 bits times 257).
    small = wide >> 8 if not (wide & 0xFF).any() else (wide + 128) // 257
    return small.astype(np.uint8)
