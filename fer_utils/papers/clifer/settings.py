"""Every hyperparameter, with the section or the public release it comes from.

N. Churamani & H. Gunes, *CLIFER: Continual Learning with Imagination for Facial Expression
Recognition*, IEEE FG 2020. "not stated" marks what the paper leaves open; the value is then that
of the authors' release or of the memory it builds on (G. Parisi et al. 2018, Growing Dual Memory,
whose public repository holds two rule sets, GDM-CORe50 and GDM-Iris).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fer_utils.errors import UsageError, check_choice
from fer_utils.papers.parameters import Parameter, common, of
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting

REGULATIONS = ("none", "core50", "iris")
DISTANCES = ("sum_of_norms", "norm_of_sum")
CALL, FIRST_CLASS, HALF_FIRST_CLASS = "samples of the call", "samples of the first class", "half of the first class"
FAKES = ("translated", "prior")
SCHEDULES = ("joint", "alternating")
INITIALS = ("release", "he", "torch")
IMAGINATION_PEOPLE = ("tested", "others")
NETWORKS = ("train", "recorded", "auto")
LIMITS = (CALL, FIRST_CLASS, HALF_FIRST_CLASS)


@dataclass(frozen=True)
class GwrSettings(Base):
    """One growing memory. Frozen: vary it with :meth:`but`."""

    name: ClassVar[str] = "a growing memory"

    # -- when to grow, Section IV-B ---------------------------------------------------------
    activation: float = setting(0.4, "a_T: grow where exp(-distance) is smaller; IV-B.1", least=0, most=1)
    habituation: float = setting(0.5, "h_T: grow where the winner has fired this much; IV-B.1", least=0, most=1)
    max_nodes: int | str | None = setting(None, "not stated; a number, one of LIMITS, or None: no limit")

    # -- how to move ------------------------------------------------------------------------
    rate: float = setting(0.2, "eps_b of the winner; IV-B.1", least=0, most=1)
    neighbour_rate: float = setting(0.001, "eps_n; not stated", least=0, most=1)
    tau_winner: float = setting(0.3, "how fast the winner habituates; not stated", least=0, most=1)
    tau_neighbour: float = setting(0.1, "and its neighbours; not stated", least=0, most=1)
    kappa: float = setting(1.05, "habituation falls towards 1 - 1 / kappa; not stated")
    damped: bool = setting(False, "authors' release: the winner's step is also multiplied by (1 - activation)")

    # -- time, Section IV-B: "we set K = 0 to focus on individual frames" ---------------------
    contexts: int = setting(0, "K, the number of context descriptors", least=0)
    beta: float = setting(0.7, "how far a context reaches back; GDM", least=0, most=1)
    distance: str = setting("sum_of_norms", '"norm_of_sum": GDM-Iris; the same for K = 0', choices=DISTANCES)

    # -- labels, Section IV-B.2: "the mode of the histogram" ----------------------------------
    label_gain: float = setting(1.0, "delta+; not stated")
    label_loss: float = setting(0.1, "delta-; not stated")

    # -- what keeps new samples from overwriting old knowledge, Section IV-B.2 ----------------
    regulation: str = setting(
        "none", '"iris": correct samples change nothing; "core50": they update as usual', choices=REGULATIONS
    )
    misclassified_factor: float = setting(0.01, "of both rates, where a misclassified sample may not grow; not stated")

    # -- edges ------------------------------------------------------------------------------
    max_age: int | None = setting(
        1000, "older edges are cut after each epoch; None: never; not stated; authors' release", least=1
    )
    max_neighbours: int | None = setting(None, "the oldest edge goes; GDM-CORe50 only", least=1)
    keep_isolated: bool = setting(False, "neurons without an edge are removed after each call; not in GDM-CORe50")

    faithful_quirks: bool = setting(False, "authors' release")
    """What the public code does and no text says: both first neurons are the *second* sample of the first
    call; a neuron that never got a label counts as class 0; the first two neurons are neighbours of
    themselves; a newborn neuron is not the "previous winner" of the next sample, the old winner is; and
    a trajectory goes on with neuron 0 where none ever followed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.max_nodes, str):
            check_choice("max_nodes", self.max_nodes, LIMITS)
        elif self.max_nodes is not None and self.max_nodes < 2:
            raise UsageError(f"max_nodes must be at least 2, not {self.max_nodes}")


@dataclass(frozen=True)
class GdmSettings(Base):
    """Two growing memories and what is played to them when."""

    name: ClassVar[str] = "the dual memory"

    episodic: GwrSettings  # GDM-E, Section IV-B.1
    semantic: GwrSettings  # GDM-S, Section IV-B.2
    episode: int | None = setting(5, 'frames; None: all of a class; the paper: a "mini-batch" of each video', least=1)
    epochs: int = setting(10, "not stated; authors' release", least=1, most=100_000)
    replay_epochs: int = setting(3, "not stated; authors' release, 10 // 3", least=1)
    imagination_epochs: int = setting(5, "not stated; authors' release, 10 // 2", least=1)
    imagination_replays: bool = setting(False, "authors' release: an imagined batch also holds every neuron of GDM-E")
    first_class_unregulated: bool = setting(False, "GDM-CORe50: GDM-S learns the first class without regulation")


