"""Every hyperparameter of the paper, with the section it comes from.

Yan, Xiao, Yuan, Cai, Chen, *Facial Expression Recognition with Convolutional Neural Networks via a
Data Augmentation Strategy*, 2021. "not stated" marks what the paper leaves open; the value is then ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from fer_utils.errors import UsageError, check_choice
from fer_utils.gans.settings import WGAN_GP, GanSettings
from fer_utils.learning.recipe import PIXELS, SCHEDULES, Recipe
from fer_utils.papers.parameters import Parameter, common, of
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting

KERAS_BACKEND = "torch"
"""Preferred: the GANs are torch, and one framework in a process is enough."""

GANS = {"wgan_gp": "WGAN-GP", "dcgan": "DCGAN", "cgan": "CGAN"}
"""Figure 1; the order is the paper's ranking by eye."""
MISMATCHES = {
    "shared": "the six classes that CK+ and FER-2013 share; neutral gets no generated pictures",
    "contempt_as_neutral": "seven GANs; what the one for contempt makes counts as neutral",
    "first_frames": "seven GANs; the one for neutral sees the first frames of CK+'s sequences",
}
"""CK+ has contempt and no neutral, FER-2013 neutral and no contempt; the paper does not say what it did."""
NETWORKS = ("VGG-16", "ResNet-50")

_GAN, _CNN, _SVM = "Experiment, A", "Experiment, B", "Experiment, C"
_PACE = "Adam's rate of WGAN-GP's and CGAN's critics, in the generators'. Above 1: Heusel et al. 2017"
_START = "generator steps of one GAN on all classes, from which those of each class go on. 0: each starts anew"
_MEAN = "pictures come from a running mean of the generator that keeps this share at every step. 0: from it"
_STEPS = "generator steps, in place of epochs. 0: the epochs decide"


