"""The dry run's table: what it lists, and that its sums follow from the probes."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from fer_utils.errors import UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe import estimate as room
from fer_utils.papers.mobilenet_jaffe.estimate import estimate as of_parameters
from fer_utils.papers.mobilenet_jaffe.protocol import make_plan
from fer_utils.papers.mobilenet_jaffe.settings import PROTOCOLS, settings_for

UNITS = ["backbone features", *(f"heads, protocol {name}" for name in PROTOCOLS), "leak audit"]


def estimate(faces: FaceSet, profile: str, seeds: list[int], **knobs: object) -> pd.DataFrame:
    """The table for a face set that is not in the registry."""
    defaults = {"quota": None, "epochs": None, "weights": None, "tune": [], "tune_epochs": 3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.datasets, "load", lambda name: faces)
        return of_parameters({**defaults, "dataset": "drawn", "profile": profile, "seeds": seeds, **knobs})


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 images and 1,000 batches a second."""
    monkeypatch.setattr(room, "probe_backbone", lambda settings: 100.0)
    monkeypatch.setattr(room, "probe_heads", lambda settings, n_classes: 1_000.0)


@pytest.mark.usefixtures("probed")
def test_rows_and_sums(drawn: FaceSet) -> None:
    table = estimate(drawn, "smoke", [0]).set_index("unit")
    assert list(table.index) == UNITS
    pool = make_plan(drawn, settings_for("smoke"), PROTOCOLS, [0]).pool
    features = table.loc["backbone features"]
    # Four normalisations and the crop.
    assert features["count"] == 5
    assert math.isclose(features["seconds"], 5 * len(pool) / 100)
    # The notebook holds all five at once.
    assert math.isclose(features["memory MB"], 5 * len(pool) * 1_280 * 4 / 1e6)
    assert math.isclose(features["disk MB"], 5 * len(pool) * 1_280 * 4 / 1e6)
    # Twelve people: twelve heads, two epochs of three batches (3 classes x 22 images) each, with their inner folds.
    loso = table.loc["heads, protocol C"]
    assert loso["count"] == 2 and "12 heads, 72 batches of 32" in loso["work"]
    assert math.isclose(loso["seconds"], 2 * 72 / 1_000)
    # A has one head; its base, its inner fold and seven more conditions.
    published = table.loc["heads, protocol A"]
    assert published["count"] == 9 and math.isclose(published["seconds"], 9 * 6 / 1_000)
    assert (table.loc["heads, protocol B", "count"], table.loc["heads, protocol D", "count"]) == (2, 9)


@pytest.mark.usefixtures("probed")
def test_more_seeds_and_larger_profiles_cost_more(drawn: FaceSet) -> None:
    one, three = (estimate(drawn, "smoke", seeds).set_index("unit") for seeds in ([0], [0, 1, 2]))
    for name in PROTOCOLS:
        unit = f"heads, protocol {name}"
        assert math.isclose(three.loc[unit, "seconds"], 3 * one.loc[unit, "seconds"])
    assert three["seconds"].sum() > one["seconds"].sum()
    quick = estimate(drawn, "quick", [0]).set_index("unit")
    assert (quick["seconds"] >= one["seconds"]).all()
    assert quick.loc["backbone features", "seconds"] > 2 * one.loc["backbone features", "seconds"]


@pytest.mark.usefixtures("probed")
def test_the_paper_s_size_is_stated_before_it_starts(jaffe_names: FaceSet) -> None:
    table = estimate(jaffe_names, "paper", [0]).set_index("unit")
    # 79,450 x 1280 float32 are 407 MB; the folds' deeper pool holds some more.
    assert 407 < table.loc["backbone features", "memory MB"] / 5 < 520


@pytest.mark.usefixtures("probed")
def test_the_notebook_s_knobs_count(drawn: FaceSet) -> None:
    base, longer, tuned = (
        estimate(drawn, "smoke", [0], **knobs).set_index("unit")
        for knobs in ({}, {"epochs": 4}, {"tune": ["last_block", "all"], "tune_epochs": 2})
    )
    unit = "heads, protocol B"
    assert math.isclose(longer.loc[unit, "seconds"], 2 * base.loc[unit, "seconds"])
    assert tuned.loc["tuning all", "seconds"] > tuned.loc["tuning last_block", "seconds"] > 0


def test_the_probes_measure(drawn: FaceSet) -> None:
    table = estimate(drawn, "smoke", [0])
    for cost in ("seconds", "memory MB"):
        assert (table[cost] > 0).all() and table[cost].map(math.isfinite).all()
    assert (table["disk MB"] >= 0).all() and (table["count"] > 0).all()


def test_an_unknown_profile(drawn: FaceSet) -> None:
    with pytest.raises(UsageError, match="Did you mean 'smoke'"):
        estimate(drawn, "smok", [0])
