"""SFEW 2.0, Static Facial Expressions in the Wild (Dhall et al. 2015): stills from movies, seven classes.

Layout: ``Train/<class>/`` and ``Val/<class>/`` with ``Angry Disgust Fear Happy Neutral Sad Surprise``; file names are
the movie's title, then two numbers for the place in it: ``AlexEmma_000058680_00000007.png``. Titles hold digits and
hyphens too (``21``, ``50_50``, ``OceansThirteen-``). 958 pictures train, 436 validate. The 372 of ``Test/`` have no
labels and are not read. SFEW 1.0 (700 pictures) is another set.

The owners also hand out the faces alone, aligned: ``Train_Aligned_Faces/`` and ``Val_Aligned_Faces/``, 143×181 pixels,
fewer pictures (860 + 431). They are read where the frames are not there, a difference, for the papers count frames.

``sequence`` is the movie's title, ``frame`` the numbers after it. People: nobody knows who is in the pictures;
``subject`` is the picture's own ``source``, so each counts as its own person. To keep people apart, keep movies
apart; a movie in both splits is a note.

Totals and validation's classes that differ are differences; those of training's classes, which nobody has confirmed,
a note. Frames are brought to 600×480 pixels (width × height), colour, with the overhang cut: 1.2 GB, in memory
and in the cache, where they are kept. Aligned faces keep their size.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fer_utils.datasets.base import PEOPLE_UNKNOWN, Dataset, counts_to_check
from fer_utils.datasets.findings import Findings, counts_line, few, parse_names
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.spellings import class_of_folder
from fer_utils.datasets.walking import child, folders_in, pictures_below
from fer_utils.errors import FerError, harmless
from fer_utils.faces import FaceSet

CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
CLASS_OF_FOLDER = dict(zip("Angry Disgust Fear Happy Neutral Sad Surprise".split(), CLASSES, strict=True))
SPLITS = ("Train", "Val")
OFFICIAL = {"Train": (178, 66, 98, 198, 150, 172, 96), "Val": (77, 23, 47, 73, 86, 73, 57)}
"""Pictures of each split, in the order of :data:`CLASSES`."""
SIZE = (480, 600)
NATIVE_SIZES = ((576, 720),)
ALIGNED = "Aligned_Faces"
ALIGNED_TOTALS = {"Train": 860, "Val": 431}
ALIGNED_SIZE = (181, 143)


def parse_name(name: str) -> tuple[str, str]:
    """Read ``AlexEmma_000058680_00000007.png``: the movie's title, and the numbers after it as text.

    The title is all that stands before the last two numbers; before the only one, if it is no number itself.

    Raises:
        ValueError: the name has another form.
    """
    stem = re.fullmatch(r"(.+)\.(?:png|jpe?g|bmp|tiff?)", name, re.IGNORECASE | re.DOTALL)
    match = stem and (
        re.fullmatch(r"(.*[^_-])[_-]([0-9]+_[0-9]+)", stem[1], re.DOTALL)
        or re.fullmatch(r"(.*[^_0-9-][^_-]*)[_-]([0-9]+)", stem[1], re.DOTALL)
    )
    if not match:
        raise ValueError("not a name like AlexEmma_000058680_00000007.png")
    return match[1], match[2]


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    found = Findings(DATASET.title, folder)
    frames = {split: _frames(folder, split, found) for split in SPLITS}
    aligned = {split: _aligned(folder, split) for split in SPLITS}
    is_aligned = not any(frames.values()) and any(aligned.values())
    homes = aligned if is_aligned else frames
    if not any(homes.values()):
        raise FerError(f"{DATASET.title}: {folder} holds neither Train/ nor Val/ nor Train_{ALIGNED}/. Expected: "
                       f"{DATASET.layout}.")  # fmt: skip
    found.differences += [f"no folder {split}: none of its pictures" for split, home in homes.items() if home is None]
    if any(aligned.values()) and not is_aligned:
        found.notes.append("aligned faces ignored: the frames are there too")
    files, table = _files(homes, found)
    found.notes.insert(0, PEOPLE_UNKNOWN)
    _check_counts(table, is_aligned, found)
    shared = set(table.loc[table["split"] == "Train", "sequence"]) & set(table.loc[table["split"] == "Val", "sequence"])
    if shared:
        found.notes.append(f"movies in both splits: {few(sorted(shared))}")
    if child(folder, "Test") is not None:
        found.notes.append("Test/ ignored: its pictures have no labels")
    size, native = (ALIGNED_SIZE, (ALIGNED_SIZE,)) if is_aligned else (SIZE, NATIVE_SIZES)
    images = read_pictures(files, found, size, "RGB", native, "PNG", "sfew")
    return found.faces("sfew", images, table, DATASET.classes, stand_in)


def _frames(folder: Path, split: str, found: Findings) -> Path | None:
    """The folder of a split's frames, with a folder of a class in it."""
    home = child(folder, split, found)
    if home is None or not home.is_dir():
        return None
    homes = [name for name in folders_in(home) if not name.name.lower().endswith(ALIGNED.lower())]
    only_aligned = not homes and bool(folders_in(home))
    return None if only_aligned else home


