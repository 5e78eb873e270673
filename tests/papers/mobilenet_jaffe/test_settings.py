"""The paper's numbers are the defaults, and a wrong setting is refused before anything runs."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.mobilenet_jaffe.settings import (
    PROFILES,
    PROTOCOL_TITLES,
    PROTOCOLS,
    Augmentation,
    Settings,
    settings_for,
)
from fer_utils.preprocess import NORMALISATIONS


def test_the_paper_s_numbers() -> None:
    paper = settings_for("paper")
    assert 7 * paper.quota == 79_450
    assert (paper.learning_rate, paper.batch_size, paper.test_share) == (1e-3, 32, 0.10)
    assert (paper.normalisation, paper.trainable, paper.cropped) == ("raw", "head", False)
    assert (paper.image_size, paper.epochs) == (224, 20)


def test_profiles_differ_in_size_and_in_nothing_else() -> None:
    # Keras' own ImageNet weights come from a hub, so only the paper profile asks for them.
    sizes = {"image_size", "quota", "epochs", "weights"}
    for name in ("smoke", "quick"):
        profile, paper = dataclasses.asdict(PROFILES[name]), dataclasses.asdict(PROFILES["paper"])
        assert {key for key in paper if profile[key] != paper[key]} <= sizes
        assert profile["quota"] < paper["quota"]


def test_every_protocol_has_a_title_and_every_normalisation_is_known_to_preprocess() -> None:
    assert tuple(PROTOCOL_TITLES) == PROTOCOLS == ("A", "B", "C", "D")
    for mode in NORMALISATIONS:
        assert Settings(normalisation=mode).normalisation == mode


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"normalisation": "rawr"}, "Did you mean 'raw'?"),
        ({"normalisation": "[0,1]"}, "raw, 0-1, -1..1, per-image"),
        ({"trainable": "last-block"}, "Did you mean 'last_block'?"),
        ({"image_size": 31}, "at least 32"),
        ({"image_size": 0}, "above zero"),
        ({"quota": 0}, "above zero"),
        ({"quota": "many"}, "whole number"),
        ({"quota": 24.5}, "whole number"),
        ({"quota": 4}, "raise the quota"),
        ({"quota": 10, "test_share": 0.99}, "raise the quota"),
        ({"learning_rate": 0.0}, "above zero"),
        ({"learning_rate": -1e-3}, "above zero"),
        ({"learning_rate": "fast"}, "must be a number"),
        ({"batch_size": 0}, "above zero"),
        ({"batch_size": -32}, "above zero"),
        ({"epochs": 0}, "above zero"),
        ({"epochs": 1.5}, "whole number"),
        ({"test_share": 0.0}, "between 0 and 1"),
        ({"test_share": 1.0}, "between 0 and 1"),
        ({"test_share": 10}, "between 0 and 1"),
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
    base = settings_for("quick")
    before = dataclasses.asdict(base)
    changed = base.but(quota=1_600, trainable="all", augmentation=Augmentation(rotation=0))
    assert (changed.quota, changed.trainable, changed.augmentation.rotation) == (1_600, "all", 0)
    assert dataclasses.asdict(base) == before and settings_for("quick") is base
    assert base.but() == base and hash(base.but()) == hash(base) and changed != base


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().quota = 3  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Augmentation().seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(("typed", "meant"), [("quik", "quick"), ("papers", "paper")])
def test_an_unknown_profile(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as made:
        settings_for(typed)
    assert made.value.exit_code == 2 and f"Did you mean {meant!r}?" in str(made.value)
