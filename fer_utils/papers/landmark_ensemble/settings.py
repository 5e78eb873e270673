"""Every hyperparameter of the paper, with the section it comes from.

Wadhawan & Gandhi, *Landmark-Aware and Part-based Ensemble Transfer Learning Network for Facial
Expression Recognition from Static images* (arXiv 2104.11274). "notebook" marks what only the
authors' public summary notebook says, "not stated" what neither says; the value is then ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from fer_utils.datasets import STAND_IN
from fer_utils.errors import UsageError
from fer_utils.faces import EMOTIONS
from fer_utils.learning.recipe import SCHEDULES
from fer_utils.papers.parameters import Parameter, common, of
from fer_utils.papers.study import of_profile
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting

KINDS = ("baseline", "control", "ftl", "el")
KIND_TITLES = {"baseline": "Baseline", "control": "Baseline, equal work", "ftl": "FTL", "el": "EL"}
"""The paper's three, and ours: Baseline with as many steps as stages 1 to 3 of the others have together."""
TRANSFERRED = ("ftl", "el")
"""Those that learn landmarks first."""
PARTS = ("eyebrows", "eyes", "nose", "mouth", "jaw")
MEMBERS = 5
"""Networks in every ensemble: five parts in EL, five random initialisations in Baseline and FTL (Section III-C2)."""

EPOCH_SELECTIONS = ("test_fold", "inner_split", "last_epoch")
HEAD_ACTIVATIONS = ("linear", "relu")
BATCH_NORM_MODES = ("stored", "batch")
LANDMARK_SOURCES = ("transformed", "detected")
FOLD_RULES = ("every_tenth", "blocks")

KERAS_BACKEND = "torch"
"""Keras describes the networks and serves Grad-CAM; their twins train on torch, so a process needs no more."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's constants, Section III-D."""


@dataclass(frozen=True)
class Augmentation(Base):
    """Section III-D: "horizontal flipping, rotation, shear, and translation"; the ranges are the notebook's."""

    name: ClassVar[str] = "paper 3"

    rotation: float = setting(15.0, "notebook; degrees either way")
    shift: float = setting(0.05, "notebook; share of the side")
    shear: float = setting(0.05, "notebook; degrees, as Keras' ImageDataGenerator counts")
    flip: bool = setting(True, "Section III-D")
    variants: int = setting(30, "not stated (Keras draws anew each time); of each photograph, taken in turn", least=1)
    landmarks: str = setting(
        "transformed", 'Section III-D; "detected": dlib again on each variant (notebook)', choices=LANDMARK_SOURCES
    )
    seed: int = setting(0, "ours")


