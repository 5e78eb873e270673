"""Helpers that several loaders share."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fer_utils.datasets import base, cache
from fer_utils.datasets.base import (
    STAND_IN_FILE,
    count_differences,
    counts_to_check,
    folder_inside,
    parse_names,
    pictures_below,
    read_fitted,
    stated_counts_text,
)


def read(folder, size, mode="L", native=((4, 6),), keep_as=None):
    problems: list[str] = []
    images, notes = read_fitted(pictures_below(folder), folder, size, mode, native, problems, keep_as)
    return images, notes, problems


def test_a_picture_of_the_right_size_is_not_touched_and_overhang_is_cut_evenly(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (8, 6), dtype=np.uint8)
    Image.fromarray(values[2:6]).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "b.png")
    images, notes, problems = read(tmp_path, (4, 6))
    assert np.array_equal(images[0], values[2:6]) and np.array_equal(images[1], values[2:6])
    assert notes == ["1 picture(s) are not 6x4 pixels but 6x8"] and problems == []


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("wanted", ["L", "RGB"])
def test_any_eight_bit_mode_is_converted(tmp_path, mode, wanted):
    Image.new("L", (6, 4), 77).convert(mode).save(tmp_path / "a.png")
    images, _, problems = read(tmp_path, (4, 6), wanted)
    assert problems == [] and (images == 77).all() and images.ndim == (3 if wanted == "L" else 4)


def test_proportions_are_kept_when_shrinking(tmp_path):
    wide = np.zeros((100, 300), np.uint8)
    wide[:, 100:200] = 255
    Image.fromarray(wide).save(tmp_path / "a.png")
    images, _, _ = read(tmp_path, (10, 10))
    assert images[0, :, 1:-1].min() > 200, "the middle third fills the square"


def test_kept_pictures_are_the_same_and_other_settings_read_again(own_root, monkeypatch):
    Image.fromarray(np.arange(80, dtype=np.uint8).reshape(8, 10)).save(own_root / "a.png")
    fresh = read(own_root, (4, 6))
    for _ in range(2):
        kept = read(own_root, (4, 6), keep_as="tiny")
        assert np.array_equal(kept[0], fresh[0]) and kept[1:] == fresh[1:] and len(kept[1]) == 1
    assert read(own_root, (6, 4), keep_as="tiny")[0].shape == (1, 6, 4)
    assert len(list((own_root.parent / "cache").rglob("tiny-*.npz"))) == 2
    monkeypatch.setattr(base, "_read", lambda *anything: pytest.fail("read again"))
    assert np.array_equal(read(own_root, (4, 6), keep_as="tiny")[0], fresh[0])


def test_looking_through_many_files_shows_progress(own_root, monkeypatch, capsys):
    monkeypatch.setattr(cache, "MANY", 1)
    monkeypatch.setattr(base, "MANY", 1)
    for name in ("a.png", "b.png"):
        Image.new("L", (6, 4)).save(own_root / name)
    read(own_root, (4, 6), keep_as="tiny")
    written = capsys.readouterr().err
    assert "looking for changes: 2/2 100 %" in written and "reading images: 2/2 100 %" in written


def test_a_border_is_cut_off_in_proportion(tmp_path):
    values = np.full((100, 200), 255, np.uint8)
    values[10:90, 20:180] = 0
    Image.fromarray(values).save(tmp_path / "a.png")
    images, _ = read_fitted([tmp_path / "a.png"], tmp_path, (80, 160), "L", ((100, 200),), [], border=0.1)
    assert images.max() == 0


def test_damaged_pictures_are_not_kept(own_root):
    (own_root / "a.png").write_bytes(b"")
    assert read(own_root, (4, 6), keep_as="tiny")[2] == ["a.png: empty file"]
    assert not (own_root.parent / "cache").exists()


def test_problems_name_the_path_below_the_folder(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.png").write_bytes(b"")
    assert read(tmp_path, (4, 6))[2] == ["x/a.png: empty file"]


def test_hidden_files_other_files_and_folders_are_no_pictures(tmp_path):
    for name in (".hidden.png", "._b.png", "readme.txt", "B.PNG", "a.jpeg"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert [file.name for file in pictures_below(tmp_path)] == ["B.PNG", "a.jpeg"]


def test_names_that_are_refused_become_problems(tmp_path):
    problems: list[str] = []
    files = [tmp_path / "x" / "12", tmp_path / "x" / "twelve"]
    assert parse_names(files, tmp_path, int, problems) == [(files[0], 12)]
    assert problems == ["x/twelve: invalid literal for int() with base 10: 'twelve'"]


def test_count_differences_name_keys_of_both_sides():
    found = {"a": 1, ("b", "c"): 2, "e": 3}
    assert count_differences(found, {"a": 1, ("b", "c"): 1, "d": 4}, "files") == [
        "b c: 2 files, official 1", "d: 0 files, official 4", "e: 3 files, official 0",
    ]  # fmt: skip
    assert count_differences(found, found, "files") == []


def test_the_first_inner_folder_that_is_there_is_taken(tmp_path):
    assert folder_inside(tmp_path, "a", "b") == tmp_path
    (tmp_path / "b").mkdir()
    assert folder_inside(tmp_path, "a", "b") == tmp_path / "b"


def test_counts_are_the_official_ones_unless_a_stand_in_states_its_own(tmp_path):
    official, notes = {"train": 100, "test": 20, "people": 9}, []
    assert counts_to_check(tmp_path, official, notes) == official and not notes
    marker = tmp_path / STAND_IN_FILE
    marker.write_text("STAND-IN\n\n  train: 5\n" + stated_counts_text({}))
    assert counts_to_check(tmp_path, official, notes) == official and not notes
    marker.write_text("STAND-IN\n" + stated_counts_text({"train": 5, "people": 2, "unheard": 1}))
    assert counts_to_check(tmp_path, official, notes) == {"train": 5, "test": 20, "people": 2}
    assert notes == ["the stand-in states its own counts: train 5, official 100; people 2, official 9"]
