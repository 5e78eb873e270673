"""FER-2013 made small: the official counts, and a csv that has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_utils.datasets import fer2013
from tests.layouts import write_fer2013_csv

SMALL = {"Training": (3, 1, 2, 4, 2, 2, 3), "PublicTest": (1, 0, 1, 2, 1, 1, 1), "PrivateTest": (1, 1, 1, 1, 1, 1, 1)}
TOTAL = 31


@pytest.fixture(autouse=True)
def small_counts(monkeypatch):
    monkeypatch.setattr(fer2013, "OFFICIAL", SMALL)


@pytest.fixture
def folder(own_root) -> Path:
    return own_root / "fer2013"


@pytest.fixture
def rows(folder) -> list[tuple[int, str]]:
    return write_fer2013_csv(folder)
