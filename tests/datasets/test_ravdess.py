"""RAVDESS: one of two modalities, every actor whole, and the folders of frames that CLIFER's loader reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fer_utils.data import load
from fer_utils.datasets import ravdess
from fer_utils.errors import FerError
from tests.layouts import problems_of
from tests.video_layouts import FRAME_SIZE, frame_of, write_ravdess, write_ravdess_frames, write_video


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(ravdess, "ACTORS", ("01", "02"))
    monkeypatch.setattr(ravdess, "NO_SONG", ("02",))
    monkeypatch.setattr(ravdess, "STATEMENTS", ("01",))
    monkeypatch.setattr(ravdess, "NATIVE_SIZES", (FRAME_SIZE,))
    monkeypatch.setattr(ravdess, "SIZE", (36, 36))


@pytest.fixture
def folder(own_root) -> Path:
    write_ravdess(own_root / "ravdess")
    return own_root / "ravdess"


def test_the_official_clips_are_the_published_7356_files(monkeypatch):
    monkeypatch.undo()
    clips = ravdess.official_clips()
    assert 3 * len(clips) == 7356
    speech = Counter(clip.label for clip in clips if clip.channel == "01")
    assert speech == {"neutral": 96} | {label: 192 for label in ravdess.CLASSES[1:]}
    per_actor = Counter((clip.channel, clip.actor) for clip in clips)
    assert {count for (channel, _), count in per_actor.items() if channel == "01"} == {60}
    assert {actor: count for (channel, actor), count in per_actor.items() if channel == "02"} == {
        f"{actor:02d}": 44 for actor in range(1, 25) if actor != 18
    }


def test_the_memory_that_the_docstring_states():
    bytes_of_frame = 160 * 160 * 3
    assert bytes_of_frame == 76800 and 2452 * 16 * bytes_of_frame == pytest.approx(3.0e9, rel=0.01)


def test_a_whole_tree_gives_two_frames_of_each_chunk(folder):
    faces = load("ravdess")
    assert faces.images.shape == (4 * 82, 36, 36, 3) and faces.notes == () and faces.kind == "real"
    assert faces.table["sequence"].nunique() == len(ravdess.official_clips()) == 82
    assert faces.table.groupby(["channel", "subject"])["sequence"].nunique().to_dict() == {
        ("song", "01"): 22, ("speech", "01"): 30, ("speech", "02"): 30,
    }  # fmt: skip
    # Four frames a clip; neutral: 2 repetitions × 3, sung emotions: 4 × 3, spoken only: 4 × 2.
    assert faces.counts().iloc[0].tolist() == [24, 48, 48, 48, 48, 48, 32, 32, 328]
    row = faces.table[faces.table["source"] == "01-02-06-02-01-02-01#29"]
    assert row.iloc[0].to_dict() == {
        "label": "fear", "subject": "01", "source": "01-02-06-02-01-02-01#29", "sequence": "01-02-06-02-01-02-01",
        "frame": 29, "channel": "song", "intensity": "strong", "statement": 1, "repetition": 2, "gender": "male",
    }  # fmt: skip
    assert frame_of(faces.images[row.index[0]]) == 29
    assert set(faces.table.loc[faces.table["subject"] == "02", "gender"]) == {"female"}


def test_the_same_footage_is_read_once_and_sound_not_at_all(folder):
    (folder / "Video").mkdir()
    for clip in ravdess.official_clips("02")[:5]:
        write_video(folder / "Video" / clip.file_name)
    write_video(folder / "Actor_01" / "03-01-01-01-01-01-01.mp4")
    (folder / "Actor_01" / "03-01-01-01-01-01-01.wav").write_bytes(b"RIFF")
    faces = load("ravdess")
    assert faces.notes == (
        "5 files of modality 02 ignored: modality 01 shows the same footage",
        "1 files of modality 03 ignored: they have no picture",
    )
    assert {name[:2] for name in faces.table["sequence"]} == {"01"}


def test_pictures_without_sound_do_as_well_and_need_no_folders(own_root):
    for clip in ravdess.official_clips("02"):
        if clip.channel == "01":
            write_video(own_root / "ravdess" / clip.file_name)
    faces = load("ravdess")
    assert faces.notes == ("no song clips",) and faces.table["sequence"].nunique() == 60


def test_one_error_names_every_fault(folder):
    one = folder / "Actor_01"
    (one / "01-01-02-01-01-01-01.mp4").write_bytes(b"")
    (one / "01-01-02-02-01-01-01.mp4").write_bytes((one / "01-01-02-02-01-01-01.mp4").read_bytes()[:-300])
    (one / "01-01-03-01-01-01-01.mp4").rename(folder / "Actor_02" / "01-01-03-01-01-01-01.mp4")
    (one / "01-01-04-01-01-01-01.mp4").rename(one / "01-01-09-01-01-01-01.mp4")
    write_video(one / "01-01-01-02-01-01-01.mp4")
    write_video(one / "01-02-07-01-01-01-01.mp4")
    write_video(one / "01-01-01-01-01-01-03.mp4")
    write_video(folder / "copy" / "01-01-05-01-01-01-01.mp4", 45)
    found = problems_of("ravdess")
    no_such = "no such clip: there is no strong neutral, and no song of disgust, surprise or actor 18"
    expected = [
        "Actor_01/01-01-02-01-01-01-01.mp4: empty file",
        "Actor_01/01-01-02-02-01-01-01.mp4: unreadable or truncated",
        "Actor_02/01-01-03-01-01-01-01.mp4: belongs into Actor_01/",
        "Actor_01/01-01-09-01-01-01-01.mp4: not a name like 02-01-06-01-02-01-12.mp4",
        f"Actor_01/01-01-01-02-01-01-01.mp4: {no_such}",
        f"Actor_01/01-02-07-01-01-01-01.mp4: {no_such}",
        "Actor_01/01-01-01-01-01-01-03.mp4: not a name like",
        "copy/01-01-05-01-01-01-01.mp4: there is another picture of this name, Actor_01/",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_missing_clips_and_actors_are_a_difference(folder):
    for file in (folder / "Actor_02").iterdir():
        file.unlink()
    (folder / "Actor_01" / "01-01-01-01-01-01-01.mp4").unlink()
    faces = load("ravdess")
    assert faces.differences == (
        "31 of the official 60 speech clips are missing: nothing of the actors 02; 01-01-01-01-01-01-01.mp4",
    )
    assert set(faces.table["subject"]) == {"01"}


def test_letter_case_and_a_copy_make_no_difference(folder):
    whole = load("ravdess")
    (folder / "Actor_01").rename(folder / "actor_01")
    clip = folder / "actor_01" / "01-01-01-01-01-01-01.mp4"
    clip.rename(clip.with_suffix(".MP4"))
    write_video(folder / "copy" / "01-01-05-01-01-01-01.mp4")
    faces = load("ravdess")
    assert faces.fingerprint == whole.fingerprint and faces.differences == ()
    assert "there twice, byte by byte" in faces.notes[0]


def test_neither_videos_nor_frames(own_root):
    (own_root / "ravdess").mkdir()
    with pytest.raises(FerError, match=r"holds neither an \.mp4 file nor <class>/Frames/<clip>/"):
        load("ravdess")


# ------------------------------------------------------------------ folders of frames


def some_clips() -> list[ravdess.Clip]:
    return [clip for clip in ravdess.official_clips() if clip.emotion in ("01", "05") and clip.repetition == "01"]


def test_folders_of_frames_give_the_same_frames_and_say_what_lacks(own_root):
    write_ravdess_frames(own_root / "ravdess", some_clips())
    faces = load("ravdess")
    assert faces.differences[0] == "folders of frames that somebody took out of the videos"
    assert faces.differences[1].startswith("73 of the official 82 clips are missing: ")
    assert faces.table["sequence"].nunique() == len(some_clips()) == 9
    assert [frame_of(image) for image in faces.images] == faces.table["frame"].tolist() == [14, 15, 29, 30] * 9
    assert set(faces.table["label"]) == {"neutral", "anger"}


def test_videos_go_before_folders_of_frames(folder):
    write_ravdess_frames(folder, some_clips()[:2])
    assert load("ravdess").notes == ("2 folders of frames ignored: there are videos too",)


def test_faults_of_folders_of_frames(own_root):
    folder = own_root / "ravdess"
    clips = some_clips()
    write_ravdess_frames(folder, clips)
    calm, *_ = neutral = [clip for clip in clips if clip.label == "neutral"]
    angry, other, *_ = (clip for clip in clips if clip.label == "anger")
    frames = {name: folder / name / "Frames" for name in ("Neutral", "Angry", "Cross")}
    (frames["Neutral"] / calm.stem).rename(frames["Angry"] / calm.stem)
    (frames["Neutral"] / neutral[1].stem).rename(frames["Neutral"] / "clip one")
    write_ravdess_frames(folder, [angry._replace(modality="02")], 15)
    (frames["Cross"] / other.stem).mkdir(parents=True)
    (frames["Angry"] / other.stem / "frame14.png").write_bytes(b"")
    assert sorted(problems_of("ravdess")) == sorted(
        [
            f"Angry/Frames/{calm.stem}: the name says neutral, the folder anger",
            "Neutral/Frames/clip one: not a name like 02-01-06-01-02-01-12.mp4",
            f"…-{'-'.join(angry[1:])}: the same footage in two modalities",
            f"Cross/Frames/{other.stem}: not in one of the folders {', '.join(ravdess.CLASS_OF_FOLDER)}",
            f"Angry/Frames/{other.stem}/frame14.png: empty file",
        ]
    )
