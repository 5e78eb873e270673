"""RAF-DB: a list of labels and the aligned pictures that it names, neither more nor fewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.datasets import load, raf_db
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.errors import FerError
from tests.layouts import problems_of, write_raf_db

SMALL = {"train": (2, 1, 1, 3, 2, 1, 2), "test": (1, 1, 1, 2, 1, 1, 1)}


@pytest.fixture(autouse=True)
def small_counts(monkeypatch):
    monkeypatch.setattr(raf_db, "OFFICIAL", SMALL)


@pytest.fixture
def folder(own_root) -> Path:
    write_raf_db(own_root / "raf_db")
    return own_root / "raf_db" / "basic"


def aligned(folder: Path, name: str) -> Path:
    return folder / "Image" / "aligned" / f"{name}_aligned.jpg"


def edit_list(folder: Path, old: str, new: str) -> None:
    labels = folder / "EmoLabel" / "list_patition_label.txt"
    labels.write_text(labels.read_text().replace(old, new))


def test_the_official_counts_sum_to_the_published_totals(monkeypatch):
    monkeypatch.undo()
    assert {split: sum(counts) for split, counts in raf_db.OFFICIAL.items()} == {"train": 12271, "test": 3068}


def test_rows_follow_the_list(folder):
    faces = load("raf_db")
    assert faces.images.shape == (20, 100, 100, 3) and faces.notes == (PEOPLE_UNKNOWN,)
    assert faces.classes == ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
    assert faces.counts().iloc[0].tolist() == [3, 2, 2, 5, 3, 2, 3, 20]
    assert faces.table["split"].value_counts().to_dict() == {"train": 12, "test": 8}
    assert faces.table.iloc[3].to_dict() == {
        "label": "disgust", "subject": "train_00004_aligned.jpg", "source": "train_00004_aligned.jpg", "split": "train",
    }  # fmt: skip
    with Image.open(aligned(folder, "train_00004")) as picture:
        assert np.array_equal(faces.images[3], np.asarray(picture))


def test_one_error_names_every_fault(folder):
    edit_list(folder, "train_00001.jpg 1\n", "train_00001.jpg 8\n")
    edit_list(folder, "train_00002.jpg 1\n", "train_00002.jpg\n")
    edit_list(folder, "train_00003.jpg 2\n", "train_00003.jpg 2\ntrain_00003.jpg 4\n")
    aligned(folder, "train_00004").unlink()
    aligned(folder, "train_00005").write_bytes(b"")
    aligned(folder, "train_00006").write_bytes(aligned(folder, "train_00006").read_bytes()[:-50])
    aligned(folder, "train_00007").rename(aligned(folder, "train_7"))
    found = problems_of("raf_db")
    expected = [
        "list_patition_label.txt, line 1: emotion code 8 is not one of 1 to 7",
        "list_patition_label.txt, line 2: not a line like train_00001.jpg 5",
        "list_patition_label.txt, line 4: train_00003.jpg is listed twice",
        "Image/aligned/train_00001_aligned.jpg: not in EmoLabel/list_patition_label.txt",
        "Image/aligned/train_00002_aligned.jpg: not in EmoLabel/list_patition_label.txt",
        "Image/aligned/train_00004_aligned.jpg: missing",
        "Image/aligned/train_00005_aligned.jpg: empty file",
        "Image/aligned/train_00006_aligned.jpg: unreadable or truncated",
        "Image/aligned/train_00007_aligned.jpg: missing",
        "Image/aligned/train_7_aligned.jpg: not in EmoLabel/list_patition_label.txt",
        "train: 10 pictures, official 12",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_other_class_counts_within_the_right_totals_are_notes(folder):
    edit_list(folder, "train_00001.jpg 1\n", "train_00001.jpg 2\n")
    assert load("raf_db").notes == (
        PEOPLE_UNKNOWN,
        "train surprise: 1 pictures, official 2",
        "train fear: 2 pictures, official 1",
    )


def test_both_parts_are_needed(own_root):
    (own_root / "raf_db" / "basic" / "EmoLabel").mkdir(parents=True)
    with pytest.raises(FerError, match=r"does not hold both EmoLabel/list_patition_label\.txt and Image/aligned/"):
        load("raf_db")


@given(st.text(max_size=30) | st.from_regex(r"(train|val)_\d{4,6}\.jpg \d{1,3}", fullmatch=True))
def test_strange_lines_raise_only_value_errors(line):
    try:
        raf_db.parse_line(line)
    except ValueError as error:
        assert "not a line like" in str(error) or "not one of 1 to 7" in str(error)


@given(st.sampled_from(("train", "test")), st.integers(0, 99999), st.integers(1, 7))
def test_lines_are_read_back(split, number, code):
    name = f"{split}_{number:05d}"
    assert raf_db.parse_line(f"{name}.jpg {code}") == (name, split, raf_db.CLASSES[code - 1])