def _aligned(folder: Path, split: str) -> Path | None:
    """The folder of a split's aligned faces: beside the split's folder or in it, and unpacked once or twice."""
    name = f"{split}_{ALIGNED}"
    for path in (f"{name}/{name}", name, f"{split}/{name}/{name}", f"{split}/{name}"):
        home = child(folder, path)
        if home is not None and home.is_dir():
            return home
    return None


def _files(homes: dict[str, Path | None], found: Findings) -> tuple[list[Path], pd.DataFrame]:
    files, rows = [], []
    for split, home in homes.items():
        if home is None:
            continue
        pictures = pictures_below(home, found)
        if not home.name.endswith(ALIGNED):
            pictures = [file for file in pictures if ALIGNED.lower() not in str(file.relative_to(home)).lower()]
        for file, (movie, numbers) in parse_names(pictures, found, parse_name):
            parts = file.relative_to(home).parts
            label = class_of_folder(parts[0], CLASSES) if len(parts) == 2 else None
            if label is None:
                found.problems.append(f"{found.named(file)}: not in a folder {split}/<{'|'.join(CLASS_OF_FOLDER)}>")
                continue
            files.append(file)
            path = found.named(file)
            rows.append((label, path, path, split, harmless(movie, kept=""), numbers))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "split", "sequence", "frame"])
    _refuse_two_labels(files, table, found)
    return files, table


def _refuse_two_labels(files: list[Path], table: pd.DataFrame, found: Findings) -> None:
    """A name that is there in several class folders: nobody can say which of them is right."""
    names = pd.Series([file.stem.lower() for file in files], dtype=object)
    for _, rows in table.groupby(names):
        if len(rows) > 1:
            found.problems.append(f"{rows['source'].iloc[1]}: the same picture is also {rows['source'].iloc[0]}")


def _check_counts(table: pd.DataFrame, is_aligned: bool, found: Findings) -> None:
    by_class = {(split, label): count for split, counts in OFFICIAL.items()
                for label, count in zip(CLASSES, counts, strict=True)}  # fmt: skip
    official = {f"{split} {label}": count for (split, label), count in by_class.items()}
    totals = {split: sum(counts) for split, counts in OFFICIAL.items()}
    if is_aligned:
        found.differences.append(
            f"the owners' aligned faces, {sum(ALIGNED_TOTALS.values())} pictures; the papers count "
            f"{sum(totals.values())} frames"
        )
        counts = counts_to_check(found.folder, ALIGNED_TOTALS, found.notes)
        found.differences += counts_line(table["split"].value_counts(), counts, "pictures")
        return
    counts = counts_to_check(found.folder, official, found.notes)
    sums = {split: sum(counts[f"{split} {label}"] for label in CLASSES) for split in OFFICIAL}
    have = table.groupby(["split", "label"]).size()
    have.index = [" ".join(key) for key in have.index]
    found.differences += counts_line(table["split"].value_counts(), sums, "pictures")
    for split, sink in (("Train", found.notes), ("Val", found.differences)):
        wanted = {name: count for name, count in counts.items() if name.startswith(split)}
        there = {name: count for name, count in have.items() if name.startswith(split)}
        sink += counts_line(there, wanted, "pictures")


DATASET = Dataset(
    name="sfew",
    title="SFEW 2.0",
    classes=CLASSES,
    shipped=False,
    publishable=False,
    layout=(
        "sfew/Train/<class>/<movie>_<numbers>.png and sfew/Val/<class>/…, 958 + 436 frames, or "
        "sfew/Train_Aligned_Faces/<class>/… and sfew/Val_Aligned_Faces/…"
    ),
    licence="signed agreement, research only, no redistribution (Dhall et al. 2011, 2015)",
    how_to_get="sign the agreement at cs.anu.edu.au/few, then unpack the frames to $FER_DATA/sfew/Train and .../Val",
    load=_load,
)
