"""The papers, one line each. Everything that goes over all of them reads this list."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType

from fer_utils.papers.headline import Headline


@dataclass(frozen=True)
class Paper:
    """One paper and where everything of it is.

    Attributes:
        notebook: its name without ``.ipynb``: a number and the name of its room.
        title: for people.
        recorded: the data sets that its results are recorded with, the notebook's default first. All of them ship with
            this package or are made of what ships (``…:stand-in``), so that anybody can make these results again.
        idea: what it claims, in one sentence without a number.
        picture: the figure of a run that shows what it is about: its file below ``figures/``, without its ending.

    The last two are words for the report. They stand here because every stored unit hangs on its room's source.
    """

    notebook: str
    title: str
    recorded: tuple[str, ...]
    idea: str = ""
    picture: str = ""

    @property
    def name(self) -> str:
        """What its claims begin with: the room's own name."""
        return self.notebook.partition("_")[2]

    @property
    def room(self) -> str:
        """The package with ``settings``, ``study``, ``claims``, ``figures`` and ``estimate``, by its dotted name."""
        return f"fer_utils.papers.{self.name}"

    @property
    def headline(self) -> Headline:
        """The number that it is known by; it stands in the room's ``__init__``, which imports nothing heavy."""
        found: Headline = importlib.import_module(self.room).HEADLINE
        return found

    def part(self, name: str) -> ModuleType:
        """One of the room's modules, imported when it is asked for."""
        return importlib.import_module(f"{self.room}.{name}")


PAPERS = (
    Paper(
        "01_clifer",
        "Churamani & Gunes 2020: CLIFER",
        ("avatars_clips",),
        "Imagined faces keep a growing memory, which meets one expression after the other, from forgetting.",
        "figure_2_published",
    ),
    Paper(
        "02_gan_augmentation",
        "Yan et al. 2021: GAN augmentation",
        ("fer2013:stand-in",),
        "Pictures that GANs draw after laboratory faces, added in training, help networks to read FER-2013.",
        "figure_1",
    ),
    Paper(
        "03_landmark_ensemble",
        "Wadhawan & Gandhi 2021: landmark-aware ensemble",
        ("avatars_studio",),
        "Five networks, each for a part of the face and trained on landmarks first, read expressions better than one.",
        "figure_4_landmarks",
    ),
    Paper(
        "04_dcgan_svm",
        "Alharbawee & Pugeault: DCGAN features + SVM",
        ("avatars_studio",),
        "What a GAN’s discriminator learns without labels lets an SVM tell expressions apart almost without error.",
        "samples",
    ),
    Paper(
        "05_mobilenet_jaffe",
        "Barile et al.: MobileNetV2 on JAFFE",
        ("london", "jaffe:stand-in"),
        "A small network that knows ImageNet learns to read expressions from altered copies of a few photographs.",
        "figure_2_augmentation",
    ),
)
"""In the order of their notebooks."""


def paper_of(notebook: str) -> Paper | None:
    """The paper of a notebook; ``None`` where it reproduces none."""
    return next((paper for paper in PAPERS if paper.notebook == notebook), None)
