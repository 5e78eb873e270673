"""MMI: frontal sessions with one of six emotions, four frames of each, turned where no action units are coded."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_utils.data import load
from fer_utils.datasets import mmi
from fer_utils.datasets.mmi import Session
from fer_utils.errors import FerError
from tests.layouts import problems_of
from tests.video_layouts import FRAME_SIZE, frame_of, write_session

FRONTAL = Session("0", "7", True)


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch):
    monkeypatch.setattr(mmi, "SIZE", (36, 36))
    monkeypatch.setattr(mmi, "NATIVE_SIZES", (FRAME_SIZE, FRAME_SIZE[::-1]))


@pytest.fixture
def folder(own_root) -> Path:
    """Six emotions of two people."""
    for code in mmi.CLASS_OF_CODE:
        write_session(own_root / "mmi", code, FRONTAL, f"S{1 + code % 2:03d}-{code:03d}", code)
    return own_root / "mmi"


def test_a_thousand_videos_take_what_the_docstring_states(monkeypatch):
    monkeypatch.undo()
    assert 1000 * 4 * mmi.SIZE[0] * mmi.SIZE[1] * 3 == pytest.approx(2.2e9, rel=0.01)


def test_the_first_frame_is_neutral_and_the_middle_three_carry_the_label(folder):
    faces = load("mmi")
    assert faces.images.shape == (24, 36, 36, 3) and faces.notes == ()
    assert faces.classes == ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
    assert faces.counts().iloc[0].tolist() == [6, 3, 3, 3, 3, 3, 3, 24]
    assert [frame_of(image) for image in faces.images] == faces.table["frame"].tolist() == [1, 4, 5, 6] * 6
    assert faces.table.iloc[:2].to_dict("records") == [
        {"label": "neutral", "subject": "S002", "source": "1/S002-001#1", "sequence": "1/S002-001", "frame": 1,
         "sequence_label": "anger", "session": "1"},
        {"label": "anger", "subject": "S002", "source": "1/S002-001#4", "sequence": "1/S002-001", "frame": 4,
         "sequence_label": "anger", "session": "1"},
    ]  # fmt: skip


def test_other_views_and_displays_are_counted_and_not_read(folder):
    write_session(folder, 11, Session("1", "7", True), "S003-001", 1)
    write_session(folder, 12, Session("2", "7", True), "S003-002", 1)
    write_session(folder, 13, FRONTAL, "S003-003", 7)
    (write_session(folder, 14, FRONTAL, "S003-004", 1) / "S003-004.xml").write_text("<annotation/>")
    still = write_session(folder, 15, FRONTAL, "S003-005", 1)
    for name in ("S003-005.avi", "S003-005.xml"):
        (still / name).unlink()
    faces = load("mmi")
    assert len(faces) == 24 and faces.notes == (
        "1 session(s) ignored: no video",
        "1 session(s) ignored: other displays than the six emotions",
        "2 session(s) ignored: profile or dual view",
        "1 session(s) ignored: without an emotion",
    )


def test_videos_without_coded_action_units_are_turned_upright(folder):
    write_session(folder, 9, FRONTAL._replace(coded=False), "S009-001", 4)
    named = write_session(folder, 10, FRONTAL._replace(coded=False), "S009-002", 4)
    (named / "S009-002-oao_aucs.xml").write_text("<oao/>")
    faces = load("mmi")
    assert faces.notes == ("1 video(s) without coded action units: turned by 90 degrees where wider than high",)
    # Sessions are in the order of their names as text: 1, 10, 2, … 9.
    first = {name: faces.images[faces.table.index[faces.table["source"] == f"{name}#1"][0]] for name in
             ("9/S009-001", "10/S009-002")}  # fmt: skip
    assert np.array_equal(first["9/S009-001"], np.rot90(first["10/S009-002"], -1))


def test_the_person_of_oddly_named_videos_is_that_of_the_session(folder):
    shutil.rmtree(folder / "Sessions")
    for number in (9, 10):
        write_session(folder, number, FRONTAL, "clip", 4)
    table = load("mmi").table
    assert table["subject"].unique().tolist() == ["7"]
    assert table["sequence"].unique().tolist() == ["10/clip", "9/clip"] and table["source"].is_unique


def test_a_mixture_of_both_could_split_a_person_in_two_and_is_refused(folder):
    write_session(folder, 9, FRONTAL, "clip 12", 4)
    with pytest.raises(FerError, match=r"6 videos are named after their person .*, 1 are not"):
        load("mmi")


def test_the_case_of_an_ending_makes_no_other_person(folder):
    home = write_session(folder, 9, FRONTAL, "S002-009", 4)
    (home / "S002-009.avi").rename(home / "S002-009.AVI")
    table = load("mmi").table
    assert table.loc[table["session"] == "9", "subject"].unique().tolist() == ["S002"]


def test_one_error_names_every_fault(folder):
    sessions = folder / "Sessions"
    (sessions / "1" / "S002-001.avi").write_bytes(b"")
    (sessions / "5" / "session.xml").write_text("<session><track view='3'/></session>")
    entities = '<!DOCTYPE a [<!ENTITY x "1">]><annotation><Metatag Name="Emotion" Value="&x;"/></annotation>'
    (sessions / "6" / "S001-006.xml").write_text(entities)
    (write_session(folder, 7, FRONTAL, "S001-007", 1) / "S001-007.xml").write_text("<annotation>")
    (write_session(folder, 8, FRONTAL, "S001-008", 1) / "S001-008.xml").write_text(
        '<a><Metatag Name="Emotion" Value="joy"/></a>'
    )
    write_session(folder, 9, FRONTAL._replace(person=""), "clip", 1)
    damaged = write_session(folder, 10, FRONTAL, "S001-010", 1) / "S001-010.avi"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    (write_session(folder, 11, FRONTAL, "S001-011", 1) / "S001-012.avi").write_bytes(b"x")
    found = problems_of("mmi")
    expected = [
        "Sessions/1/S002-001.avi: empty file",
        "Sessions/5/session.xml: no element track with the attribute view 0, 1 or 2",
        "Sessions/6/S001-006.xml: XML with a document type or entities, which is refused",
        "Sessions/7/S001-007.xml: not XML (",
        "Sessions/8/S001-008.xml: emotion code 'joy' is not a number from 1 on",
        "Sessions/9/clip.avi: whose video is it?",
        "Sessions/10/S001-010.avi: unreadable or truncated",
        "Sessions/11: 2 .avi files, expected one",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_sessions_that_are_not_whole_are_left_out_and_said(folder):
    sessions = folder / "Sessions"
    (sessions / "2" / "session.xml").unlink()
    (sessions / "3" / "S002-003.avi").unlink()
    (sessions / "4" / "S001-004.xml").unlink()
    faces = load("mmi")
    assert faces.differences == (
        "3 session(s) left out: Sessions/2 (session.xml is missing), Sessions/3 (its video is missing), "
        "Sessions/4 (S001-004.xml is missing)",
    )
    assert set(faces.table["session"]) == {"1", "5", "6"}


def test_letter_case_makes_no_difference(folder):
    whole = load("mmi")
    home = folder / "Sessions" / "2"
    for name in ("session.xml", "S001-002.xml", "S001-002.avi"):
        (home / name).rename(home / name.upper())
    (folder / "Sessions").rename(folder / "sessions")
    faces = load("mmi")
    assert faces.fingerprint == whole.fingerprint and faces.differences == ()


def test_no_frontal_video_at_all_is_a_problem(own_root):
    write_session(own_root / "mmi", 1, Session("1", "7", True), "S003-001", 1)
    assert problems_of("mmi") == ["Sessions: no frontal video with an emotion from 1 to 6"]


def test_the_folder_of_sessions_is_needed(own_root):
    (own_root / "mmi").mkdir()
    with pytest.raises(FerError, match=r"holds no folder Sessions\. Expected: mmi/Sessions/"):
        load("mmi")
