"""The dry run's table: what it lists, and that its sums follow from the probe."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from fer_utils.errors import UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble import estimate as room
from fer_utils.papers.landmark_ensemble.estimate import estimate as of_parameters
from fer_utils.papers.landmark_ensemble.settings import settings_for

KNOBS = (
    "image_size",
    "max_folds",
    "batch_norm",
    "head_activation",
    "fold_rule",
    "classes",
    "wild",
    "balance",
    "landmarks",
)


def estimate(faces: FaceSet, profile: str, seeds: list[int], **knobs: object) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.datasets, "load", lambda name: faces)
        parameters = dict.fromkeys(KNOBS) | {"dataset": "drawn", "profile": profile, "seeds": seeds} | knobs
        return of_parameters(parameters).set_index("unit")


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten training steps a second."""
    monkeypatch.setattr(room, "probe", lambda settings, together: 10.0)


@pytest.mark.usefixtures("probed")
def test_rows_and_sums(drawn: FaceSet) -> None:
    table = estimate(drawn, "smoke", [0])
    assert list(table.index) == [
        "faces and landmarks", "augmentation", "training Baseline", "training FTL", "training EL",
    ]  # fmt: skip
    # One fold of three, two classes: 4 people train, one of them set aside: 12 faces, one batch an epoch, five
    # networks; one look at 8 + 4 faces by five networks is a third of 60/32 steps.
    seconds = (5 * 1 * 1 + 60 / 32 / 3) / 10
    assert math.isclose(table.loc["training Baseline", "seconds"], seconds)
    assert table.loc["training EL", "seconds"] > table.loc["training Baseline", "seconds"]
    assert (table[["seconds", "memory MB", "disk MB"]] > 0).all(axis=None)


@pytest.mark.usefixtures("probed")
def test_more_seeds_folds_and_profiles_cost_more(drawn: FaceSet) -> None:
    smoke, seeds, folds, paper = (
        estimate(drawn, *arguments)["seconds"].sum()
        for arguments in (("smoke", [0]), ("smoke", [0, 1]), ("quick", [0]), ("paper", [0]))
    )
    assert smoke < seeds < folds < paper
    settings = settings_for("paper")
    # Six people are left out one by one, published and sound.
    assert estimate(drawn, "paper", [0]).loc["training EL", "count"] == 2 * 6
    assert settings.baseline_epochs == 300


@pytest.mark.usefixtures("probed")
def test_cross_data_is_listed(drawn: FaceSet) -> None:
    table = estimate(drawn, "smoke", [0], wild="drawn")
    assert [name for name in table.index if "cross" in name] == [
        "training Baseline, cross-data", "training FTL, cross-data", "training EL, cross-data",
    ]  # fmt: skip


def test_the_probe_measures() -> None:
    assert math.isfinite(room.probe(settings_for("smoke"), 2)) and room.probe(settings_for("smoke"), 1) > 0


def test_an_unknown_profile(drawn: FaceSet) -> None:
    with pytest.raises(UsageError, match="Did you mean 'smoke'"):
        estimate(drawn, "smok", [0])
