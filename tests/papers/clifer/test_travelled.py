"""A study takes over a recorded evening's imagination models where they fit, and says so; else it trains."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fer_utils import datasets, travel
from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import travelled
from fer_utils.papers.clifer.settings import PARAMETERS, PROFILES, Settings
from fer_utils.papers.clifer.study import Study
from tests.papers.clifer.conftest import SETTINGS
from tests.reproduce.signed_folder import make_run, sign

SHORT = SETTINGS.but(imagination=SETTINGS.imagination.but(epochs=1, warm_up=0))


def mapper(unit: Any, calls: Any, stage: str) -> list[dict[str, Any]]:
    return [unit(**call) for call in calls]


def nobody_trains(*_: Any) -> list[dict[str, Any]]:
    raise AssertionError("this should have been taken over")


def a_study(faces: FaceSet, settings: Settings = SHORT, mapped: Any = mapper) -> Study:
    return Study(faces, settings, [0], mapped)


@pytest.fixture(scope="module")
def trained(drawn: FaceSet) -> Study:
    study = a_study(drawn)
    study.train(["sound"])
    return study


@pytest.fixture
def results(trained: Study, tmp_path: Path) -> Path:
    """Recorded results: an evening that left both folds' models."""
    folder = make_run(tmp_path, f"01_clifer/{datasets.filed_as(trained.raw)}-evening")
    for number, rows in enumerate(trained.training_rows("sound")):
        file = folder / "networks" / f"imagination_sound_{number}.safetensors"
        travel.leave(file, trained.models("sound")[number], travelled.trained_with(trained, rows))
    sign(folder)
    return tmp_path


@pytest.mark.parametrize("networks", ["recorded", "auto"])
def test_models_that_fit_are_taken_over(drawn: FaceSet, trained: Study, results: Path, networks: str) -> None:
    study = a_study(drawn, SHORT.but(networks=networks), nobody_trains)
    assert travelled.take_over(study, ["sound"], results) == (travelled.run_of(trained), "")
    study.train(["sound"])
    for mine, theirs in zip(study.models("sound"), trained.models("sound"), strict=True):
        assert set(mine) == set(theirs)
        for name, values in theirs.items():
            np.testing.assert_allclose(mine[name], values, atol=np.nanmax(np.abs(values)) / 250)


def test_who_trains_takes_nothing(drawn: FaceSet, results: Path) -> None:
    study = a_study(drawn, mapped=nobody_trains)
    assert travelled.take_over(study, ["sound"], results) == ("", "")
    with pytest.raises(AssertionError, match="taken over"):
        study.train(["sound"])


def other_pictures(faces: FaceSet) -> FaceSet:
    return faces.with_images(faces.images // 2)


def fewer_people(faces: FaceSet) -> FaceSet:
    return faces.select(faces.subjects != "p3")


@pytest.mark.parametrize(
    ("changed", "settings", "told"),
    [
        (other_pictures, {}, "another data"),
        (fewer_people, {}, "another data"),
        (None, {"margin": 0.3}, r"another cut\.margin \(0\.1, here 0\.3\)"),
        (None, {"imagination": SHORT.imagination.but(epochs=2)}, r"another settings\.epochs \(1, here 2\)"),
    ],
)
def test_models_of_something_else_are_refused(
    drawn: FaceSet, results: Path, changed: Any, settings: dict[str, Any], told: str
) -> None:
    faces = changed(drawn) if changed else drawn
    insists = a_study(faces, SHORT.but(networks="recorded", **settings))
    with pytest.raises(FerError, match=told):
        travelled.take_over(insists, ["sound"], results)
    asks = a_study(faces, SHORT.but(networks="auto", **settings))
    lender, why_not = travelled.take_over(asks, ["sound"], results)
    assert lender == "" and re.search(told, why_not) and asks.settings == SHORT.but(networks="auto", **settings)


def test_published_models_are_not_sound_ones(drawn: FaceSet, results: Path) -> None:
    study = a_study(drawn, SHORT.but(networks="recorded"))
    with pytest.raises(FerError, match="has left a network imagination_published_0"):
        travelled.take_over(study, ["published"], results)


def test_quick_asks_for_the_evening_s_training() -> None:
    quick, evening = PROFILES["quick"], PROFILES["evening"]
    assert quick.networks == "auto" and {PROFILES[name].networks for name in ("smoke", "evening", "paper")} == {"train"}
    assert travelled.as_in_the_evening(quick).imagination == evening.imagination
    assert quick.with_knobs({"epochs": 3}).networks == "train", "who names the training wants it"
    with pytest.raises(UsageError, match="brings its own training"):
        quick.with_knobs({"epochs": 3, "networks": "recorded"})
    longer = quick.but(imagination=quick.imagination.but(epochs=7))
    assert travelled.as_in_the_evening(longer) == longer


@pytest.mark.parametrize(
    ("profile", "dataset", "changed", "left"),
    [
        ("evening", "avatars_clips", {}, ["imagination_sound_0", "imagination_sound_1"]),
        ("evening", "avatars_clips", {"seeds": [1]}, []),
        ("quick", "avatars_clips", {}, []),
        ("evening", "cmu_faces", {}, []),
    ],
)
def test_only_the_evening_on_quick_s_data_leaves_models(
    drawn: FaceSet, trained: Study, profile: str, dataset: str, changed: dict[str, Any], left: list[str]
) -> None:
    assert PARAMETERS["dataset"].default == "avatars_clips"
    study = a_study(drawn)
    study.lend({"sound": trained.models("sound")})
    study.raw = replace(drawn, name=dataset)
    names: list[str] = []
    run = SimpleNamespace(
        profile=profile, changed=changed, network=lambda name, model, trained_with: names.append(name)
    )
    travelled.leave(study, ["sound"], run)
    assert names == left
