"""RAF-DB: a list of labels and the aligned pictures that it names, neither more nor fewer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import raf_db
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
    aligned(folder, "train_00005").write_bytes(b"")
    aligned(folder, "train_00006").write_bytes(aligned(folder, "train_00006").read_bytes()[:-50])
    found = problems_of("raf_db")
    expected = [
        "list_patition_label.txt, line 1: emotion code 8 is not one of 1 to 7",
        "list_patition_label.txt, line 2: not a line like train_00001.jpg 5",
        "list_patition_label.txt, line 4: train_00003.jpg is listed twice, with two labels",
        "Image/aligned/train_00005_aligned.jpg: empty file",
        "Image/aligned/train_00006_aligned.jpg: unreadable or truncated",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_what_is_missing_unlisted_or_called_otherwise_is_said(folder):
    aligned(folder, "train_00004").unlink()
    aligned(folder, "train_00007").rename(aligned(folder, "train_7"))
    edit_list(folder, "train_00005.jpg 4\n", "")
    edit_list(folder, "train_00006.jpg 4\n", "train_00006.jpg 4\ntrain_00006.jpg 4\n")
    Image.new("L", (50, 50)).save(aligned(folder, "train_00008").with_suffix(".PNG"))
    aligned(folder, "train_00008").unlink()
    faces = load("raf_db")
    assert faces.differences == (
        "1 picture(s) left out, for EmoLabel/list_patition_label.txt does not name them: "
        "Image/aligned/train_00005_aligned.jpg",
        "2 picture(s) are missing that EmoLabel/list_patition_label.txt names: train_00004_aligned.jpg, "
        "train_00007_aligned.jpg",
        "train: 9 pictures, official 12",
        "1 picture(s) are PNG files, official JPEG (Image/aligned/train_00008_aligned.PNG)",
        "1 picture(s) are not 100x100 pixels but 50x50 (Image/aligned/train_00008_aligned.PNG)",
    )
    assert "1 picture(s) of other names ignored: Image/aligned/train_7_aligned.jpg" in faces.notes
    assert "list_patition_label.txt, line 6: train_00006.jpg is listed twice" in faces.notes
    assert "train_00008_aligned.jpg" in set(faces.table["source"])


def test_other_class_counts_within_the_right_totals_are_notes(folder):
    edit_list(folder, "train_00001.jpg 1\n", "train_00001.jpg 2\n")
    faces = load("raf_db")
    assert faces.notes == (
        PEOPLE_UNKNOWN, "train surprise: 1 pictures, official 2; train fear: 2 pictures, official 1",
    )  # fmt: skip
    assert faces.differences == ()


# ------------------------------------------------------------------ the edition in folders


@pytest.fixture
def folders(folder, own_root) -> Path:
    """The same pictures as ``DATASET/train/5/train_00001_aligned.jpg``, with the lists of labels beside."""
    root = own_root / "raf_db"
    labels = {"train": ["image,label"], "test": ["image,label"]}
    for line in (folder / "EmoLabel" / "list_patition_label.txt").read_text().splitlines():
        name, code = line.split(".jpg ")
        split = name.partition("_")[0]
        home = root / "DATASET" / split / code
        home.mkdir(parents=True, exist_ok=True)
        aligned(folder, name).rename(home / f"{name}_aligned.jpg")
        labels[split].append(f"{name}_aligned.jpg,{code}")
    for split, lines in labels.items():
        (root / "DATASET" / f"{split}_labels.csv").write_text("\n".join(lines) + "\n")
    shutil.rmtree(folder)
    return root / "DATASET"


def test_the_edition_in_folders_gives_the_same_rows_and_says_what_it_is(folders, own_root):
    faces = load("raf_db")
    assert faces.differences == ("an edition in folders (DATASET/train/1 …), not the official archive",)
    write_raf_db(own_root / "official" / "raf_db")
    shutil.rmtree(folders.parent)
    shutil.move(own_root / "official" / "raf_db", own_root / "raf_db")
    assert load("raf_db").fingerprint == faces.fingerprint


def test_doubtful_labels_in_folders_are_refused(folders):
    train = folders / "train"
    shutil.copy(train / "1" / "train_00001_aligned.jpg", train / "2" / "train_00001_aligned.jpg")
    shutil.copy(folders / "test" / "1" / "test_00001_aligned.jpg", train / "1")
    (train / "8").mkdir()
    (train / "4" / "train_00005_aligned.jpg").rename(train / "8" / "train_00005_aligned.jpg")
    (train / "4" / "train_00006_aligned.jpg").rename(train / "5" / "train_00006_aligned.jpg")
    (train / "4" / "train_00007_aligned.jpg").rename(train / "4" / "7.jpg")
    assert problems_of("raf_db") == [
        "train/1/test_00001_aligned.jpg: belongs into test/",
        "train/2/train_00001_aligned.jpg: the same picture is also train/1/train_00001_aligned.jpg",
        "train/4/7.jpg: not a name like train_00001_aligned.jpg",
        "train/5/train_00006_aligned.jpg: train_labels.csv says happiness",
        "train/8/train_00005_aligned.jpg: not in a folder train/<1 to 7>",
    ]


def test_a_missing_split_or_picture_of_the_folders_is_a_difference(folders):
    (folders / "train" / "4" / "train_00005_aligned.jpg").unlink()
    shutil.rmtree(folders / "test")
    faces = load("raf_db")
    assert faces.differences[1:] == (
        "1 picture(s) are missing that train_labels.csv names: train_00005",
        "no folder test: none of its pictures",
        "train: 11 pictures, official 12; test: 0 pictures, official 8",
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
