"""The paper's numbers and the releases' are in the variants, and a wrong setting is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.clifer.settings import PROFILES, VARIANTS, GdmSettings, GwrSettings, Settings, gdm_settings


def test_the_paper_s_numbers() -> None:
    paper = gdm_settings("clifer_paper")
    assert (paper.episodic.activation, paper.episodic.habituation, paper.episodic.rate) == (0.4, 0.5, 0.2)
    assert (paper.semantic.activation, paper.semantic.habituation, paper.semantic.rate) == (0.2, 0.2, 0.02)
    assert paper.episodic.contexts == paper.semantic.contexts == 0
    assert paper.episodic.regulation == "none" and paper.semantic.regulation == "iris"
    assert not paper.episodic.faithful_quirks and not paper.imagination_replays


@pytest.mark.parametrize(
    ("variant", "thresholds", "rates", "contexts"),
    [
        ("gdm_core50", (0.3, 0.1, 0.001, 0.1), (0.5, 0.005), 2),
        ("gdm_iris", (0.95, 0.1, 0.9, 0.1), (0.2, 0.001), 1),
        ("clifer_code", (0.4, 0.5, 0.2, 0.2), (0.2, 0.001), 0),
    ],
)
def test_the_releases_numbers(variant: str, thresholds: tuple, rates: tuple, contexts: int) -> None:
    found = gdm_settings(variant)
    e, s = found.episodic, found.semantic
    assert (e.activation, e.habituation, s.activation, s.habituation) == thresholds
    assert (e.rate, e.neighbour_rate) == rates and e.contexts == s.contexts == contexts
    assert e.faithful_quirks and s.faithful_quirks
    assert (e.tau_winner, e.tau_neighbour, e.kappa, e.misclassified_factor) == (0.3, 0.1, 1.05, 0.01)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"regulation": "Iris"}, "Did you mean 'iris'?"),
        ({"distance": "norm"}, "norm_of_sum"),
        ({"max_nodes": "first"}, "samples of the first class"),
        ({"max_nodes": 1}, "at least 2"),
        ({"rate": 1.5}, "a number of at least 0 and of at most 1"),
        ({"contexts": -1}, "of at least 0"),
        ({"max_age": 0}, "at least 1"),
        ({"max_neighbours": 0}, "at least 1"),
        ({"actvation": 0.1}, "Did you mean 'activation'?"),
    ],
)
def test_refusals(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as made:
        GwrSettings().but(**wrong)
    assert made.value.exit_code == 2 and words in str(made.value)


def test_refusals_of_the_dual_memory() -> None:
    with pytest.raises(UsageError, match="epochs must be a whole number of at least 1"):
        gdm_settings("clifer_paper").but(epochs=0)
    with pytest.raises(UsageError, match="Did you mean 'episode'"):
        gdm_settings("clifer_paper").but(episodes=5)
    with pytest.raises(UsageError, match="Did you mean 'clifer_code'"):
        gdm_settings("clifer-code")


def test_one_person_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="people must be a whole number of at least 2"):
        Settings().but(people=1)


def test_quick_keeps_the_paper_s_memories_baseline_and_orders() -> None:
    quick, paper = PROFILES["quick"], PROFILES["paper"]
    assert (quick.memory, quick.mlp, quick.order_study) == (paper.memory, paper.mlp, paper.order_study)
    assert paper.people is None


def test_settings_are_frozen_and_can_key_a_unit() -> None:
    for found in VARIANTS.values():
        assert isinstance(found, GdmSettings) and hash(found) == hash(found.but())
        with pytest.raises(dataclasses.FrozenInstanceError):
            found.epochs = 3  # type: ignore[misc]
