"""Everything a training run needs to go on to the same bits, in one sealed file (:mod:`fer_utils.stored`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fer_utils.errors import FerError
from fer_utils.stored import read_sealed, write_sealed

NETWORKS = ("generator", "discriminator")
"""Those that learn."""


def save_state(path: Path, state: Any, identity: Mapping[str, str]) -> None:
    """Write weights, Adam's moments, the random state, the history and the grids.

    Args:
        path: the file; written whole or not at all.
        state: of :func:`fer_utils.gans.train.train`.
        identity: what must be the same for a run to go on from this file.
    """
    tensors = {"random": state.random.get_state(), "history": state.history, "grids": state.grids}
    for name in _held(state):
        tensors |= {f"{name}/{key}": value for key, value in getattr(state, name).state_dict().items()}
    for name in NETWORKS:
        for number, moments in state.optimisers[name].state_dict()["state"].items():
            tensors |= {f"adam/{name}/{number}/{key}": value for key, value in moments.items()}
    arrays = {f"tensor/{key}": value.detach().cpu().numpy() for key, value in tensors.items()}
    known = {f"identity/{name}": np.array(value) for name, value in identity.items()}
    write_sealed(path, {**arrays, **known, "epoch": np.array(state.epoch)})


def load_state(path: Path, state: Any, identity: Mapping[str, str]) -> None:
    """Put what :func:`save_state` wrote back into ``state``; a damaged file is as good as none.

    Raises:
        FerError: the file belongs to another run.
    """
    stored = read_sealed(path)
    if stored is None:
        return
    said = {name: str(value) for name, value in _below(stored, "identity/").items()}
    strange = [name for name, value in identity.items() if said.get(name) != value]
    if strange:
        raise FerError(f"the checkpoint {path} is of a run with other {', '.join(strange)}; delete it or move it away")
    tensors = {key: torch.from_numpy(value) for key, value in _below(stored, "tensor/").items()}
    for name in _held(state):
        getattr(state, name).load_state_dict(_below(tensors, f"{name}/"))
    for name in NETWORKS:
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, f"adam/{name}/").items():
            number, _, what = key.partition("/")
            moments.setdefault(int(number), {})[what] = value
        optimiser = state.optimisers[name]
        # Laid out as the weights are: fused Adam insists on it.
        for each, mine in zip(optimiser.param_groups[0]["params"], moments.values(), strict=True):
            mine |= {name: torch.empty_like(each).copy_(value) for name, value in mine.items() if name != "step"}
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    state.random.set_state(tensors["random"])
    state.history.copy_(tensors["history"])
    state.grids.copy_(tensors["grids"])
    state.epoch = int(stored["epoch"])


def _held(state: Any) -> tuple[str, ...]:
    """The networks in a checkpoint: with the generator's running mean, where there is one."""
    return NETWORKS if state.shown is state.generator else (*NETWORKS, "shown")


def _below(entries: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in entries.items() if key.startswith(prefix)}
