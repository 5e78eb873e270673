"""The planner counts each different call once and answers with zeros, so that the study goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_utils import store
from fer_utils.papers import planning
from fer_utils.papers.planning import Kind, Planner, size
from fer_utils.reproduce import dry_run
from fer_utils.reproduce.units import unit_key


def square(*, values: np.ndarray) -> dict[str, np.ndarray]:
    return {"squares": values**2}


KIND = Kind(
    square, "squares", work=lambda call: len(call["values"]),
    result=lambda call: {"squares": np.zeros(len(call["values"]))},
    probe=lambda call: {"values": call["values"][:2]}, memory=lambda call: 1000.0,
)  # fmt: skip


def test_a_call_is_counted_once_however_often_it_is_asked_for() -> None:
    planner = Planner([KIND], key=lambda unit, call: str(call["values"]))
    short, long = {"values": np.ones(3)}, {"values": np.ones(5)}
    first = planner(square, [short, long], "squaring")
    assert [answer["squares"].shape for answer in first] == [(3,), (5,)]
    assert planner(square, [short], "again")[0] is first[0]
    asked = planner.asked[square]
    assert (asked.work, asked.example) == ([3, 5], long)
    assert asked.stored == 8 * 8 and asked.memory == 8 * 5 * 2 + 1000 and len(asked.names) == 2


def test_variants_of_a_kind_are_told_apart() -> None:
    kind = replace(KIND, variant=lambda call: "long" if len(call["values"]) > 3 else "short")
    planner = Planner([kind], key=lambda unit, call: str(call["values"]))
    planner(square, [{"values": np.ones(count)} for count in (2, 3, 5)], "squaring")
    assert planner.asked[square].work == [2, 3, 5]
    assert {name: each.work for (_, name), each in planner.variants.items()} == {"short": [2, 3], "long": [5]}


def test_a_shared_array_is_read_once_and_names_are_those_of_stored_units(monkeypatch: pytest.MonkeyPatch) -> None:
    read, content = [], store.content
    monkeypatch.setattr(planning.store, "content", lambda value: (read.append(value), content(value))[1])
    kind = replace(KIND, result=lambda call: {"squares": np.zeros(3)}, work=lambda call: 1.0)
    planner, shared = Planner([kind], unit_key), np.arange(6.0).reshape(2, 3)[:, ::2]
    calls = [{"values": shared, "rows": [np.arange(2)], "number": number} for number in range(4)]
    planner(square, calls, "squaring")
    planner(square, [{**calls[0], "values": shared.copy()}, {**calls[0], "values": shared.astype(int)}], "once more")
    assert sum(value is shared for value in read) == 1
    assert planner.asked[square].names[:4] == [unit_key(square, call) for call in calls]
    # An equal array is the same call, one of another type is another.
    assert len(planner.asked[square].names) == 5


def test_a_unit_that_no_estimate_knows_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        Planner([], key=lambda unit, call: "")(square, [{"values": np.ones(1)}], "squaring")


def test_arrays_are_counted_wherever_they_are() -> None:
    assert size({"a": [np.zeros(2), (np.zeros(3, np.uint8),)], "b": {"c": np.zeros(1)}, "d": "text"}) == 16 + 3 + 8


def test_one_small_unit_is_timed_after_another_to_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    planner = Planner([KIND], key=lambda unit, call: "x")
    planner(square, [{"values": np.ones(10)}], "squaring")
    ticks = iter([10.0, 13.0])
    monkeypatch.setattr(dry_run.time, "perf_counter", lambda: next(ticks))
    assert dry_run.seconds_per_work(planner.asked[square]) == 1.5
