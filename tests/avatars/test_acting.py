"""Acting: the action units of Du, Tao & Martinez, with people and takes that differ."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.avatars.acting import (
    PROTOTYPES,
    SHAPES,
    STRAY_UNITS,
    draw_manner,
    perform,
    scale,
)
from fer_utils.datasets.avatar_shoots import ACTION_UNITS, CLASSES


def performances(label: str, count: int, intensity: float = 1.0):
    manner = draw_manner(np.random.default_rng(3))
    return [perform(label, intensity, manner, np.random.default_rng(seed)) for seed in range(count)]


def test_every_unit_that_is_named_can_be_shown():
    named = set(STRAY_UNITS)
    for prototype in PROTOTYPES.values():
        named |= set(prototype.always) | set(prototype.some)
    assert named <= set(ACTION_UNITS) == set(SHAPES)
    assert set(PROTOTYPES) == set(CLASSES)


@pytest.mark.parametrize(
    ("label", "units"),
    [
        ("happiness", {12, 25}),
        ("sadness", {4, 15}),
        ("fear", {1, 4, 20, 25}),
        ("anger", {4, 7, 24}),
        ("surprise", {1, 2, 25, 26}),
        ("disgust", {9, 10, 17}),
    ],
)
def test_the_units_nearly_everybody_shows_are_those_of_the_paper(label, units):
    assert set(PROTOTYPES[label].always) == units


@pytest.mark.parametrize("label", [name for name in CLASSES if name != "neutral"])
def test_the_unit_that_makes_an_emotion_is_never_left_out(label):
    strongest = max(PROTOTYPES[label].always, key=PROTOTYPES[label].always.get)
    assert all(shown.units[strongest] > 0.3 for shown in performances(label, 40))


def test_takes_of_one_person_differ_in_their_units():
    patterns = {tuple(level > 0 for level in shown.units.values()) for shown in performances("fear", 40)}
    assert len(patterns) > 5


def test_people_differ_in_the_optional_units_they_use():
    manners = [draw_manner(np.random.default_rng(seed)) for seed in range(200)]
    share = np.mean([6 in manner.optional["happiness"] for manner in manners])
    assert share == pytest.approx(0.51, abs=0.12)


def test_intensities_stay_between_0_and_1_and_grow_with_the_emotion():
    weak, strong = performances("anger", 40, 0.4), performances("anger", 40, 1.0)
    levels = np.array([[shown.units[4] for shown in takes] for takes in (weak, strong)])
    assert levels.min() >= 0 and levels.max() <= 1
    assert levels[0].mean() < 0.6 * levels[1].mean()


def test_contempt_is_shown_on_one_side():
    for shown in performances("contempt", 20):
        left, right = shown.shapes["mouthDimple_L"], shown.shapes["mouthDimple_R"]
        assert max(left, right) > 5 * min(left, right)


def test_neutral_faces_are_still_but_for_stray_movements():
    moved = [sum(level > 0 for level in shown.units.values()) for shown in performances("neutral", 60)]
    assert np.mean(moved) < 1.2 and max(moved) > 0


def test_the_same_stream_gives_the_same_performance():
    first, again = performances("disgust", 1)[0], performances("disgust", 1)[0]
    assert first == again


def test_a_frame_of_a_clip_shows_a_share_of_everything():
    full = performances("surprise", 1)[0]
    half = scale(full, 0.5)
    assert half.units == {unit: level / 2 for unit, level in full.units.items()}
    assert half.shapes == {name: weight / 2 for name, weight in full.shapes.items()}
