"""RaFD: every person with every expression in whichever angles and gazes are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import rafd
from tests.layouts import blocks, problems_of, write_rafd

PEOPLE = {("Caucasian", "male"): 1, ("Kid", "female"): 1}


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(rafd, "PEOPLE", PEOPLE)
    monkeypatch.setattr(rafd, "NATIVE_SIZES", ((102, 68),))
    monkeypatch.setattr(rafd, "SIZE", (32, 21))


@pytest.fixture
def folder(own_root) -> Path:
    write_rafd(own_root / "rafd")
    return own_root / "rafd"


def test_the_official_people_give_8040_pictures_that_fit(monkeypatch):
    monkeypatch.undo()
    people = sum(rafd.PEOPLE.values())
    pictures = people * len(rafd.ANGLES) * len(rafd.GAZES) * len(rafd.CLASS_OF_EXPRESSION)
    assert (people, pictures) == (67, 8040)
    assert pictures * rafd.SIZE[0] * rafd.SIZE[1] * 3 < 2 * 2**30
    assert rafd.SIZE[1] == round(rafd.SIZE[0] * 681 / 1024)


def test_a_whole_tree_has_every_field(folder):
    faces = load("rafd")
    assert faces.images.shape == (240, 32, 21, 3) and faces.notes == ()
    assert faces.classes[0] == "neutral" and faces.counts().iloc[0].tolist() == [30] * 8 + [240]
    table = faces.table.set_index("source")
    assert table.loc["Rafd045_02_Kid_female_fearful_right.jpg"].to_dict() == {
        "label": "fear", "subject": "02", "pose": 45, "gaze": "right", "gender": "female", "ethnicity": "Kid",
    }  # fmt: skip
    assert sorted(set(table["pose"])) == [0, 45, 90, 135, 180] and set(table["gaze"]) == {"left", "frontal", "right"}
    row = faces.table.index[faces.table["source"] == "Rafd045_02_Kid_female_fearful_right.jpg"][0]
    near = blocks("Rafd045_02_Kid_female_fearful_right.jpg", (102, 68), "RGB").resize((21, 32))
    assert np.abs(faces.images[row].astype(int) - np.asarray(near)).mean() < 12


def test_chosen_angles_and_gazes_are_enough_and_noted(folder):
    for file in folder.iterdir():
        if not file.name.startswith("Rafd090") or file.stem.endswith("_left"):
            file.unlink()
    faces = load("rafd")
    assert len(faces) == 32
    assert faces.notes == ("no pictures of camera angle(s) 000, 045, 135, 180", "no pictures of gaze(s) left")


def test_one_error_names_every_fault(folder):
    (folder / "Rafd000_01_Caucasian_male_happy_left.jpg").rename(folder / "Rafd000_01_Caucasian_male_glad_left.jpg")
    (folder / "Rafd000_01_Caucasian_male_sad_left.jpg").write_bytes(b"")
    whole = folder / "Rafd090_01_Caucasian_male_sad_left.jpg"
    whole.write_bytes(whole.read_bytes()[:-200])
    (folder / "again").mkdir()
    Image.new("RGB", (68, 102)).save(folder / "again" / "Rafd090_02_Kid_female_sad_left.jpg")
    Image.new("CMYK", (68, 102)).save(folder / "Rafd180_02_Kid_female_sad_left.jpg")
    found = problems_of("rafd")
    expected = [
        "Rafd000_01_Caucasian_male_glad_left.jpg: not a name like Rafd090_28_",
        "Rafd000_01_Caucasian_male_sad_left.jpg: empty file",
        "Rafd090_01_Caucasian_male_sad_left.jpg: unreadable or truncated",
        "again/Rafd090_02_Kid_female_sad_left.jpg: there is another picture of this name",
        "Rafd180_02_Kid_female_sad_left.jpg: unreadable or truncated (colour mode CMYK",
    ]
    for words in expected:
        assert sum(words in problem for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_missing_pictures_and_people_are_differences(folder):
    for file in list(folder.glob("Rafd*_02_*")):
        file.unlink()
    (folder / "Rafd000_01_Caucasian_male_angry_left.jpg").unlink()
    faces = load("rafd")
    assert len(faces) == 119
    assert faces.differences == (
        "Kid female: 0 people, official 1",
        "1 of the official 120 pictures are missing: Rafd000_01_Caucasian_male_angry_left.jpg",
    )


def test_two_faced_people_are_a_problem(folder):
    name = "Rafd090_01_Caucasian_male_sad_left.jpg"
    (folder / name).rename(folder / name.replace("male", "female"))
    assert problems_of("rafd") == ["person 01: Caucasian female and Caucasian male, one person can't be both"]


def test_an_empty_folder_has_no_pictures(own_root):
    (own_root / "rafd").mkdir()
    assert problems_of("rafd") == [
        "not one picture. Caucasian male: 0 people, official 1; Kid female: 0 people, official 1"
    ]


def test_pictures_of_another_size_are_fitted_and_said(folder):
    Image.new("RGB", (102, 102), (7, 8, 9)).save(folder / "Rafd090_02_Kid_female_sad_left.jpg", quality=100)
    faces = load("rafd")
    assert faces.differences == ("1 picture(s) are not 68x102 pixels but 102x102 (Rafd090_02_Kid_female_sad_left.jpg)",)


def test_letter_case_and_endings_do_not_matter(folder):
    whole = load("rafd")
    for name in ("Rafd090_01_Caucasian_male_sad_left", "Rafd090_01_Caucasian_male_sad_right"):
        (folder / f"{name}.jpg").rename(folder / f"{name.lower()}.JPEG")
    faces = load("rafd")
    assert faces.fingerprint == whole.fingerprint and faces.differences == ()


@given(st.text(max_size=60) | st.from_regex(r"Rafd\d{3}_\d\d_[A-Z][a-z]+_(fe)?male_(sad|glad)_(left|up)\.(jpg|png)"))
def test_strange_names_raise_only_value_errors(name):
    try:
        assert rafd.parse_name(name).file_name.lower().rpartition(".")[0] == name.lower().rpartition(".")[0]
    except ValueError as error:
        assert "not a name like" in str(error)


@given(
    st.sampled_from(rafd.ANGLES), st.integers(0, 99), st.from_regex(r"[A-Z][a-z]{1,9}", fullmatch=True),
    st.sampled_from(("male", "female")), st.sampled_from(list(rafd.CLASS_OF_EXPRESSION)), st.sampled_from(rafd.GAZES),
)  # fmt: skip
def test_names_are_read_back(angle, number, ethnicity, gender, expression, gaze):
    picture = rafd.Picture(angle, f"{number:02d}", ethnicity, gender, expression, gaze)
    assert rafd.parse_name(picture.file_name) == picture
