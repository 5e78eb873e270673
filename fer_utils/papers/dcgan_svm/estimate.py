"""What the notebook asks for, and what one unit of each kind costs: read by ``--dry-run``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn

from fer_utils.devices import available_cores
from fer_utils.gans import on_meta
from fer_utils.gans.networks import Discriminator, Generator
from fer_utils.gans.train import DRAWN, GRID, HISTORY
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.cast import IMAGE_SIZE, cast
from fer_utils.papers.dcgan_svm.comparison import Comparison
from fer_utils.papers.dcgan_svm.features import BATCH, POOLED_SIDE, UNTRAINED
from fer_utils.papers.dcgan_svm.search import going_on, part_sizes
from fer_utils.papers.dcgan_svm.settings import PROFILES, Settings
from fer_utils.papers.dcgan_svm.study import Study
from fer_utils.papers.dcgan_svm.svm import SINGLE_FROM, SLICE_BYTES, SLICES_FILL
from fer_utils.papers.planning import LEAK_AUDIT, Call, Kind, Piece
from fer_utils.papers.study import Mapper, of_profile, wanted
from fer_utils.splits import Fold, random_folds

PICTURE = (IMAGE_SIZE, IMAGE_SIZE, 3)
PIXELS = IMAGE_SIZE * IMAGE_SIZE * 3
HOG_LENGTH = 7 * 7 * 4 * 9
"""7 x 7 blocks of 2 x 2 cells, nine directions each."""
STEP = 8
"""A training step costs about as much a picture as generating so many."""


def ask(parameters: Mapping[str, Any], mapper: Mapper) -> None:
    """Ask a mapper for all units of the notebook, in its order.

    Args:
        parameters: the notebook's, all of them.
        mapper: a :class:`fer_utils.papers.planning.Planner`.
    """
    settings = of_profile(PROFILES, parameters["profile"]).with_knobs(parameters)
    study = Study(cast(parameters["dataset"]), settings, parameters["seeds"], mapper)
    protocols = wanted(parameters["protocol"])
    study.train_gans(protocols)
    study.gans.trial()
    study.quality(parameters["space"])
    comparison = Comparison(study)
    for stage in (study.emotions, comparison.controls, comparison.layers, study.action_units, study.au7_only):
        for protocol in protocols:
            stage(protocol)
    comparison.few_labels()
    for protocol in protocols:
        study.rule_and_acting(protocol)
        for experiment in study.experiments():
            study.audit(protocol, experiment)


# -- GANs ------------------------------------------------------------------------------------------


def _steps(call: Call) -> tuple[int, int]:
    """Steps, and pictures of each."""
    gan, count = call["gan"], len(call["images"])
    return gan.all_steps(count), min(gan.batch_size, count)


def _gan_work(call: Call) -> float:
    count, batch = _steps(call)
    drawn = GRID * len(steps.grid_times(call["gan"], len(call["images"]))[0])
    return STEP * count * batch + drawn + call["generated"]


def _gan_result(call: Call) -> dict[str, Any]:
    gan = call["gan"]
    networks: dict[str, nn.Module] = {"discriminator": Discriminator(gan), "generator": Generator(gan)}
    weights = {
        f"{network}/{name}": np.zeros_like(value.numpy())
        for network, module in networks.items()
        for name, value in module.state_dict().items()
    }
    epochs, drawn_steps = steps.grid_times(gan, len(call["images"]))
    return {
        **weights,
        "history": np.zeros((_steps(call)[0], len(HISTORY)), np.float32),
        "grids": np.zeros((len(epochs), GRID, *PICTURE), np.uint8),
        "grid_steps": drawn_steps,
        "pictures": np.zeros((call["generated"], *PICTURE), np.uint8),
    }


def _gan_probe(call: Call) -> dict[str, Any]:
    gan = call["gan"]
    batch = min(gan.batch_size, 32, len(call["images"]))
    # Many steps of a narrow net, few of a wide one: about as long.
    count = max(2, 160 // gan.ngf)
    images = np.resize(call["images"], (count * batch, *PICTURE))
    few = gan.but(batch_size=batch, epochs=1, steps=count)
    return {**call, "images": images, "gan": few, "start": None, "generated": 2}


def _gan_rehearsal(call: Call) -> dict[str, Any]:
    gan = call["gan"]
    images = call["images"][: gan.batch_size]
    few = {"gan": gan.but(steps=0, epochs=2), "start": None, "generated": min(call["generated"], DRAWN)}
    return {**call, "images": images, **few}


def _gan_pieces(call: Call) -> list[Piece]:
    count, batch = _steps(call)
    return [Piece(on_meta.a_step(call["gan"], batch), count)]


def _gan_memory(call: Call) -> float:
    # Weights, gradients and Adam's two moments of both networks; activations of a step, forth and back.
    weights = 8 * sum(part.numel() for part in Discriminator(call["gan"]).parameters())
    return 4.0 * (weights + 12 * call["gan"].ndf * (IMAGE_SIZE // 2) ** 2 * _steps(call)[1])


# -- features --------------------------------------------------------------------------------------


def _length(call: Call) -> int:
    """Numbers a picture that the discriminator gives."""
    return (15 if call["feature"] == "pooled" else 8) * call["gan"].ndf * POOLED_SIDE**2


def _extract_work(call: Call) -> float:
    return len(call["images"]) + (0 if call["seen"] is None else len(call["seen"]))


def _extract_result(call: Call) -> dict[str, Any]:
    return {"features": np.zeros((len(call["images"]), _length(call)), np.float32)}


def _extract_probe(call: Call) -> dict[str, Any]:
    seen = None if call["seen"] is None else call["seen"][:BATCH]
    return {**call, "images": call["images"][:BATCH], "seen": seen}


def _extract_memory(call: Call) -> float:
    return 12.0 * BATCH * call["gan"].ndf * (IMAGE_SIZE // 2) ** 2


def _control_work(call: Call) -> float:
    """In pixels read: a pass through the network costs twice its width as much a picture, HOG six times as much.

    Drawing the matrix of a projection costs as much as projecting 500 pictures.
    """
    count, width = len(call["images"]), call["gan"].ndf
    if call["control"] == UNTRAINED:
        return PIXELS * 2.0 * width * (count + len(call["seen"]))
    if call["control"] == "random projection":
        return PIXELS * 5.0 * width * (500 + count)
    return PIXELS * 6.0 * count


def _control_probe(call: Call) -> dict[str, Any]:
    gan = call["gan"]
    few = {"images": call["images"][:64], "seen": call["seen"][:64]}
    width = min(gan.ndf, 16)
    return {**call, **few, "gan": gan.but(ngf=width, ndf=width)}


def _control_rehearsal(call: Call) -> dict[str, Any]:
    return {**call, "images": call["images"][:64], "seen": call["seen"][:64]}


def _control_result(call: Call) -> dict[str, Any]:
    lengths = {"pixels": PIXELS, "HOG": HOG_LENGTH, UNTRAINED: _length(call)}
    length = lengths.get(call["control"], 8 * call["gan"].ndf * 16)
    return {"features": np.zeros((len(call["images"]), length), np.float32)}


# -- support vector machines -----------------------------------------------------------------------


PROBE_ROWS, PROBE_LENGTH, PROBE_DRAWS = 480, 64, 4
"""Pictures, features and settings of a search in a probe."""
PROPOSAL = {"bayes": 2e6, "tpe": 5e4, "random": 1e4}
"""What it costs to propose a setting, in entries of a kernel that a machine is fitted on."""


def _fits(entries: float, count: int) -> float:
    """Work of fits among ``count`` rows: a fit of many rows reads slices that no cache holds."""
    return entries * (1 + count / 6_000)


def _probe_features(labels: np.ndarray, length: int = PROBE_LENGTH) -> np.ndarray:
    """``float32 [N, length]``: overlapping classes, as discriminators' features are."""
    random = np.random.default_rng(0)
    codes = np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    centres = random.normal(0, 1, (codes.max() + 1, length))
    return (random.normal(0, 1, (len(codes), length)) + 0.8 * centres[codes]).astype(np.float32)


