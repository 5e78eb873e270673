"""Crops: the geometry by hand, the rules and their counts on made-up scenes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.preprocess import crop, crop_faces, face_boxes, resize, to_grey
from fer_utils.preprocess.crop import choose_face, cut_square, square_around

Maker = Callable[[np.ndarray], FaceSet]


def pretend(monkeypatch: pytest.MonkeyPatch, *boxes: list[list[float]]) -> None:
    """Let every detector find exactly these boxes, one list a picture."""
    answer = [np.array(found, dtype=float).reshape(-1, 5) for found in boxes]
    monkeypatch.setattr(crop, "detect_faces", lambda images, detector: answer)


def test_a_square_keeps_the_centre_and_the_longer_side() -> None:
    assert square_around(np.array([10, 20, 30, 60, 1]), 0) == (0, 20, 40)
    assert square_around(np.array([10, 20, 50, 40, 1]), 0) == (10, 10, 40)
    assert square_around(np.array([10, 20, 50, 40, 1]), 0.25) == (0, 0, 60)
    assert square_around(np.array([10, 20, 50, 40, 1]), -0.25) == (20, 20, 20)
    assert square_around(np.array([10.4, 10.4, 10.6, 10.6, 1]), 0) == (10, 10, 1)


def test_equal_boxes_are_cut_equally_wherever_they_are() -> None:
    lefts = [square_around(np.array([x, 0, x + 3, 4]), 0)[0] - x for x in range(6)]
    assert set(lefts) == {0}


def test_border_pixels_are_repeated_outside_the_picture() -> None:
    picture = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    assert cut_square(picture, (-1, -2, 4)).tolist() == [[1, 1, 2, 3], [1, 1, 2, 3], [1, 1, 2, 3], [4, 4, 5, 6]]
    assert cut_square(picture, (2, 1, 3)).tolist() == [[6, 6, 6], [9, 9, 9], [9, 9, 9]]
    assert cut_square(picture, (1, 1, 2)).tolist() == [[5, 6], [8, 9]]


def test_a_crop_at_the_border_end_to_end(monkeypatch: pytest.MonkeyPatch, face_set: Maker) -> None:
    picture = np.arange(36, dtype=np.uint8).reshape(1, 6, 6)
    pretend(monkeypatch, [[4, 4, 6, 6, 1.0]])
    crops, _ = crop_faces(face_set(picture), "haar", size=4, margin=0.5)
    assert crops.images.tolist() == [[[21, 22, 23, 23], [27, 28, 29, 29], [33, 34, 35, 35], [33, 34, 35, 35]]]


def test_a_picture_without_a_face_is_kept_as_its_central_square(face_set: Maker) -> None:
    picture = np.full((1, 100, 180), 128, np.uint8)
    picture[:, :, :40] = 0
    picture[:, :, 140:] = 255
    crops, report = crop_faces(face_set(picture), "haar", size=50, margin=0.3)
    assert (crops.images == 128).all()
    assert crops.images.shape == (1, 50, 50)
    assert (report.n, report.found_none, report.found_one, report.found_several) == (1, 1, 0, 0)
    assert report.dropped_rows == ()


def test_pictures_without_a_face_can_be_dropped_and_are_counted(astronaut: np.ndarray, face_set: Maker) -> None:
    small = resize(astronaut[None], 200)[0]
    faces = face_set(np.stack([np.full_like(small, 128), small, np.zeros_like(small)]))
    crops, report = crop_faces(faces, "haar", size=32, when_none="drop")
    assert crops.table["source"].tolist() == ["picture 1"]
    assert crops.images.shape == (1, 32, 32, 3)
    assert (report.n, report.found_none, report.found_one) == (3, 2, 1)
    assert report.dropped_rows == (0, 2)
    assert str(report) in crops.notes
    table = report.table()
    assert table.shape[0] == 1
    assert table.loc[0, ["detector", "pictures", "no face", "one face", "several faces", "dropped"]].tolist() == [
        "haar", 3, 2, 1, 0, 2,
    ]  # fmt: skip


def test_variants_are_cut_where_the_face_is_in_the_picture_that_they_are_made_of(
    monkeypatch: pytest.MonkeyPatch, face_set: Maker
) -> None:
    pretend(monkeypatch, [[2.0, 3, 6, 7, 0.9]], [])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 9, 9), dtype=np.uint8)
    takes, variants = face_set(pictures), face_set(255 - pictures)
    first, _ = crop_faces(takes, "haar", size=4)
    pretend(monkeypatch)  # nothing is looked for again
    second, report = crop_faces(variants, "haar", size=4, found_in=takes)
    assert np.array_equal(second.images[0], 255 - first.images[0]) and second.images[0].std() > 0
    assert (report.found_one, report.found_none) == (1, 1)
    with pytest.raises(UsageError, match="number, height and width must be the same"):
        crop_faces(variants, "haar", size=4, found_in=takes.select(np.array([0])))


def test_dropping_everything_is_an_error_that_says_what_to_do(face_set: Maker) -> None:
    with pytest.raises(FerError, match=r"found no face in any of the 2 pictures.*when_none='whole'"):
        crop_faces(face_set(np.zeros((2, 130, 130), np.uint8)), "haar", size=32, when_none="drop")


def test_each_rule_takes_the_face_it_names() -> None:
    best, largest, central = [0, 0, 20, 20, 0.9], [60, 60, 100, 100, 0.5], [40, 40, 58, 58, 0.4]
    boxes = np.array([best, largest, central])
    assert choose_face(boxes, "best_score", (100, 100)).tolist() == best
    assert choose_face(boxes, "largest", (100, 100)).tolist() == largest
    assert choose_face(boxes, "most_central", (100, 100)).tolist() == central
    # On a wider picture the middle is elsewhere.
    assert choose_face(boxes, "most_central", (100, 190)).tolist() == largest


@pytest.mark.parametrize("detector", ["haar", "ssd", "dlib"])
def test_two_people_are_counted_as_several_and_the_rules_differ(
    two_faces: np.ndarray, face_set: Maker, detector: str
) -> None:
    faces = face_set(two_faces[None])
    crops = {}
    for rule in ("largest", "most_central", "best_score"):
        crops[rule], report = crop_faces(faces, detector, size=64, when_several=rule)
        assert (report.found_one, report.found_several, report.when_several) == (0, 1, rule)

    def distance(crop_: FaceSet, box: np.ndarray) -> float:
        return float(np.abs(crop_.images[0].astype(float) - _by_hand(two_faces, box, 64)).mean())

    boxes = face_boxes(faces, detector)[0]
    on_the_left = boxes[(boxes[:, 0] + boxes[:, 2]) / 2 < 290][0]
    in_the_middle = boxes[(boxes[:, 0] + boxes[:, 2]) / 2 > 290][0]
    assert distance(crops["largest"], on_the_left) == 0
    assert distance(crops["most_central"], in_the_middle) == 0
    assert distance(crops["best_score"], boxes[0]) == 0
    assert distance(crops["largest"], in_the_middle) > 1


def _by_hand(picture: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    side = int(np.floor(max(box[2] - box[0], box[3] - box[1]) + 0.5))
    left, top = (int(np.floor((box[axis] + box[axis + 2] - side) / 2 + 0.5)) for axis in (0, 1))
    return resize(picture[None, top : top + side, left : left + side], size)[0].astype(float)


def test_remembered_boxes_go_to_the_right_picture(monkeypatch: pytest.MonkeyPatch, face_set: Maker) -> None:
    found = [[[1.0, 1, 5, 5, 0.9], [2, 2, 6, 6, 0.8]], [], [[3.0, 3, 7, 7, 0.7]]]
    pretend(monkeypatch, *found)
    faces = face_set(np.zeros((3, 9, 9), np.uint8))
    for _ in range(2):
        boxes = face_boxes(faces, "haar")
        assert [candidates.tolist() for candidates in boxes] == found
        assert boxes[1].shape == (0, 5)


def test_grey_and_colour_keep_their_mode(astronaut: np.ndarray, face_set: Maker) -> None:
    assert crop_faces(face_set(to_grey(astronaut[None])), "ssd", 40)[0].images.shape == (1, 40, 40)
    assert crop_faces(face_set(astronaut[None]), "ssd", 40)[0].images.shape == (1, 40, 40, 3)


def test_the_same_pictures_are_searched_once(
    astronaut: np.ndarray, face_set: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = []
    search = crop.detect_faces
    monkeypatch.setattr(crop, "detect_faces", lambda images, name: searched.append(name) or search(images, name))
    pictures = np.stack([resize(astronaut[None], 256)[0], np.zeros((256, 256, 3), np.uint8)])
    first, report = crop_faces(face_set(pictures), "haar", 32)
    again, same_report = crop_faces(face_set(pictures.copy()), "haar", 32)
    assert searched == ["haar"]
    assert np.array_equal(first.images, again.images)
    assert report == same_report
    crop_faces(face_set(pictures), "haar", 48, margin=0.2, when_several="best_score")
    assert searched == ["haar"], "size, margin and rule need no new search"
    crop_faces(face_set(pictures), "ssd", 32)
    pictures[1, 0, 0] = 1
    crop_faces(face_set(pictures), "haar", 32)
    assert searched == ["haar", "ssd", "haar"]


def test_wrong_requests_are_usage_errors(face_set: Maker) -> None:
    faces = face_set(np.zeros((1, 130, 130), np.uint8))
    with pytest.raises(UsageError, match=r"unknown when_none='hole'.*Did you mean 'whole'"):
        crop_faces(faces, "haar", 32, when_none="hole")
    with pytest.raises(UsageError, match="unknown when_several='first'"):
        crop_faces(faces, "haar", 32, when_several="first")
    with pytest.raises(UsageError, match="unknown face detector"):
        crop_faces(faces, "eyes", 32)
    with pytest.raises(UsageError, match="leaves nothing of the face"):
        crop_faces(faces, "haar", 32, margin=-0.5)
    with pytest.raises(UsageError, match="positive whole numbers"):
        crop_faces(faces, "haar", 0)
