"""SFEW 2.0: frames in folders by split and class, movies in their names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import sfew
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.errors import FerError
from tests.layouts import problems_of, write_sfew

SMALL = {"Train": (2, 1, 1, 2, 1, 2, 1), "Val": (1, 1, 1, 1, 2, 1, 1)}


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(sfew, "OFFICIAL", SMALL)
    monkeypatch.setattr(sfew, "NATIVE_SIZES", ((72, 90),))
    monkeypatch.setattr(sfew, "SIZE", (48, 60))


@pytest.fixture
def folder(own_root) -> Path:
    write_sfew(own_root / "sfew")
    return own_root / "sfew"


def test_the_official_counts_sum_to_the_published_totals(monkeypatch):
    monkeypatch.undo()
    assert {split: sum(counts) for split, counts in sfew.OFFICIAL.items()} == {"Train": 958, "Val": 436}


def test_a_whole_tree_has_splits_and_movies(folder):
    (folder / "Test").mkdir()
    faces = load("sfew")
    assert faces.images.shape == (18, 48, 60, 3)
    assert faces.notes == (PEOPLE_UNKNOWN, "Test/ ignored: its pictures have no labels")
    assert faces.classes == ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
    assert faces.counts().iloc[0].tolist() == [3, 2, 2, 3, 3, 3, 2, 18]
    path = "Train/Angry/TrainMovie1_000000001_00000001.png"
    assert faces.table.iloc[1].to_dict() == {
        "label": "anger", "subject": path, "source": path, "split": "Train", "sequence": "TrainMovie1",
        "frame": "000000001_00000001",
    }  # fmt: skip
    assert faces.table.groupby("split")["sequence"].agg(set).to_dict() == {
        "Train": {"TrainMovie0", "TrainMovie1"},
        "Val": {"ValMovie0", "ValMovie1"},
    }


def test_a_movie_in_both_splits_and_other_training_classes_are_notes(folder):
    frame = next((folder / "Train" / "Angry").glob("TrainMovie0*"))
    frame.rename(folder / "Train" / "Sad" / "ValMovie0_000000009_00000009.png")
    faces = load("sfew")
    assert faces.notes == (
        PEOPLE_UNKNOWN,
        "Train anger: 1 pictures, official 2; Train sadness: 3 pictures, official 2",
        "movies in both splits: ValMovie0",
    )
    assert faces.differences == ()


def test_the_same_picture_in_both_splits_under_another_label_is_a_note(folder):
    angry, sad = next((folder / "Train" / "Angry").iterdir()), next((folder / "Val" / "Sad").iterdir())
    sad.write_bytes(angry.read_bytes())
    assert load("sfew").notes == (
        PEOPLE_UNKNOWN,
        "17 different images among 18: the others are exact duplicates",
        "also in Train: 1 of Val",
        "rows whose identical image has another label: 1 of Train, 1 of Val",
    )


def test_one_error_names_every_fault(folder):
    angry, sad = sorted((folder / "Train" / "Angry").iterdir()), sorted((folder / "Train" / "Sad").iterdir())
    angry[0].write_bytes(b"")
    angry[1].write_bytes(angry[1].read_bytes()[:80])
    sad[0].rename(sad[0].with_name("00123.png"))
    (folder / "Train" / "Joy").mkdir()
    sad[1].rename(folder / "Train" / "Joy" / sad[1].name)
    shutil.copy(next((folder / "Val" / "Fear").iterdir()), folder / "Val" / "Sad")
    found = problems_of("sfew")
    expected = [
        f"Train/Angry/{angry[0].name}: empty file",
        f"Train/Angry/{angry[1].name}: unreadable or truncated",
        "Train/Sad/00123.png: not a name like AlexEmma_000058680_00000007.png",
        f"Train/Joy/{sad[1].name}: not in a folder Train/<Angry|",
        "Val/Sad/ValMovie0_000002000_00000000.png: the same picture is also Val/Fear/",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_other_counts_and_encodings_are_differences(folder):
    next((folder / "Val" / "Fear").iterdir()).unlink()
    next((folder / "Train" / "Fear").iterdir()).unlink()
    Image.new("L", (45, 36)).save(folder / "Val" / "Happy" / "More_1_1.jpg")
    faces = load("sfew")
    assert faces.differences == (
        "Train: 9 pictures, official 10",
        "Val fear: 0 pictures, official 1; Val happiness: 2 pictures, official 1",
        "1 picture(s) are JPEG files, official PNG (Val/Happy/More_1_1.jpg)",
        "1 picture(s) are not 90x72 pixels but 45x36 (Val/Happy/More_1_1.jpg)",
    )
    assert "Train fear: 0 pictures, official 1" in faces.notes


def test_one_split_alone_is_loaded_and_none_is_refused(folder, own_root):
    shutil.rmtree(folder / "Val")
    faces = load("sfew")
    assert faces.differences[0] == "no folder Val: none of its pictures" and set(faces.table["split"]) == {"Train"}
    shutil.rmtree(folder / "Train")
    with pytest.raises(FerError, match=r"holds neither Train/ nor Val/ nor Train_Aligned_Faces/"):
        load("sfew")


# ------------------------------------------------------------------ the owners' aligned faces


@pytest.mark.parametrize(
    "place", ["Train_Aligned_Faces", "Train/Train_Aligned_Faces", "Train_Aligned_Faces/Train_Aligned_Faces"]
)
def test_aligned_faces_are_read_where_there_are_no_frames(folder, monkeypatch, place):
    monkeypatch.setattr(sfew, "ALIGNED_TOTALS", {"Train": 10, "Val": 8})
    monkeypatch.setattr(sfew, "ALIGNED_SIZE", (72, 90))
    for split in ("Train", "Val"):
        moved = (folder / split).rename(folder / "moved")
        home = folder / place.replace("Train", split)
        home.parent.mkdir(parents=True, exist_ok=True)
        moved.rename(home)
    faces = load("sfew")
    assert faces.images.shape == (18, 72, 90, 3)
    assert faces.differences == ("the owners' aligned faces, 18 pictures; the papers count 18 frames",)
    assert faces.table["split"].value_counts().to_dict() == {"Train": 10, "Val": 8}


def test_frames_go_before_aligned_faces(folder):
    whole = load("sfew")
    for home in (folder / "Train_Aligned_Faces", folder / "Val" / "Val_Aligned_Faces"):
        shutil.copytree(folder / "Val", home)
    faces = load("sfew")
    assert faces.fingerprint == whole.fingerprint and "aligned faces ignored: the frames are there too" in faces.notes


def test_a_title_of_broken_bytes_or_escapes_is_read_and_stored_harmlessly(folder):
    """A name in another encoding than UTF-8, as old archives have, and one that a terminal would obey."""
    first, second = sorted((folder / "Train" / "Angry").iterdir())
    first.rename(first.with_name("Am\udce9lie_000000001_00000001.png"))
    second.rename(second.with_name("\x1b[2JMovie_000000002_00000002.png"))
    faces = load("sfew")
    sources = faces.table["source"].tolist()
    assert "Train/Angry/Am\\udce9lie_000000001_00000001.png" in sources and faces.fingerprint
    assert "Train/Angry/\\x1b[2JMovie_000000002_00000002.png" in sources
    assert all(text.isprintable() for text in faces.table["sequence"])


@pytest.mark.parametrize(
    ("name", "movie", "numbers"),
    [
        ("21_001108440_00000025.png", "21", "001108440_00000025"),
        ("50_50_001805320_00000009.png", "50_50", "001805320_00000009"),
        ("OceansThirteen-010619400_00000087.png", "OceansThirteen", "010619400_00000087"),
        ("AlexEmma_000058680_00000007.PNG", "AlexEmma", "000058680_00000007"),
        ("Amélie Poulain_1_2.jpeg", "Amélie Poulain", "1_2"),
        ("Half-Light_5_6.png", "Half-Light", "5_6"),
    ],
)
def test_the_title_is_what_stands_before_the_last_two_numbers(name, movie, numbers):
    assert sfew.parse_name(name) == (movie, numbers)


titles = st.from_regex(r"[\w][\w .'!&-]{0,20}", fullmatch=True).filter(lambda text: text[-1] not in "_- ")


@given(titles, st.integers(0, 10**9), st.integers(0, 10**8), st.sampled_from("_-"))
def test_every_title_that_a_film_can_have_is_read_back(movie, time, number, joint):
    assert sfew.parse_name(f"{movie}{joint}{time:09d}_{number:08d}.png") == (movie, f"{time:09d}_{number:08d}")


@given(st.text(max_size=40) | st.from_regex(r"[A-Z0-9_]{0,9}_\d{1,9}(_\d{1,8})?\.(png|gif)", fullmatch=True))
def test_strange_names_raise_only_value_errors(name):
    try:
        movie, numbers = sfew.parse_name(name)
        assert re.match(f"{re.escape(movie)}[_-]{numbers}[.]", name) and re.search("[^_-]", movie)
    except ValueError as error:
        assert "not a name like" in str(error)


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}[A-Za-z]", fullmatch=True), st.integers(0, 10**9), st.integers(0, 10**8)
)
def test_names_are_read_back(movie, time, number):
    numbers = f"{time:09d}_{number:08d}"
    assert sfew.parse_name(f"{movie}_{numbers}.png") == (movie, numbers)
    assert sfew.parse_name(f"21_{movie}_{numbers}.jpg") == (f"21_{movie}", numbers)
