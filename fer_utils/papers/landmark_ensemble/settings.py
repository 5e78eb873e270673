"""Every hyperparameter of the paper, with the section it comes from.

Wadhawan & Gandhi, *Landmark-Aware and Part-based Ensemble Transfer Learning Network for Facial
Expression Recognition from Static images* (arXiv 2104.11274). "notebook" marks what only the
authors' public summary notebook says, "not stated" what neither says; the value is then ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Integral, Real

from fer_utils.errors import UsageError, check_choice, did_you_mean
from fer_utils.faces import EMOTIONS
from fer_utils.papers.parameters import DEVICE, PROFILE, PROTOCOL
from fer_utils.papers.parameters import Parameter as P

KINDS = ("baseline", "ftl", "el")
KIND_TITLES = {"baseline": "Baseline", "ftl": "FTL", "el": "EL"}
PARTS = ("eyebrows", "eyes", "nose", "mouth", "jaw")
MEMBERS = 5
"""Networks in every ensemble: five parts in EL, five random starts in Baseline and FTL (Section III-C2)."""

EPOCH_SELECTIONS = ("test_fold", "inner_split", "last_epoch")
HEAD_ACTIVATIONS = ("linear", "relu")
BATCH_NORM_MODES = ("stored", "batch")
LANDMARK_SOURCES = ("transformed", "detected")
FOLD_RULES = ("every_tenth", "blocks")

KERAS_BACKEND = "torch"
"""A training step of one network on two CPU cores, 32 pictures of 48 pixels: torch 98 ms, TensorFlow 109 ms."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's constants, Section III-D."""


@dataclass(frozen=True)
class Augmentation:
    """Section III-D: "horizontal flipping, rotation, shear, and translation"; the ranges are the notebook's."""

    rotation: float = 15.0  # degrees either way
    shift: float = 0.05  # share of the side
    shear: float = 0.05  # degrees, as Keras' ImageDataGenerator counts
    flip: bool = True
    variants: int = 30  # of each photograph, taken in turn; not stated (Keras draws anew each time)
    landmarks: str = "transformed"  # Section III-D; "detected": dlib again on each variant (notebook)
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("landmarks", self.landmarks, LANDMARK_SOURCES)
        if self.variants < 1:
            raise UsageError(f"variants must be at least 1, not {self.variants}")


