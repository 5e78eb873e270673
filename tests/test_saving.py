"""A training saves by the clock."""

from __future__ import annotations

import pytest

from fer_utils import saving


def test_it_is_due_when_the_time_has_passed_and_then_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(saving.time, "monotonic", lambda: now[0])
    monkeypatch.delenv(saving.EVERY, raising=False)
    clock = saving.Clock()
    assert not clock.due()
    now[0] += saving.EVERY_S
    assert clock.due() and not clock.due()


def test_another_number_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(saving.EVERY, "0")
    clock = saving.Clock()
    assert clock.due() and clock.due()