@dataclass(frozen=True)
class Settings(Base):
    """What one run needs."""

    name: ClassVar[str] = "paper 3"

    # -- the pictures, Sections III-A and III-B ---------------------------------------------
    classes: tuple[str, ...] | None = setting(None, "all that the data set has; only these for a quick look")
    detector_size: int = setting(300, "Section III-A; pixels, before CLAHE and the SSD detector", least=1)
    clahe_clip: float = setting(2.0, "notebook", above=0)
    clahe_tiles: int = setting(8, "notebook", least=1)
    landmark_size: int = setting(160, "Section III-B; pixels, the crop on which dlib looks for landmarks", least=1)
    image_size: int = setting(160, "Section III-B; pixels, what the networks see", least=16, most=1024)
    margin: float = setting(0.1, "not stated; about the landmarks, on each side, of their extent", least=0)
    augmentation: Augmentation = Augmentation()

    # -- the networks, Section III-C --------------------------------------------------------
    filters: tuple[int, ...] = setting((16, 32, 64, 128), "notebook; two 3x3 convolutions of each")
    hidden: int = setting(128, "Section III-C1", least=1)
    head_activation: str = setting("linear", "notebook: dense layers without activation", choices=HEAD_ACTIVATIONS)

    # -- training, Sections III-D and IV-B; Adam -------------------------------------------
    batch_size: int = setting(32, "Section III-D", least=1)
    schedule: str = setting(
        "constant", 'the paper says "initial" rates and no more; one_cycle: up to them and down to nothing',
        choices=SCHEDULES,
    )  # fmt: skip
    landmark_rate: float = setting(1e-2, "Section III-D; stage 1, MAE", above=0)
    head_rate: float = setting(1e-2, "Section III-D; stage 2, cross-entropy, extractor frozen", above=0)
    tune_rate: float = setting(1e-4, "Section III-D; stage 3, cross-entropy, everything", above=0)
    baseline_rate: float = setting(1e-2, "Section III-D", above=0)
    landmark_epochs: int = setting(100, "Section IV-D, for JAFFE", least=1)
    head_epochs: int = setting(10, '"a few epochs"; with tune_epochs the 200 that Section IV-D gives for both', least=1)
    tune_epochs: int = setting(190, "Section IV-D, for JAFFE, less head_epochs", least=1)
    baseline_epochs: int = setting(300, "Section IV-D, for JAFFE", least=1)
    balance: bool = setting(False, "notebook: batches with equally many of each class; the text does not mention it")
    check_every: int = setting(10, "not stated; epochs between two evaluations on the test images", least=1)
    norm_momentum: float = setting(
        0.99, "not stated, Keras' own; of batch-norm's running mean and variance", above=0, below=1
    )
    batch_norm: str = setting(
        "stored", "notebook: in stages 2 and 3 the extractor is called with training=False", choices=BATCH_NORM_MODES
    )

    # -- protocols, Section II --------------------------------------------------------------
    folds: int = setting(10, "Section II; by subject, leave one subject out where there are no more subjects", least=2)
    fold_rule: str = setting(
        "every_tenth", 'Section II: "ascending ID"; "blocks" is the other reading', choices=FOLD_RULES
    )
    max_folds: int | None = setting(None, "Section II: all; only the first few for a quick look", least=1, most=1000)
    aside_share: float = setting(
        0.10, "ours; training subjects set aside to choose the epoch on (sound); 0: none, the last epoch counts",
        least=0, below=1,
    )  # fmt: skip
    train_twice: bool = setting(
        True, "ours; published networks see those set aside; False: one training serves both protocols"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.filters or min(self.filters) < 1:
            raise UsageError(f"filters must name the width of each block, not {self.filters!r}")

    def with_knobs(self, parameters: Mapping[str, Any]) -> Self:
        """As :meth:`fer_utils.settings.Settings.with_knobs`; a list of no classes, too, stands for the profile's."""
        classes = parameters.get("classes")
        return super().with_knobs({**parameters, "classes": tuple(classes) if classes else None})


EPOCHS = {
    "ck_plus": {"baseline_epochs": 400, "landmark_epochs": 100, "tune_epochs": 290},
    "jaffe": {"baseline_epochs": 300, "landmark_epochs": 100, "tune_epochs": 190},
    "sfew": {"baseline_epochs": 400, "landmark_epochs": 200, "tune_epochs": 190},
}
"""Section IV-D: the approximate epochs of each data set; head_epochs of them are taken off the joint number."""

PAPER_RATES: dict[str, Any] = {
    "schedule": "constant", "landmark_rate": 1e-2, "head_rate": 1e-2, "tune_rate": 1e-4, "baseline_rate": 1e-2,
    "batch_norm": "stored",
}  # fmt: skip
"""Section III-D and the notebook."""

ONE_CYCLE: dict[str, Any] = {**PAPER_RATES, "schedule": "one_cycle", "landmark_rate": 3e-3, "tune_rate": 1e-2,
                             "batch_norm": "batch"}  # fmt: skip
"""The highest rates of a short training. Stage 3's is Baseline's: at 0.0001 a few hundred steps of Adam leave a network
where it was, and what moves needs batch-norm's own statistics. Stage 1's leaves less to be unlearnt than 0.01 does."""

_QUICK = Settings(
    # A laptop without a GPU: narrower networks and small pictures. The schedule decides where a training ends, so
    # nobody is set aside to choose an epoch on, and Baseline learns expressions in as many steps as the others do.
    **ONE_CYCLE,
    image_size=32,
    filters=(8, 16, 32, 64),
    augmentation=Augmentation(variants=8),
    landmark_epochs=10,
    head_epochs=1,
    tune_epochs=15,
    baseline_epochs=16,
    check_every=5,
    folds=3,
    aside_share=0.0,
    train_twice=False,
    # In so few steps the running statistics would lag behind with Keras' 0.99.
    norm_momentum=0.9,
)

EVENING_EPOCHS = {
    "ck_plus": {"landmark_epochs": 11, "head_epochs": 1, "tune_epochs": 9, "baseline_epochs": 10},
    "jaffe": {"landmark_epochs": 67, "head_epochs": 4, "tune_epochs": 54, "baseline_epochs": 58},
    "sfew": {"landmark_epochs": 20, "head_epochs": 1, "tune_epochs": 17, "baseline_epochs": 18},
}
"""An epoch has some 37, 6 and 30 batches. 600 steps of landmarks and 500 of expressions in SFEW's one fold, as on the
avatars; 400 and 350 in each of the other two's ten, which leaves time for three seeds."""

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
    "quick": _QUICK,
    # The paper's folds; steps enough for landmarks to be learnt.
    "evening": _QUICK.but(
        variants=30,
        landmark_epochs=50,
        head_epochs=2,
        tune_epochs=40,
        baseline_epochs=42,
        check_every=10,
        norm_momentum=0.95,
    ),
    "paper": Settings(),
}


def wild_set(wild: str | None, dataset: str, profile: str) -> str | None:
    """On which data set Table III trains.

    ``"auto"`` is the avatars in the wild for other avatars, where a profile has the time (``"quick"`` has not).
    """
    if wild == "auto":
        fits = dataset.startswith("avatars_") and dataset != "avatars_wild" and profile != "quick"
        return "avatars_wild" if fits else None
    return None if wild in (None, "none") else wild


def settings_for(profile: str, dataset: str = "jaffe") -> Settings:
    """The settings of a profile; epochs depend on the data set (the paper's are JAFFE's for one it does not name).

    A stand-in has the epochs of the set that it plays.

    Raises:
        UsageError: there is no such profile.
    """
    settings, played = of_profile(PROFILES, profile), dataset.removesuffix(STAND_IN)
    if profile == "paper":
        return settings.but(**EPOCHS.get(played, EPOCHS["jaffe"]))
    if profile == "evening" and played in EVENING_EPOCHS:
        return settings.but(**EVENING_EPOCHS[played], folds=10)
    return settings


_SHARED = common("avatars_studio", [0])

PARAMETERS = {
    "dataset": _SHARED.pop("dataset"),
    "wild": Parameter("auto", "data set", choices=("auto", "none"), optional=True),
    "turned": Parameter("avatars_views", "data set", optional=True),
    **_SHARED,
    "image_size": of(Settings, "image_size"),
    "classes": Parameter(None, "names", choices=EMOTIONS, optional=True, fewest=2),
    "max_folds": of(Settings, "max_folds"),
    "batch_norm": of(Settings, "batch_norm"),
    "head_activation": of(Settings, "head_activation"),
    "balance": of(Settings, "balance"),
    "landmarks": of(Augmentation, "landmarks"),
    "fold_rule": of(Settings, "fold_rule"),
    "schedule": of(Settings, "schedule"),
    "detector": Parameter("ssd", choices=("haar", "ssd", "dlib")),
}
"""The notebook's, in the order of its cell."""
