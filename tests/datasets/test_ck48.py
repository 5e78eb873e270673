"""CK+48: class folders of small pictures that still carry the names of CK+."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import ck48, ck_plus
from fer_utils.errors import FerError
from tests.layouts import blocks, problems_of, write_ck48

SMALL = {"anger": 2, "contempt": 1, "disgust": 1, "fear": 1, "happiness": 1, "sadness": 1, "surprise": 1}


@pytest.fixture(autouse=True)
def small_counts(monkeypatch):
    monkeypatch.setattr(ck_plus, "OFFICIAL", SMALL)


@pytest.fixture
def folder(own_root) -> Path:
    write_ck48(own_root / "ck48")
    return own_root / "ck48"


@pytest.mark.parametrize("inside", [False, True])
def test_a_whole_tree_has_subjects_and_sequences(folder, own_root, inside):
    if inside:
        shutil.move(folder, own_root / "moved")
        folder.mkdir()
        shutil.move(own_root / "moved", folder / "CK+48")
    faces = load("ck48")
    assert faces.images.shape == (24, 48, 48) and faces.notes == ()
    assert faces.classes == ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
    assert faces.counts().iloc[0].tolist() == [6, 3, 3, 3, 3, 3, 3, 24]
    assert faces.table.iloc[4].to_dict() == {
        "label": "anger", "subject": "S002", "source": "anger/S002_001_00000010.png", "sequence": "S002_001",
        "frame": 10,
    }  # fmt: skip
    assert np.array_equal(faces.images[4], blocks("S002_001_00000010.png", ck48.SIZE, "L"))


def test_repeated_frames_and_uneven_sequences_are_notes(folder):
    first = folder / "anger" / "S001_001_00000009.png"
    shutil.copy(first, folder / "anger" / "S001_001_00000010.png")
    first.rename(folder / "anger" / "S002_001_00000012.png")
    shutil.copy(folder / "anger" / "S001_001_00000011.png", folder / "anger" / "S001_001_00000010.png")
    assert load("ck48").notes == (
        "2 sequence(s) do not have 3 frames",
        "1 of 24 pictures repeat another one exactly",
    )


def test_one_error_names_every_fault(folder):
    (folder / "anger" / "S001_001_00000009.png").write_bytes(b"")
    (folder / "anger" / "S001_001_00000010.png").write_bytes(b"\x89PNG")
    (folder / "fear" / "S005_001_00000009.png").rename(folder / "fear" / "S5_1_9.png")
    (folder / "fear" / "S005_001_00000010.png").rename(folder / "S005_001_00000010.png")
    (folder / "fear" / "S005_001_00000011.png").rename(folder / "sadness" / "S005_001_00000011.png")
    (folder / "happy" / "S006_001_00000009.png").rename(folder / "fear" / "S006_001_00000009.png")
    found = problems_of("ck48")
    expected = [
        "anger/S001_001_00000009.png: empty file",
        "anger/S001_001_00000010.png: unreadable or truncated",
        "fear/S5_1_9.png: not a name like S005_001_00000011.png",
        "S005_001_00000010.png: not directly in one of the folders anger, contempt",
        "S006_001: in the folders of fear and happiness, one sequence has one label",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_a_folder_without_classes_is_refused(own_root):
    (own_root / "ck48").mkdir()
    with pytest.raises(FerError, match="holds none of the folders anger, contempt"):
        load("ck48")


def test_other_counts_sizes_and_spellings(folder):
    whole = load("ck48")
    (folder / "happy").rename(folder / "Happiness")
    assert load("ck48").labels.tolist() == sorted(whole.labels.tolist(), key=lambda code: (code != 4, code))
    (folder / "fear" / "S005_001_00000009.png").unlink()
    Image.new("L", (64, 48)).save(folder / "anger" / "S001_001_00000011.png")
    assert load("ck48").differences == (
        "fear: 2 pictures, official 3",
        "1 picture(s) are not 48x48 pixels but 64x48 (anger/S001_001_00000011.png)",
    )