@dataclass(frozen=True)
class ImaginationSettings(Base):
    """The imagination model, Section IV-A: its networks, six losses and schedule."""

    name: ClassVar[str] = "the imagination model"

    # -- the networks -----------------------------------------------------------------------
    image_size: int = setting(96, "V-D.1", least=16)
    code_size: int = setting(50, "IV-A.1", least=1)
    n_conditions: int = setting(6, "V-C; authors' release 7, disgust among them and never imagined", least=1)
    encoder_widths: tuple[int, ...] = setting((64, 128, 256, 512), "IV-A.1; 5x5, stride 2 not stated")
    encoder_dense: int = setting(0, "authors' release: a dense layer of 1024 before the code")
    generator_widths: tuple[int, ...] = setting(
        (1024, 512, 256, 128, 64, 32), "IV-A.2; the first as a dense layer's picture"
    )
    discriminator_widths: tuple[int, ...] = setting((32, 64, 128, 256), "not stated")
    discriminator_dense: int = setting(1024, "not stated")
    initial: str = setting(
        "release",
        "not stated; authors' release: N(0, 0.025), see :mod:`~fer_utils.papers.clifer.initial`",
        choices=INITIALS,
    )
    label_before: bool = setting(True, 'IV-A.3: joined "to the input of the first 3 layers"; False: to their output')

    # -- the losses, equation 6 ---------------------------------------------------------------
    weight_rec: float = setting(1.0, "IV-A, equation 6")
    weight_id: float = setting(0.33, "IV-A, equation 6")
    weight_z: float = setting(0.01, "IV-A, equation 6")
    weight_img: float = setting(0.01, "IV-A, equation 6")
    weight_class: float = setting(0.1, "IV-A, equation 6")
    weight_tv: float = setting(8.5e-5, "IV-A, equation 6")
    decay_of_imagined: float = setting(1.0, "equation 5: lambda_c = exp(-epoch); authors' release exp(-epoch / 2)")
    fakes: str = setting(
        "translated", "equation 3: G(E(x), y); “prior”: G(z, y) with z from U(-1, 1), authors' release", choices=FAKES
    )

    # -- how it is trained ----------------------------------------------------------------------
    schedule: str = setting(
        "joint", 'one step for equation 6; "alternating": a step of its own for each part', choices=SCHEDULES
    )
    learning_rate: float = setting(2e-4, "Adam, IV-A.6", above=0)
    beta_1: float = setting(0.5, "not stated; authors' release")
    decay_to_zero: bool = setting(False, "authors' release: the rate falls linearly over the epochs")
    batch_size: int = setting(49, "IV-A.6", least=2)
    epochs: int = setting(100, "not stated; authors' release", least=1, most=100_000)
    flip: bool = setting(False, "not stated")

    warm_up: int = setting(0, "ours", least=0)
    """Ours: so many epochs before the others train E and G by the reconstruction alone (equation 1). From random
    weights the other losses pull harder, and a short training ends at one face for everybody: see
    :meth:`fer_utils.papers.clifer.imagination.Trainer.pulls`."""

    match_prior: bool = setting(False, "ours")
    """Ours: rescale each number of the code to the spread of U(-1, 1), measured on the training faces.
    That spread is what L_z is for and what the memories' thresholds presume; a model that is trained
    for a minute does not reach it."""

    # -- the identity loss, equation 2 ------------------------------------------------------------
    identity: str = setting("dlib", 'the paper: VGG-Face; a path of vgg-face.mat | "dlib" | "none"')
    identity_size: int = setting(150, "dlib's network; VGG-Face takes 224")
    identity_images: int | None = setting(None, "of each batch; None: all")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size % 16:
            raise UsageError(
                f"image_size must be a multiple of 16, because it is halved 4 times, not {self.image_size}"
            )
        if len(self.encoder_widths) != 4 or len(self.discriminator_widths) != 4:
            raise UsageError("encoder_widths and discriminator_widths must have 4 entries")
        if len(self.generator_widths) < 5:
            raise UsageError("generator_widths must have at least 5 entries: a dense layer's and 4 strided ones'")


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
    both = {"damped": True, "faithful_quirks": True}
    episodic = paper.episodic.but(max_nodes=FIRST_CLASS, **both)
    semantic = paper.semantic.but(max_nodes=HALF_FIRST_CLASS, **both)
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
class MlpSettings(Base):
    """The baseline, Section V-B.1, from the authors' release, and a second one that learns each class to the end."""

    name: ClassVar[str] = "the baseline"

    epochs: int = setting(20, "of each class", least=1, most=100_000)
    learning_rate: float = setting(2e-3, "Adam", above=0)
    batch_size: int = setting(64, "authors' release", least=2)
    until: float = setting(
        0.95, "ours, the second baseline only: epochs are added until so much of a class is recalled", above=0, most=1
    )
    most_epochs: int = setting(2_000, "ours, the second baseline only: of each class", least=1, most=100_000)


