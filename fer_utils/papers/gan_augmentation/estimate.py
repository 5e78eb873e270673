"""What notebook 02 asks for, and what its units cost: the parts of a dry run that only this paper knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fer_utils import data
from fer_utils.gans import on_meta
from fer_utils.gans.networks import Discriminator, Generator
from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import DRAWN, HISTORY
from fer_utils.learning.course import ANSWERED, Course
from fer_utils.learning.recipe import Recipe
from fer_utils.papers.gan_augmentation.deep_svm import TRIO, deep_feature_svm
from fer_utils.papers.gan_augmentation.networks import build, build_vgg
from fer_utils.papers.gan_augmentation.protocol import judge_pictures, pretrain_gan, train_classifier, train_gan
from fer_utils.papers.gan_augmentation.settings import GANS, PROFILES, Settings
from fer_utils.papers.gan_augmentation.study import Study
from fer_utils.papers.gan_augmentation.vgg import freeze
from fer_utils.papers.planning import LEAK_AUDIT, Call, Kind, Piece
from fer_utils.papers.study import Mapper, of_profile, wanted


def ask(parameters: Mapping[str, Any], mapper: Mapper) -> None:
    """Ask a mapper for every unit of the notebook, in the notebook's order.

    Args:
        parameters: the notebook's, all of them.
        mapper: for example a :class:`fer_utils.papers.planning.Planner`.

    Raises:
        UsageError: a parameter has a value that it cannot have.
        FerError: a data set is not there, or does not suffice.
    """
    settings = of_profile(PROFILES, parameters["profile"]).with_knobs(parameters)
    files = {name: Path(path) for name, path in parameters["weights"].items()}
    faces = data.load(parameters["dataset"])
    study = Study(faces, parameters["source"], settings, parameters["seeds"], mapper, files)
    protocols = wanted(parameters["protocol"])
    for protocol in protocols:
        study.audit(protocol)
    for kind in GANS:
        study.gans(kind)
    study.quality(parameters["space"])
    study.train_svms(protocols)
    study.train(protocols)


# -- GANs ------------------------------------------------------------------------------------------


def _shown(call: Call) -> int:
    """Real pictures that the discriminator sees: whole batches, as :func:`fer_utils.gans.train` draws."""
    gan: GanSettings = call["settings"]
    count = len(call["images"])
    return gan.all_steps(count) * gan.critic_steps * min(gan.batch_size, count)


def _gan_work(call: Call) -> float:
    # Measured at widths 4 to 128, in units of a picture through a DCGAN; the penalty differentiates twice.
    gan: GanSettings = call["settings"]
    critic = 1.4 if gan.objective == "wgan_gp" else 0.6
    return _shown(call) * (critic + 0.4 / gan.critic_steps)


def _gan_result(call: Call) -> dict[str, Any]:
    gan: GanSettings = call["settings"]
    steps = gan.all_steps(len(call["images"]))
    count, side = call["generated"] * max(1, gan.n_classes), call["side"]
    return {"pictures": np.zeros((count, side, side), np.uint8), "history": np.zeros((steps, len(HISTORY)), np.float32)}


def _gan_probe(call: Call) -> dict[str, Any]:
    gan: GanSettings = call["settings"]
    # Wide networks take a second for a picture.
    few = max(2, min(gan.batch_size, 256 // gan.ngf))
    labels = None if call["labels"] is None else call["labels"][:few]
    small = gan.but(steps=2, critic_steps=1)
    # A dry run knows no weights to start from.
    return {**call, "images": call["images"][:few], "labels": labels, "settings": small, "start": None, "generated": 2}


def _gan_rehearsal(call: Call) -> dict[str, Any]:
    gan: GanSettings = call["settings"]
    few = gan.batch_size
    labels = None if call["labels"] is None else call["labels"][:few]
    generated = min(call["generated"], DRAWN)
    # A planned start is made of zeros: whoever goes on from it takes the same steps as whoever begins.
    two = {"settings": _two_steps(gan), "start": None, "generated": generated}
    return {**call, "images": call["images"][:few], "labels": labels, **two}


def _gan_steps(call: Call) -> float:
    # Steps of the rehearsed kind, one of the discriminator and one of the generator: about as many launches as all
    # steps of both have.
    gan: GanSettings = call["settings"]
    return gan.all_steps(len(call["images"])) * (gan.critic_steps + 1) / 2


def _gan_pieces(call: Call) -> list[Piece]:
    gan, count = call["settings"], len(call["images"])
    return [Piece(on_meta.a_step(gan, min(gan.batch_size, count)), gan.all_steps(count))]


def _two_steps(gan: GanSettings) -> GanSettings:
    return gan.but(steps=0, epochs=2, critic_steps=1)


def _variant(call: Call) -> str:
    """The kind of GAN."""
    gan: GanSettings = call["settings"]
    return GANS["cgan" if gan.n_classes else gan.objective]


def _start_rehearsal(call: Call) -> dict[str, Any]:
    gan: GanSettings = call["settings"]
    return {**call, "images": call["images"][: gan.batch_size], "settings": _two_steps(gan)}


def _start_result(call: Call) -> dict[str, Any]:
    gan: GanSettings = call["settings"]
    networks: dict[str, nn.Module] = {"generator": Generator(gan), "discriminator": Discriminator(gan)}
    entries = {f"{name}/{key}": value for name, each in networks.items() for key, value in each.state_dict().items()}
    history = np.zeros((gan.all_steps(len(call["images"])), len(HISTORY)), np.float32)
    return {name: np.zeros_like(value.numpy()) for name, value in entries.items()} | {"history": history}


def _start_probe(call: Call) -> dict[str, Any]:
    few = call["images"][: call["settings"].batch_size]
    return {**call, "images": few, "settings": call["settings"].but(steps=2, critic_steps=1)}


def _gan_memory(call: Call) -> float:
    gan: GanSettings = call["settings"]
    # Weights, their gradients and Adam's two moments; what a batch leaves behind for two backward passes.
    return 16 * 1_400 * gan.ndf**2 + min(gan.batch_size, len(call["images"])) * gan.ndf * gan.image_size**2 * 24


# -- classifiers -----------------------------------------------------------------------------------


def _building(settings: Settings) -> float:
    """What it costs to build a network, in pictures that it could be trained on meanwhile."""
    return 20 if settings.reduced else 8


def _classifier_work(call: Call) -> float:
    # A picture costs VGG-16 and ResNet-50 much the same, in either size, and to ask a third of what to train costs.
    settings: Settings = call["settings"]
    trained = call["points"][-1] * min(settings.batch_size, len(call["images"]))
    asked = 2 if settings.mirrored_answer else 1
    return _building(settings) + trained + len(call["points"]) * len(call["scored"]) * asked / 3


def _classifier_result(call: Call) -> dict[str, Any]:
    points = np.asarray(call["points"])
    predicted = np.zeros((len(points), len(call["scored"])), np.uint8)
    return {"predicted": predicted, "loss": np.zeros(len(points)), "points": points}


def _classifier_probe(call: Call) -> dict[str, Any]:
    settings: Settings = call["settings"]
    points, batch, scored = ((4, 8), settings.batch_size, 200) if settings.reduced else ((1, 2), 4, 4)
    small = settings.but(init="random", batch_size=batch)
    return {**call, "settings": small, "points": points, "scored": call["scored"][:scored], "weights": None}


def _classifier_rehearsal(call: Call) -> dict[str, Any]:
    # Weights from ImageNet may have to be fetched first; random ones take the same steps.
    small = call["settings"].but(init="random")
    return {**call, "settings": small, "points": (1, 2), "scored": call["scored"][:ANSWERED], "weights": None}


def _classifier_pieces(call: Call) -> list[Piece]:
    settings: Settings = call["settings"]
    with torch.device("meta"):
        network = build(call["network"], settings.but(init="random"), call["n_classes"], None)
    course = _course(network, settings, settings.recipe(call["network"]), settings.side)
    answers = _answered(network, settings, settings.side)
    asked = len(call["points"]) * len(call["scored"]) / ANSWERED * (2 if settings.mirrored_answer else 1)
    return [Piece(course._step, call["points"][-1]), Piece(answers, asked, step=False)]


def _course(network: nn.Module, settings: Settings, recipe: Recipe, side: int) -> Course:
    batch = np.zeros((settings.batch_size, side, side), np.uint8)
    return Course(network, batch, np.zeros(len(batch), np.int64), recipe, 1, 0, "meta")


def _answered(network: nn.Module, settings: Settings, side: int) -> Callable[[], object]:
    """What a network answers for as many pictures as are asked about at once."""
    pictures = torch.zeros(ANSWERED, settings.channels, side, side, device="meta")
    return torch.no_grad()(partial(network, pictures))


def _classifier_memory(call: Call) -> float:
    settings: Settings = call["settings"]
    # Weights, gradients, momenta and the checkpoint; the maps of a batch.
    weights = 16 * 34e6 if not settings.reduced else 16 * 2e6
    return weights + settings.batch_size * settings.side**2 * 64 / settings.narrower * 4 * 12


# -- DF-SVM ----------------------------------------------------------------------------------------


def _svm_work(call: Call) -> float:
    # In forward passes: training costs four, and two networks are trained; all three give features.
    settings: Settings = call["settings"]
    trained, held, scored = (len(call[name]) for name in ("images", "held", "scored"))
    tuning = settings.df_epochs * 4 * trained + (settings.df_epochs + 1) * held
    return 12 * _building(settings) + 2 * tuning + 3 * (trained + scored)


def _svm_result(call: Call) -> dict[str, Any]:
    accuracies = [0.0] * (call["settings"].df_epochs + 1)
    return {
        "predicted": np.zeros(len(call["scored"]), np.uint8),
        **{f"{name} accuracies": accuracies for name in TRIO[:2]},
    }


def _svm_probe(call: Call) -> dict[str, Any]:
    settings: Settings = call["settings"]
    few = 64 if settings.reduced else 2
    # The SVM needs two classes.
    first = [np.flatnonzero(call["labels"] == label)[: few // 2] for label in np.unique(call["labels"])[:2]]
    rows, size = np.concatenate(first), {"batch_size": few // 2, "df_epochs": 2, "init": "random"}
    parts = {"images": call["images"][rows], "labels": call["labels"][rows], "scored": call["scored"][:few]}
    held = {name: call[name][:few] for name in ("held", "held_labels")}
    return {**call, **parts, **held, "settings": settings.but(**size), "weights": {}}


def _svm_rehearsal(call: Call) -> dict[str, Any]:
    settings: Settings = call["settings"]
    # A full batch of two classes, since the SVM needs two.
    few = max(2, settings.batch_size // 2)
    rows = np.concatenate(
        [np.flatnonzero(call["labels"] == label)[:few] for label in np.unique(call["labels"])[:2]]
    )  # fmt: skip
    parts = {"images": call["images"][rows], "labels": call["labels"][rows], "scored": call["scored"][:few]}
    held = {name: call[name][:few] for name in ("held", "held_labels")}
    return {**call, **parts, **held, "settings": settings.but(df_epochs=1, init="random"), "weights": {}}


def _svm_pieces(call: Call) -> list[Piece]:
    # As many epochs as there are at most: the accuracy on the pictures held back may end it sooner.
    settings: Settings = call["settings"]
    steps = len(call["images"]) // min(settings.batch_size, len(call["images"]))
    trained, held, scored = (len(call[name]) for name in ("images", "held", "scored"))
    found = []
    for number, name in enumerate(TRIO):
        with torch.device("meta"):
            network = build_vgg(name, settings.but(init="random"), settings.df_side, call["n_classes"], None)
        answers = trained + scored
        if name in TRIO[:2]:
            freeze(network, settings.df_frozen[number])
            course = _course(network, settings, settings.df_recipe(), settings.df_side)
            found.append(Piece(course._step, settings.df_epochs * steps))
            answers += (settings.df_epochs + 1) * held
        found.append(Piece(_answered(network, settings, settings.df_side), answers / ANSWERED, step=False))
    return found


def _svm_memory(call: Call) -> float:
    settings: Settings = call["settings"]
    count = len(call["images"]) + len(call["scored"])
    # The pictures at their new size; the features of three networks, joined and once more normalised.
    return count * (settings.df_side**2 + 2 * 4 * 3 * 4_096 / settings.narrower) + 16 * 139e6 / settings.narrower**2


# -- image quality, leak audit ---------------------------------------------------------------------


SEARCH = 1.5
"""What the face detector costs for a picture, in pictures that go through MobileNet: 72 ms and 46 ms, measured."""


def _judged(labels: np.ndarray, most: int) -> int:
    return int(np.minimum(np.unique(labels, return_counts=True)[1], most).sum())


def _quality_work(call: Call) -> float:
    groups = [call["made_labels"][call["kinds"] == kind] for kind in np.unique(call["kinds"])]
    searched = [_judged(each, call["searched"]) for each in [*groups, call["labels"][~call["half"]]]]
    made = [_judged(each, call["judged"]) for each in groups]
    # To load the network takes as long as 100 pictures; to find a face, as long as SEARCH.
    return 100 + _judged(call["labels"], call["judged"]) + sum(made) + SEARCH * sum(searched)


def _quality_result(call: Call) -> dict[str, Any]:
    names = [*map(str, np.unique(call["kinds"])), "real"]
    columns = ("faces found %", "class read %", "variety", "nearest", "nearest, real", "copies", "KID")
    return {name: dict.fromkeys(columns, 0.0) for name in names}


def _quality_probe(call: Call) -> dict[str, Any]:
    # The first and the last of each class are taken, so both halves get one.
    labels, half = call["labels"], np.zeros(len(call["labels"]), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        half[rows[: len(rows) // 2]] = True
    return {**call, "half": half, "judged": 2, "searched": 1}


def _quality_memory(call: Call) -> float:
    return 300e6 + _quality_work(call) * 1_280 * 4


KINDS: tuple[Kind, ...] = (
    LEAK_AUDIT,
    Kind(
        pretrain_gan, "GAN on all classes", _gan_work, _start_result, _start_probe, _gan_memory, _start_rehearsal,
        "gans", _gan_steps, _variant, captured=True, pieces=_gan_pieces,
    ),
    Kind(
        train_gan, "GAN", _gan_work, _gan_result, _gan_probe, _gan_memory, _gan_rehearsal, "gans", _gan_steps,
        _variant, captured=True, pieces=_gan_pieces,
    ),
    Kind(judge_pictures, "image quality", _quality_work, _quality_result, _quality_probe, _quality_memory),
    Kind(
        deep_feature_svm, "DF-SVM", _svm_work, _svm_result, _svm_probe, _svm_memory, _svm_rehearsal, captured=True,
        pieces=_svm_pieces,
    ),
    Kind(
        train_classifier, "classifier", _classifier_work, _classifier_result, _classifier_probe, _classifier_memory,
        _classifier_rehearsal, "classifiers", lambda call: float(call["points"][-1]),
        lambda call: str(call["network"]), captured=True, pieces=_classifier_pieces,
    ),
)  # fmt: skip
"""Every kind of unit that :func:`ask` asks for."""
