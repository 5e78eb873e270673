"""Everything a training run needs to go on to the same bits, in one ``.safetensors`` file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fer_utils.errors import FerError
from fer_utils.files import whole_file

NETWORKS = ("generator", "discriminator")


def save_state(path: Path, state: Any, identity: Mapping[str, str]) -> None:
    """Write weights, Adam's moments, the random state, the history and the grids.

    Args:
        path: the file; written whole or not at all.
        state: of :func:`fer_utils.gans.train.train`.
        identity: what must be the same for a run to go on from this file.
    """
    tensors = {"random": state.random.get_state(), "history": state.history, "grids": state.grids}
    for name in NETWORKS:
        tensors |= {f"{name}/{key}": value for key, value in getattr(state, name).state_dict().items()}
        for number, moments in state.optimisers[name].state_dict()["state"].items():
            tensors |= {f"adam/{name}/{number}/{key}": value for key, value in moments.items()}
    # Copies, because safetensors takes dense row-major tensors only, and channels-last ones are not.
    flat = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    with whole_file(path) as temporary:
        save_file(flat, temporary, metadata={**identity, "epoch": str(state.epoch)})


def load_state(path: Path, state: Any, identity: Mapping[str, str]) -> None:
    """Put what :func:`save_state` wrote back into ``state``.

    Raises:
        FerError: the file is damaged, or belongs to another run.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 (not a dictionary)
    except (SafetensorError, OSError) as error:
        raise FerError(f"the checkpoint {path} cannot be read ({error}); delete it to start afresh") from error
    strange = [name for name, value in identity.items() if metadata.get(name) != value]
    if strange:
        raise FerError(f"the checkpoint {path} is of a run with other {', '.join(strange)}; delete it or move it away")
    for name in NETWORKS:
        getattr(state, name).load_state_dict(_below(tensors, f"{name}/"))
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, f"adam/{name}/").items():
            number, _, what = key.partition("/")
            moments.setdefault(int(number), {})[what] = value
        optimiser = state.optimisers[name]
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    state.random.set_state(tensors["random"])
    state.history.copy_(tensors["history"])
    state.grids.copy_(tensors["grids"])
    state.epoch = int(metadata["epoch"])


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
