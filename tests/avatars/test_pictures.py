"""Paint and development on small cases; and, where Mitsuba and the model are at hand, the renderer itself."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from fer_utils.avatars import paint
from fer_utils.avatars.develop import Development, develop
from fer_utils.avatars.hair import curtain, hair_cover
from fer_utils.avatars.people import HAIR_STYLES
from fer_utils.avatars.shoots import SHOOTS, cast

PERSON = cast("A", 24)[0]
BLACK = np.zeros((160, 160, 4), np.float32)
POINTS = np.random.default_rng(0).uniform(60, 100, (68, 2))


def finished(light=BLACK, **settings) -> np.ndarray:
    how = Development(**{"grain": 0.0, "backdrop": (0.2, 0.2, 0.2), **settings})
    return develop(light, POINTS, PERSON.skin, how, np.random.default_rng(1))


def test_what_the_face_does_not_cover_shows_the_backdrop():
    empty, covered = finished(), finished(np.concatenate([BLACK[..., :3], BLACK[..., 3:] + 1], axis=2))
    assert empty.shape == (160, 160, 3) and empty.dtype == np.uint8
    assert empty.min() > 90 and covered.max() <= 1


def test_middle_grey_is_encoded_as_srgb():
    light = np.full((160, 160, 4), 0.2140, np.float32)
    light[..., 3] = 1
    # 0.2140 is the light that sRGB encodes as half.
    assert set(np.unique(finished(light, exposure=1.0))) <= {127, 128}


@pytest.mark.parametrize("occluder", ["hand", "scarf", "cup"])
def test_an_occluder_hides_a_part_of_the_picture(occluder):
    changed = (finished() != finished(occluder=occluder)).any(axis=2).mean()
    assert 0.01 < changed < 0.8


@pytest.mark.parametrize("change", [{"backdrop": "clutter"}, {"grain": 5.0}])
def test_patterns_come_from_the_stream_alone(change):
    assert (finished(**change) == finished(**change)).all()
    assert (finished(**change) != finished()).any()


def test_blur_and_shrinking_take_away_detail():
    light = np.random.default_rng(2).uniform(0, 1, (160, 160, 4)).astype(np.float32)
    light[..., 3] = 1

    def detail(**settings):
        return np.abs(np.diff(finished(light, **settings).astype(float), axis=1)).mean()

    sharp = detail()
    assert detail(blur=2.0) < 0.5 * sharp and detail(shrink=40) < 0.5 * sharp and detail(motion=9) < 0.5 * sharp


def test_creases_come_with_their_action_units_only():
    place = np.column_stack([np.full(50, 0.6), np.linspace(4, 8, 50), np.full(50, 11.0)])
    where = paint.folds(place)
    assert paint.crease_depth(where, {}, age=0.0).max() == 0
    frowning, smiling = (paint.crease_depth(where, {unit: 1.0}, age=0.0) for unit in (4, 12))
    assert frowning.max() > 0.2 > smiling.max()
    assert paint.crease_depth(where, {4: 1.0}, age=1.0).max() <= 0.6


def test_an_eye_is_black_in_the_middle_then_coloured_then_white():
    centre = np.zeros(3)
    angles = np.radians([0, 15, 35])
    place = 1.5 * np.column_stack([np.sin(angles), np.zeros(3), np.cos(angles)])
    pupil, iris, white = paint.eyeball(place, centre, np.array([0.1, 0.2, 0.4]))
    assert pupil.max() < 0.01 and white.min() > 0.5
    np.testing.assert_allclose(iris, [0.1, 0.2, 0.4])


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_hair_grows_on_the_crown_and_never_on_the_face(style):
    crown_nose_chin = np.array([[0, 14.0, 1], [0, 0.4, 13], [0, -7.5, 10]])
    cover = hair_cover(crown_nose_chin, replace(PERSON, hair=style))
    assert cover.tolist() == ([-1, -1, -1] if style == "bald" else [1, -1, -1])


def test_long_hair_leaves_the_face_free():
    points, triangles = curtain(replace(PERSON, hair="long"), scale=1.0)
    assert triangles.max() == len(points) - 1
    assert not ((np.abs(points[:, 0]) < 6) & (points[:, 2] > 4)).any()


MODEL = os.environ.get("FER_FACE_KIT")


@pytest.mark.skipif(not MODEL, reason="FER_FACE_KIT names no ict_facekit_light.npz to render from")
@pytest.mark.parametrize("shoot", list(SHOOTS))
def test_a_shipped_picture_is_rendered_again_to_the_same_bytes(shoot):
    pytest.importorskip("mitsuba")
    from fer_utils.avatars.face_kit import read_face_kit
    from fer_utils.avatars.generate import render
    from fer_utils.avatars.render import Renderer

    renderer = Renderer(read_face_kit(Path(MODEL)))
    shipped = resources.files("fer_utils.datasets") / "shipped" / "avatars" / f"{shoot}.zip"
    with shipped.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        for picture in list(SHOOTS[shoot]())[3::97]:
            jpeg, _ = render(picture, renderer)
            assert jpeg == archive.read(f"{picture.name}.jpg"), picture.name
