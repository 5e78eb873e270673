"""Every hyperparameter, with the section or the public release it comes from.

N. Churamani & H. Gunes, *CLIFER: Continual Learning with Imagination for Facial Expression
Recognition*, IEEE FG 2020. "not stated" marks what the paper leaves open; the value is then that
of the authors' release or of the memory it builds on (G. Parisi et al. 2018, Growing Dual Memory,
whose public repository holds two rule sets, GDM-CORe50 and GDM-Iris).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from fer_utils.errors import UsageError, check_choice, did_you_mean
from fer_utils.papers.parameters import DEVICE, PROFILE, PROTOCOL
from fer_utils.papers.parameters import Parameter as P

REGULATIONS = ("none", "core50", "iris")
DISTANCES = ("sum_of_norms", "norm_of_sum")
CALL, FIRST_CLASS, HALF_FIRST_CLASS = "samples of the call", "samples of the first class", "half of the first class"
FAKES = ("translated", "prior")
SCHEDULES = ("joint", "alternating")
LIMITS = (CALL, FIRST_CLASS, HALF_FIRST_CLASS)


@dataclass(frozen=True)
class GwrSettings:
    """One growing memory. Frozen: vary it with :meth:`but`."""

    # -- when to grow, Section IV-B ---------------------------------------------------------
    activation: float = 0.4  # a_T: grow where exp(-distance) is smaller; IV-B.1
    habituation: float = 0.5  # h_T: grow where the winner has fired this much; IV-B.1
    max_nodes: int | str | None = None  # not stated; a number, one of LIMITS, or None: no limit

    # -- how to move ------------------------------------------------------------------------
    rate: float = 0.2  # eps_b of the winner; IV-B.1
    neighbour_rate: float = 0.001  # eps_n; not stated
    tau_winner: float = 0.3  # how fast the winner habituates; not stated
    tau_neighbour: float = 0.1  # and its neighbours; not stated
    kappa: float = 1.05  # habituation falls towards 1 - 1 / kappa; not stated
    damped: bool = False  # authors' release: the winner's step is also multiplied by (1 - activation)

    # -- time, Section IV-B: "we set K = 0 to focus on individual frames" ---------------------
    contexts: int = 0  # K, the number of context descriptors
    beta: float = 0.7  # how far a context reaches back; GDM
    distance: str = "sum_of_norms"  # "norm_of_sum": GDM-Iris; the same for K = 0

    # -- labels, Section IV-B.2: "the mode of the histogram" ----------------------------------
    label_gain: float = 1.0  # delta+; not stated
    label_loss: float = 0.1  # delta-; not stated

    # -- what keeps new samples from overwriting old knowledge, Section IV-B.2 ----------------
    regulation: str = "none"  # "iris": correct samples change nothing; "core50": they update as usual
    misclassified_factor: float = 0.01  # of both rates, where a misclassified sample may not grow; not stated

    # -- edges ------------------------------------------------------------------------------
    max_age: int | None = 1000  # older edges are cut after each epoch; None: never; not stated; authors' release
    max_neighbours: int | None = None  # the oldest edge goes; GDM-CORe50 only
    keep_isolated: bool = False  # neurons without an edge are removed after each call; not in GDM-CORe50

    faithful_quirks: bool = False
    """What the public code does and no text says: both first neurons are the *second* sample of the first
    call; a neuron that never got a label counts as class 0; the first two neurons are neighbours of
    themselves; a newborn neuron is not the "previous winner" of the next sample, the old winner is; and
    a trajectory goes on with neuron 0 where none ever followed."""

    def __post_init__(self) -> None:
        check_choice("regulation", self.regulation, REGULATIONS)
        check_choice("distance", self.distance, DISTANCES)
        if isinstance(self.max_nodes, str):
            check_choice("max_nodes", self.max_nodes, LIMITS)
        elif self.max_nodes is not None and self.max_nodes < 2:
            raise UsageError(f"max_nodes must be at least 2, not {self.max_nodes}")
        for name in ("activation", "habituation", "rate", "neighbour_rate", "tau_winner", "tau_neighbour", "beta"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if self.contexts < 0:
            raise UsageError(f"contexts (K) must be 0 or more, not {self.contexts}")
        for name in ("max_age", "max_neighbours"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, or None, not {getattr(self, name)}")

    def but(self, **changes: object) -> GwrSettings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        return _changed(self, "a growing memory", changes)


@dataclass(frozen=True)
class GdmSettings:
    """Two growing memories and what is played to them when."""

    episodic: GwrSettings  # GDM-E, Section IV-B.1
    semantic: GwrSettings  # GDM-S, Section IV-B.2
    episode: int | None = 5  # frames; None: all of a class; the paper: a "mini-batch" of each video
    epochs: int = 10  # not stated; authors' release
    replay_epochs: int = 3  # not stated; authors' release, 10 // 3
    imagination_epochs: int = 5  # not stated; authors' release, 10 // 2
    imagination_replays: bool = False  # authors' release: an imagined batch also holds every neuron of GDM-E
    first_class_unregulated: bool = False  # GDM-CORe50: GDM-S learns the first class without regulation

    def __post_init__(self) -> None:
        for name in ("epochs", "replay_epochs", "imagination_epochs", "episode"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}")

    def but(self, **changes: object) -> GdmSettings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        return _changed(self, "the dual memory", changes)


def _changed(settings: object, what: str, changes: dict[str, object]) -> object:
    known = [field.name for field in fields(settings)]  # type: ignore[arg-type]
    for name in changes:
        if name not in known:
            raise UsageError(f"{what} has no setting {name!r}.{did_you_mean(name, known)}")
    return replace(settings, **changes)  # type: ignore[type-var]


@dataclass(frozen=True)
class ImaginationSettings:
    """The imagination model, Section IV-A: its networks, six losses and schedule."""

    # -- the networks -----------------------------------------------------------------------
    image_size: int = 96  # V-D.1
    code_size: int = 50  # IV-A.1
    n_conditions: int = 6  # V-C; authors' release 7, disgust among them and never imagined
    encoder_widths: tuple[int, ...] = (64, 128, 256, 512)  # IV-A.1; 5x5, stride 2 not stated
    encoder_dense: int = 0  # authors' release: a dense layer of 1024 before the code
    generator_widths: tuple[int, ...] = (1024, 512, 256, 128, 64, 32)  # IV-A.2; the first as a dense layer's picture
    discriminator_widths: tuple[int, ...] = (32, 64, 128, 256)  # not stated
    discriminator_dense: int = 1024  # not stated
    label_before: bool = True  # IV-A.3: joined "to the input of the first 3 layers"; False: to their output

    # -- the losses, equation 6 ---------------------------------------------------------------
    weight_rec: float = 1.0
    weight_id: float = 0.33
    weight_z: float = 0.01
    weight_img: float = 0.01
    weight_class: float = 0.1
    weight_tv: float = 8.5e-5
    decay_of_imagined: float = 1.0  # equation 5: lambda_c = exp(-epoch); authors' release exp(-epoch / 2)
    fakes: str = "translated"  # equation 3: G(E(x), y); "prior": G(z, y) with z from U(-1, 1), authors' release

    # -- how it is trained ----------------------------------------------------------------------
    schedule: str = "joint"  # one step for equation 6; "alternating": a step of its own for each part
    learning_rate: float = 2e-4  # Adam, IV-A.6
    beta_1: float = 0.5  # not stated; authors' release
    decay_to_zero: bool = False  # authors' release: the rate falls linearly over the epochs
    batch_size: int = 49  # IV-A.6
    epochs: int = 100  # not stated; authors' release
    flip: bool = False  # not stated

    warm_up: int = 0
    """Ours: so many epochs before the others train E and G by the reconstruction alone (equation 1). From random
    weights the other losses pull harder, and a short training ends at one face for everybody: see
    :meth:`fer_utils.papers.clifer.imagination.Trainer.pulls`."""

    match_prior: bool = False
    """Ours: rescale each number of the code to the spread of U(-1, 1), measured on the training faces.
    That spread is what L_z is for and what the memories' thresholds presume; a model that is trained
    for a minute does not reach it."""

    # -- the identity loss, equation 2 ------------------------------------------------------------
    identity: str = "dlib"  # the paper: VGG-Face; a path of vgg-face.mat | "dlib" | "none"
    identity_size: int = 150  # dlib's network; VGG-Face takes 224
    identity_images: int | None = None  # of each batch; None: all

    def __post_init__(self) -> None:
        check_choice("fakes", self.fakes, FAKES)
        check_choice("schedule", self.schedule, SCHEDULES)
        if self.image_size < 16 or self.image_size % 16:
            raise UsageError(
                f"image_size must be a multiple of 16, because it is halved 4 times, not {self.image_size}"
            )
        if len(self.encoder_widths) != 4 or len(self.discriminator_widths) != 4:
            raise UsageError("encoder_widths and discriminator_widths must have 4 entries")
        if len(self.generator_widths) < 5:
            raise UsageError("generator_widths must have at least 5 entries: a dense layer's and 4 strided ones'")
        for name in ("code_size", "n_conditions", "batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.batch_size < 2:
            raise UsageError("batch_size must be at least 2, because batches are normalised")
        if self.warm_up < 0:
            raise UsageError(f"warm_up must be 0 or more epochs, not {self.warm_up}")

    def but(self, **changes: object) -> ImaginationSettings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        return _changed(self, "the imagination model", changes)


IMAGINATIONS = {
    "paper": ImaginationSettings(),
    "authors": ImaginationSettings(
        n_conditions=7, encoder_dense=1024, generator_widths=(512, 256, 128, 64, 32), label_before=False,
        weight_id=0.5, weight_class=0.01, decay_of_imagined=0.5, fakes="prior", schedule="alternating",
        decay_to_zero=True, batch_size=64,
    ),
}  # fmt: skip


def _core50() -> GdmSettings:
    episodic = GwrSettings(
        activation=0.3, habituation=0.1, rate=0.5, neighbour_rate=0.005, contexts=2, label_loss=0.01,
        max_age=None, max_neighbours=6, keep_isolated=True, max_nodes=10_000, faithful_quirks=True,
    )  # fmt: skip
    semantic = episodic.but(activation=0.001, regulation="core50")
    return GdmSettings(
        episodic, semantic, episode=None, epochs=1, replay_epochs=1, imagination_epochs=1,
        first_class_unregulated=True,
    )  # fmt: skip


def _iris() -> GdmSettings:
    episodic = GwrSettings(
        activation=0.95, habituation=0.1, contexts=1, distance="norm_of_sum", max_age=600, max_nodes=CALL,
        faithful_quirks=True,
    )  # fmt: skip
    semantic = episodic.but(activation=0.9, regulation="iris")
    return GdmSettings(episodic, semantic, episode=10, epochs=1, replay_epochs=1, imagination_epochs=1)


def _clifer_paper() -> GdmSettings:
    episodic = GwrSettings()
    semantic = episodic.but(activation=0.2, habituation=0.2, rate=0.02, max_age=2000, regulation="iris")  # IV-B.2
    return GdmSettings(episodic, semantic)


def _clifer_code() -> GdmSettings:
    paper = _clifer_paper()
    common = {"damped": True, "faithful_quirks": True}
    episodic = paper.episodic.but(max_nodes=FIRST_CLASS, **common)
    semantic = paper.semantic.but(max_nodes=HALF_FIRST_CLASS, **common)
    return paper.but(episodic=episodic, semantic=semantic, imagination_replays=True)


VARIANTS = {
    "gdm_core50": _core50(),  # the Growing Dual Memory as released for CORe50
    "gdm_iris": _iris(),  # its later release
    "clifer_paper": _clifer_paper(),  # the paper's thresholds and rates, GDM-Iris' rules where it is silent
    "clifer_code": _clifer_code(),  # the authors' release, quirks and all
}


def gdm_settings(variant: str) -> GdmSettings:
    """The dual memory of a rule variant.

    Raises:
        UsageError: there is no such variant.
    """
    check_choice("variant", variant, tuple(VARIANTS))
    return VARIANTS[variant]


@dataclass(frozen=True)
class MlpSettings:
    """The baseline, Section V-B.1; all values from the authors' release."""

    epochs: int = 20  # of each class
    learning_rate: float = 2e-3  # Adam
    batch_size: int = 64

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or self.learning_rate <= 0:
            raise UsageError("the baseline needs epochs >= 1, batch_size >= 2 and a learning_rate above zero")


