"""Every hyperparameter of the paper, with the section it comes from.

Barile, Bassano & Picciocchi, *Transfer Learning for Facial Emotion Recognition on Small
Datasets*. "not stated" marks what the paper leaves open; the value is then ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fer_utils.errors import UsageError
from fer_utils.papers.parameters import Parameter as P
from fer_utils.papers.parameters import common, of
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting

NORMALISATIONS = ("raw", "0-1", "-1..1", "per-image")
TRAINABLE = ("head", "last_block", "all")
EPOCH_SELECTIONS = ("test_fold", "inner_split", "last_epoch")

READINGS = {"raw": "raw pixels", "-1..1": "pixels −1 to 1"}
"""By normalisation: two readings of the paper. Its words say that nothing is normalised, so pixels go in as 0 to 255;
the network that it takes over was trained on pixels from -1 to 1, which Keras' example code gives it."""

SPLIT_TITLES = {
    "A": "augment, then split 90/10 (as published)",
    "B": "split photographs 90/10, then augment",
    "C": "leave one subject out (sound)",
    "D": "split subjects 90/10, then augment",
}
SPLITS = tuple(SPLIT_TITLES)

KERAS_BACKEND = "tensorflow"
"""Backbone features of 160-pixel images on two CPU cores: TensorFlow 97 images/s, torch 50."""


@dataclass(frozen=True)
class Augmentation(Base):
    """Section 3.3: "randomly rotating, stretching, zooming, and shifting"; no range is stated."""

    name: ClassVar[str] = "paper 5's augmentation"

    rotation: float = setting(15.0, "not stated; degrees either way", least=0)
    shift: float = setting(0.10, "not stated; share of the side, either way", least=0)
    shear: float = setting(0.10, 'not stated; "stretching"', least=0)
    zoom: float = setting(0.10, "not stated; width and height apart", least=0, below=1)
    seed: int = setting(0, "ours", least=0)


@dataclass(frozen=True)
class Settings(Base):
    """What one training condition needs."""

    name: ClassVar[str] = "paper 5"

    # -- the photographs ------------------------------------------------------------------
    cropped: bool = setting(False, 'Section 4.1: cropping "did not show very significant differences"')
    normalisation: str = setting(
        "raw", 'Section 4.1: normalising cost "more than 40%", so the best run is raw 0-255', choices=NORMALISATIONS
    )
    # 32 pixels are the fewest that MobileNetV2 takes.
    image_size: int = setting(
        160, "not stated; the shipped weights were trained at 160 pixels, Keras' default is 224", least=32
    )

    # -- augmentation ---------------------------------------------------------------------
    quota: int = setting(11_350, "Section 3.3: images per class, 79,450 / 7 classes", least=1)
    augmentation: Augmentation = Augmentation()
    compared_quota: int | None = setting(
        None, "ours; images per class where Section 4.1's settings are compared; None: quota", least=10
    )

    # -- the network, Section 3.2 ---------------------------------------------------------
    weights: str = setting("shipped", 'Section 3.2: ImageNet; "shipped" stands in; or "imagenet", "none", a path')
    trainable: str = setting(
        "head", 'not stated; "replacing the last dense layer" suggests the head', choices=TRAINABLE
    )

    # -- training, Sections 3.3 and 4.1 ---------------------------------------------------
    learning_rate: float = setting(1e-3, 'Section 4.1: Adam, "the choice of 0.001 as initial value"', above=0)
    batch_size: int = setting(32, "Section 4.1", least=1)
    epochs: int = setting(20, "not stated", least=1, most=100_000)
    # It makes ten folds.
    test_share: float = setting(0.10, "Section 3.3: 90 % training, 10 % test", above=0, below=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < round(self.quota * (1 - self.test_share)) < self.quota:
            raise UsageError(
                f"a quota of {self.quota} with test_share={self.test_share} leaves a class without training or "
                f"without test images; raise the quota"
            )

    def compared(self) -> Settings:
        """The same condition over as few images as Section 4.1's settings are compared on."""
        return self.but(quota=min(self.quota, self.compared_quota or self.quota))


PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(image_size=64, quota=24, epochs=2),
    # A laptop: fewer variants a photograph, the same everything else.
    "quick": Settings(quota=400),
    # Two cores: the paper's images a class for both readings, quick's for what else is compared, which takes six more
    # sets of features; the pictures' size and the weights are those that ship.
    "evening": Settings(compared_quota=400),
    # The paper's own sizes.
    "paper": Settings(image_size=224, weights="imagenet"),
}


@dataclass(frozen=True)
class Retraining:
    """What is trained beside heads (Section 9 of the notebook): on A and D, all folds of the first seed.

    Attributes:
        depths: which of :data:`TRAINABLE` but ``"head"``.
        quota: images of each class after augmentation, within ``study.MOST_TUNED`` in all: every image goes forwards
            and backwards.
        epochs: how often each is seen.
    """

    depths: tuple[str, ...] = ()
    quota: int = 200
    epochs: int = 3


RETRAINED = {"smoke": (), "quick": (), "evening": TRAINABLE[1:], "paper": TRAINABLE[1:]}
"""By profile: what is trained beside heads."""


def retraining(parameters: Mapping[str, Any]) -> Retraining:
    """What the notebook's parameters ask for; where they leave it to the profile, :data:`RETRAINED`."""
    chosen = parameters["tune"]
    depths = RETRAINED[parameters["profile"]] if chosen is None else tuple(chosen)
    return Retraining(depths, parameters["tune_quota"], parameters["tune_epochs"])


PARAMETERS = {
    **common("london", [0, 1, 2]),
    "weights": P(None, choices=("shipped", "imagenet", "none"), suffix=".weights.h5", optional=True),
    "quota": P(None, "number", low=10, high=100_000, optional=True),
    "epochs": of(Settings, "epochs"),
    "tune": P(None, "names", choices=TRAINABLE[1:], optional=True),
    "tune_quota": P(Retraining.quota, "number", low=10, high=100_000),
    "tune_epochs": P(Retraining.epochs, "number", high=10_000),
    "detector": P("ssd", choices=("haar", "ssd", "dlib")),
}
"""The notebook's, in the order of its cell."""
