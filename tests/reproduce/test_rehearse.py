"""A rehearsal runs each kind of unit, watched, in a process of its own; kills it once and lets it go on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fer_utils.errors import FerError, UsageError
from fer_utils.papers.planning import Kind, Piece, Planner
from fer_utils.reproduce import cards, rehearse
from fer_utils.reproduce.rehearsed import counter, look, peak
from fer_utils.reproduce.units import unit_key
from tests.reproduce.toy_trainings import counts_up, fails, killed, multiplies


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kind(unit: Any, shape: tuple[int, ...] = (3,), saves: str = "toys", **more: Any) -> Kind:
    return Kind(
        unit, "toy", work=lambda call: call["steps"], result=lambda call: {"total": np.zeros(shape)},
        probe=lambda call: {**call, "steps": 1}, rehearsal=lambda call: {**call, "steps": 4}, saves=saves, **more,
    )  # fmt: skip


def rehearsed(toy: Kind, minutes: float = 60, **call: Any) -> rehearse.Rehearsed:
    planner = Planner([toy], unit_key)
    planner(toy.unit, [{"steps": 10, **call}, {"steps": 30, **call}], "toys")
    (asked,) = planner.asked.values()
    return rehearse._rehearse(asked, "", time.monotonic() + minutes * 60)


def test_a_killed_unit_goes_on_to_the_same_bits(own_cache: Path) -> None:
    held = np.ones(600_000_000 // 8)
    found = rehearsed(kind(counts_up))
    assert found.resumed is True and found.count == 2 and found.stored == 0
    assert found.scale == (10 + 30) / 4
    assert found.seen is not None and found.seen.arrays == {"total": ((3,), "float64")} and found.seen.memory > 50e6
    # Its own memory, not that of the process that started it.
    assert found.seen.memory < held.nbytes < peak()
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


def test_operations_and_launches_are_counted() -> None:
    few, more = (look(multiplies.__module__, "multiplies", {"steps": steps}, {}, "") for steps in (2, 7))
    assert (few.operations, more.operations) == (2 * 2 * 20 * 30 * 30, 7 * 2 * 20 * 30 * 30)
    # Two matrices of ones and a product a step.
    assert more.launches - few.launches == 5 * 3 and few.arrays == {"product": ((20, 30), "float32")}


@pytest.mark.parametrize("groups", [1, 5, 50])
def test_a_grouped_convolution_costs_what_its_groups_cost(groups: int) -> None:
    pictures = torch.zeros(8, 4 * groups, 16, 16, device="meta", requires_grad=True)
    kernels = torch.zeros(6 * groups, 4, 3, 3, device="meta", requires_grad=True)
    with counter() as seen:
        torch.nn.functional.conv2d(pictures, kernels, padding=1, groups=groups).sum().backward()
    forward = 2 * groups * 8 * 16 * 16 * 6 * 4 * 3 * 3
    assert seen.operations == 3 * forward


@pytest.mark.parametrize("before", [False, True])
def test_what_is_counted_does_not_depend_on_what_the_process_did_before(before: bool) -> None:
    torch, hooks = pytest.importorskip("torch"), pytest.importorskip("torch.optim.optimizer")
    watched = len(hooks._global_optimizer_pre_hooks)
    torch.use_deterministic_algorithms(before, warn_only=True)
    picture = torch.ones(1, 1, 4, 4, requires_grad=True, device="meta")
    with counter() as seen:
        # One kernel, or many where each bit must repeat.
        torch.nn.functional.interpolate(picture, scale_factor=2, mode="bilinear").sum().backward()
    assert seen.launches > 20
    assert len(hooks._global_optimizer_pre_hooks) == watched, "an optimiser's step is watched only while it is counted"


def test_the_longer_of_computing_and_launching_counts() -> None:
    card = cards.Card("X9", 1e12)
    assert cards.seconds(card, 2e12, 1_000) == pytest.approx(2 / cards.SHARE)
    assert cards.seconds(card, 1e6, 1_000) == pytest.approx(1_000 * cards.LAUNCH_S)
    assert cards.seconds(card, 1e6, 1_000, captured=True) == pytest.approx(1_000 * cards.CAPTURED_S)
    assert cards.seconds(card, 2e12, 1_000, share=cards.SHARE / 2) == pytest.approx(4 / cards.SHARE)
    # What torch has no part in takes no card's time.
    assert cards.seconds(card, 0, 5) == 0


def test_what_does_not_end_in_time_is_counted_on_paper(own_cache: Path) -> None:
    toy = kind(multiplies, pieces=lambda call: [Piece(lambda: multiplies(steps=1), call["steps"])])
    planner = Planner([toy], unit_key)
    planner(toy.unit, [{"steps": 10}, {"steps": 30}], "toys")
    (asked,) = planner.asked.values()
    with pytest.raises(TimeoutError):
        rehearse._rehearse(asked, "", time.monotonic())
    row = rehearse._on_paper(asked, "late")
    assert row.operations == (10 + 30) * 2 * 20 * 30 * 30 and row.seen is None and row.title == "toy, late"
    (line,) = rehearse.table_of([row]).to_dict("records")
    assert (
        line["rehearsed"] == "no" and line["count"] == 2 and np.isnan(line["seconds"]) and np.isnan(line["hours here"])
    )


@pytest.mark.parametrize(("text", "minutes"), [(None, 15), ("0.5", 0.5)])
def test_how_long_a_rehearsal_may_take(monkeypatch: pytest.MonkeyPatch, text: str | None, minutes: float) -> None:
    monkeypatch.delenv(rehearse.MINUTES, raising=False)
    if text:
        monkeypatch.setenv(rehearse.MINUTES, text)
    assert rehearse.minutes() == minutes
    monkeypatch.setenv(rehearse.MINUTES, "long")
    with pytest.raises(UsageError, match="must be a number of minutes, not 'long'"):
        rehearse.minutes()
