"""What notebook 01 asks for, and what its units cost: the parts of a dry run that only this paper knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from fer_utils import data
from fer_utils.papers.clifer.imagination import LOSSES, Trainer, to_arrays
from fer_utils.papers.clifer.protocol import encode, learn_person, train_imagination
from fer_utils.papers.clifer.settings import PROFILES, ImaginationSettings
from fer_utils.papers.clifer.study import Study
from fer_utils.papers.clifer.travelled import take_over
from fer_utils.papers.planning import LEAK_AUDIT, Call, Kind, Piece
from fer_utils.papers.study import Mapper, of_profile, wanted

NOTEBOOK_S = 30.0
"""Compiling the memories' rules once, the two judges of imagined faces, and figures."""


def ask(parameters: Mapping[str, Any], mapper: Mapper) -> None:
    """Ask a mapper for every unit of the notebook, in the notebook's order.

    Args:
        parameters: the notebook's, all of them.
        mapper: for example a :class:`fer_utils.papers.planning.Planner`.

    Raises:
        UsageError: a parameter has a value that it cannot have.
        FerError: the data set is not there, or does not suffice.
    """
    settings = of_profile(PROFILES, parameters["profile"]).with_knobs(parameters)
    study = Study(data.load(parameters["dataset"]), settings, parameters["seeds"], mapper)
    protocols, _ = study.possible(wanted(parameters["protocol"]))
    take_over(study, protocols)
    study.train(protocols)
    for protocol in protocols:
        study.codes(protocol)
        study.audit(protocol)
        study.answers(protocol)
        study.ageless(protocol)


# -- the imagination model -------------------------------------------------------------------------


def _imagination_work(call: Call) -> float:
    settings: ImaginationSettings = call["settings"]
    # Before the other losses set in, a step costs about a third.
    return len(call["rows"]) * (settings.epochs + settings.warm_up / 3)


def _imagination_result(call: Call) -> dict[str, Any]:
    settings: ImaginationSettings = call["settings"]
    # Weights as they are drawn: a memory imagines with them, and zeros would give it nothing to normalise.
    networks = Trainer(settings.but(identity="none"), [0, 1], 0).networks
    history = np.zeros((settings.warm_up + settings.epochs, len(LOSSES)))
    kept = to_arrays({name: networks[name] for name in ("E", "G", "C")})
    spread = {name: np.ones(settings.code_size) for name in ("code_mean", "code_scale")}
    return {**kept, **spread, "history": history}


def _imagination_probe(call: Call) -> dict[str, Any]:
    settings: ImaginationSettings = call["settings"]
    return {
        **call,
        "rows": call["rows"][: 2 * settings.batch_size],
        "settings": settings.but(warm_up=0, epochs=min(2, settings.epochs)),
    }


def _imagination_rehearsal(call: Call) -> dict[str, Any]:
    settings: ImaginationSettings = call["settings"]
    # One full batch an epoch; both kinds of epoch.
    few = settings.but(warm_up=min(1, settings.warm_up), epochs=min(2, settings.epochs))
    return {**call, "rows": call["rows"][: settings.batch_size], "settings": few}


def _imagination_steps(call: Call) -> float:
    settings: ImaginationSettings = call["settings"]
    return float(settings.epochs * -(-len(call["rows"]) // settings.batch_size))


def _imagination_pieces(call: Call) -> list[Piece]:
    """A pass over one batch: the reconstruction alone, and all losses."""
    settings: ImaginationSettings = call["settings"]
    batch, side = min(settings.batch_size, len(call["rows"])), settings.image_size
    images, labels = np.zeros((batch, side, side, 3), np.uint8), np.arange(batch) % settings.n_conditions
    trainer, steps = Trainer(settings, range(settings.n_conditions), 0, "meta"), -(-len(call["rows"]) // batch)
    epochs = {0: settings.warm_up, settings.warm_up: settings.epochs}
    return [Piece(partial(trainer.pass_over, images, labels, since), steps * n) for since, n in epochs.items() if n]


def _imagination_memory(call: Call) -> float:
    settings: ImaginationSettings = call["settings"]
    # What a batch leaves behind for the backward passes, in all networks.
    return settings.batch_size * settings.image_size**2 * max(settings.encoder_widths) * 4.0


# -- codes -----------------------------------------------------------------------------------------


def _encode_work(call: Call) -> float:
    return len(call["faces"])


def _encode_result(call: Call) -> dict[str, Any]:
    # Each face another code: people with codes alike would be counted as one, and a study refuses them.
    numbers = np.linspace(-0.5, 0.5, len(call["faces"]))
    return {"codes": np.repeat(numbers[:, None], call["settings"].code_size, axis=1)}


def _encode_probe(call: Call) -> dict[str, Any]:
    return {**call, "faces": call["faces"].select(np.arange(min(64, len(call["faces"]))))}


# -- memories --------------------------------------------------------------------------------------


def _memory_work(call: Call) -> float:
    # A frame is presented in each order; imagining costs as much again, the MLP and plain memories less.
    weight = {"MLP": 0.6, "MLP to the end": 1.0, "GDM": 1.0, "GDM + replay": 2.0, "CLIFER": 6.0, "oracle": 3.0}[
        call["condition"]
    ]
    return weight * len(call["train"]) * len(call["orders"])


def _memory_result(call: Call) -> dict[str, Any]:
    orders, steps, asked = len(call["orders"]), len(call["orders"][0]), len(call["test"])
    # A memory that has grown and gives several answers: a study refuses others.
    return {
        "predicted": np.broadcast_to((np.arange(asked) % steps).astype(np.int8), (orders, steps, 2, asked)).copy(),
        "sizes": np.full((orders, steps, 2), steps),
    }


def _memory_probe(call: Call) -> dict[str, Any]:
    # Codes of zeros are all alike and would grow nothing.
    codes = np.random.default_rng(0).uniform(-1, 1, call["codes"].shape)
    return {**call, "codes": codes, "orders": call["orders"][:1]}


KINDS: tuple[Kind, ...] = (
    Kind(
        train_imagination, "imagination model", _imagination_work, _imagination_result, _imagination_probe,
        _imagination_memory, _imagination_rehearsal, "imagination", _imagination_steps, captured=True,
        pieces=_imagination_pieces,
    ),
    Kind(encode, "codes", _encode_work, _encode_result, _encode_probe),
    Kind(
        learn_person, "memories of a person", _memory_work, _memory_result, _memory_probe,
        variant=lambda call: str(call["condition"]),
    ),
    LEAK_AUDIT,
)  # fmt: skip
"""Every kind of unit that :func:`ask` asks for."""
