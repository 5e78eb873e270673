"""FER-2013 in folders: what the edition lost, and what people do to it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import fer2013
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from tests.datasets.small_fer2013 import TOTAL, folder, rows, small_counts
from tests.layouts import problems_of, write_fer2013_csv, write_fer2013_folders

__all__ = ["folder", "rows", "small_counts"]


def test_folders_keep_the_order_of_the_csv_codes(folder):
    write_fer2013_folders(folder)
    faces = load("fer2013")
    assert faces.classes[0] == "anger" and faces.classes[-1] == "neutral" and len(faces) == TOTAL
    assert faces.table["split"].value_counts().to_dict() == {"Training": 17, "Test": 14}
    sources = faces.table["source"]
    names = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
    assert [path.split("/")[1] for path in sources] == [names.get(label, label) for label in faces.table["label"]]
    assert np.array_equal(faces.images[20], np.asarray(Image.open(folder / sources[20])))
    assert faces.notes == (PEOPLE_UNKNOWN,)
    assert faces.differences == (
        "the edition in folders: pictures were encoded again, and their order is not the csv's",
        "PublicTest and PrivateTest are merged",
    )


def test_one_error_names_every_bad_file_of_the_folders(folder):
    write_fer2013_folders(folder)
    train = folder / "train"
    (train / "angry" / "train_angry_0.png").write_bytes(b"")
    (train / "fear" / "train_fear_0.png").write_bytes(b"<html>")
    shutil.copy(train / "sad" / "train_sad_0.png", train / "neutral")
    (train / "happy").joinpath("train_happy_0.png").rename(train / "loose.png")
    (train / "joy").mkdir()
    (train / "happy" / "train_happy_1.png").rename(train / "joy" / "train_happy_1.png")
    found = problems_of("fer2013")
    for words in (
        "train/joy/train_happy_1.png: not in a folder train/<angry|",
        "train/loose.png: not in a folder train/<",
        "train/angry/train_angry_0.png: empty file",
        "train/fear/train_fear_0.png: unreadable or truncated",
        "train/sad/train_sad_0.png: the same picture is also train/neutral/train_sad_0.png",
    ):
        assert sum(words in problem for problem in found) == 1, words
    assert len(found) == 5


def test_other_counts_sizes_and_colours_of_the_folders_are_differences(folder):
    write_fer2013_folders(folder)
    for number in range(2):
        Image.new("RGB", (48, 48), (9, 9, 9)).save(folder / "test" / "disgust" / f"more_{number}.png")
    Image.new("L", (64, 64)).save(folder / "train" / "sad" / "train_sad_0.png")
    faces = load("fer2013")
    assert faces.differences[1:] == (
        "1 picture(s) are not 48x48 pixels but 64x64 (train/sad/train_sad_0.png)",
        "PublicTest and PrivateTest are merged",
        "more pictures than the official 31 (Test 2)",
        "test disgust: 3 pictures, official 1",
    )
    assert any(note.startswith("2 picture(s) hold grey as RGB") for note in faces.notes)


@pytest.mark.parametrize(
    "spelling",
    [
        ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"),
        ("anger", "disgusted", "fearful", "happiness", "sadness", "surprised", "NEUTRAL"),
        ("0_angry", "1 disgust", "2.fear", "3-happy", "4_sad", "5_surprise", "6_neutral"),
        ("0", "1", "2", "3", "4", "5", "6"),
    ],
)
@pytest.mark.parametrize("splits", [("Train", "TEST"), ("Training", "test")])
def test_any_usual_spelling_of_classes_and_splits_is_read(folder, spelling, splits):
    write_fer2013_folders(folder)
    whole = load("fer2013")
    for old, split in zip(("train", "test"), splits, strict=True):
        if old != split:
            (folder / old).rename(folder / split)
        for name, new in zip(fer2013.FOLDERS, spelling, strict=True):
            (folder / split / name).rename(folder / split / new)
    faces = load("fer2013")
    assert faces.counts().equals(whole.counts()) and faces.differences == whole.differences
    by_name = dict(zip((path.rsplit("/", 1)[-1] for path in faces.table["source"]), faces.table["label"], strict=True))
    assert all(by_name[path.rsplit("/", 1)[-1]] == label for path, label in
               zip(whole.table["source"], whole.table["label"], strict=True))  # fmt: skip


def test_public_and_private_test_in_folders_of_their_own_are_kept_apart(folder):
    write_fer2013_folders(folder)
    (folder / "test").rename(folder / "PublicTest")
    faces = load("fer2013")
    assert set(faces.table["split"]) == {"Training", "PublicTest"}
    assert "PublicTest and PrivateTest are merged" not in faces.differences


def test_a_class_behind_a_symbolic_link_is_there(folder, own_root):
    write_fer2013_folders(folder)
    whole = load("fer2013")
    (folder / "train" / "happy").rename(own_root / "happy")
    (folder / "train" / "happy").symlink_to(own_root / "happy")
    assert load("fer2013").fingerprint == whole.fingerprint
    (own_root / "happy").rename(own_root / "elsewhere")
    assert problems_of("fer2013") == ["train/happy: a link to nothing"]


def test_junk_among_the_folders_is_nobodys_picture(folder):
    write_fer2013_folders(folder)
    whole = load("fer2013")
    happy = folder / "train" / "happy"
    (happy / "Thumbs.db").write_bytes(b"x")
    for home in (".ipynb_checkpoints", "@eaDir", "__MACOSX"):
        (happy / home).mkdir()
        shutil.copy(next(happy.glob("*.png")), happy / home / "x.png")
    faces = load("fer2013")
    assert faces.fingerprint == whole.fingerprint and faces.notes == whole.notes


def test_both_editions_and_votes_beside_folders_are_noted(folder):
    write_fer2013_folders(folder)
    (folder / "fer2013new.csv").write_text("")
    assert "fer2013new.csv ignored: its rows follow fer2013.csv, not the folders" in load("fer2013").notes
    (folder / "fer2013new.csv").unlink()
    write_fer2013_csv(folder)
    faces = load("fer2013")
    assert "train/ and test/ ignored: fer2013.csv is there too and says more" in faces.notes
    assert faces.table["source"][0] == "row_00000"
