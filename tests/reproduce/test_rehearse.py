"""A rehearsal runs each kind of unit, watched, in a process of its own; kills it once and lets it go on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fer_utils.errors import FerError
from fer_utils.papers.planning import Kind, Planner
from fer_utils.reproduce import cards, rehearse
from fer_utils.reproduce.rehearsed import look, peak
from fer_utils.reproduce.units import unit_key
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
    product = torch.ones(20, 30)
    for _ in range(steps):
        product = torch.ones(20, 30) @ torch.ones(30, 30)
    return {"product": product.numpy()}


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kind(unit: Any, shape: tuple[int, ...] = (3,), saves: str = "toys", **more: Any) -> Kind:
    return Kind(
        unit, "toy", work=lambda call: call["steps"], result=lambda call: {"total": np.zeros(shape)},
        probe=lambda call: {**call, "steps": 1}, rehearsal=lambda call: {**call, "steps": 4}, saves=saves,
    )  # fmt: skip


def rehearsed(toy: Kind, **call: Any) -> rehearse.Rehearsed:
    planner = Planner([toy], unit_key)
    planner(toy.unit, [{"steps": 10, **call}, {"steps": 30, **call}], "toys")
    (asked,) = planner.asked.values()
    return rehearse._rehearse(asked, "")


def test_a_killed_unit_goes_on_to_the_same_bits(own_cache: Path) -> None:
    found = rehearsed(kind(counts_up))
    assert found.resumed is True and found.count == 2 and found.stored == 0
    assert found.scale == (10 + 30) / 4
    assert found.seen.arrays == {"total": ((3,), "float64")} and found.seen.memory > 50e6
    assert not list(own_cache.glob("rehearsal-*")), "nothing is left"


def test_one_that_forgets_is_found_out(own_cache: Path) -> None:
    assert rehearsed(kind(counts_up), forgets=True).resumed is False


@pytest.mark.parametrize(
    ("toy", "call", "message"),
    [
        (kind(counts_up), {"silent": True}, "should save on its way, and did not"),
        (kind(counts_up), {"keeps": True}, "a finished one none"),
        (kind(counts_up, shape=(4,)), {}, r"planned as \(\(4,\), 'float64'\), and came as \(\(3,\), 'float64'\)"),
        (kind(fails), {}, "toy failed: ValueError: no such luck"),
        (kind(killed), {}, "most likely for want of memory"),
    ],
    ids=["never saves", "leaves its state", "other shape", "an error", "killed"],
)
def test_what_does_not_pass_is_said(own_cache: Path, toy: Kind, call: dict[str, Any], message: str) -> None:
    with pytest.raises(FerError, match=message):
        rehearsed(toy, **call)


def test_memory_is_the_process_own(own_cache: Path) -> None:
    held = np.ones(600_000_000 // 8)
    assert peak() > held.nbytes
    assert rehearsed(kind(counts_up)).seen.memory < held.nbytes


def test_operations_and_launches_are_counted() -> None:
    few, more = (look(__name__, "multiplies", {"steps": steps}, {}, "") for steps in (2, 7))
    assert (few.operations, more.operations) == (2 * 2 * 20 * 30 * 30, 7 * 2 * 20 * 30 * 30)
    # Two matrices of ones and a product a step.
    assert more.launches - few.launches == 5 * 3 and few.arrays == {"product": ((20, 30), "float32")}


def test_the_longer_of_computing_and_launching_counts() -> None:
    card = cards.Card("X9", 1e12)
    assert cards.seconds(card, 2e12, 1_000) == pytest.approx(2 / cards.SHARE)
    assert cards.seconds(card, 1e6, 1_000) == pytest.approx(1_000 * cards.LAUNCH_S)
    # What torch has no part in takes no card's time.
    assert cards.seconds(card, 0, 5) == 0