@dataclass(frozen=True)
class Settings:
    """What one run of the paper needs."""

    imagination: ImaginationSettings = IMAGINATIONS["paper"]
    memory: GdmSettings = VARIANTS["clifer_paper"]
    mlp: MlpSettings = MlpSettings()
    detector: str | None = "ssd"  # "face-centred", V-D.1; how is not stated; None: pictures are faces already
    margin: float = 0.1  # added on each side of the box; not stated
    people_folds: int = 5  # sound: so many imagination models, each for people it never saw
    people: int | None = None  # ours: only the first so many of those who show every class; None: all
    order_study: bool = True  # V-D.2: six orders for Table I and five that start with neutral; False: the final one

    def __post_init__(self) -> None:
        if self.people is not None and self.people < 2:
            raise UsageError(f"people must be at least 2, because intervals are over people, not {self.people}")

    def but(self, **changes: object) -> Settings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        return _changed(self, "paper 1", changes)


_NARROW = IMAGINATIONS["paper"].but(
    image_size=48, encoder_widths=(8, 16, 32, 64), generator_widths=(64, 32, 16, 16, 8),
    discriminator_widths=(8, 8, 16, 32), discriminator_dense=64, identity_size=64, identity_images=2, match_prior=True,
    batch_size=16, learning_rate=1e-3,  # so that a minute holds a thousand steps
    # What works against the reconstruction, at a tenth of the paper's weight. At the full weight L_tv alone, L_C alone
    # or L_ID alone leaves one face for everybody after some hundred steps from random weights.
    weight_id=0.033, weight_class=0.01, weight_tv=8.5e-6,
)  # fmt: skip

PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(
        imagination=_NARROW.but(warm_up=1, epochs=1, image_size=32, identity="none"),
        memory=_clifer_paper().but(epochs=2, replay_epochs=1, imagination_epochs=1),
        mlp=MlpSettings(epochs=2),
        people_folds=2,
        people=3,
    ),
    # A laptop: fewer people, a narrow imagination model on small pictures; memories, orders and conditions are
    # the paper's.
    "quick": Settings(imagination=_NARROW.but(warm_up=40, epochs=5), people_folds=2, people=10),
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
    "dataset": P("avatars_clips", "data set"),
    "profile": PROFILE,
    "protocol": PROTOCOL,
    "seeds": P([0], "seeds"),
    "device": DEVICE,
    "variant": P(None, choices=("clifer_paper", "clifer_code", "gdm_iris", "gdm_core50"), optional=True),
    "identity": P(None, choices=("dlib", "none"), suffix=".mat", optional=True),
    "epochs": P(None, "number", high=100_000, optional=True),
}
"""The notebook's, in the order of its cell."""
