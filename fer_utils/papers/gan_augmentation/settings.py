"""Every hyperparameter of the paper, with the section it comes from.

Yan, Xiao, Yuan, Cai, Chen, *Facial Expression Recognition with Convolutional Neural Networks via a
Data Augmentation Strategy*, 2021. "not stated" marks what the paper leaves open; the value is then ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Integral

from fer_utils.errors import UsageError, check_choice, did_you_mean
from fer_utils.gans.settings import WGAN_GP, GanSettings
from fer_utils.papers.parameters import DEVICE, PROFILE, PROTOCOL
from fer_utils.papers.parameters import Parameter as P

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
PROTOCOLS = {
    "published": "PrivateTest chooses the epoch and scores; more pictures mean more steps",
    "sound": "PublicTest chooses, PrivateTest scores once; equal steps; no duplicate across splits",
}
NETWORKS = ("VGG-16", "ResNet-50")
FULL_RESNET = (3, 4, 6, 3)


@dataclass(frozen=True)
class Settings:
    """What one run needs. Frozen: vary it with :meth:`but`."""

    # -- the GANs, Experiment, A ----------------------------------------------------------
    gan_width: int = 128  # ngf = ndf; "as in Radford's article": 1024-512-256-128
    dcgan_batch: int = 16
    dcgan_epochs: int = 80
    wgan_batch: int = 8
    wgan_epochs: int = 200
    cgan_batch: int = 64
    cgan_epochs: int = 200  # "same with the other two GANs", which differ: the WGAN's
    gan_rate: float = 1e-4  # Adam; its betas are not stated: Radford's and Gulrajani's
    generated: int = 1_000  # pictures a class
    mismatch: str = "shared"  # not stated
    judged: int = 1_000  # pictures of a class that KID takes; ours

    # -- VGG-16 and ResNet-50, Experiment, B ----------------------------------------------
    side: int = 48  # pixels; not stated, FER-2013's own
    narrower: int = 1  # VGG-16's layers have so many times fewer maps
    resnet_width: int = 64  # maps of ResNet-50's first 3×3 convolutions
    resnet_blocks: tuple[int, ...] = FULL_RESNET
    batch_norm: bool = False  # in VGG-16
    init: str = "imagenet"  # imagenet | random; not stated
    batch_size: int = 32
    epochs: int = 200
    rate: float = 1e-4  # SGD
    momentum: float = 0.0  # not stated
    rotation: float = 10.0  # degrees either way; "rotation and translation", amounts not stated
    translation: float = 0.1  # of the side, either way
    looks: int = 200  # how often the test parts are looked at; not stated, each epoch
    controls: tuple[str, ...] = NETWORKS  # networks that the controls are run with; ours

    # -- DF-SVM, Experiment, C ------------------------------------------------------------
    df_side: int = 224  # "the same size as ImageNet"
    df_rate: float = 1e-3  # SGD
    df_epochs: int = 30  # at most: "stop training when accuracy on validation set drops"; not stated
    df_dropout: float = 0.5  # "several dropout layers", share not stated
    df_frozen: tuple[int, int] = (8, 13)  # convolutions of VGG-13 and VGG-16 that keep their weights

    # -- data -----------------------------------------------------------------------------
    train_images: int | None = None  # of the Training part; None: all
    test_images: int | None = None  # of PublicTest and of PrivateTest; None: all

    def __post_init__(self) -> None:
        check_choice("mismatch", self.mismatch, tuple(MISMATCHES))
        check_choice("init", self.init, ("imagenet", "random"))
        for name in COUNTS:
            value = getattr(self, name)
            if value is None and name in ("train_images", "test_images"):
                continue
            if not isinstance(value, Integral) or value < 1:
                raise UsageError(f"{name} must be a whole number above zero, not {value!r}")
        if min(self.side, self.df_side) < 32:
            raise UsageError("side and df_side must be at least 32 pixels: VGG halves them five times")
        if min(self.gan_rate, self.rate, self.df_rate) <= 0 or not 0 <= self.momentum < 1:
            raise UsageError("rates must be above zero, momentum from 0 to below 1")
        if not 0 <= self.rotation <= 180 or not 0 <= self.translation < 1 or not 0 <= self.df_dropout < 1:
            raise UsageError("rotation lies in 0 to 180 degrees, translation and df_dropout from 0 to below 1")
        if self.init == "imagenet" and self.reduced:
            raise UsageError("ImageNet weights fit the full networks only; a reduced one needs init='random'")

    @property
    def reduced(self) -> bool:
        """Whether the classifiers are smaller than the paper's; every table says so."""
        full_resnet = self.resnet_width == 64 and tuple(self.resnet_blocks) == FULL_RESNET
        return not (full_resnet and self.narrower == 1 and not self.batch_norm)

    def title(self, network: str) -> str:
        """``"ResNet-50"``, or ``"reduced ResNet"``: what a network is called in tables."""
        if not self.reduced:
            return network
        return "reduced ResNet" if network == "ResNet-50" else f"reduced {network}"

    def gan(self, kind: str) -> GanSettings:
        """Networks and training of one of :data:`GANS`; ``cgan`` still lacks its number of classes.

        The CGAN is "on the basis of DCGAN" with WGAN-GP's gradient penalty: the WGAN-GP, told the class.
        """
        check_choice("GAN", kind, tuple(GANS))
        size = {"channels": 1, "ngf": self.gan_width, "ndf": self.gan_width, "learning_rate": self.gan_rate}
        if kind == "dcgan":
            return GanSettings(batch_size=self.dcgan_batch, epochs=self.dcgan_epochs, **size)
        batch, epochs = (
            (self.wgan_batch, self.wgan_epochs) if kind == "wgan_gp" else (self.cgan_batch, self.cgan_epochs)
        )
        return WGAN_GP.but(batch_size=batch, epochs=epochs, **size)

    def but(self, **changes: object) -> Settings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"paper 2 has no setting {name!r}.{did_you_mean(name, known)}")
        return replace(self, **changes)  # type: ignore[arg-type]


