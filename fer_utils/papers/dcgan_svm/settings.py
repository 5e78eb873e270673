"""Every hyperparameter of the paper, with the section it comes from.

Alharbawee & Pugeault, *Generative Adversarial Networks for Facial Expression Recognition in the
Wild*. "not stated" marks what the paper leaves open; the value is then ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fer_utils.gans.settings import GanSettings
from fer_utils.papers.parameters import Parameter, common, of
from fer_utils.papers.study import of_profile
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting

FEATURES = ("after", "before", "pooled")
"""After or before the fourth leaky rectifier, or Radford's: every layer's output, max-pooled to 4×4, joined."""
OPTIMISERS = {"published": 0.9, "radford": 0.5}
"""Adam's beta1: Section 3 says 0.9, Radford et al. 2016 use 0.5."""
SPACES = ("mobilenet", "inception")
"""Whose features image quality is measured in: :data:`fer_utils.image_features.SPACES`."""
SEARCH_RANGE = (1e-3, 1e3)
"""Of the box constraint and of the kernel scale, drawn evenly in the logarithm: bayesopt's default in MATLAB."""
LINEAR_C = 1.0
"""LibSVM's default; not stated."""


@dataclass(frozen=True)
class Settings(Base):
    """What one run needs. Frozen: vary it with :meth:`but`."""

    name: ClassVar[str] = "paper 4"

    width: int = setting(64, "Section 3: ngf = ndf, which follows from 8,192 features", least=1, most=1024)
    batch_size: int = setting(128, "Section 3", least=1)
    epochs: int = setting(300, "Section 3", least=1, most=100_000)
    optimiser: str = setting("published", "Section 3: Adam with beta1 0.9", choices=tuple(OPTIMISERS))
    trial_steps: int = setting(3_600, "ours, to compare both beta1: 300 epochs of 1,608 pictures", least=1)

    feature: str = setting("after", 'Section 4: "convolutional penultimate layer 12"', choices=FEATURES)
    folds: int = setting(10, 'Section 4: "ten-fold cross-validation"', least=2)
    inner_folds: int = setting(5, "ours: the sound protocol alone has them", least=2)
    draws: int = setting(30, "not stated: how many settings are tried, as bayesopt does by default", least=1)

    generated: int = setting(1_608, "Section 5; the number is not stated: as many pictures as real ones", least=2)

    @property
    def gan(self) -> GanSettings:
        """The networks and their training; learning rate 2e-4 and N(0, 0.02) are the defaults there."""
        return GanSettings(
            ngf=self.width,
            ndf=self.width,
            batch_size=self.batch_size,
            epochs=self.epochs,
            beta1=OPTIMISERS[self.optimiser],
        )


PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(width=4, batch_size=64, epochs=1, trial_steps=3, folds=2, inner_folds=2, draws=2, generated=64),
    # A laptop without a GPU: an eighth of the width, so 1,024 features, and a few epochs of small batches:
    # what a DCGAN needs before it draws faces is steps.
    "quick": Settings(
        width=8, batch_size=16, epochs=5, trial_steps=450, folds=5, inner_folds=3, draws=12, generated=200
    ),
    # Two cores: a quarter of the width, and the paper's folds.
    "evening": Settings(width=16, batch_size=32, epochs=60, trial_steps=2_000, inner_folds=3, draws=20, generated=576),
    # The paper's own sizes.
    "paper": Settings(),
}


def settings_for(profile: str) -> Settings:
    """The settings of a profile.

    Raises:
        UsageError: there is no such profile.
    """
    return of_profile(PROFILES, profile)


PARAMETERS = {
    **common("avatars_studio", [0]),
    "width": of(Settings, "width"),
    "epochs": of(Settings, "epochs"),
    "optimiser": of(Settings, "optimiser"),
    "feature": of(Settings, "feature"),
    "space": Parameter("mobilenet", choices=SPACES),
}
"""The notebook's, in the order of its cell."""
