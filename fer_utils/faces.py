"""``FaceSet``: the one shape in which faces travel from room to room."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

EMOTIONS = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise", "calm")
"""The names that every data set's loader translates its own codes into, so that sets can be compared."""

REQUIRED_COLUMNS = ("label", "subject", "source")


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Images of faces and what is known of each.

    Attributes:
        name: the data set's registry name, e.g. ``"jaffe"``.
        images: ``uint8 [N, H, W]`` (grey) or ``uint8 [N, H, W, 3]`` (RGB), values 0–255.
        table: one row an image, in the order of ``images``. Always: ``label`` (a class name),
            ``subject`` (who), ``source`` (the original picture's name; an augmented copy keeps
            its original's). Where known: ``split sequence frame intensity pose gaze au_*``.
        classes: the class names in the order that the integer codes follow.
        stand_in: ``True`` when the pictures only stand in for the data set named.
        notes: what the loader wants the reader to know (files ignored, counts that differ).
        differences: how the pictures differ from the official release (missing, of another size or edition, encoded
            again), one phrase each. A number made on such a set is not held against the paper's value.

    Raises:
        ValueError: shapes, dtypes or labels do not fit together.
    """

    name: str
    images: np.ndarray
    table: pd.DataFrame
    classes: tuple[str, ...]
    stand_in: bool = False
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.images.shape
        if self.images.dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
            raise ValueError(f"images must be uint8 [N,H,W] or [N,H,W,3], not {self.images.dtype} {list(shape)}")
        if len(self.table) != shape[0]:
            raise ValueError(f"{shape[0]} images but {len(self.table)} table rows")
        missing = [column for column in REQUIRED_COLUMNS if column not in self.table]
        if missing:
            raise ValueError(f"the table lacks the columns {missing}")
        strange = sorted(set(self.table["label"]) - set(self.classes), key=str)
        if strange:
            raise ValueError(f"labels {strange} are not among the classes {list(self.classes)}")
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return (
            f"FaceSet({self.name}: {len(self)} {self.kind} images {self.images.shape[1:]}, "
            f"{self.table['subject'].nunique()} subjects, {len(self.classes)} classes)"
        )

    @property
    def kind(self) -> str:
        """``"real"`` or ``"stand-in"``: printed on every table and figure."""
        return "stand-in" if self.stand_in else "real"

    @cached_property
    def labels(self) -> np.ndarray:
        """Integer class codes, ``int64 [N]``, by position in ``classes``."""
        code = {name: number for number, name in enumerate(self.classes)}
        return self.table["label"].map(code).to_numpy(dtype=np.int64)

    @cached_property
    def subjects(self) -> np.ndarray:
        """Subject names as text, ``[N]``."""
        return self.table["subject"].astype(str).to_numpy(dtype=object)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits of SHA-256 over pixels, table, classes and kind."""
        digest = hashlib.sha256(repr((self.name, self.images.shape, self.classes, self.stand_in)).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(self.table.to_csv(index=False).encode())
        return digest.hexdigest()[:16]

    def select(self, rows: np.ndarray) -> FaceSet:
        """The images at ``rows`` (positions or a boolean mask of full length), in that order."""
        rows = np.arange(len(self))[rows]
        return replace(self, images=self.images[rows], table=self.table.iloc[rows])

    def with_images(self, images: np.ndarray) -> FaceSet:
        """The same people and labels with other pixels, e.g. after cropping."""
        return replace(self, images=images)

    def about(self) -> str:
        """What the set is, and how it differs from the official release, for a notebook's first cells."""
        lines = [repr(self)]
        if self.differences:
            lines.append("Differs from the official release, so no verdict on a value, only on directions:")
            lines += [f"- {difference}" for difference in self.differences]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def counts(self) -> pd.DataFrame:
        """Images per class (columns) and in all, as a one-row table for display."""
        counts = self.table["label"].value_counts().reindex(list(self.classes), fill_value=0)
        return counts.to_frame("images").T.assign(total=len(self))