@dataclass(frozen=True)
class Settings:
    """What one run needs. Frozen: vary it with :meth:`but`."""

    # -- the pictures, Sections III-A and III-B ---------------------------------------------
    classes: tuple[str, ...] | None = None  # only these expressions (a quick look); None: all that the data set has
    detector_size: int = 300  # pixels, before CLAHE and the SSD detector
    clahe_clip: float = 2.0  # notebook
    clahe_tiles: int = 8  # notebook
    landmark_size: int = 160  # pixels, the crop on which dlib looks for landmarks
    image_size: int = 160  # pixels, what the networks see; Section III-B
    margin: float = 0.0  # added around the detector's box; not stated
    augmentation: Augmentation = Augmentation()

    # -- the networks, Section III-C --------------------------------------------------------
    filters: tuple[int, ...] = (16, 32, 64, 128)  # notebook; two 3x3 convolutions of each
    hidden: int = 128  # Section III-C1
    head_activation: str = "linear"  # notebook: dense layers without activation

    # -- training, Sections III-D and IV-B; Adam -------------------------------------------
    batch_size: int = 32
    landmark_rate: float = 1e-2  # stage 1, MAE
    head_rate: float = 1e-2  # stage 2, cross-entropy, extractor frozen
    tune_rate: float = 1e-4  # stage 3, cross-entropy, everything
    baseline_rate: float = 1e-2
    landmark_epochs: int = 100  # JAFFE, Section IV-D
    head_epochs: int = 10  # "a few epochs"; with tune_epochs the 200 that the paper gives for both
    tune_epochs: int = 190
    baseline_epochs: int = 300
    balance: bool = False  # batches with equally many of each class: notebook; the text does not mention it
    check_every: int = 10  # epochs between two looks at the test images; not stated
    norm_momentum: float = 0.99  # of batch-norm's running mean and variance; not stated, Keras' own
    batch_norm: str = "stored"  # stages 2 and 3; notebook: the extractor is called with training=False

    # -- protocols, Section II --------------------------------------------------------------
    folds: int = 10  # by subject; leave one subject out where there are no more subjects
    fold_rule: str = "every_tenth"  # "ascending ID"; "blocks" is the other reading
    max_folds: int | None = None  # run only the first few folds (a quick look)
    aside_share: float = 0.10  # training subjects set aside to choose the epoch on (sound)
    train_twice: bool = True  # published networks see those set aside; False: one training serves both

    def __post_init__(self) -> None:
        check_choice("head_activation", self.head_activation, HEAD_ACTIVATIONS)
        check_choice("batch_norm", self.batch_norm, BATCH_NORM_MODES)
        check_choice("fold_rule", self.fold_rule, FOLD_RULES)
        for name in _POSITIVE:
            value, kind = getattr(self, name), Real if name.endswith(("_rate", "_clip")) else Integral
            if not isinstance(value, kind) or isinstance(value, bool):
                raise UsageError(f"{name} must be a {'number' if kind is Real else 'whole number'}, not {value!r}")
            if value <= 0:
                raise UsageError(f"{name} must be above zero, not {value}")
        if self.image_size < 16 or self.folds < 2:
            raise UsageError(
                f"image_size must be at least 16 pixels and folds at least 2, not {self.image_size} and {self.folds}"
            )
        if not self.filters or min(self.filters) < 1:
            raise UsageError(f"filters must name the width of each block, not {self.filters!r}")
        for name in ("aside_share", "norm_momentum"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")

    def but(self, **changes: object) -> Settings:
        """A copy with some settings changed, the augmentation's too; an unknown name is a :class:`UsageError`."""
        known = [field.name for field in (*fields(self), *fields(Augmentation))]
        for name in changes:
            if name not in known:
                raise UsageError(f"paper 3 has no setting {name!r}.{did_you_mean(name, known)}")
        inner = {field.name: changes.pop(field.name) for field in fields(Augmentation) if field.name in changes}
        if inner:
            changes["augmentation"] = replace(changes.get("augmentation", self.augmentation), **inner)
        return replace(self, **changes)  # type: ignore[arg-type]


_POSITIVE = (
    "detector_size clahe_clip clahe_tiles landmark_size image_size hidden batch_size landmark_rate head_rate tune_rate "
    "baseline_rate landmark_epochs head_epochs tune_epochs baseline_epochs check_every folds"
).split()

EPOCHS = {
    "ck_plus": {"baseline_epochs": 400, "landmark_epochs": 100, "tune_epochs": 290},
    "jaffe": {"baseline_epochs": 300, "landmark_epochs": 100, "tune_epochs": 190},
    "sfew": {"baseline_epochs": 400, "landmark_epochs": 200, "tune_epochs": 190},
}
"""Section IV-D: the approximate epochs of each data set; head_epochs of them are taken off the joint number."""

PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(
        classes=("neutral", "happiness"),
        image_size=32,
        filters=(4, 4, 8, 8),
        augmentation=Augmentation(variants=2),
        landmark_epochs=1,
        head_epochs=1,
        tune_epochs=1,
        baseline_epochs=1,
        check_every=1,
        folds=3,
        max_folds=1,
        aside_share=0.2,
        train_twice=False,
        norm_momentum=0.9,
    ),
    # A laptop without a GPU: four expressions, narrower networks, tiny pictures, one fold. Stage 1 alone departs from
    # the paper's rates: at 0.01 its training error needs 430 steps to come down to that of always saying the mean face,
    # and the features it leaves are useless; at 0.001 it passes that mark after 100. In so few steps batch-norm's
    # running statistics would lag behind with Keras' momentum, to Baseline's loss.
    "quick": Settings(
        classes=("neutral", "anger", "happiness", "surprise"),
        image_size=24,
        filters=(8, 16, 32, 64),
        augmentation=Augmentation(variants=8),
        landmark_rate=1e-3,
        landmark_epochs=36,
        head_epochs=10,
        tune_epochs=24,
        baseline_epochs=30,
        check_every=4,
        folds=3,
        max_folds=1,
        aside_share=0.15,
        train_twice=False,
        norm_momentum=0.9,
    ),
    "paper": Settings(),
}


def wild_set(wild: str | None, dataset: str) -> str | None:
    """On which data set Table III trains: ``"auto"`` is the avatars in the wild for other avatars, else none."""
    if wild == "auto":
        return "avatars_wild" if dataset.startswith("avatars_") and dataset != "avatars_wild" else None
    return None if wild in (None, "none") else wild


def settings_for(profile: str, dataset: str = "jaffe") -> Settings:
    """The settings of a profile; the paper's epochs hang on the data set (JAFFE's for one it does not name).

    Raises:
        UsageError: there is no such profile.
    """
    check_choice("profile", profile, tuple(PROFILES))
    settings = PROFILES[profile]
    return settings.but(**EPOCHS.get(dataset, EPOCHS["jaffe"])) if profile == "paper" else settings


PARAMETERS = {
    "dataset": P("avatars_studio", "data set"),
    "wild": P("auto", "data set", choices=("auto", "none"), optional=True),
    "turned": P("avatars_views", "data set", optional=True),
    "profile": PROFILE,
    "protocol": PROTOCOL,
    "seeds": P([0], "seeds"),
    "device": DEVICE,
    "image_size": P(None, "number", low=16, high=1024, optional=True),
    "classes": P(None, "names", choices=EMOTIONS, optional=True, fewest=2),
    "max_folds": P(None, "number", high=1000, optional=True),
    "batch_norm": P(None, choices=("stored", "batch"), optional=True),
    "head_activation": P(None, choices=("linear", "relu"), optional=True),
    "balance": P(None, "flag", optional=True),
    "landmarks": P(None, choices=("transformed", "detected"), optional=True),
    "fold_rule": P(None, choices=("every_tenth", "blocks"), optional=True),
    "detector": P("ssd", choices=("haar", "ssd", "dlib")),
}
"""The notebook's, in the order of its cell."""
