"""Every data set behind one door: ``data.load("jaffe")`` gives a :class:`fer_utils.faces.FaceSet`.

:mod:`fer_utils.datasets` reads what is shipped or lies under ``$FER_DATA``. Asked for as ``jaffe:stand-in``, a data set
is played by :mod:`fer_utils.avatars` in its official layout, written once into the cache and read by its own loader.
"""

from __future__ import annotations

from pathlib import Path

from fer_utils import datasets
from fer_utils.avatars.stand_ins import shelf
from fer_utils.datasets import STAND_IN
from fer_utils.faces import FaceSet

__all__ = ["folder_of", "load"]


def folder_of(name: str) -> Path | None:
    """Where the data set lies, or ``None`` for a shipped one. A stand-in asked for is written first, into the cache.

    Raises:
        UsageError: there is no such data set, or no stand-in for it.
        FerError: it has to be brought by the user and is not there.
    """
    known = datasets.dataset(name)
    return shelf.kept(known.name) if name.endswith(STAND_IN) else datasets.folder_of(name)


def load(name: str) -> FaceSet:
    """Read a data set whole and checked: :func:`fer_utils.datasets.read`.

    Args:
        name: one of :func:`fer_utils.datasets.names`, or one that is not shipped with ``:stand-in`` behind it.

    Raises:
        UsageError: there is no such data set, or no stand-in for it.
        FerError: the files are not there, or some leave identity or label in doubt or can't be read; the
            message names them. Every other difference from the official release is in ``differences``.
    """
    return datasets.read(name, folder_of(name))
