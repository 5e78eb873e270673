"""Roles, looks, touches and motions, against what can be worked out by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_utils.avatars.stand_ins import motion
from fer_utils.avatars.stand_ins.casting import Look, Role, cast, look, shoot
from fer_utils.avatars.stand_ins.motion import Motion, acted, faded, taken, video
from fer_utils.avatars.stand_ins.retouch import (
    SIDE,
    Frame,
    Touch,
    encode,
    face_frame,
    put_on_sunglasses,
    retouch,
    touch,
)
from fer_utils.errors import FerError

PLAIN = Touch(0.0, 1.0, 0.0, 0.0, 1.0)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 200, (20, 20, 3), dtype=np.uint8)
    return cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def test_all_play_once_before_one_plays_twice():
    roles = cast([f"p{number}" for number in range(7)], ["A", "B", "C"])
    assert [role.avatar for role in roles.values()] == list("ABCABCA")
    assert [role.look == Look() for role in roles.values()] == [True] * 3 + [False] * 4
    assert [role.look.mirrored for role in roles.values()] == [False] * 3 + [True] * 3 + [False]
    assert len({(role.avatar, role.look) for role in roles.values()}) == 7


def test_a_mirror_swaps_left_and_right():
    assert [look("A", 1).gaze(gaze) for gaze in ("left", "frontal", "right")] == ["right", "frontal", "left"]
    assert [look("A", 1).angle(angle) for angle in (0, 45, 90)] == [180, 135, 90]
    assert look("A", 2).gaze("left") == "left" and look("A", 2).angle(0) == 0


def test_the_same_words_draw_the_same_touch():
    assert touch("a", 1) == touch("a", 1) != touch("a", 2)
    many = np.array([touch(number).turn for number in range(2000)])
    assert abs(many.mean()) < 0.15 and abs(many.std() - 1.5) < 0.1


def test_without_look_and_touch_the_picture_stays(image):
    np.testing.assert_array_equal(retouch(image, Look(), PLAIN, (SIDE, SIDE)), image)


def test_a_mirrored_look_mirrors(image):
    drawn = retouch(image, Look(mirrored=True), PLAIN, (SIDE, SIDE))
    # The axis lies between two columns' corners, so that the mirrored picture is moved by one column.
    np.testing.assert_array_equal(drawn[:, 1:], image[:, :0:-1])


def test_tint_and_brightness_multiply(image):
    drawn = retouch(image, Look(tint=(1.0, 0.5, 2.0)), Touch(0, 1, 0, 0, 0.5), (SIDE, SIDE))
    np.testing.assert_allclose(drawn, image * [0.5, 0.25, 1.0], atol=0.51)


def test_a_frame_cuts_about_its_centre(image):
    drawn = retouch(image, Look(), PLAIN, (40, 40), Frame(40, (50, 70)))
    np.testing.assert_array_equal(drawn, image[50:90, 30:70])


def test_a_shrunk_picture_is_averaged_not_sampled():
    stripes = np.zeros((SIDE, SIDE, 3), np.uint8)
    stripes[::2] = 200
    drawn = retouch(stripes, Look(), PLAIN, (40, 40))
    assert abs(drawn.mean() - 100) < 3 and drawn[2:-2].std() < 10


@pytest.mark.parametrize("size", [(490, 640), (1024, 681), (48, 48), (180, 320)])
def test_any_size(image, size):
    drawn = retouch(image, look("A", 3), touch("x"), size)
    assert drawn.shape == (*size, 3) and drawn.dtype == np.uint8


def test_a_face_is_cut_out_with_all_its_landmarks():
    studio = shoot("studio")
    for points in studio.points[::50]:
        frame = face_frame(points)
        inside = np.abs(points - np.array(frame.centre)).max() / (frame.rows / 2)
        assert 0.7 < inside <= 1


def test_sunglasses_hide_the_eyes_and_nothing_else():
    studio = shoot("studio")
    image, points = studio.images[0], studio.points[0]
    worn = put_on_sunglasses(image, points)
    for eye in (points[36:42].mean(axis=0), points[42:48].mean(axis=0)):
        x, y = eye.round().astype(int)
        assert worn[y - 4 : y + 5, x - 6 : x + 7].max() < 30
    mouth = slice(int(points[48:, 1].min()), int(points[48:, 1].max()))
    np.testing.assert_array_equal(worn[mouth], image[mouth])


def test_rows_are_found_or_refused():
    studio = shoot("studio")
    rows = studio.rows(subject="A01", label="fear")
    assert len(rows) == 3 and studio.row(4, subject="A01", label="fear") == rows[1]
    with pytest.raises(LookupError, match="no avatar with"):
        studio.rows(subject="A01", label="calm")


def test_a_motion_meets_its_keys_and_halves_between_them():
    keys = np.stack([np.full((SIDE, SIDE, 3), value, np.uint8) for value in (0, 100, 50)])
    points = np.stack([np.full((68, 2), value, np.float32) for value in (0, 10, 20)])
    moving = Motion(keys, points, (0, 1, 2))
    assert [int(moving.at(place).max()) for place in (0, 0.5, 1, 1.5, 2)] == [0, 50, 100, 75, 50]
    assert [float(moving.points_at(place)[0, 0]) for place in (0, 0.5, 1, 2)] == [0, 5, 10, 20]


@pytest.mark.parametrize("label", ["happiness", "contempt", "neutral"])
def test_photographs_fade_from_neutral_to_the_expression(label):
    studio = shoot("studio")
    moving = faded(Role("A02", Look(), 0), label, 1, studio)
    first, last = moving.rows
    assert studio.table.loc[first, "label"] == "neutral" and studio.table.loc[last, "label"] == label
    assert set(studio.table.loc[[first, last], "subject"]) == {"A02"} and first != last
    np.testing.assert_array_equal(moving.at(1), studio.images[last])
    # Laid over each other: the bridge of the nose hardly moves.
    assert np.abs(moving.points[0, 27:31] - moving.points[1, 27:31]).max() < 4


@pytest.mark.parametrize("label", ["happiness", "neutral"])
def test_odd_takes_share_no_photograph_with_even_ones(label):
    takes = shoot("takes")
    shown = {take: taken(Role("A02", Look(), 0), label, take, takes).rows for take in (1, 2, 3, 4)}
    for take, (first, last) in shown.items():
        assert takes.table.loc[first, "label"] == "neutral" and takes.table.loc[last, "label"] == label
        assert takes.table.loc[last, "take"] == take and takes.table.loc[first, "take"] % 2 == take % 2
        assert first != last and set(takes.table.loc[[first, last], "subject"]) == {"A02"}


def test_a_clip_is_played_in_its_order():
    clips = shoot("clips")
    moving = acted(Role(clips.people[0], Look(), 0), "surprise", 2, clips)
    assert clips.table.loc[list(moving.rows), "frame"].tolist() == list(range(1, 8))
    assert clips.table.loc[moving.rows[0], "phase"] == "neutral"


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_has_its_frames(tmp_path, suffix):
    frames = [np.full((48, 64, 3), (value, 60, 120), np.uint8) for value in (10, 90, 170, 250)]
    file = tmp_path / f"video{suffix}"
    file.write_bytes(video(frames, suffix, 25))
    capture = cv2.VideoCapture(str(file))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 4 and capture.get(cv2.CAP_PROP_FPS) == 25
    for frame in frames:
        found, picture = capture.read()
        assert found and np.abs(picture[..., ::-1].mean(axis=(0, 1)) - frame[0, 0]).max() < 12


def test_an_opencv_without_the_codec_is_said(monkeypatch):
    monkeypatch.setitem(motion._CODECS, ".avi", "ZZZZ")
    with pytest.raises(FerError, match=r"can't write \.avi videos here"):
        video([np.zeros((16, 16, 3), np.uint8)], ".avi", 25)


@pytest.mark.parametrize(
    ("suffix", "start"), [(".jpg", b"\xff\xd8"), (".png", b"\x89PNG"), (".pgm", b"P5"), (".tiff", b"II")]
)
def test_picture_files_are_of_their_kind(suffix, start):
    assert encode(np.zeros((8, 8), np.uint8), suffix).startswith(start)
