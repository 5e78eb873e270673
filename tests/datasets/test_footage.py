"""Frames out of videos and out of folders of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fer_utils.datasets import footage
from fer_utils.datasets.clips import chunk_frames, first_and_peak_frames
from fer_utils.datasets.findings import Findings
from fer_utils.datasets.footage import read_frame_folders, read_videos
from tests.video_layouts import FRAME_SIZE, frame_of, write_frames, write_video


def read(folder, rule=chunk_frames, size=(36, 36), turned=(), suffix=".mp4"):
    found = Findings("x", folder)
    files = footage.videos_below(folder, suffix, found)
    frames = read_videos(files, found, size, rule, (FRAME_SIZE, FRAME_SIZE[::-1]), "tiny", turned)
    return frames, found.problems, found.differences


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_the_frames_that_the_rule_names_are_kept(own_root, suffix):
    write_video(own_root / f"a{suffix}", 31)
    write_video(own_root / f"b{suffix}", 45)
    frames, problems, differences = read(own_root, suffix=suffix)
    assert problems == [] and differences == []
    assert frames.images.shape == (10, 36, 36, 3) and frames.images.dtype == np.uint8
    assert frames.clip.tolist() == [0] * 4 + [1] * 6
    assert frames.frame.tolist() == [14, 15, 29, 30, 14, 15, 29, 30, 44, 45]
    assert [frame_of(image) for image in frames.images] == frames.frame.tolist()


def test_the_second_reading_comes_from_the_cache_and_depends_on_rule_and_size(own_root, monkeypatch):
    write_video(own_root / "a.mp4", 31)
    first, _, said = read(own_root)
    assert read(own_root, first_and_peak_frames)[0].frame.tolist() == [1, 15, 16, 17]
    assert read(own_root, size=(18, 18))[0].images.shape == (4, 18, 18, 3)
    monkeypatch.setattr(footage, "_read_all", lambda *anything: pytest.fail("read again"))
    again, problems, differences = read(own_root)
    assert np.array_equal(again.images, first.images) and differences == said and problems == []


def test_a_video_on_its_side_is_turned_clockwise_and_an_upright_one_is_not(own_root):
    write_video(own_root / "a.avi", 9, 25)
    lying, _, _ = read(own_root, first_and_peak_frames, FRAME_SIZE, suffix=".avi")
    upright, _, _ = read(own_root, first_and_peak_frames, FRAME_SIZE[::-1], (True,), ".avi")
    assert [frame_of(image) for image in lying.images] == [1, 4, 5, 6]
    assert np.array_equal(upright.images, np.rot90(lying.images, -1, axes=(1, 2)))


def test_a_frame_that_is_higher_than_wide_is_never_turned():
    frame = np.zeros((64, 36, 3), np.uint8)
    frame[:10, :, 2] = 255
    assert np.array_equal(footage._upright(frame, True), frame[..., ::-1])


def test_damage_is_told_for_each_video(own_root):
    whole = write_video(own_root / "a.avi", 31).read_bytes()
    (own_root / "b.avi").write_bytes(b"")
    (own_root / "c.avi").write_bytes(whole[: len(whole) // 2])
    (own_root / "d.avi").write_bytes(b"no video at all" * 100)
    frames, problems, _ = read(own_root, suffix=".avi")
    assert problems[0] == "b.avi: empty file"
    assert problems[1].startswith("c.avi: unreadable or truncated (") and "of 31 frames can be decoded" in problems[1]
    assert problems[2] == "d.avi: unreadable or truncated (no video that can be decoded)"
    assert len(problems) == 3 and set(frames.clip) == {0}
    assert not (own_root.parent / "cache").exists(), "what is damaged is not kept"


def test_a_truncated_mp4_is_damage(own_root):
    whole = write_video(own_root / "a.mp4", 31).read_bytes()
    (own_root / "a.mp4").write_bytes(whole[:-200])
    assert read(own_root)[1] == ["a.mp4: unreadable or truncated (no video that can be decoded)"]


def test_a_header_that_counts_a_frame_too_many_moves_the_middle(own_root, monkeypatch):
    write_video(own_root / "a.avi", 9, 25)
    monkeypatch.setattr(footage, "_header", lambda file: footage._Header(11, 25))
    frames, problems, _ = read(own_root, first_and_peak_frames, suffix=".avi")
    assert problems == [] and frames.frame.tolist() == [1, 4, 5, 6]
    monkeypatch.setattr(footage, "_header", lambda file: footage._Header(12, 25))
    write_video(own_root / "b.avi", 10, 25)
    assert read(own_root, first_and_peak_frames, suffix=".avi")[1] == [
        "a.avi: unreadable or truncated (9 of 12 frames can be decoded)"
    ]


def test_other_sizes_other_rates_and_short_videos_are_differences(own_root, monkeypatch):
    write_video(own_root / "a.mp4", 31, 25)
    write_video(own_root / "b.mp4", 14, 30)
    frames, problems, differences = read(own_root)
    assert problems == [] and frames.clip.tolist() == [0] * 4
    assert differences == [
        "1 clip(s) too short to take frames from: b.mp4",
        "1 video(s) have 25 frames a second: 15 frames are then not the paper's 500 ms (a.mp4)",
    ]
    found = Findings("x", own_root)
    read_videos([own_root / "a.mp4"], found, (36, 36), chunk_frames, ((720, 1280),), "tiny")
    assert found.differences[0] == "1 video(s) are not 1280x720 pixels but 64x36 (a.mp4)"


def test_a_video_that_may_not_be_read_is_a_problem(own_root, forbid):
    for name in ("a.mp4", "b.mp4"):
        write_video(own_root / name, 31)
    forbid(own_root / "b.mp4")
    frames, problems, _ = read(own_root)
    assert problems == ["b.mp4: no permission to read it"] and set(frames.clip) == {0}


def test_no_videos_give_no_frames(own_root):
    frames, problems, _ = read(own_root)
    assert frames.images.shape == (0, 36, 36, 3) and len(frames.clip) == 0 and problems == []


def test_folders_of_frames_are_read_in_the_order_of_their_numbers(own_root):
    write_frames(own_root / "x", 31)
    write_frames(own_root / "y", 14)
    found = Findings("x", own_root)
    folders = [own_root / "x", own_root / "y"]
    frames = read_frame_folders(folders, found, (36, 36), chunk_frames, (FRAME_SIZE,), "tiny")
    assert found.problems == [] and found.differences == ["1 clip(s) too short to take frames from: y"]
    assert frames.frame.tolist() == [14, 15, 29, 30] and frames.clip.tolist() == [0] * 4
    assert [frame_of(image) for image in frames.images] == [14, 15, 29, 30]


def test_frames_without_a_number_twice_or_damaged_are_problems(own_root):
    write_frames(own_root / "x", 15)
    Image.new("RGB", (64, 36)).save(own_root / "x" / "cover.png")
    Image.new("RGB", (64, 36)).save(own_root / "x" / "image03.png")
    (own_root / "x" / "frame15.png").write_bytes(b"")
    found = Findings("x", own_root)
    read_frame_folders([own_root / "x"], found, (36, 36), chunk_frames, (FRAME_SIZE,), "tiny")
    assert found.problems == [
        "x/cover.png: no frame number in the name",
        "x/image03.png: frame 3 is there twice",
        "x/frame15.png: empty file",
    ]
