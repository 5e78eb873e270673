"""Every hyperparameter of the paper, with the section it comes from.

Barile, Bassano & Picciocchi, *Transfer Learning for Facial Emotion Recognition on Small
Datasets*. "not stated" marks what the paper leaves open; the value is then ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Integral, Real

from fer_utils.errors import UsageError, check_choice, did_you_mean
from fer_utils.papers.parameters import DEVICE, PROFILE, PROTOCOL
from fer_utils.papers.parameters import Parameter as P

NORMALISATIONS = ("raw", "0-1", "-1..1", "per-image")
TRAINABLE = ("head", "last_block", "all")
EPOCH_SELECTIONS = ("test_fold", "inner_split", "last_epoch")
PROTOCOLS = ("A", "B", "C", "D")

PROTOCOL_TITLES = {
    "A": "augment, then split 90/10 (as published)",
    "B": "split photographs 90/10, then augment",
    "C": "leave one subject out (sound)",
    "D": "split subjects 90/10, then augment",
}

KERAS_BACKEND = "tensorflow"
"""Backbone features of 160-pixel images on two CPU cores: TensorFlow 97 images/s, torch 50."""


@dataclass(frozen=True)
class Augmentation:
    """Section 3.3: "randomly rotating, stretching, zooming, and shifting"; no range is stated."""

    rotation: float = 15.0  # degrees either way
    shift: float = 0.10  # share of the side
    shear: float = 0.10  # "stretching"
    zoom: float = 0.10  # width and height apart
    seed: int = 0


@dataclass(frozen=True)
class Settings:
    """What one training condition needs. Frozen: vary it with :func:`dataclasses.replace`."""

    # -- the photographs ------------------------------------------------------------------
    cropped: bool = False  # Section 4.1: cropping "did not show very significant differences"
    normalisation: str = "raw"  # Section 4.1: normalising cost "more than 40%", so the best run is raw 0-255
    image_size: int = 160  # not stated; the shipped weights were trained at 160 pixels, Keras' default is 224

    # -- augmentation ---------------------------------------------------------------------
    quota: int = 11_350  # per class, Section 3.3: 79,450 images / 7 classes
    augmentation: Augmentation = Augmentation()

    # -- the network, Section 3.2 ---------------------------------------------------------
    weights: str = "shipped"  # the paper: ImageNet; "imagenet" | "shipped" | "none" | a path
    trainable: str = "head"  # not stated; "replacing the last dense layer" suggests the head

    # -- training, Sections 3.3 and 4.1 ---------------------------------------------------
    learning_rate: float = 1e-3  # Adam, Section 4.1: "the choice of 0.001 as initial value"
    batch_size: int = 32  # Section 4.1
    epochs: int = 20  # not stated
    test_share: float = 0.10  # Section 3.3: 90 % training, 10 % test; so ten folds

    def __post_init__(self) -> None:
        check_choice("normalisation", self.normalisation, NORMALISATIONS)
        check_choice("trainable", self.trainable, TRAINABLE)
        for name in ("image_size", "quota", "batch_size", "epochs", "learning_rate"):
            value, kind = getattr(self, name), Real if name == "learning_rate" else Integral
            if not isinstance(value, kind):
                raise UsageError(f"{name} must be a {'number' if kind is Real else 'whole number'}, not {value!r}")
            if value <= 0:
                raise UsageError(f"{name} must be above zero, not {value}")
        if self.image_size < 32:
            raise UsageError(f"image_size must be at least 32 pixels for MobileNetV2, not {self.image_size}")
        if not 0 < self.test_share < 1:
            raise UsageError(f"test_share must lie between 0 and 1, not {self.test_share}")
        if not 0 < round(self.quota * (1 - self.test_share)) < self.quota:
            raise UsageError(
                f"a quota of {self.quota} with test_share={self.test_share} leaves a class without training or "
                f"without test images; raise the quota"
            )

    def but(self, **changes: object) -> Settings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"paper 5 has no setting {name!r}.{did_you_mean(name, known)}")
        return replace(self, **changes)  # type: ignore[arg-type]


PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(image_size=64, quota=24, epochs=2),
    # A laptop: fewer variants a photograph, the same everything else.
    "quick": Settings(quota=400),
    # The paper's own sizes.
    "paper": Settings(image_size=224, weights="imagenet"),
}


def settings_for(profile: str) -> Settings:
    """The settings of a profile.

    Raises:
        UsageError: there is no such profile.
    """
    check_choice("profile", profile, tuple(PROFILES))
    return PROFILES[profile]


PARAMETERS = {
    "dataset": P("london", "data set"),
    "profile": PROFILE,
    "protocol": PROTOCOL,
    "seeds": P([0, 1, 2], "seeds"),
    "device": DEVICE,
    "weights": P(None, choices=("shipped", "imagenet", "none"), suffix=".weights.h5", optional=True),
    "quota": P(None, "number", low=10, high=100_000, optional=True),
    "epochs": P(None, "number", high=100_000, optional=True),
    "tune": P([], "names", choices=("last_block", "all")),
    "tune_epochs": P(3, "number", high=10_000),
    "detector": P("ssd", choices=("haar", "ssd", "dlib")),
}
"""The notebook's, in the order of its cell."""