@dataclass(frozen=True)
class Settings(Base):
    """What one run of the paper needs."""

    name: ClassVar[str] = "paper 1"

    imagination: ImaginationSettings = IMAGINATIONS["paper"]
    memory: GdmSettings = VARIANTS["clifer_paper"]
    mlp: MlpSettings = MlpSettings()
    detector: str | None = setting("ssd", '"face-centred", V-D.1; how is not stated; None: pictures are faces already')
    margin: float = setting(0.1, "added on each side of the box; not stated")
    imagination_people: str | None = setting(
        None,
        'who trains the imagination model; "others": people who are not tested, IV-A.6, and under published the tested '
        'too, as for RAVDESS; "tested": these alone, under sound in folds; None: others where the tested are avatars',
        choices=IMAGINATION_PEOPLE,
    )
    others: int | None = setting(None, "ours: only the first so many people of each set of others; None: all", least=1)
    people_folds: int = setting(5, 'sound, "tested": so many imagination models, each for people it never saw', least=2)
    people: int | None = setting(None, "ours: only the first so many of those who show every class; None: all", least=2)
    for_reading: bool = setting(
        True, "ours: False where nothing is learnt (smoke): a void result does not stop the run, see void.py"
    )
    networks: str = setting(
        "train",
        'ours: "recorded": imagination models that the recorded evening left; "auto": those where they fit',
        choices=NETWORKS,
    )
    order_study: bool = setting(
        True, "V-D.2: six orders for Table I and five that start with neutral; False: the final one"
    )

    def with_knobs(self, parameters: Mapping[str, Any]) -> Settings:
        """The notebook's ``identity`` and ``epochs`` are those of the imagination model, ``variant`` names a memory,
        ``imagination_people`` and ``networks`` are settings."""
        within = {name: parameters.get(name) for name in ("identity", "epochs")}
        chosen = self.imagination.but(**{name: value for name, value in within.items() if value is not None})
        variant = parameters.get("variant")
        memory = self.memory if variant is None else gdm_settings(variant)
        people = parameters.get("imagination_people") or self.imagination_people
        networks = parameters.get("networks")
        if networks == "recorded" and within["epochs"] is not None:
            raise UsageError('networks="recorded" brings its own training: leave epochs out, or set networks="train"')
        # Who names what the training is to be wants that training.
        own = networks is None and any(value is not None for value in within.values())
        networks = "train" if own else networks or self.networks
        return self.but(imagination=chosen, memory=memory, imagination_people=people, networks=networks)


_NARROW = IMAGINATIONS["paper"].but(
    # The release's deviation fits the paper's widths. In these narrow networks a face hardly moves a code at first, and
    # after quick's training 86 % of all numbers were beyond 0.99 of 1 (torch's own start: 76 %; He's: 2 %).
    initial="he",
    image_size=48, encoder_widths=(8, 16, 32, 64), generator_widths=(64, 32, 16, 16, 8),
    discriminator_widths=(8, 8, 16, 32), discriminator_dense=64, identity_size=64, identity_images=2, match_prior=True,
    batch_size=16, learning_rate=1e-3,  # so that a minute holds a thousand steps
    # As the release. On 613 faces of others it brings the reconstruction of strangers from 0.10 to 0.09 in two epochs.
    decay_to_zero=True,
    # dlib's network judges whether a person is known, so it had better not teach it.
    identity="none",
    # What works against the reconstruction, at a tenth of the paper's weight. At the full weight of all three the
    # reconstruction stands at 0.24 after 161 steps from random weights, where one face for everybody has 0.22; with
    # none of them it is at 0.13.
    weight_id=0.033, weight_class=0.01, weight_tv=8.5e-6,
)  # fmt: skip

PROFILES = {
    # Every cell runs, nothing is learnt.
    "smoke": Settings(
        imagination=_NARROW.but(warm_up=1, epochs=1, image_size=32),
        memory=_clifer_paper().but(epochs=2, replay_epochs=1, imagination_epochs=1),
        mlp=MlpSettings(epochs=2),
        people_folds=2,
        people=3,
        others=2,
        for_reading=False,
    ),
    # A laptop: fewer people, a narrow imagination model on small pictures; memories, orders and conditions are
    # the paper's. Where the recorded evening's imagination fits, it is taken; a minute trains a poorer one.
    "quick": Settings(imagination=_NARROW.but(warm_up=16, epochs=3), people_folds=2, people=10, networks="auto"),
    # Everybody that a data set holds, five folds of people, and a longer training.
    "evening": Settings(imagination=_NARROW.but(warm_up=80, epochs=20), people_folds=5),
    # The paper's own sizes.
    "paper": Settings(),
}

PARAMETERS = {
    **common("avatars_clips", [0]),
    "variant": Parameter(None, choices=tuple(VARIANTS), optional=True),
    "identity": Parameter(None, choices=("dlib", "none"), suffix=".mat", optional=True),
    "epochs": of(ImaginationSettings, "epochs"),
    "imagination_people": of(Settings, "imagination_people"),
    "networks": of(Settings, "networks"),
}
"""The notebook's, in the order of its cell."""
