"""Every hyperparameter of the paper, with the section it comes from.

Alharbawee & Pugeault, *Generative Adversarial Networks for Facial Expression Recognition in the
Wild*. "not stated" marks what the paper leaves open; the value is then ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Integral

from fer_utils.errors import UsageError, check_choice, did_you_mean
from fer_utils.gans.settings import GanSettings
from fer_utils.papers.parameters import DEVICE, PROFILE, PROTOCOL
from fer_utils.papers.parameters import Parameter as P

FEATURES = ("after", "before", "pooled")
"""After or before the fourth leaky rectifier, or Radford's: every layer's output, max-pooled to 4×4, joined."""
OPTIMISERS = {"published": 0.9, "radford": 0.5}
"""Adam's beta1: Section 3 says 0.9, Radford et al. 2016 use 0.5."""
PROTOCOLS = {
    "published": "pictures in random folds, settings chosen on the scored folds",
    "sound": "people in one fold each, settings chosen on people within training",
}
SEARCH_RANGE = (1e-3, 1e3)
"""Of the box constraint and of the kernel scale, drawn evenly in the logarithm: bayesopt's default in MATLAB."""
LINEAR_C = 1.0
"""LibSVM's default; not stated."""


@dataclass(frozen=True)
class Settings:
    """What one run needs. Frozen: vary it with :meth:`but`."""

    # -- the GAN, Section 3 ---------------------------------------------------------------
    width: int = 64  # ngf = ndf; follows from 8,192 features
    batch_size: int = 128
    epochs: int = 300
    optimiser: str = "published"  # Adam's beta1 0.9; learning rate 2e-4 and N(0, 0.02) in fer_utils.gans
    trial_steps: int = 3_600  # to compare both beta1, so ours: 300 epochs of 1,608 pictures

    # -- features and SVM, Section 4 ------------------------------------------------------
    feature: str = "after"  # "convolutional penultimate layer 12"
    folds: int = 10  # "ten-fold cross-validation"
    inner_folds: int = 5  # sound only, so ours
    draws: int = 30  # settings tried; not stated, bayesopt's default

    # -- generated pictures, Section 5 ----------------------------------------------------
    generated: int = 1_608  # not stated; as many as real ones

    def __post_init__(self) -> None:
        check_choice("feature", self.feature, FEATURES)
        check_choice("optimiser", self.optimiser, tuple(OPTIMISERS))
        for name in ("width", "batch_size", "epochs", "trial_steps", "folds", "inner_folds", "draws", "generated"):
            value = getattr(self, name)
            least = 2 if name in ("folds", "inner_folds", "generated") else 1
            if not isinstance(value, Integral) or value < least:
                raise UsageError(f"{name} must be a whole number, at least {least}, not {value!r}")

    @property
    def gan(self) -> GanSettings:
        """The networks and their training."""
        return GanSettings(
            ngf=self.width,
            ndf=self.width,
            batch_size=self.batch_size,
            epochs=self.epochs,
            beta1=OPTIMISERS[self.optimiser],
        )

    def but(self, **changes: object) -> Settings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"paper 4 has no setting {name!r}.{did_you_mean(name, known)}")
        return replace(self, **changes)  # type: ignore[arg-type]


PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(width=4, batch_size=64, epochs=1, trial_steps=3, folds=2, inner_folds=2, draws=2, generated=64),
    # A laptop without a GPU: an eighth of the width, so 1,024 features, and a few epochs of small batches:
    # what a DCGAN needs before it draws faces is steps.
    "quick": Settings(
        width=8, batch_size=16, epochs=5, trial_steps=450, folds=5, inner_folds=3, draws=12, generated=200
    ),
    # The paper's own sizes.
    "paper": Settings(),
}


def settings_for(profile: str) -> Settings:
    """The settings of a profile.

    Raises:
        UsageError: there is no such profile.
    """
    check_choice("profile", profile, tuple(PROFILES))
    return PROFILES[profile]


PARAMETERS = {
    "dataset": P("avatars_studio", "data set"),
    "profile": PROFILE,
    "protocol": PROTOCOL,
    "seeds": P([0], "seeds"),
    "device": DEVICE,
    "width": P(None, "number", high=1024, optional=True),
    "epochs": P(None, "number", high=100_000, optional=True),
    "optimiser": P(None, choices=("published", "radford"), optional=True),
    "feature": P(None, choices=("after", "before", "pooled"), optional=True),
    "space": P("mobilenet", choices=("mobilenet", "inception")),
}
"""The notebook's, in the order of its cell."""
