"""The detectors find a face where there is one, and nothing where there is none."""

from __future__ import annotations

import hashlib
import itertools
import lzma
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.files import sha256_file
from fer_utils.preprocess import DETECTORS, detect, detect_faces, resize, to_grey

# Eyes, nose and mouth of the astronaut, and what a box around her head may take in at most.
INNER_FACE = (195, 95, 255, 155)
OUTER_HEAD = (165, 45, 290, 190)


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Area that two boxes share over the area that they cover."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:4], second[2:4])
    shared = np.prod(np.maximum(high - low, 0))
    areas = [np.prod(box[2:4] - box[:2]) for box in (first, second)]
    return float(shared / (sum(areas) - shared))


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_the_astronaut_is_found_once(astronaut: np.ndarray, detector: str, grey: bool) -> None:
    images = to_grey(astronaut[None]) if grey else astronaut[None]
    (boxes,) = detect_faces(images, detector)
    assert boxes.shape == (1, 5)
    x0, y0, x1, y1, score = boxes[0]
    assert OUTER_HEAD[0] < x0 < INNER_FACE[0]
    assert OUTER_HEAD[1] < y0 < INNER_FACE[1]
    assert INNER_FACE[2] < x1 < OUTER_HEAD[2]
    assert INNER_FACE[3] < y1 < OUTER_HEAD[3]
    assert score > 0


def test_the_detectors_agree_on_the_place(astronaut: np.ndarray) -> None:
    # Measured: haar/ssd 0.78, haar/dlib 0.69, ssd/dlib 0.70.
    boxes = [detect_faces(astronaut[None], detector)[0][0] for detector in DETECTORS]
    assert all(iou(first, second) > 0.65 for first, second in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("side", [256, 128])
def test_coordinates_are_those_of_the_picture_given(astronaut: np.ndarray, detector: str, side: int) -> None:
    large = detect_faces(astronaut[None], detector)[0][0]
    small = detect_faces(resize(astronaut[None], side), detector)[0][0]
    assert iou(small * 512 / side, large) > 0.75


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_face_of_a_few_pixels_is_found(astronaut: np.ndarray, detector: str) -> None:
    little = resize(astronaut[None, 0:280, 90:370], 48)
    (boxes,) = detect_faces(little, detector)
    centre = (boxes[0, :2] + boxes[0, 2:4]) / 2
    assert np.abs(centre - np.array([225 - 90, 120]) * 48 / 280).max() < 3


@pytest.mark.parametrize("detector", DETECTORS)
def test_two_faces_are_two_and_the_better_score_comes_first(astronaut: np.ndarray, detector: str) -> None:
    (boxes,) = detect_faces(np.concatenate([astronaut, astronaut], axis=1)[None], detector)
    assert len(boxes) >= 2
    assert (np.diff(boxes[:, 4]) <= 0).all()
    centres = np.sort((boxes[:2, 0] + boxes[:2, 2]) / 2)
    assert np.abs(centres - [225, 225 + 512]).max() < 15


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_plain_picture_has_no_face(detector: str) -> None:
    (boxes,) = detect_faces(np.full((1, 200, 160), 128, np.uint8), detector)
    assert boxes.shape == (0, 5)


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_same_pictures_give_the_same_boxes(two_faces: np.ndarray, detector: str) -> None:
    first, second = (detect_faces(two_faces[None], detector)[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_a_face_that_fills_the_picture_is_one_face_to_the_ssd(astronaut: np.ndarray) -> None:
    # With the padding of OpenCV's older deploy.prototxt this gave several boxes, the best one shifted.
    (boxes,) = detect_faces(astronaut[None, 55:180, 165:290], "ssd")
    assert len(boxes) == 1
    whole = detect_faces(astronaut[None], "ssd")[0][0]
    assert iou(boxes[0, :4] + [165, 55, 165, 55], whole) > 0.75


def test_the_shipped_ssd_is_the_one_its_readme_describes() -> None:
    readme = (detect.SSD_FOLDER / "README.md").read_text(encoding="utf-8")
    unpacked = hashlib.sha256(lzma.decompress(detect.SSD_WEIGHTS.read_bytes())).hexdigest()
    assert unpacked == "510ffd2471bd81e3fcc88a5beb4eae4fb445ccf8333ebc54e7302b83f4158a76" and unpacked in readme
    for path in (detect.SSD_WEIGHTS, detect.SSD_FOLDER / "deploy.prototxt"):
        assert f"| `{path.name}` | {path.stat().st_size:,} | `{sha256_file(path)}` |" in readme


def test_the_shipped_16_bits_give_the_box_of_the_original_32(astronaut: np.ndarray) -> None:
    # Found with the original 32-bit file, which is not shipped; 16 bits move it by 0.003 pixels.
    original = [179.436, 57.973, 271.562, 177.129]
    box = detect_faces(astronaut[None], "ssd")[0][0]
    assert np.abs(box[:4] - original).max() < 0.05
    assert abs(box[4] - 0.99999) < 1e-4


def test_boxes_centred_off_the_picture_are_left_out() -> None:
    boxes = np.array([[0, 0, 10, 10, 0.5], [18, 0, 30, 10, 0.9], [-9, 0, 7, 10, 0.8], [5, 5, 15, 15, 0.7]])
    assert detect._tidy(boxes, (20, 20)).tolist() == [[5, 5, 15, 15, 0.7], [0, 0, 10, 10, 0.5]]


def test_an_unknown_detector_is_a_usage_error_with_a_hint(astronaut: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"unknown face detector 'harr'.*Did you mean 'haar'"):
        detect_faces(astronaut[None], "harr")


@pytest.mark.parametrize("left", [None, 0, 100_000, "no network"])
def test_a_damaged_network_is_a_clear_error(
    left: int | str | None, astronaut: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "net.caffemodel.xz"
    if left is not None:
        whole = detect.SSD_WEIGHTS.read_bytes()
        damaged.write_bytes(whole[:left] if isinstance(left, int) else lzma.compress(left.encode()))
    monkeypatch.setattr(detect, "SSD_WEIGHTS", damaged)
    detect._ssd_network.cache_clear()
    with pytest.raises(FerError, match="cannot read the face detector in"):
        detect_faces(astronaut[None], "ssd")


def test_a_missing_dlib_is_named_with_its_remedy(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    detect._dlib_detector.cache_clear()
    with pytest.raises(FerError, match="pip install dlib-bin"):
        detect_faces(astronaut[None], "dlib")


def test_dlib_is_not_imported_before_it_is_needed() -> None:
    question = "import fer_utils.preprocess, sys; sys.exit('dlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", question], cwd=Path(__file__).parents[2]).returncode == 0


def test_only_long_work_shows_progress(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setattr(detect, "SHOW_PROGRESS_ABOVE", 2)
    plain = np.zeros((3, 130, 130), np.uint8)
    detect_faces(plain[:2], "haar")
    assert not (tmp_path / "progress").exists()
    detect_faces(plain, "haar")
    assert '"done": 3, "total": 3' in (tmp_path / "progress").read_text()
    assert capsys.readouterr().err == ""
