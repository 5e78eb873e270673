"""Every edition of every data set as a small stand-in of tiny pictures: hundreds of damaged copies load fast."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_utils.avatars.stand_ins import EDITIONS, OFFICIAL, PLANS, cohn_kanade, posed, videos, write
from fer_utils.datasets import baum1, celeba, ck_plus, icv_mefed, isl_ck, kdef, mmi, rafd, ravdess, sfew
from fer_utils.datasets.base import STAND_IN_FILE

EVERY = [(name, edition) for name in PLANS for edition in (OFFICIAL, *EDITIONS.get(name, ()))]
"""Data sets and their editions."""


def make_tiny(patch: pytest.MonkeyPatch) -> None:
    """Official sizes of a few dozen pixels, for writers and loaders alike."""
    for module, values in (
        (ck_plus, {"NATIVE_SIZES": ((50, 64), (48, 64)), "SIZE": (48, 64)}),
        (cohn_kanade, {"NATIVE": (50, 64)}),
        (isl_ck, {"NATIVE_SIZES": ((50, 64), (48, 64)), "SIZE": (24, 32)}),
        (sfew, {"NATIVE_SIZES": ((48, 60),), "SIZE": (40, 50), "ALIGNED_SIZE": (36, 28)}),
        (rafd, {"NATIVE_SIZES": ((64, 42),), "SIZE": (32, 21)}),
        (kdef, {"NATIVE_SIZES": ((64, 48),), "SIZE": (32, 24)}),
        (icv_mefed, {"NATIVE_SIZES": ((44, 66),), "SIZE": (44, 44)}),
        (posed, {"MEFED_SIZE": (44, 66)}),
        (celeba, {"NATIVE_SIZES": ((54, 44),), "SIZE": (32, 32)}),
        (ravdess, {"NATIVE_SIZES": ((36, 64),), "SIZE": (32, 32)}),
        (mmi, {"NATIVE_SIZES": ((48, 60), (60, 48)), "SIZE": (48, 40)}),
        (baum1, {"NATIVE_SIZES": ((48, 60),), "SIZE": (40, 50)}),
        (videos, {"RAVDESS_SIZE": (36, 64), "BAUM1_SIZE": (48, 60)}),
    ):
        for name, value in values.items():
            patch.setattr(module, name, value)


def write_every(root: Path) -> None:
    """``root/<edition>/<name>`` for each of :data:`EVERY`, marked, but free to be changed."""
    for name, edition in EVERY:
        forget_contents(write(name, root / edition, edition, small=True).folder)


def forget_contents(folder: Path) -> None:
    """Take the line out of the marker by which a changed stand-in is refused."""
    marker = folder / STAND_IN_FILE
    lines = marker.read_text("utf-8").splitlines(keepends=True)
    marker.write_text("".join(line for line in lines if not line.startswith("Names and sizes of all files: ")), "utf-8")
