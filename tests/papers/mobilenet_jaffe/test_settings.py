"""The paper's numbers are the defaults, and a wrong setting is refused before anything runs."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.mobilenet_jaffe.settings import (
    PARAMETERS,
    PROFILES,
    SPLIT_TITLES,
    SPLITS,
    Augmentation,
    Settings,
)
from fer_utils.preprocess import NORMALISATIONS


def test_the_paper_s_numbers() -> None:
    paper = PROFILES["paper"]
    assert 7 * paper.quota == 79_450
    assert (paper.learning_rate, paper.batch_size, paper.test_share) == (1e-3, 32, 0.10)
    assert (paper.normalisation, paper.trainable, paper.cropped) == ("raw", "head", False)
    assert (paper.image_size, paper.epochs) == (224, 20)


def test_profiles_differ_in_size_and_in_nothing_else() -> None:
    # Keras' own ImageNet weights come from a hub, so only the paper profile asks for them.
    sizes = {"image_size", "quota", "compared_quota", "epochs", "weights"}
    for name in ("smoke", "quick", "evening"):
        profile, paper = dataclasses.asdict(PROFILES[name]), dataclasses.asdict(PROFILES["paper"])
        assert {key for key in paper if profile[key] != paper[key]} <= sizes
        assert profile["quota"] <= paper["quota"]


def test_every_split_has_a_title_and_every_normalisation_is_known_to_preprocess() -> None:
    assert tuple(SPLIT_TITLES) == SPLITS == ("A", "B", "C", "D")
    for mode in NORMALISATIONS:
        assert Settings(normalisation=mode).normalisation == mode


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"normalisation": "rawr"}, "Did you mean 'raw'?"),
        ({"normalisation": "[0,1]"}, "raw, 0-1, -1..1, per-image"),
        ({"trainable": "last-block"}, "Did you mean 'last_block'?"),
        ({"image_size": 31}, "of at least 32"),
        ({"image_size": 0}, "of at least 32"),
        ({"quota": 0}, "of at least 1"),
        ({"quota": "many"}, "whole number"),
        ({"quota": 24.5}, "whole number"),
        ({"quota": 4}, "raise the quota"),
        ({"quota": 10, "test_share": 0.99}, "raise the quota"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": -1e-3}, "above 0"),
        ({"learning_rate": "fast"}, "must be a number above 0, not 'fast'"),
        ({"batch_size": 0}, "of at least 1"),
        ({"batch_size": -32}, "of at least 1"),
        ({"epochs": 0}, "of at least 1"),
        ({"epochs": 1.5}, "whole number"),
        ({"test_share": 0.0}, "above 0 and below 1"),
        ({"test_share": 1.0}, "above 0 and below 1"),
        ({"test_share": 10}, "above 0 and below 1"),
    ],
)
def test_refusals(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as made:
        Settings(**wrong)
    assert made.value.exit_code == 2 and words in str(made.value)
    with pytest.raises(UsageError, match=re.escape(str(made.value))):
        Settings().but(**wrong)


def test_five_images_a_class_are_the_fewest_that_leave_one_to_test_on() -> None:
    assert Settings(quota=5).quota == 5


@pytest.mark.parametrize(("typed", "meant"), [("quotas", "quota"), ("learningrate", "learning_rate")])
def test_but_refuses_a_name_it_does_not_know(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as made:
        Settings().but(**{typed: 1})
    assert made.value.exit_code == 2
    assert f"no setting {typed!r}" in str(made.value) and f"Did you mean {meant!r}?" in str(made.value)


def test_but_gives_a_copy_and_leaves_the_original() -> None:
    base = PROFILES["quick"]
    before = dataclasses.asdict(base)
    changed = base.but(quota=1_600, trainable="all", augmentation=Augmentation(rotation=0))
    assert (changed.quota, changed.trainable, changed.augmentation.rotation) == (1_600, "all", 0)
    assert dataclasses.asdict(base) == before and PROFILES["quick"] is base
    assert base.but() == base and hash(base.but()) == hash(base) and changed != base


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().quota = 3  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Augmentation().seed = 3  # type: ignore[misc]


def test_every_value_says_where_it_comes_from() -> None:
    table = PROFILES["paper"].table().set_index("setting")
    assert len(table) == 11 + 5 and table["source"].str.len().gt(0).all()
    assert table.loc["batch_size", "source"] == "Section 4.1" and table.loc["augmentation.rotation", "value"] == "15.0"


def test_the_notebook_s_parameters_change_the_settings() -> None:
    knobs = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert PROFILES["quick"].with_knobs(knobs) == PROFILES["quick"]
    changed = PROFILES["quick"].with_knobs({**knobs, "quota": 50, "epochs": 7, "weights": "none", "seeds": [5]})
    assert changed == PROFILES["quick"].but(quota=50, epochs=7, weights="none")
