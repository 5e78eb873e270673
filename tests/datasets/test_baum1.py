"""BAUM-1: two parts with their own codes, tables that contradict themselves, and CLIFER's folders of frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_utils.data import load
from fer_utils.datasets import baum1
from fer_utils.datasets.baum1 import Clip, format_row
from fer_utils.errors import FerError
from tests.layouts import problems_of
from tests.video_layouts import (
    FRAME_SIZE,
    frame_of,
    write_baum1,
    write_baum1_frames,
    write_baum1_table,
    write_video,
)

SPONTANEOUS = [
    (Clip("001", "001"), "anger"),
    (Clip("001", "002"), "contempt"),
    (Clip("001", "003"), "concentrating"),
    (Clip("002", "001"), "neutral"),
    (Clip("002", "002"), "surprise"),
]
ACTED = [(Clip("001", "001"), "disgust"), (Clip("001", "002"), "interest"), (Clip("002", "001"), "surprise")]
STATES = (
    "spontaneous clips of mental states ignored: concentrating 1",
    "acted clips of mental states ignored: interest 1",
)


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(baum1, "OFFICIAL", {"spontaneous": 5, "acted": 3})
    monkeypatch.setattr(baum1, "PEOPLE", 2)
    monkeypatch.setattr(baum1, "NATIVE_SIZES", (FRAME_SIZE,))
    monkeypatch.setattr(baum1, "SIZE", (36, 48))


@pytest.fixture(params=[".xlsx", ".csv"])
def folder(own_root, request) -> Path:
    write_baum1(own_root / "baum1", "s", SPONTANEOUS, request.param)
    write_baum1(own_root / "baum1", "a", ACTED, request.param)
    return own_root / "baum1"


@pytest.fixture
def spontaneous(own_root) -> Path:
    write_baum1(own_root / "baum1", "s", SPONTANEOUS)
    return own_root / "baum1"


def test_the_memory_that_the_docstring_states(monkeypatch):
    monkeypatch.undo()
    assert baum1.SIZE[0] * baum1.SIZE[1] * 3 == 96000
    assert sum(baum1.OFFICIAL.values()) * 20 * 96000 == pytest.approx(2.9e9, rel=0.02)


def test_both_parts_are_read_with_their_own_codes(folder):
    faces = load("baum1")
    assert faces.images.shape == (24, 36, 48, 3) and faces.notes == STATES
    assert faces.counts().iloc[0].tolist() == [4, 4, 4, 0, 0, 4, 0, 8, 24]
    assert [frame_of(image) for image in faces.images] == faces.table["frame"].tolist() == [14, 15, 29, 30] * 6
    assert faces.table.groupby("part")["label"].agg(set).to_dict() == {
        "acted": {"disgust", "surprise"}, "spontaneous": {"anger", "contempt", "neutral", "surprise"},
    }  # fmt: skip
    assert faces.table.iloc[0].to_dict() == {
        "label": "anger", "subject": "s001", "source": "BAUM1s_MP4 - All/s001/S001_001.mp4#14",
        "sequence": "spontaneous S001_001", "part": "spontaneous", "frame": 14,
    }  # fmt: skip
    assert faces.table["source"].is_unique


def test_the_acted_part_may_lack_and_other_counts_are_notes(spontaneous, monkeypatch):
    monkeypatch.setattr(baum1, "PEOPLE", 3)
    monkeypatch.setattr(baum1, "OFFICIAL", {"spontaneous": 6, "acted": 3})
    assert load("baum1").notes == (
        STATES[0],
        "no folder BAUM1a_MP4 - All",
        "spontaneous: 5 clips, official 6",
        "2 people with clips of these classes, official 3",
    )


def test_without_the_spontaneous_part_it_is_another_set(own_root):
    write_baum1(own_root / "baum1", "a", ACTED)
    faces = load("baum1")
    assert faces.differences == ("no folder BAUM1s_MP4 - All",) and set(faces.table["part"]) == {"acted"}


def test_a_missing_spontaneous_clip_is_a_difference(spontaneous):
    (spontaneous / "BAUM1s_MP4 - All" / "s001" / "S001_001.mp4").unlink()
    assert load("baum1").differences == ("1 spontaneous clips annotated but not there: S001_001",)


def test_the_one_official_contradiction_is_left_out_and_others_refuse(spontaneous, monkeypatch):
    monkeypatch.setattr(baum1, "CONTRADICTED", {("s", "S001_001")})
    rows = [format_row(clip, emotion, "s") for clip, emotion in SPONTANEOUS]
    rows[0][baum1.NAME] = "Neutral"
    write_baum1_table(spontaneous, "s", rows)
    faces = load("baum1")
    words = "Annotations_BAUM1s.xlsx, line 2: S001_001 is called 'Neutral', but code 1 is anger"
    assert f"{words}; left out" in faces.notes and "anger" not in set(faces.table["label"])
    assert not any("without annotation" in note for note in faces.notes)
    monkeypatch.setattr(baum1, "CONTRADICTED", set())
    assert problems_of("baum1") == [words]


def test_missing_acted_and_unannotated_clips_are_notes(folder):
    acted = folder / "BAUM1a_MP4_all" / "s001"
    (acted / "S001_001.mp4").rename(acted / "S001_009.mp4")
    assert load("baum1").notes[1:3] == (
        "1 acted clips annotated but not there: S001_001",
        "1 acted clips without annotation ignored: S001_009",
    )


def test_one_error_names_every_fault(spontaneous):
    home = spontaneous / "BAUM1s_MP4 - All"
    (home / "s001" / "S001_002.mp4").write_bytes(b"")
    (home / "s002" / "S002_001.mp4").rename(home / "s001" / "S002_001.mp4")
    write_video(home / "s002" / "clip.mp4")
    rows = [format_row(clip, emotion, "s") for clip, emotion in SPONTANEOUS]
    rows[3][baum1.CODE], rows[4][baum1.NAME] = "14", "Sadness"
    rows += [rows[0], ["", "3", "", "S002_005", "Anger", "1"], ["", "3", "", "S3_5", "Anger", "1"]]
    write_baum1_table(spontaneous, "s", rows)
    table = "Annotations_BAUM1s.xlsx, line"
    assert problems_of("baum1") == [
        f"{table} 5: emotion code '14' is not one of 1 to 13",
        f"{table} 6: S002_002 is called 'Sadness', but code 11 is surprise",
        f"{table} 7: S001_001 is there twice",
        f"{table} 8: S002_005 of person '3'",
        f"{table} 9: not a name like S001_002.mp4",
        "BAUM1s_MP4 - All/s002/clip.mp4: not a name like S001_002.mp4",
        "BAUM1s_MP4 - All/s001/S002_001.mp4: belongs into s002/",
        "BAUM1s_MP4 - All/s001/S001_002.mp4: empty file",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "Annotations_BAUM1s.xlsx: empty file"), (b"PK\x03\x04 x", "Annotations_BAUM1s.xlsx: unreadable (")],
)
def test_a_damaged_table_is_a_problem(spontaneous, content, words):
    (spontaneous / "Annotations_BAUM1s.xlsx").write_bytes(content)
    (problem,) = problems_of("baum1")
    assert problem.startswith(words)


def test_a_table_is_needed_and_six_columns_of_it(spontaneous):
    (spontaneous / "Annotations_BAUM1s.xlsx").unlink()
    assert problems_of("baum1") == ["neither Annotations_BAUM1s.xlsx nor Annotations_BAUM1s.csv is there"]
    (spontaneous / "Annotations_BAUM1s.csv").write_text("No,Subject\n1,1\n")
    assert problems_of("baum1") == ["Annotations_BAUM1s.csv, line 2: 2 columns, at least 6 are needed"]


def test_neither_layout(own_root):
    (own_root / "baum1" / "s001").mkdir(parents=True)
    with pytest.raises(FerError, match=r"holds neither BAUM1s_MP4 - All/ nor <person>/<class>/<clip>/"):
        load("baum1")


# ------------------------------------------------------------------ folders of frames


def test_folders_of_frames(own_root):
    write_baum1_frames(own_root / "baum1", [("s001", "Anger", "S001_001"), ("s002", "Happiness", "S002_004")])
    faces = load("baum1")
    assert faces.notes == ("folders of frames: which part of the set they are from is not known",)
    assert faces.differences == ("folders of frames that somebody took out of the videos",)
    assert [frame_of(image) for image in faces.images] == [14, 15, 29, 30] * 2
    assert faces.table.iloc[4].to_dict() == {
        "label": "happiness", "subject": "s002", "source": "s002/Happiness/S002_004#14", "sequence": "s002 S002_004",
        "frame": 14,
    }  # fmt: skip


def test_faults_of_folders_of_frames(own_root):
    clips = [("s001", "Anger", "S001_001"), ("s001", "Fear", "S001_001"), ("s001", "Happy", "S001_002")]
    write_baum1_frames(own_root / "baum1", clips, 15)
    (own_root / "baum1" / "s001" / "Anger" / "S001_001" / "frame15.png").write_bytes(b"")
    assert problems_of("baum1") == [
        "s001/Happy/S001_002: not in a folder s001/<Anger|Fear|Happiness|Neutral|Sadness|Surprise>",
        "s001/Fear/S001_001: the same clip in two classes",
        "s001/Anger/S001_001/frame15.png: empty file",
    ]
