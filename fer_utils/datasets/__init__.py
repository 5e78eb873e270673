"""The registry of data sets: what is known of each, where it lies, and how it is read.

Shipped sets are read at once. The others are looked for under ``$FER_DATA/<name>`` in their
official layout; nothing is ever downloaded behind the user's back (:mod:`fer_utils.datasets.fetch`
does so when asked). :mod:`fer_utils.data` is the door to all of them.
"""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

from fer_utils.datasets import (
    avatar_shoots,
    baum1,
    celeba,
    ck48,
    ck_plus,
    cmu_faces,
    fer2013,
    icv_mefed,
    isl_ck,
    jaffe,
    kdef,
    london,
    mmi,
    raf_db,
    rafd,
    ravdess,
    sfew,
)
from fer_utils.datasets.base import Dataset, NotHere, data_root, refuse_a_false_marker, stand_in_marker
from fer_utils.datasets.duplicates import duplicate_notes
from fer_utils.errors import FerError, UsageError, did_you_mean
from fer_utils.faces import FaceSet

__all__ = ["Dataset", "dataset", "filed_as", "folder_of", "names", "read"]

_PICTURES = (cmu_faces, jaffe, ck_plus, ck48, fer2013, sfew, raf_db, rafd, kdef, icv_mefed, celeba, isl_ck)
_VIDEOS = (ravdess, mmi, baum1)
_SHIPPED = (london.DATASET, *avatar_shoots.DATASETS.values())
_REGISTRY: dict[str, Dataset] = {
    known.name: known for known in (*_SHIPPED, *(module.DATASET for module in (*_PICTURES, *_VIDEOS)))
}
STAND_IN = ":stand-in"
"""Behind a name: the set is played by avatars (:mod:`fer_utils.data`)."""


def names() -> tuple[str, ...]:
    """The names of all data sets."""
    return tuple(_REGISTRY)


def dataset(name: str) -> Dataset:
    """What is known of one data set: title, classes, licence, how to get it.

    Args:
        name: one of :func:`names`; ``:stand-in`` behind it changes nothing here.

    Raises:
        UsageError: there is no such data set.
    """
    name = name.removesuffix(STAND_IN)
    if name not in _REGISTRY:
        raise UsageError(
            f"there is no data set {name!r}.{did_you_mean(name, names())} Known: {', '.join(names())}. "
            f"`python -m fer_utils data` says which of them are on this machine."
        )
    return _REGISTRY[name]


def folder_of(name: str) -> Path | None:
    """Where the data set lies, or ``None`` for a shipped one.

    Raises:
        UsageError: there is no such data set.
        NotHere: it has to be brought by the user and is not there.
        FerError: something is there, but is no folder or cannot be looked at.
    """
    known = dataset(name)
    if known.shipped:
        return None
    root = data_root()
    if root is None:
        raise NotHere(
            f"{known.title} is not shipped with this repository, and FER_DATA is not set. Put the official "
            f"files under a folder {name}/ ({known.layout}) and set FER_DATA to that folder's parent.\n"
            f"How to get it: {known.how_to_get}"
        )
    folder = root / name
    try:
        mode = folder.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    except OSError as error:
        raise FerError(f"{known.title}: {folder} cannot be read ({error.strerror or error})") from error
    if mode is not None and not stat.S_ISDIR(mode):
        raise FerError(f"{known.title}: {folder} is not a folder. Expected: {known.layout}.")
    if mode is None:
        raise NotHere(
            f"{known.title} was looked for in {folder}, which is not there. Expected: {known.layout}.\n"
            f"How to get it: {known.how_to_get}"
        )
    return folder


def filed_as(faces: FaceSet) -> str:
    """What results on these pictures are filed under: the set's name, and ``-stand-in`` where avatars play it."""
    played = faces.stand_in and not (faces.name in _REGISTRY and _REGISTRY[faces.name].shipped)
    return f"{faces.name}-stand-in" if played else faces.name


def read(name: str, folder: Path | None) -> FaceSet:
    """Read a data set whole and checked.

    Args:
        name: one of :func:`names`.
        folder: where it lies, as :func:`folder_of` says; ``None`` where it is shipped.

    Returns:
        The images in a fixed order (by file name), so that the same files always give the same
        :attr:`~fer_utils.faces.FaceSet.fingerprint`. Where there is an official split, the notes say
        which pictures occur on both of its sides or under two labels.

    Raises:
        UsageError: there is no such data set.
        FerError: the files are not there, or some leave identity or label in doubt or can't be read; the
            message names them. Every other difference from the official release is in ``differences``.
    """
    known = dataset(name)
    try:
        marked = folder is not None and stand_in_marker(folder)
        faces = known.load(folder, marked)
        if folder is not None and marked:
            refuse_a_false_marker(folder)
    except OSError as error:
        where = error.filename or folder
        raise FerError(f"{known.title}: {where} can't be read ({error.strerror or error})") from error
    if "split" not in faces.table:
        return faces
    found = duplicate_notes(faces.images, faces.table["label"], faces.table["split"])
    return replace(faces, notes=(*faces.notes, *found))
