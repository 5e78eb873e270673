"""What notebook 05 asks for, and what its units cost: the parts of a dry run that only this paper knows."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fer_utils import data
from fer_utils.devices import available_cores, in_use
from fer_utils.papers.mobilenet_jaffe.augment import Pool
from fer_utils.papers.mobilenet_jaffe.frozen import BATCH
from fer_utils.papers.mobilenet_jaffe.heads import BLOCK, FEATURES
from fer_utils.papers.mobilenet_jaffe.protocol import extract, train
from fer_utils.papers.mobilenet_jaffe.settings import PROFILES, retraining
from fer_utils.papers.mobilenet_jaffe.study import Study
from fer_utils.papers.mobilenet_jaffe.tuning import tune
from fer_utils.papers.planning import LEAK_AUDIT, Call, Kind, Piece
from fer_utils.papers.study import Mapper, of_profile
from fer_utils.splits import Fold

NOTEBOOK_S = 40.0
"""What the notebook takes beside its units, the network built and compiled for the frozen part among it."""


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
    faces = data.load(parameters["dataset"])
    study = Study(faces, settings, parameters["seeds"], mapper, parameters["detector"], retraining(parameters))
    _ = study.audits
    study.train_all()
    study.compare_depths()


# -- the frozen backbone ---------------------------------------------------------------------------


def _images(count: float, size: int) -> float:
    return count * (size / 160) ** 2


def _extract_work(call: Call) -> float:
    return _images(len(call["pool"]), call["image_size"])


def _extract_result(call: Call) -> dict[str, Any]:
    side = -(-call["image_size"] // 32)
    shape = (FEATURES,) if call["trainable"] == "head" else (side, side, 160)
    activations = np.zeros((len(call["pool"]), *shape), np.float32)
    # Features of other pictures are others, or heads that are trained on them would count once.
    made_of = f"{call['faces'].fingerprint} {call['normalisation']} {call['weights']}"
    activations.flat[0] = zlib.crc32(made_of.encode())
    return {"activations": activations}


def _extract_probe(call: Call) -> dict[str, Any]:
    # Other weights may have to be fetched first.
    return {**call, "pool": _last(call["pool"], 8 * BATCH[in_use()]), "weights": "none"}


COUNTED = 4
"""Pictures that operations are counted with."""


def _forwards(image_size: int, trainable: str, trained: bool) -> Callable[[], object]:
    """:data:`COUNTED` pictures through the part that is trained, or through the part below it, on this machine.

    Keras has no meta device, so this costs a second; nothing is learnt.
    """
    # Keras is imported with it.
    from fer_utils.papers.mobilenet_jaffe import model

    trunk, tail = model.trunk_and_tail(model.backbone(image_size, "none"), 7, trainable, 0)
    part = tail if trained else trunk
    return lambda: part(np.zeros((COUNTED, *part.input_shape[1:]), np.float32), training=False)


def _extract_pieces(call: Call) -> list[Piece]:
    work, batch = _forwards(call["image_size"], call["trainable"], trained=False), BATCH["cuda"]
    return [Piece(work, len(call["pool"]) / batch, step=False, larger=batch / COUNTED)]


def _tune_pieces(call: Call) -> list[Piece]:
    work = _forwards(call["image_size"], call["trainable"], trained=True)
    batch, epochs, larger = call["batch_size"], call["epochs"], call["batch_size"] / COUNTED
    trained, tested = len(call["fold"].train) / batch, len(call["fold"].test) / batch
    # The way back costs twice the way forward.
    steps = [Piece(work, epochs * trained, larger=larger), Piece(work, 2 * epochs * trained, False, larger)]
    return [*steps, Piece(work, epochs * tested, False, larger)]


def _last(pool: Pool, rows: int) -> Pool:
    """The end of a pool: variants, which have to be drawn, where there are so many."""
    return Pool(pool.source[-rows:], pool.variant[-rows:], pool.label[-rows:], pool.n_sources)


def _maps(call: Call) -> float:
    # The two largest maps of a batch, 96 channels of half the side, are alive at once, on a processor once a core.
    device = in_use()
    batches = available_cores() if device == "cpu" else 1
    return batches * 2 * BATCH[device] * _map(call["image_size"])


def _map(image_size: int) -> float:
    """Bytes of the largest map of one image."""
    return 96 * (image_size / 2) ** 2 * 4


# -- heads -----------------------------------------------------------------------------------------


def _train_work(call: Call) -> float:
    # In rows of a batch. Measured with 2 and 7 classes, batches of 8 to 128: a step costs as much as 4 rows a class.
    folds, rows = call["folds"], len(call["folds"][0].train)
    steps = -(-rows // call["batch_size"])
    tested = sum(len(fold.test) for fold in folds) / len(folds)
    return len(folds) * call["epochs"] * (rows + 4 * call["n_classes"] * steps + tested / 2)


def _train_result(call: Call) -> dict[str, Any]:
    shape = call["epochs"], len(call["folds"])
    return _answers(shape, max(len(fold.test) for fold in call["folds"]))


def _answers(shape: tuple[int, int], longest: int) -> dict[str, Any]:
    return {"predicted": np.zeros((*shape, longest), np.int16), "loss": np.zeros(shape, np.float32)}


def _train_probe(call: Call) -> dict[str, Any]:
    # Features of its own: zeros that were never written would all lie in one page of memory.
    rows = min(len(call["folds"][0].train), 20 * call["batch_size"])
    pool = _last(call["pool"], rows)
    heads = min(len(call["folds"]), 2 * BLOCK)
    folds = [Fold("probe", np.arange(len(pool)), np.arange(min(len(pool), 2)))] * heads
    features = np.random.default_rng(0).random((len(pool), call["features"].shape[1]), np.float32)
    epochs = min(2, call["epochs"])
    return {
        **call,
        "features": features,
        "pool": pool,
        "folds": folds,
        "seeds": call["seeds"][:heads],
        "epochs": epochs,
    }


def _train_memory(call: Call) -> float:
    # Weights, two moments and gradient of the heads in a block, and their batches.
    return BLOCK * FEATURES * 4 * (6 * call["n_classes"] + 2 * call["batch_size"])


# -- more than the head ----------------------------------------------------------------------------


def _tune_work(call: Call) -> float:
    # Forwards and backwards cost three times as much as forwards. Measured: an image costs the whole network 11 times
    # as much as the last block.
    trained, tested = len(call["fold"].train), len(call["fold"].test)
    images = _images(trained * 3 + tested, call["image_size"]) * (11.0 if call["trainable"] == "all" else 1.0)
    return call["epochs"] * images


def _tune_result(call: Call) -> dict[str, Any]:
    return _answers((call["epochs"], 1), len(call["fold"].test))


def _tune_probe(call: Call) -> dict[str, Any]:
    # The last block for any depth: it takes half a minute to compile the whole network.
    pool, side = _last(call["pool"], 4 * call["batch_size"]), -(-call["image_size"] // 32)
    fold = Fold("probe", np.arange(len(pool)), np.arange(min(len(pool), call["batch_size"])))
    activations = np.zeros((len(pool), side, side, 160), np.float32)
    return {
        **call, "pool": pool, "fold": fold, "activations": activations, "epochs": 2, "trainable": "last_block",
        "weights": "none",
    }  # fmt: skip


def _tune_rehearsal(call: Call) -> dict[str, Any]:
    # As deep as asked for; whatever lies below is frozen, and its activations are zeros in a plan.
    small = _tune_probe(call)
    rows = min(len(small["pool"]), 2 * call["batch_size"])
    pool, few = _last(small["pool"], rows), min(rows, call["batch_size"])
    fold = Fold("rehearsal", np.arange(rows), np.arange(few))
    activations = None if call["activations"] is None else small["activations"][:rows]
    return {
        **small, "pool": pool, "fold": fold, "activations": activations, "epochs": 1, "trainable": call["trainable"],
    }  # fmt: skip


def _tune_memory(call: Call) -> float:
    # Backwards all maps of a batch are kept: some ten times the largest.
    return 10 * 2 * call["batch_size"] * _map(call["image_size"])


# -- leak audit ------------------------------------------------------------------------------------


KINDS: tuple[Kind, ...] = (
    LEAK_AUDIT,
    Kind(
        extract, "backbone features", _extract_work, _extract_result, _extract_probe, _maps, pieces=_extract_pieces
    ),
    Kind(train, "heads of a split", _train_work, _train_result, _train_probe, _train_memory),
    Kind(
        tune, "more than the head", _tune_work, _tune_result, _tune_probe, _tune_memory, _tune_rehearsal,
        variant=lambda call: str(call["trainable"]), pieces=_tune_pieces,
    ),
)  # fmt: skip
"""Every kind of unit that the notebook asks for."""
