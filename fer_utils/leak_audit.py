"""The leak audit: how much of a test set does the training set already know?

For any split of any faces it counts the test images that share with training

========== =====================================================================================
subject    the same person
clip       the same sequence of frames
source     the same original picture: an augmented sibling, or the original itself
exact      the same pixels under another source's name
near       almost the same picture under another source's name: thumbnails that correlate at
           ``NEAR_CORRELATION`` or more, exact copies included
========== =====================================================================================

Of augmented data, audit the photographs that the images were made from: a variant of a near
duplicate leaks however far it was turned.

A share of 0 % in every column is what a sound split looks like. The first three are bookkeeping
(what the table says); the last two look at the pixels, and so find what the bookkeeping hides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd

from fer_utils.faces import FaceSet
from fer_utils.splits import Fold

THUMBNAIL = 24
"""Side in pixels of the thumbnails that are compared."""

NEAR_CORRELATION = 0.975
"""Thumbnails at least this alike are near duplicates.

Measured on the London photographs and the CMU faces: strong JPEG compression and a change of light
stay at 0.999, a turn by 2 degrees or a zoom by 3 % mostly above 0.975, while no two *different*
people reach 0.975 (highest 0.974 and 0.958).
"""

KINDS = ("subject", "clip", "source", "exact", "near")
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Signatures:
    """What the audit keeps of the pixels: ``exact`` (64-bit hashes, ``uint64 [N]``) and
    ``thumbnails`` (zero mean, unit length, ``float32 [N, 576]``)."""

    exact: np.ndarray
    thumbnails: np.ndarray


def sign(images: np.ndarray) -> Signatures:
    """Signatures of ``uint8 [N,H,W]`` or ``[N,H,W,3]`` images."""
    exact = np.empty(len(images), np.uint64)
    thumbnails = np.empty((len(images), THUMBNAIL * THUMBNAIL), np.float32)
    for row, image in enumerate(images):
        exact[row] = int.from_bytes(hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=8).digest(), "little")
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
        small = cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        small -= small.mean()
        # A blank picture has no pattern to compare: it stays the zero vector and is near to nothing.
        thumbnails[row] = small / max(float(np.linalg.norm(small)), 1e-6)
    return Signatures(exact, thumbnails)


@dataclass(frozen=True)
class LeakReport:
    """How many of ``n_test`` test images (summed over folds) share something with their training part.

    ``counts[kind]`` is ``None`` where the data do not say (no clips, say).
    """

    n_test: int
    counts: dict[str, int | None]

    def shares(self) -> dict[str, float | None]:
        """Counts as fractions of the test images."""
        return {kind: None if count is None else count / self.n_test for kind, count in self.counts.items()}

    def text(self) -> str:
        """One line to print beside a number, e.g. ``subject 100 %, source 98 %, near 96 %``."""
        known = {kind: share for kind, share in self.shares().items() if share}
        if not known:
            return "none found"
        return ", ".join(f"{kind} {_percent(share)}" for kind, share in known.items())

    def table(self) -> pd.DataFrame:
        """One row a kind: test images that leak, of how many, and the share in per cent."""
        rows = [
            {"shared with training": kind, "test images": count, "of": self.n_test, "share %": share and 100 * share}
            for (kind, count), share in zip(self.counts.items(), self.shares().values(), strict=True)
        ]
        return pd.DataFrame(rows).astype({"test images": "Int64"})


def _percent(share: float) -> str:
    # "100 %" and "0 %" are kept for exactly all and none: near either end, two digits of what is left are shown.
    if share in (0.0, 1.0) or 0.01 <= share < 0.99:
        return f"{100 * share:.0f} %"
    if share < 0.5:
        return f"{100 * share:.2g} %"
    return f"{100 - float(f'{100 * (1 - share):.2g}'):.12g} %"


def audit(table: pd.DataFrame, signatures: Signatures, folds: Sequence[Fold]) -> LeakReport:
    """Count what the test rows of ``folds`` share with the training rows of the same fold.

    Args:
        table: one row an image with ``subject``, ``source`` and, where known, ``sequence``.
        signatures: of the same images, in the same order.
        folds: row numbers into both.

    Returns:
        Counts summed over the folds.
    """
    columns = {"subject": "subject", "clip": "sequence", "source": "source"}
    codes = {kind: pd.factorize(table[column])[0] for kind, column in columns.items() if column in table}
    counts = dict.fromkeys((*codes, "exact", "near"), 0)
    n_test = 0
    for fold in folds:
        n_test += len(fold.test)
        for kind, code in codes.items():
            seen = np.zeros(code.max() + 2, bool)
            seen[code[fold.train]] = True
            # A missing value (code -1) is not "the same unknown person".
            counts[kind] += int((seen[code[fold.test]] & (code[fold.test] >= 0)).sum())
        exact, near = _count_look_alikes(signatures, codes["source"], fold)
        counts["exact"] += exact
        counts["near"] += near
    return LeakReport(n_test, {kind: counts.get(kind) for kind in KINDS})


def audit_faces(*, faces: FaceSet, folds: list[Fold]) -> dict[str, Any]:
    """The leak audit of folds of a face set, as a unit of work: ``LeakReport(**audit_faces(...))``."""
    report = audit(faces.table, sign(faces.images), folds)
    return {"n_test": report.n_test, "counts": report.counts}


def _count_look_alikes(signatures: Signatures, source: np.ndarray, fold: Fold) -> tuple[int, int]:
    """Test rows with an exact, and with a near, duplicate in training that comes from another source."""
    exact = near = 0
    training = signatures.thumbnails[fold.train].T
    for start in range(0, len(fold.test), _CHUNK):
        rows = fold.test[start : start + _CHUNK]
        other = source[rows][:, None] != source[fold.train]
        same = ((signatures.exact[rows][:, None] == signatures.exact[fold.train]) & other).any(axis=1)
        alike = np.where(other, signatures.thumbnails[rows] @ training, -1.0).max(axis=1, initial=-1.0)
        exact += int(same.sum())
        near += int((same | (alike >= NEAR_CORRELATION)).sum())
    return exact, near