def _search_work(count: int, entries: float, settings: Settings) -> float:
    """Of one search among ``count`` rows, whose folds hold ``entries`` when all rows are judged on."""
    draws, work = settings.draws, settings.draws * PROPOSAL[settings.search]
    for size in part_sizes(count, settings.whole_up_to):
        work += draws * _fits(entries * (size / count) ** 2, size)
        draws = going_on(draws)
    return work


def _entries(folds: list[Fold]) -> float:
    return float(sum(len(fold.train) * (len(fold.train) + len(fold.test)) for fold in folds))


def _recognise_work(call: Call) -> float:
    """Entries of the kernels that machines are fitted on and answer from."""
    settings, folds = call["settings"], call["folds"]
    outer = _entries(folds)
    final = _fits(outer, len(call["labels"]))
    if call["protocol"] == "published":
        return final + _search_work(len(call["labels"]), outer, settings)
    # Each of the search's fits leaves out one inner fold.
    within = [(settings.inner_folds - 1) * float(len(fold.train)) ** 2 for fold in folds]
    counts = [len(fold.train) for fold in folds]
    return final + sum(_search_work(*each, settings) for each in zip(counts, within, strict=True))


def _recognise_result(call: Call) -> dict[str, Any]:
    count, n_classes = len(call["labels"]), int(call["labels"].max()) + 1
    predicted = np.full(count, -1)
    predicted[np.concatenate([fold.test for fold in call["folds"]])] = 0
    return {
        "predicted": predicted,
        "scores": np.zeros((count, n_classes)),
        "chosen": np.zeros((len(call["folds"]), 2)),
    }


