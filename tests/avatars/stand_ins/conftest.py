"""Small stand-ins: a test run writes each once, with the loaders' tables of official counts made small."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_utils.avatars.stand_ins import cohn_kanade, videos, wild, write
from fer_utils.data import load
from fer_utils.datasets import baum1, ck_plus, fer2013, icv_mefed, kdef, raf_db, rafd, ravdess, sfew
from fer_utils.faces import FaceSet


def make_small(patch: pytest.MonkeyPatch) -> None:
    """Cut the official tables down; the writers and the loaders follow the same tables."""
    labelled = {"anger": 2, "contempt": 1, "disgust": 2, "fear": 1, "happiness": 2, "sadness": 1, "surprise": 2}
    for module, values in (
        (ck_plus, {"OFFICIAL": labelled, "PEOPLE": 6}),
        (cohn_kanade, {"ISL_LOOKS": 1, "ISL_CLIP_PEOPLE": 1, "ISL_STUDIO_PEOPLE": 2}),
        (fer2013, {"OFFICIAL": {"Training": (20,) * 7, "PublicTest": (3,) * 7, "PrivateTest": (3,) * 7}}),
        (sfew, {"OFFICIAL": {"Train": (3,) * 7, "Val": (1,) * 7}}),
        (raf_db, {"OFFICIAL": {"train": (20,) * 7, "test": (5,) * 7}}),
        (rafd, {"PEOPLE": {("Caucasian", "male"): 1, ("Kid", "female"): 1}}),
        (kdef, {"NUMBERS": ("01",)}),
        (icv_mefed, {"PEOPLE": 2}),
        (wild, {"CELEBA_COUNTS": {"train": 40, "valid": 5, "test": 6}}),
        (ravdess, {"ACTORS": ("01", "02"), "STATEMENTS": ("01",)}),
        (videos, {"MMI_PEOPLE": 2}),
        (baum1, {"PEOPLE": 2}),
    ):
        for name, value in values.items():
            patch.setattr(module, name, value)


@pytest.fixture
def small(monkeypatch):
    """Small tables for this test."""
    make_small(monkeypatch)


class Library:
    """Stand-ins written and loaded on demand, once a test run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._loaded: dict[str, FaceSet] = {}

    def folder(self, name: str) -> Path:
        """Where the stand-in lies; not to be changed."""
        if not (self.root / name).is_dir():
            write(name, self.root)
        return self.root / name

    def faces(self, name: str) -> FaceSet:
        """The stand-in, read by the data set's own loader."""
        self.folder(name)
        if name not in self._loaded:
            self._loaded[name] = load(name)
        return self._loaded[name]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Library:
    """Where the small stand-ins of this test run lie."""
    return Library(tmp_path_factory.mktemp("small_stand_ins"))


@pytest.fixture
def library(shelf, small, monkeypatch) -> Library:
    """All small stand-ins, with the tables small and ``FER_DATA`` naming their folder.

    The two sets of the largest pictures have half their sides: writing them takes longer than all the others.
    """
    monkeypatch.setattr(rafd, "NATIVE_SIZES", ((512, 340),))
    monkeypatch.setattr(kdef, "NATIVE_SIZES", ((381, 281),))
    monkeypatch.setenv("FER_DATA", str(shelf.root))
    monkeypatch.setenv("FER_CACHE", str(shelf.root / ".cache"))
    return shelf
