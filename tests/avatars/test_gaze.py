"""One take in three gazes: the irises move the way that is said, and nothing else changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_utils.avatars.gaze import DEGREES, EYES, faces_looking, look
from fer_utils.avatars.stand_ins.casting import Shoot, shoot
from fer_utils.data import load
from fer_utils.errors import UsageError

ASIDE = {"left": -1, "right": 1}
MIRRORED = [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), *range(45, 41, -1), 47, 46,
            *range(39, 35, -1), 41, 40]  # fmt: skip
"""Landmarks of a mirrored face, up to the eyes, by their numbers in the face itself."""


@pytest.fixture(scope="module")
def studio() -> Shoot:
    return shoot("studio")


def ahead(studio: Shoot) -> list[int]:
    """One take of each person, the expressions by turns; all look ahead."""
    labels = sorted(studio.table["label"].unique())
    return [
        studio.row(0, subject=person, label=labels[number % len(labels)], gaze="frontal")
        for number, person in enumerate(studio.people)
    ]


def box(eye: np.ndarray) -> tuple[slice, slice]:
    """An eye's box and two pixels around it: rows and columns."""
    left, top = np.floor(eye.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(eye.max(axis=0)).astype(int) + 2
    return slice(top, bottom), slice(left, right)


def darkness(image: np.ndarray, eye: np.ndarray) -> float:
    """Where what is dark between the lids has its middle, from -0.5 (left corner) to 0.5 (right corner)."""
    lids = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(lids, [np.floor(eye).astype(np.int32)], 1)
    _, columns = np.nonzero(lids)
    grey = image.mean(axis=2)[lids > 0]
    weight = np.clip(np.percentile(grey, 80) - grey, 0, None)
    return float(((columns + 0.5 - eye[:, 0].mean()) * weight).sum() / weight.sum() / np.ptp(eye[:, 0]))


@pytest.mark.parametrize("gaze", ASIDE)
def test_nothing_but_the_eyes_changes(studio: Shoot, gaze: str) -> None:
    for row in ahead(studio):
        before, after = studio.images[row], look(studio.images[row], studio.points[row], gaze)
        different = (before != after).any(axis=2)
        assert different.any()
        for part in EYES:
            different[box(studio.points[row][part])] = False
        assert not different.any()


def test_who_looks_ahead_is_left_alone(studio: Shoot) -> None:
    image = studio.images[0].copy()
    same = look(image, studio.points[0], "frontal")
    assert np.array_equal(same, image) and same is not image
    look(image, studio.points[0], "left")
    assert np.array_equal(same, image)


@pytest.mark.parametrize(("gaze", "way"), ASIDE.items())
def test_irises_move_aside_three_quarters_as_far_as_in_the_shoots(studio: Shoot, gaze: str, way: int) -> None:
    moved, acted = [], []
    for row in ahead(studio):
        about, points = studio.table.loc[row], studio.points[row]
        other = studio.row(0, subject=about["subject"], label=about["label"], gaze=gaze)
        after = look(studio.images[row], points, gaze)
        for part in EYES:
            before = darkness(studio.images[row], points[part])
            moved.append(darkness(after, points[part]) - before)
            acted.append(darkness(studio.images[other], studio.points[other][part]) - before)
    moved, acted = way * np.array(moved), way * np.array(acted)
    assert (moved > 0).all() and np.median(moved) == pytest.approx(np.median(acted) * DEGREES / 22, rel=0.15)


def test_a_mirrored_face_looks_the_other_way(studio: Shoot) -> None:
    row = ahead(studio)[0]
    image, points = studio.images[row], studio.points[row]
    flipped = (160 - points[MIRRORED] * (1, 0)) * (1, 0) + points[MIRRORED] * (0, 1)
    mirrored = look(np.ascontiguousarray(image[:, ::-1]), flipped, "right")[:, ::-1].astype(int)
    assert np.abs(mirrored - look(image, points, "left")).max() <= 8


def test_an_eye_behind_the_nose_stays() -> None:
    image = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    points = np.zeros((68, 2))
    near = np.array([[60, 80], [62, 77], [65, 77], [67, 80], [65, 83], [62, 83]])
    points[36:42], points[42:48] = near, (160, 0) + near * (-1, 1)
    changed = (look(image, points, "left") != image).any(axis=2)
    assert changed[box(points[36:42])].any() and not changed[:, 80:].any()


def test_every_camera_sees_three_different_pictures() -> None:
    views = shoot("views")
    for row in range(0, len(views.images), 7):
        seen = {look(views.images[row], views.points[row], gaze).tobytes() for gaze in ("left", "frontal", "right")}
        assert len(seen) == 3, views.table.loc[row, "source"]


def test_a_picture_without_any_contrast_is_no_trouble(studio: Shoot) -> None:
    black = np.zeros((160, 160, 3), np.uint8)
    assert not look(black, studio.points[0], "left").any()


def test_a_set_says_where_it_looks_and_which_takes_it_is_made_of() -> None:
    whole = load("avatars_studio")
    takes = whole.select(np.flatnonzero(whole.table["gaze"] == "frontal")[:3])
    left = faces_looking(takes, "left")
    assert set(left.table["gaze"]) == {"left"} and (left.table["gaze_yaw"] < -10).all()
    assert left.table["source"].equals(takes.table["source"]) and left.table["au_12"].equals(takes.table["au_12"])
    points = shoot("studio").points[np.flatnonzero(whole.table["gaze"] == "frontal")[0]]
    assert np.array_equal(left.images[0], look(takes.images[0], points, "left"))


def test_an_unknown_gaze(studio: Shoot) -> None:
    with pytest.raises(UsageError, match="Did you mean 'left'"):
        look(studio.images[0], studio.points[0], "lefft")
