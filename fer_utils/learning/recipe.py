"""How a network is trained: optimiser, schedule, augmentation, and what pixels are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fer_utils.settings import Settings, setting

PIXELS = ("standardised", "symmetric", "imagenet")
"""Each picture with mean 0 and deviation 1 (grey); -1 to 1 (grey); three channels less ImageNet's means."""

SCHEDULES = ("constant", "one_cycle")


@dataclass(frozen=True)
class Recipe(Settings):
    """Frozen: vary it with :meth:`but`. The defaults are plain SGD; a paper's settings say where theirs come from."""

    name: ClassVar[str] = "a recipe"

    rate: float = setting(0.01, "SGD; the highest rate of a one-cycle schedule", above=0)
    schedule: str = setting("constant", "see fer_utils.learning.schedule", choices=SCHEDULES)
    momentum: float = setting(0.0, "of SGD; above 0 with Nesterov's step if so set", least=0, below=1)
    nesterov: bool = setting(False, "Sutskever et al. 2013")
    weight_decay: float = setting(0.0, "of all weights", least=0)
    label_smoothing: float = setting(0.0, "Szegedy et al. 2016", least=0, below=1)
    batch_size: int = setting(32, "pictures a step", least=1)
    rotation: float = setting(0.0, "degrees either way", least=0, most=180)
    translation: float = setting(0.0, "share of the side, either way", least=0, below=1)
    scale: float = setting(0.0, "share, either way", least=0, below=1)
    mirror: bool = setting(False, "half of the pictures in training")
    mirrored_answer: bool = setting(False, "a picture's answer is that to it and to its mirror image together")
    pixels: str = setting("symmetric", "see PIXELS", choices=PIXELS)