def _recognise_probe(call: Call) -> dict[str, Any]:
    labels = np.arange(PROBE_ROWS) % (int(call["labels"].max()) + 1)
    settings = call["settings"].but(draws=PROBE_DRAWS, search="random")
    # As many folds as share the cores in the call.
    together = len(call["folds"]) if call["protocol"] == "published" else settings.inner_folds
    small = {"labels": labels, "groups": np.arange(PROBE_ROWS) // 8, "folds": random_folds(labels, together, 0)}
    return {**call, **small, "features": _probe_features(labels), "settings": settings, "protocol": "published"}


def _recognise_rehearsal(call: Call) -> dict[str, Any]:
    # All rows and the whole length, in one fold, at one setting: what memory has to hold.
    settings = call["settings"].but(draws=1, search="random")
    return {**call, "folds": call["folds"][:1], "settings": settings, "protocol": "published"}


def _few_work(call: Call) -> float:
    """Entries of the kernels that machines are fitted on and answer from, and of the distances."""
    work = float(len(call["labels"]) ** 2)
    for fold in call["folds"]:
        people = len(np.unique(call["groups"][fold.train]))
        for count in call["counts"]:
            draws = 1 if count >= people else call["draws"]
            work += draws * (len(fold.test) + min(1, count / people) * len(fold.train)) ** 2
    return work


def _few_result(call: Call) -> dict[str, Any]:
    predicted = np.full((len(call["counts"]), call["draws"], len(call["labels"])), -1)
    predicted[..., np.concatenate([fold.test for fold in call["folds"]])] = 0
    return {"predicted": predicted}


def _few_probe(call: Call) -> dict[str, Any]:
    small = _recognise_probe({**call, "settings": Settings(), "protocol": "published"})
    few = {name: small[name] for name in ("features", "labels", "groups", "folds")}
    return {**call, **few, "counts": [5, 20], "draws": 2}


def _recognise_memory(call: Call) -> float:
    # Distances and a kernel, of all rows and of a training part, and what each thread cuts out for a fold.
    entries = float(len(call["features"])) ** 2
    size = 4 if len(call["features"]) >= SINGLE_FROM else 8
    slices = SLICE_BYTES * entries
    return 4 * size * entries + max(slices, min(SLICES_FILL, available_cores() * slices))


def _detect_memory(call: Call) -> float:
    # Features in float64, inner products, and the copies that a fold is cut out into.
    count, length = call["features"].shape
    return 8.0 * (count * length + 3 * count**2)


def _detect_work(call: Call) -> float:
    return _fits(_entries(call["folds"]), len(call["labels"])) * call["labels"].shape[1]


def _detect_result(call: Call) -> dict[str, Any]:
    scores = np.full(call["labels"].shape, np.nan)
    for fold in call["folds"]:
        scores[fold.test] = 0.0
    return {"scores": scores}


def _detect_probe(call: Call) -> dict[str, Any]:
    labels = call["labels"][:: max(1, len(call["labels"]) // PROBE_ROWS)][:PROBE_ROWS]
    rows = np.arange(len(labels))
    folds = [Fold(str(start), rows[rows % 3 != start], rows[rows % 3 == start]) for start in range(3)]
    # More features than pictures, as discriminators give.
    return {"features": _probe_features(labels, 2 * PROBE_ROWS), "labels": labels, "folds": folds}


# -- audits and image quality ----------------------------------------------------------------------


SPACE_OPENED = 100
"""Opening the network and the Fréchet distance cost as much as describing so many pictures."""
SEARCH = 2
"""Looking for a face in a picture costs as much as describing so many."""


def _quality_work(call: Call) -> float:
    count = min(call["judged"], len(call["real"]) // 2, len(call["generated"]))
    return float(SPACE_OPENED + 3 * count + 2 * SEARCH * min(count, call["searched"]))


def _quality_result(call: Call) -> dict[str, Any]:
    return {}


def _quality_probe(call: Call) -> dict[str, Any]:
    rows = np.linspace(0, len(call["real"]) - 1, min(96, len(call["real"]))).astype(int)
    few = {"real": call["real"][rows], "half": np.arange(len(rows)) % 2 == 0, "generated": call["generated"][:16]}
    few["labels"] = None if call["labels"] is None else call["labels"][rows]
    return {**call, **few, "judged": 16, "searched": 4}


KINDS = (
    Kind(steps.train_gan, "GAN", _gan_work, _gan_result, _gan_probe, _gan_memory, _gan_rehearsal, "gans",
         lambda call: float(_steps(call)[0]), captured=True, pieces=_gan_pieces),
    Kind(steps.extract, "features of a GAN", _extract_work, _extract_result, _extract_probe, _extract_memory),
    Kind(
        steps.extract_control, "features of a control", _control_work, _control_result, _control_probe,
        rehearsal=_control_rehearsal, variant=lambda call: str(call["control"]),
    ),
    Kind(
        steps.recognise, "emotion SVMs", _recognise_work, _recognise_result, _recognise_probe, _recognise_memory,
        _recognise_rehearsal,
    ),
    Kind(steps.detect, "action-unit SVMs", _detect_work, _detect_result, _detect_probe, _detect_memory),
    Kind(steps.recognise_few, "SVMs from few labels", _few_work, _few_result, _few_probe, _recognise_memory),
    LEAK_AUDIT,
    Kind(steps.judge_pictures, "image quality", _quality_work, _quality_result, _quality_probe),
)  # fmt: skip
