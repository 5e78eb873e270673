"""Surfaces, turns and projection, against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_utils.avatars.camera import (
    DISTANCE,
    NECK,
    SIDE,
    TARGET,
    Camera,
    Pose,
    gaze_shapes,
    rotation,
    turn_eye,
    turn_head,
)
from fer_utils.avatars.face_kit import LANDMARKS, VERTICES, FaceKit, read_face_kit
from fer_utils.avatars.surface import Surface, normals
from fer_utils.errors import FerError
from fer_utils.files import write_npz

SQUARE = np.array([[0.0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [9, 9, 9]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def area(points: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = points[triangles].transpose(1, 0, 2)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


@pytest.mark.parametrize(("levels", "triangles", "points"), [(0, 2, 4), (1, 8, 9), (2, 32, 25)])
def test_a_surface_is_cut_finer_without_changing_its_shape(levels, triangles, points):
    surface = Surface(HALVES, levels)
    where = surface.points(SQUARE)
    assert surface.triangles.shape == (triangles, 3) and where.shape == (points, 3)
    assert area(where, surface.triangles) == pytest.approx(4.0)
    assert len(np.unique(where, axis=0)) == points
    np.testing.assert_allclose(normals(where, surface.triangles), np.tile([0, 0, 1.0], (points, 1)))


def test_a_surface_interpolates_whatever_is_given_at_the_vertices():
    surface = Surface(HALVES, 2)
    where = surface.points(SQUARE)
    np.testing.assert_allclose(surface.points(3 * SQUARE[:, :1] + 1), 3 * where[:, :1] + 1)


@pytest.mark.parametrize(
    ("angles", "point", "image"),
    [
        ((90, 0, 0), (0, 0, 1), (1, 0, 0)),  # the face turns to the avatar's left
        ((0, 90, 0), (0, 0, 1), (0, -1, 0)),  # and down
        ((0, 0, 90), (0, 1, 0), (1, 0, 0)),  # the crown tilts to the left shoulder
    ],
)
def test_each_angle_turns_as_documented(angles, point, image):
    np.testing.assert_allclose(rotation(*angles) @ np.array(point, float), image, atol=1e-12)


@given(st.tuples(*[st.floats(-180, 180)] * 3))
def test_turning_keeps_lengths_and_hands(angles):
    turn = rotation(*angles)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_the_shoulders_stay_when_the_head_turns():
    points = np.array([[0, 5, 10.0], [10, -15, 0], [0, -9, 3]])
    turned = turn_head(points, points[:, 1], Pose(yaw=30))
    np.testing.assert_allclose(turned[0], rotation(30, 0, 0) @ (points[0] - NECK) + NECK)
    np.testing.assert_array_equal(turned[1], points[1])
    halfway = (rotation(30, 0, 0) @ (points[2] - NECK) + NECK + points[2]) / 2
    np.testing.assert_allclose(turned[2], halfway)


def test_an_eye_turns_about_its_own_centre():
    centre = np.array([3.0, 3.5, 8])
    np.testing.assert_allclose(turn_eye(centre[None], centre, Pose(gaze_yaw=20))[0], centre)
    ahead = turn_eye(centre[None] + [0, 0, 1.5], centre, Pose(gaze_yaw=90))[0]
    np.testing.assert_allclose(ahead, centre + np.array([1.5, 0, 0]), atol=1e-12)


def test_lids_follow_the_eyes():
    assert gaze_shapes(Pose()) == {}
    assert gaze_shapes(Pose(gaze_yaw=25)) == {"eyeLookOut_L": 1.0, "eyeLookIn_R": 1.0}
    assert gaze_shapes(Pose(gaze_pitch=-12.5)) == {"eyeLookUp_L": 0.5, "eyeLookUp_R": 0.5}


def test_the_frame_is_as_wide_as_the_camera_says():
    camera = Camera(frame=30.0)
    assert np.linalg.norm(camera.origin - camera.target) == pytest.approx(DISTANCE)
    corners = TARGET + np.array([[0, 0, 0], [15, 0, 0], [0, 15, 0]])
    middle = SIDE / 2
    np.testing.assert_allclose(camera.project(corners), [[middle, middle], [SIDE, middle], [middle, 0]], atol=1e-9)


def test_a_camera_at_the_left_side_sees_the_nose_on_its_left():
    nose = TARGET + np.array([[0, 0, 10.0]])
    x, y = Camera(azimuth=90).project(nose)[0]
    assert x < SIDE / 2 - 20 and y == pytest.approx(SIDE / 2)


def test_the_landmarks_are_68_different_vertices():
    assert len(set(LANDMARKS.tolist())) == 68 and LANDMARKS.max() < VERTICES


def toy_kit() -> FaceKit:
    neutral = np.zeros((4, 3))
    identity = np.stack([np.full((4, 3), 1.0), np.full((4, 3), 10.0)]).astype(np.float16)
    return FaceKit(neutral, np.array([[0, 1, 2, 3], [1, 2, 3, 3]]), identity, {"jawOpen": np.ones((4, 3))})


def test_a_person_is_a_weighted_sum_and_acting_adds_to_it():
    kit = toy_kit()
    person = kit.person(np.array([0.5, 2.0]))
    np.testing.assert_allclose(person, 20.5)
    np.testing.assert_allclose(kit.act(person, {"jawOpen": 0.25}), 20.75)
    np.testing.assert_allclose(person, 20.5)


def test_quads_become_two_triangles_and_a_doubled_corner_one():
    assert toy_kit().triangles((0, 2)).tolist() == [[0, 1, 2], [1, 2, 3], [0, 2, 3]]


@pytest.mark.parametrize("harm", ["missing", "damaged", "other"])
def test_a_model_that_is_not_there_or_another_is_refused_with_its_source(tmp_path, harm):
    path = tmp_path / "model.npz"
    if harm == "damaged":
        path.write_bytes(b"PK\x03\x04 no more")
    if harm == "other":
        small = {"neutral": np.zeros((5, 3)), "identity": np.zeros((100, 5, 3)), "faces": np.zeros((1, 4), int)}
        write_npz(path, {**small, "expression": np.zeros((1, 5, 3)), "expression_names": np.array(["jawOpen"])})
    with pytest.raises(FerError, match=r"github.com/ICT-VGL/ICT-FaceKit"):
        read_face_kit(path)