@dataclass(frozen=True)
class Settings(Base):
    """What one run needs. Frozen: vary it with :meth:`but`."""

    name: ClassVar[str] = "paper 2"

    # -- the GANs -------------------------------------------------------------------------
    gan_width: int = setting(128, f'{_GAN}: "as in Radford\'s article", 1024-512-256-128 maps', least=1)
    gan_side: int = setting(64, "not stated; Radford's, in pixels. Halved four times: a multiple of 16", least=16)
    dcgan_batch: int = setting(16, _GAN, least=1)
    dcgan_epochs: int = setting(80, _GAN, least=1)
    wgan_batch: int = setting(8, _GAN, least=1)
    wgan_epochs: int = setting(200, _GAN, least=1)
    cgan_batch: int = setting(64, _GAN, least=1)
    cgan_epochs: int = setting(200, f'{_GAN}: "same with the other two GANs", which differ; the WGAN\'s', least=1)
    gan_rate: float = setting(1e-4, f"{_GAN}: Adam; its betas are not stated: Radford's and Gulrajani's", above=0)
    dcgan_rate: float | None = setting(None, f"{_GAN}: of DCGANs; None: the same as the others'", above=0)
    dcgan_average: float | None = setting(None, "ours: gan_average of DCGANs; None: the same", least=0, below=1)
    critic_pace: float = setting(1.0, f"ours: {_PACE}", above=0)
    critic_steps: int = setting(5, "not stated; Gulrajani's: of WGAN-GP and CGAN, for a step of the generator", least=1)
    gan_penalty: float = setting(
        10.0, "not stated; Gulrajani's: weight of WGAN-GP's and CGAN's gradient penalty", least=0
    )
    gan_average: float = setting(0.0, f"ours: {_MEAN}", least=0, below=1)
    dcgan_start: int = setting(0, f"ours: {_START}", least=0)
    wgan_start: int = setting(0, f"ours: {_START}", least=0)
    cgan_start: bool = setting(False, "ours: the CGAN goes on from the WGAN-GP on all classes. False: it starts anew")
    dcgan_steps: int = setting(0, f"ours: {_STEPS}", least=0)
    wgan_steps: int = setting(0, f"ours: {_STEPS}", least=0)
    cgan_steps: int = setting(0, f"ours: {_STEPS}", least=0)
    generated: int = setting(1_000, f"{_GAN}: pictures a class", least=1, most=100_000)
    mismatch: str = setting("shared", "not stated", choices=tuple(MISMATCHES))
    judged: int = setting(1_000, "ours: pictures of a class that KID takes", least=1)
    searched: int = setting(100, "ours: pictures of a class in which a face is searched", least=1)

    # -- VGG-16 and ResNet-50 -------------------------------------------------------------
    side: int = setting(48, "not stated; FER-2013's own, in pixels. VGG halves it five times", least=32)
    pixels: str = setting("imagenet", "not stated; see fer_utils.learning.recipe", choices=PIXELS)
    narrower: int = setting(1, f"{_CNN}; above 1, VGG's layers have so many times fewer maps", least=1)
    resnet_width: int = setting(0, f"{_CNN}; above 0, a small residual network with so many maps first", least=0)
    batch_norm: bool = setting(False, f"{_CNN}: in the VGGs")
    init: str = setting("imagenet", "not stated", choices=("imagenet", "random"))
    batch_size: int = setting(32, _CNN, least=1)
    epochs: int = setting(200, _CNN, least=1, most=100_000)
    rate: float = setting(1e-4, f"{_CNN}: SGD", above=0)
    vgg_rate: float | None = setting(None, f"{_CNN}: of VGG-16; None: the same as ResNet-50's", above=0)
    schedule: str = setting("constant", "not stated; see fer_utils.learning.schedule", choices=SCHEDULES)
    momentum: float = setting(0.0, "not stated", least=0, below=1)
    weight_decay: float = setting(0.0, "not stated", least=0)
    label_smoothing: float = setting(0.0, "not stated", least=0, below=1)
    rotation: float = setting(10.0, f"{_CNN}: amount not stated; degrees either way", least=0, most=180)
    translation: float = setting(0.1, f"{_CNN}: amount not stated; of the side, either way", least=0, below=1)
    scale: float = setting(0.0, "not stated; share, either way", least=0, below=1)
    mirrored_answer: bool = setting(False, "not stated; a picture and its mirror image are asked together")
    evaluations: int = setting(200, "not stated; evaluations on the test parts during training, each epoch", least=1)
    controls: tuple[str, ...] = setting(NETWORKS, "ours: networks that the controls are run with")

    # -- DF-SVM ---------------------------------------------------------------------------
    df_side: int = setting(224, f'{_SVM}: "the same size as ImageNet", in pixels', least=32)
    df_rate: float = setting(1e-3, f"{_SVM}: SGD", above=0)
    df_epochs: int = setting(
        30, f'{_SVM}: "stop training when accuracy on validation set drops"; at most so many, not stated', least=1
    )
    df_dropout: float = setting(0.5, f'{_SVM}: "several dropout layers", share not stated', least=0, below=1)
    df_frozen: tuple[int, int] = setting((8, 13), f"{_SVM}: convolutions of VGG-13 and VGG-16 that keep their weights")

    # -- data -----------------------------------------------------------------------------
    train_images: int | None = setting(None, "Approach: of the Training part; None: all", least=1)
    test_images: int | None = setting(None, "Approach: of PublicTest and of PrivateTest; None: all", least=1)
    held_out: float = setting(
        0.0, "ours: share of the training pictures kept for the arm of real ones", least=0, below=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.init == "imagenet" and self.reduced:
            raise UsageError("ImageNet weights fit the full networks only; a reduced one needs init='random'")
        if self.init == "imagenet" and self.pixels != "imagenet":
            raise UsageError("ImageNet weights need pixels='imagenet'")

        if self.cgan_start and not self.wgan_start:
            raise UsageError("cgan_start needs a WGAN-GP on all classes: wgan_start above 0")

    @property
    def reduced(self) -> bool:
        """Whether the classifiers are smaller than the paper's; every table says so."""
        return bool(self.resnet_width) or self.narrower > 1 or self.batch_norm

    @property
    def channels(self) -> int:
        """Of the pictures that the classifiers see."""
        return 3 if self.pixels == "imagenet" else 1

    def title(self, network: str) -> str:
        """``"ResNet-50"``, or ``"reduced ResNet"``: what a network is called in tables."""
        if not self.reduced:
            return network
        return "reduced ResNet" if network == "ResNet-50" else f"reduced {network}"

    def recipe(self, network: str) -> Recipe:
        """How a network is trained: each value of a recipe that is also one of these."""
        known = {each.name for each in fields(self)}
        values = {each.name: getattr(self, each.name) for each in fields(Recipe) if each.name in known}
        if network == "VGG-16" and self.vgg_rate is not None:
            values["rate"] = self.vgg_rate
        return Recipe(nesterov=self.momentum > 0, **values)

    def df_recipe(self) -> Recipe:
        """How DF-SVM's networks are fine-tuned: without augmentation, at a rate of their own."""
        still = dict.fromkeys(("rotation", "translation", "scale"), 0.0)
        return self.recipe(NETWORKS[0]).but(rate=self.df_rate, schedule="constant", label_smoothing=0.0, **still)

    def gan(self, kind: str) -> GanSettings:
        """Networks and training of one of :data:`GANS`; ``cgan`` still lacks its number of classes.

        The CGAN is "on the basis of DCGAN" with WGAN-GP's gradient penalty: a WGAN-GP that is conditioned on the
        class.
        """
        check_choice("GAN", kind, tuple(GANS))
        wasserstein = WGAN_GP.but(
            critic_steps=self.critic_steps, critic_pace=self.critic_pace, penalty=self.gan_penalty
        )
        base, batch, epochs, steps = {
            "dcgan": (GanSettings(), self.dcgan_batch, self.dcgan_epochs, self.dcgan_steps),
            "wgan_gp": (wasserstein, self.wgan_batch, self.wgan_epochs, self.wgan_steps),
            "cgan": (wasserstein, self.cgan_batch, self.cgan_epochs, self.cgan_steps),
        }[kind]
        rate, average = self.gan_rate, self.gan_average
        if kind == "dcgan":
            rate = rate if self.dcgan_rate is None else self.dcgan_rate
            average = average if self.dcgan_average is None else self.dcgan_average
        return base.but(
            channels=1, image_size=self.gan_side, ngf=self.gan_width, ndf=self.gan_width,
            learning_rate=rate, batch_size=batch, epochs=epochs, steps=steps, average=average,
        )  # fmt: skip

    def gan_start(self, kind: str) -> GanSettings | None:
        """The DCGAN or WGAN-GP on all classes from which others go on; ``None`` where there is none.

        The CGAN has none of its own: :meth:`goes_on_from`.
        """
        steps = {"dcgan": self.dcgan_start, "wgan_gp": self.wgan_start, "cgan": 0}[kind]
        return self.gan(kind).but(steps=steps) if steps else None

    def goes_on_from(self, kind: str) -> str:
        """The kind whose GAN on all classes, if there is one, the GANs of this kind go on from."""
        return "wgan_gp" if kind == "cgan" and self.cgan_start else kind


_QUICK = Settings(
    # GANs a sixteenth as wide, on a quarter of the pixels, at ten times the rate. One GAN learns what a face is
    # from all classes, and those of each class go on from it: 57 pictures of a class are too few to learn it from.
    # With Gulrajani's penalty of 10 and one to three critic steps at the generator's rate, WGAN-GP had drawn mostly
    # flat grey squares after as many seconds; a running mean of the generator takes noise out of the pictures.
    # At that rate a DCGAN drew faces now and none 50 steps later, so it has half of it and a longer mean.
    # The CGAN goes on from the same WGAN-GP: from random weights it drew no face in twice as many steps.
    gan_side=32, gan_width=8, gan_rate=1e-3, wgan_batch=16, cgan_batch=16,
    critic_pace=4.0, critic_steps=1, gan_penalty=1.0, gan_average=0.9,
    dcgan_rate=5e-4, dcgan_average=0.98, dcgan_start=600, wgan_start=400, dcgan_steps=50, wgan_steps=20,
    cgan_start=True, cgan_steps=100,
    generated=120, judged=25, searched=12,
    # Narrow networks from random weights that see each picture standardised, and a schedule that learns in so few
    # steps. No picture is mirrored in training, or the arm of mirror images would mean nothing.
    side=32, pixels="standardised", narrower=16, resnet_width=16, batch_norm=True, init="random",
    batch_size=32, epochs=3, rate=0.2, vgg_rate=0.03, schedule="one_cycle", momentum=0.9, weight_decay=1e-3,
    label_smoothing=0.1, rotation=5.0, translation=0.03, scale=0.05, mirrored_answer=True, evaluations=2,
    controls=("ResNet-50",),
    df_side=32, df_rate=0.01, df_epochs=3,
    # As in the paper, the generated pictures are a quarter of the others.
    train_images=3_000, test_images=400,
)  # fmt: skip

PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": _QUICK.but(
        gan_width=4, dcgan_start=2, wgan_start=2, dcgan_steps=2, wgan_steps=2, cgan_steps=2, searched=1, generated=8,
        narrower=32, resnet_width=4,
        epochs=1, df_epochs=1, train_images=140, test_images=70,
    ),
    # A laptop without a GPU.
    "quick": _QUICK,
    # Two cores for an evening: all pictures of FER-2013, and networks as good as the paper's VGG-16.
    "evening": _QUICK.but(
        gan_side=48, gan_width=16, dcgan_rate=None, dcgan_average=None, dcgan_start=700, wgan_start=500,
        dcgan_steps=40, wgan_steps=40,
        cgan_steps=500, searched=36, judged=200, generated=1_000, side=40, narrower=8, resnet_width=32, batch_size=64,
        epochs=5, rate=0.1, vgg_rate=0.05, rotation=11.0, translation=0.05, scale=0.1,
        train_images=None, test_images=None, held_out=0.1,
    ),
    # The paper's own sizes.
    "paper": Settings(),
}  # fmt: skip

_COMMON = common("fer2013:stand-in", seeds=[0, 1, 2])
PARAMETERS = {
    "dataset": _COMMON["dataset"],
    "source": Parameter("avatars_studio", "data set"),
    **_COMMON,
    "mismatch": of(Settings, "mismatch"),
    "init": of(Settings, "init"),
    "weights": Parameter({}, "files", choices=NETWORKS, suffix=".safetensors"),
    **{name: of(Settings, name) for name in ("train_images", "test_images", "generated", "epochs")},
    "space": Parameter("mobilenet", choices=("mobilenet", "inception")),
}
"""The notebook's, in the order of its cell."""