COUNTS = (
    "gan_width", "dcgan_batch", "dcgan_epochs", "wgan_batch", "wgan_epochs", "cgan_batch", "cgan_epochs", "generated",
    "judged", "side", "narrower", "resnet_width", "batch_size", "epochs", "looks", "df_side", "df_epochs",
    "train_images", "test_images",
)  # fmt: skip
"""Settings that are whole numbers above zero."""

_QUICK = Settings(
    # GANs a sixteenth as wide, at ten times the rate; as many steps as a laptop makes in half a minute.
    gan_width=8, gan_rate=1e-3, dcgan_epochs=30, wgan_epochs=20, cgan_epochs=14, generated=36, judged=25,
    # A quarter to a sixteenth of the networks' width, from scratch. 32 pixels is the least that VGG takes. Batch
    # norm, momentum and a rate 500 times the paper's: without them nothing is learnt in so few steps.
    side=32, narrower=16, resnet_width=16, resnet_blocks=(1, 1, 1), batch_norm=True, init="random",
    epochs=2, rate=0.05, momentum=0.9, looks=2, controls=("ResNet-50",),
    df_side=32, df_rate=0.01, df_epochs=3,
    # As in the paper, the generated pictures are a quarter of the others.
    train_images=900, test_images=400,
)  # fmt: skip

_SMOKE = _QUICK.but(
    gan_width=4, dcgan_epochs=1, wgan_epochs=1, cgan_epochs=1, generated=8, narrower=32, resnet_width=4,
    epochs=1, looks=2, df_epochs=1, train_images=140, test_images=70,
)  # fmt: skip

PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": _SMOKE,
    # A laptop without a GPU.
    "quick": _QUICK,
    # The paper's own sizes.
    "paper": Settings(),
}
REAL_QUICK = _QUICK.but(train_images=3_000, test_images=2_000, generated=120, epochs=4, looks=3)
"""``quick`` on real photographs: 3,000 of Training and 2,000 of each test part, for some twelve minutes."""


def settings_for(profile: str, real: bool = False) -> Settings:
    """The settings of a profile; ``quick`` takes more pictures of real data than of stand-ins.

    Raises:
        UsageError: there is no such profile.
    """
    check_choice("profile", profile, tuple(PROFILES))
    return REAL_QUICK if real and profile == "quick" else PROFILES[profile]


PARAMETERS = {
    "dataset": P("fer2013:stand-in", "data set"),
    "source": P("avatars_studio", "data set"),
    "profile": PROFILE,
    "protocol": PROTOCOL,
    "seeds": P([0, 1, 2], "seeds"),
    "device": DEVICE,
    "mismatch": P(None, choices=("shared", "contempt_as_neutral", "first_frames"), optional=True),
    "init": P(None, choices=("imagenet", "random"), optional=True),
    "weights": P({}, "files", choices=("VGG-16", "ResNet-50"), suffix=".weights.h5"),
    "train_images": P(None, "number", high=10_000_000, optional=True),
    "test_images": P(None, "number", high=10_000_000, optional=True),
    "generated": P(None, "number", high=100_000, optional=True),
    "epochs": P(None, "number", high=100_000, optional=True),
    "space": P("mobilenet", choices=("mobilenet", "inception")),
}
"""The notebook's, in the order of its cell."""
