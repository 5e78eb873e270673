"""The call sheets: how many, who, and that adding a picture would change no other."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from fer_utils.avatars.shoots import ANGLES, CLIP_PHASES, GAZES, SHOOTS, cast, stream
from fer_utils.datasets.avatar_shoots import CLASSES


@cache
def sheet(name):
    """A shoot's call sheet; nobody changes it."""
    return list(SHOOTS[name]())


@pytest.mark.parametrize(
    ("shoot", "pictures", "people"),
    [("studio", 24 * 8 * 3, 24), ("views", 10 * 8 * 5, 10), ("clips", 10 * 6 * 2 * 7, 10),
     ("takes", 24 * 7 * 4, 24), ("wild", 440, 110), ("crowd", 240, 240)],
)  # fmt: skip
def test_each_shoot_has_its_pictures_and_people(shoot, pictures, people):
    taken = sheet(shoot)
    assert len(taken) == pictures == len({picture.name for picture in taken})
    assert len({picture.shot.person.name for picture in taken}) == people


def test_only_views_and_takes_share_people_with_the_studio():
    people = {name: {picture.shot.person.name for picture in sheet(name)} for name in SHOOTS}
    assert people.pop("views") < people["studio"] == people.pop("takes")
    everybody = [person for names in people.values() for person in names]
    assert len(everybody) == len(set(everybody)) == 24 + 10 + 110 + 240


def test_the_studio_takes_every_person_and_expression_with_every_gaze():
    found = Counter((picture.shot.person.name, picture.label, picture.gaze) for picture in sheet("studio"))
    assert set(found.values()) == {1} and len(found) == 24 * len(CLASSES) * len(GAZES)


def test_eyes_look_to_the_side_that_the_gaze_names():
    yaws = {gaze: [p.shot.pose.gaze_yaw for p in sheet("studio") if p.gaze == gaze] for gaze in GAZES}
    assert max(yaws["left"]) < -10 < min(yaws["frontal"]) and max(yaws["frontal"]) < 10 < min(yaws["right"])


def test_five_cameras_see_one_moment():
    moment = [picture for picture in sheet("views") if picture.name.startswith("A01_fear_")]
    assert [picture.angle for picture in moment] == list(ANGLES)
    assert len({tuple(picture.shot.performance.units.values()) for picture in moment}) == 1
    assert len({picture.shot.pose for picture in moment}) == 1


def test_a_clip_rises_from_neutral_and_falls():
    clip = [picture for picture in sheet("clips") if picture.sequence == "C01_happiness_1"]
    assert tuple(picture.phase for picture in clip) == CLIP_PHASES
    strength = [picture.shot.performance.units[12] for picture in clip]
    assert strength[0] == 0 and int(np.argmax(strength)) in (3, 4)
    assert strength[0] < strength[1] < strength[2] < max(strength) > strength[5] > strength[6]


def test_a_person_keeps_one_light_and_one_place_in_all_takes_and_acts_anew():
    by_person = {name: [p for p in sheet("takes") if p.shot.person.name == name] for name in ("A01", "A02")}
    for pictures in by_person.values():
        assert len({picture.shot.light.name for picture in pictures}) == 1
        assert len({picture.development for picture in pictures}) == 1
        fear = [picture.shot.performance.units for picture in pictures if picture.label == "fear"]
        assert len({tuple(units.values()) for units in fear}) == 4
    assert len({picture.shot.light.name for picture in sheet("takes")}) == 3


def test_wild_heads_turn_up_to_45_degrees_and_every_hardship_occurs():
    yaws = np.array([picture.shot.pose.yaw for picture in sheet("wild")])
    assert np.abs(yaws).max() <= 45 and (np.abs(yaws) > 30).mean() > 0.2
    assert {picture.shot.light.name for picture in sheet("wild")} >= {"hard side", "from below", "evening"}
    assert {"hand", "scarf", "cup"} <= {picture.development.occluder for picture in sheet("wild")}
    assert Counter(picture.label for picture in sheet("wild")).keys() == set(CLASSES)


def test_skins_cover_the_whole_scale():
    lightness = np.sort([person.skin.mean() for person in cast("A", 24)])
    assert lightness[0] < 0.09 and lightness[-1] > 0.5
    assert (np.diff(np.log(lightness)) < 0.4).all()


def test_a_person_is_the_same_whatever_else_is_drawn():
    first, second = cast("A", 24)[5], cast("A", 24)[5]
    assert first.name == second.name == "A06"
    np.testing.assert_array_equal(first.identity, second.identity)
    assert stream("person", "A06").random() == stream("person", "A06").random() != stream("person", "A07").random()


def test_no_two_people_have_the_same_face():
    weights = np.stack([picture.shot.person.identity for picture in sheet("crowd")])
    apart = np.linalg.norm(weights[:, None] - weights[None], axis=2) + 100 * np.eye(len(weights))
    assert apart.min() > 5
