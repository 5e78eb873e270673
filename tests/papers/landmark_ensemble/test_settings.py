"""The paper's numbers are the paper profile's, and what makes no sense is refused."""

from __future__ import annotations

import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.landmark_ensemble.settings import PROFILES, Augmentation, Settings, settings_for, wild_set


@pytest.mark.parametrize(
    ("dataset", "baseline", "landmarks", "both"),
    [("jaffe", 300, 100, 200), ("ck_plus", 400, 100, 300), ("sfew", 400, 200, 200), ("avatars_studio", 300, 100, 200)],
)
def test_the_paper_s_epochs(dataset: str, baseline: int, landmarks: int, both: int) -> None:
    settings = settings_for("paper", dataset)
    assert (settings.baseline_epochs, settings.landmark_epochs) == (baseline, landmarks)
    assert settings.head_epochs + settings.tune_epochs == both


def test_the_paper_s_training() -> None:
    paper = settings_for("paper")
    rates = (paper.baseline_rate, paper.landmark_rate, paper.head_rate, paper.tune_rate)
    assert rates == (1e-2, 1e-2, 1e-2, 1e-4)
    assert (paper.batch_size, paper.image_size, paper.detector_size, paper.filters) == (32, 160, 300, (16, 32, 64, 128))


def test_the_augmentation_s_settings_are_settings_too() -> None:
    changed = settings_for("paper").but(landmarks="detected", balance=True)
    assert changed.augmentation == Augmentation(landmarks="detected") and changed.balance
    assert settings_for("paper").augmentation.landmarks == "transformed"


def test_on_what_table_3_trains() -> None:
    assert wild_set("auto", "avatars_studio", "evening") == wild_set("avatars_wild", "jaffe", "quick") == "avatars_wild"
    for wild, dataset in (("auto", "jaffe"), ("auto", "avatars_wild"), ("none", "avatars_studio"), (None, "sfew")):
        assert wild_set(wild, dataset, "paper") is None
    assert wild_set("auto", "avatars_studio", "quick") is None


@pytest.mark.parametrize("profile", ["evening", "paper"])
@pytest.mark.parametrize("dataset", ["ck_plus", "jaffe", "sfew"])
def test_a_stand_in_trains_as_long_as_the_set_that_it_plays(dataset: str, profile: str) -> None:
    assert settings_for(profile, f"{dataset}:stand-in") == settings_for(profile, dataset)
    assert len({settings_for(profile, name) for name in ("ck_plus", "jaffe", "sfew")}) == 3


def test_the_notebook_s_parameters_are_settings() -> None:
    quick = settings_for("quick")
    knobs = {"classes": ["neutral", "fear"], "landmarks": "detected", "max_folds": None, "wild": "auto"}
    changed = quick.with_knobs(knobs)
    assert changed == quick.but(classes=("neutral", "fear"), landmarks="detected")
    assert quick.with_knobs({"classes": []}) == quick


def test_smaller_profiles_keep_the_method() -> None:
    for settings in PROFILES.values():
        for name in ("batch_size", "head_rate", "baseline_rate", "clahe_clip"):
            assert getattr(settings, name) == getattr(PROFILES["paper"], name)


def test_only_the_profiles_for_a_laptop_change_the_rates() -> None:
    rates = {name: (one.schedule, one.landmark_rate, one.tune_rate) for name, one in PROFILES.items()}
    assert rates["smoke"] == rates["paper"] == ("constant", 1e-2, 1e-4)
    assert rates["quick"] == rates["evening"] == ("one_cycle", 3e-3, 1e-2)


@pytest.mark.parametrize("dataset", ["avatars_studio", "ck_plus", "jaffe", "sfew"])
def test_baseline_learns_expressions_as_long_as_the_others_or_in_the_paper_as_long_as_all_stages(dataset: str) -> None:
    for profile in ("quick", "evening"):
        settings = settings_for(profile, dataset)
        assert settings.baseline_epochs == settings.head_epochs + settings.tune_epochs
    paper = settings_for("paper", dataset)
    assert paper.baseline_epochs == paper.landmark_epochs + paper.head_epochs + paper.tune_epochs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_size": 8}, "image_size must be a whole number of at least 16"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"tune_epochs": 1.5}, "tune_epochs must be a whole number"),
        ({"head_rate": "fast"}, "head_rate must be a number"),
        ({"batch_norm": "stord"}, "Did you mean 'stored'"),
        ({"head_activation": "tanh"}, "head_activation must be one of linear, relu"),
        ({"fold_rule": "random"}, "fold_rule must be one of every_tenth, blocks"),
        ({"aside_share": 1.0}, "aside_share must be a number of at least 0 and below 1"),
        ({"filters": ()}, "filters must name the width of each block"),
        ({"folds": 1}, "folds must be a whole number of at least 2"),
        ({"tune_epoch": 3}, "no setting 'tune_epoch'. Did you mean 'tune_epochs'"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings().but(**change)


def test_augmentation_refusals() -> None:
    with pytest.raises(UsageError, match="landmarks must be one of transformed, detected"):
        Augmentation(landmarks="drawn")
    with pytest.raises(UsageError, match="variants must be a whole number of at least 1"):
        Augmentation(variants=0)
    with pytest.raises(UsageError, match="profile must be one of"):
        settings_for("quickly")
