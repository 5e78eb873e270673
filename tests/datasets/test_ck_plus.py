"""CK+: four frames of each labelled sequence, from emotion files and pictures that must agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import ck_plus, ckextended
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.errors import FerError
from tests.layouts import blocks, problems_of, write_ck_plus, write_ck_sequence

SMALL = {"anger": 2, "contempt": 1, "disgust": 1, "fear": 1, "happiness": 1, "sadness": 1, "surprise": 1}
UNLABELLED = "1 sequences without a label ignored (official 585)"


@pytest.fixture(autouse=True)
def small_counts(monkeypatch):
    monkeypatch.setattr(ck_plus, "OFFICIAL", SMALL)
    monkeypatch.setattr(ck_plus, "PEOPLE", 8)


@pytest.fixture
def folder(own_root) -> Path:
    write_ck_plus(own_root / "ck_plus")
    return own_root / "ck_plus"


def frame(folder: Path, subject: str, number: int) -> Path:
    return folder / "cohn-kanade-images" / subject / "001" / f"{subject}_001_{number:08d}.png"


def emotion(folder: Path, subject: str) -> Path:
    return folder / "Emotion" / subject / "001" / f"{subject}_001_00000006_emotion.txt"


def test_the_official_counts_give_1308_pictures(monkeypatch):
    monkeypatch.undo()
    sequences = sum(ck_plus.OFFICIAL.values())
    assert (sequences, sequences * (ck_plus.PEAK_FRAMES + 1)) == (327, 1308)


def test_first_frame_is_neutral_and_the_last_three_carry_the_label(folder):
    faces = load("ck_plus")
    assert faces.images.shape == (32, 480, 640) and faces.kind == "real" and faces.notes == (UNLABELLED,)
    assert faces.classes == (
        "neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise",
    )  # fmt: skip
    assert faces.counts().iloc[0].tolist() == [8, 6, 3, 3, 3, 3, 3, 3, 32]
    first = faces.table.iloc[:4]
    assert first["label"].tolist() == ["neutral", "anger", "anger", "anger"]
    assert first["frame"].tolist() == [1, 4, 5, 6]
    assert set(first["subject"]) == {"S001"} and set(first["sequence"]) == {"S001_001"}
    assert set(first["sequence_label"]) == {"anger"}
    assert np.array_equal(faces.images[2], blocks("S001_001_00000005.png", (480, 640), "L"))


def test_taller_pictures_lose_five_rows_above_and_below_and_colour_becomes_grey(folder):
    values = np.random.default_rng(0).integers(0, 256, (490, 640), dtype=np.uint8)
    Image.fromarray(values).save(frame(folder, "S001", 1))
    Image.new("RGB", (640, 480), (90, 90, 90)).save(frame(folder, "S001", 4))
    faces = load("ck_plus")
    assert np.array_equal(faces.images[0], values[5:-5]) and (faces.images[1] == 90).all()
    assert faces.notes == (UNLABELLED,)


def test_a_gap_is_a_note_and_another_size_or_a_gap_among_the_frames_taken_a_difference(folder):
    Image.new("L", (320, 240)).save(frame(folder, "S001", 1))
    frame(folder, "S002", 3).unlink()
    frame(folder, "S003", 5).unlink()
    faces = load("ck_plus")
    assert faces.notes[1:] == ("S002_001: 1 frame(s) before frame 6 are not there, such as 3",)
    assert faces.differences == (
        "S003_001: 1 frame(s) before frame 6 are not there, such as 5",
        "1 picture(s) are not 640x480 or 640x490 pixels but 320x240 "
        "(cohn-kanade-images/S001/001/S001_001_00000001.png)",
    )


def test_one_error_names_every_fault(folder):
    frame(folder, "S001", 4).write_bytes(b"")
    frame(folder, "S001", 5).write_bytes(frame(folder, "S001", 5).read_bytes()[:300])
    frame(folder, "S003", 2).rename(frame(folder, "S003", 2).with_name("S003_001_2.png"))
    frame(folder, "S003", 3).rename(frame(folder, "S004", 3).with_name("S003_001_00000003.png"))
    emotion(folder, "S004").write_text("   8.0000000e+00\n")
    emotion(folder, "S005").write_text("")
    write_ck_sequence(folder, "S006", "001", None, 7)
    Image.new("CMYK", (640, 480)).save(frame(folder, "S007", 1), "TIFF")
    (folder / "Emotion" / "S008" / "001" / "notes.txt").write_text("x")
    (folder / "Emotion" / "S008" / "001" / "S008_001_00000005_emotion.txt").write_text("3")
    found = problems_of("ck_plus")
    expected = [
        "cohn-kanade-images/S001/001/S001_001_00000004.png: empty file",
        "cohn-kanade-images/S001/001/S001_001_00000005.png: unreadable or truncated",
        "cohn-kanade-images/S003/001/S003_001_2.png: not a name like S005_001_00000011.png",
        "cohn-kanade-images/S004/001/S003_001_00000003.png: belongs into cohn-kanade-images/S003/001/",
        "Emotion/S004/001/S004_001_00000006_emotion.txt: emotion code '8.0000000e+00' is not one of 0 to 7",
        "Emotion/S005/001/S005_001_00000006_emotion.txt: emotion code '' is not one of 0 to 7",
        "S006_001: the emotion file names frame 6, but frame 7 is the last",
        "cohn-kanade-images/S007/001/S007_001_00000001.png: unreadable or truncated (colour mode CMYK",
        "Emotion/S008/001/notes.txt: not a name like S005_001_00000011_emotion.txt",
        "Emotion/S008/001/S008_001_00000006_emotion.txt: a second emotion file for S008_001",
        "S008_001: the emotion file names frame 5, but frame 6 is the last",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_sequences_that_are_not_whole_are_left_out_and_said(folder):
    frame(folder, "S002", 6).unlink()
    write_ck_sequence(folder, "S009", "001", "fear", 3)
    emotion(folder, "S001").unlink()
    faces = load("ck_plus")
    assert faces.differences == (
        "2 labelled sequence(s) left out: S002_001 (its last frame 6 is missing), S009_001 (3 frames, at least 4 are "
        "needed)",
        "anger: 0 labelled sequences, official 2",
        "6 people with labelled sequences, official 8",
    )
    assert not {"S001", "S002", "S009"} & set(faces.table["subject"])


def test_letter_case_and_sixteen_bits_make_no_difference(folder):
    whole = load("ck_plus")
    low = folder / "cohn-kanade-images" / "s001"
    (folder / "cohn-kanade-images" / "S001").rename(low)
    last = low / "001" / "S001_001_00000006.png"
    values = np.asarray(Image.open(last)).astype(np.uint16) * 257
    last.unlink()
    Image.fromarray(values).save(low / "001" / "s001_001_00000006.PNG")
    faces = load("ck_plus")
    assert faces.fingerprint == whole.fingerprint and faces.differences == ()


# ------------------------------------------------------------------ ckextended.csv


def write_ckextended(folder: Path, rows: list[tuple[int, str]]) -> Path:
    folder.mkdir(parents=True)
    lines = ["emotion,pixels,Usage"]
    for number, (code, usage) in enumerate(rows):
        pixels = np.asarray(blocks(f"ck {number}", (48, 48), "L")).ravel()
        lines.append(f"{code},{' '.join(map(str, pixels))},{usage}")
    (folder / "ckextended.csv").write_text("\n".join(lines) + "\n")
    return folder / "ckextended.csv"


def test_ckextended_has_faces_and_no_people(own_root, monkeypatch):
    monkeypatch.setattr(ckextended, "OFFICIAL", dict.fromkeys(ckextended.CODES, 1))
    write_ckextended(own_root / "ck_plus", [(code, "Training") for code in range(8)])
    faces = load("ck_plus")
    assert faces.images.shape == (8, 48, 48) and faces.name == "ck_plus"
    assert faces.table["label"].tolist() == list(ckextended.CODES) and faces.classes[0] == "neutral"
    assert PEOPLE_UNKNOWN in faces.notes and "split" not in faces.table
    assert faces.differences == (
        "ckextended.csv: one cut-out face of 48x48 pixels a sequence, not the frames", ckextended.NO_SOUND,
    )  # fmt: skip


def test_the_920_rows_of_ckextended():
    assert sum(ckextended.OFFICIAL.values()) == 920 and tuple(ckextended.OFFICIAL) == ckextended.CODES


def test_wrong_lines_of_ckextended_refuse_it(own_root):
    file = write_ckextended(own_root / "ck_plus", [(7, "Training"), (8, "Training"), (1, "Test")])
    assert problems_of("ck_plus") == [
        "line 3: emotion code '8' is not one of 0 to 7",
        "line 4: Usage 'Test' is not one of Training, PublicTest, PrivateTest",
    ]
    file.write_bytes(b"")
    (problem,) = problems_of("ck_plus")
    assert problem.startswith("not one picture.")


def test_both_folders_are_needed(own_root):
    (own_root / "ck_plus").mkdir()
    with pytest.raises(FerError, match="holds no folder cohn-kanade-images and no folder Emotion"):
        load("ck_plus")


# ------------------------------------------------------------------ names and codes


@given(st.text(max_size=40) | st.from_regex(r"S\d{2,4}_\d{3}_\d{7,9}(_emotion)?\.(png|txt)"))
def test_strange_names_and_codes_raise_only_value_errors(text):
    for parse in (ck_plus.parse_picture, ck_plus.parse_emotion_file, ck_plus.parse_code):
        try:
            parse(text)
        except ValueError as error:
            assert str(error)


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 10**8 - 1))
def test_names_are_read_back(subject, take, number):
    made = ck_plus.Frame(f"S{subject:03d}", f"{take:03d}", number)
    assert ck_plus.parse_picture(f"{made.stem}.png") == made
    assert ck_plus.parse_emotion_file(f"{made.stem}_emotion.txt") == made


@pytest.mark.parametrize("text", ["3", " 3.0000000e+00\n", "3.0"])
def test_codes_are_numbers_in_any_notation(text):
    assert ck_plus.parse_code(text) == "disgust"


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "3.5", "8", "three", "1 2"])
def test_other_codes_are_refused(text):
    with pytest.raises(ValueError, match="is not one of 0 to 7"):
        ck_plus.parse_code(text)
