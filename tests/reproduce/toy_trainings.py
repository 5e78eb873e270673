"""Units for the tests of rehearsals. What they need is imported in every process that runs one, so it is little."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.saving import Clock
from fer_utils.stored import read_sealed, write_sealed


def counts_up(*, steps: int, forgets: bool = False, keeps: bool = False, silent: bool = False) -> dict[str, Any]:
    """A training that adds a random number a step, and saves."""
    path = Path(os.environ["FER_CACHE"]) / "toys" / "state.npz"
    stored = read_sealed(path) or {"done": np.array(0), "total": np.zeros(3)}
    done, total, clock = int(stored["done"]), stored["total"], Clock()
    if forgets:
        total = np.zeros(3)
    for step in range(done, steps):
        total = total + np.random.default_rng(step).random(3)
        if clock.due() and not silent:
            write_sealed(path, {"done": np.array(step + 1), "total": total})
    if not keeps:
        path.unlink(missing_ok=True)
    return {"total": total}


def fails(*, steps: int) -> dict[str, Any]:
    raise ValueError("no such luck")


def killed(*, steps: int) -> dict[str, Any]:
    os.kill(os.getpid(), 9)
    return {}


def multiplies(*, steps: int) -> dict[str, Any]:
    torch = importlib.import_module("torch")
    product = torch.ones(20, 30)
    for _ in range(steps):
        product = torch.ones(20, 30) @ torch.ones(30, 30)
    return {"product": product.numpy()}
