"""Helpers that several loaders share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.datasets import cache, pictures
from fer_utils.datasets.base import STAND_IN_FILE, contents_line, counts_to_check, stated_counts_text
from fer_utils.datasets.findings import (
    Findings,
    count_differences,
    few,
    grouped,
    missing_line,
    one_of_each,
    parse_names,
    unique,
)
from fer_utils.datasets.pictures import read_pictures
from fer_utils.datasets.spellings import SPELLINGS, class_of_folder
from fer_utils.datasets.walking import child, files_below, folder_inside, pictures_below
from fer_utils.errors import FerError, harmless


def read(folder, size, mode="L", native=((4, 6),), keep_as=None):
    found = Findings("x", folder)
    images = read_pictures(pictures_below(folder), found, size, mode, native, keep_as=keep_as)
    return images, found.differences, found.problems


def test_a_picture_of_the_right_size_is_not_touched_and_overhang_is_cut_evenly(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (8, 6), dtype=np.uint8)
    Image.fromarray(values[2:6]).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "b.png")
    images, notes, problems = read(tmp_path, (4, 6))
    assert np.array_equal(images[0], values[2:6]) and np.array_equal(images[1], values[2:6])
    assert notes == ["1 picture(s) are not 6x4 pixels but 6x8 (b.png)"] and problems == []


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
    monkeypatch.setattr(pictures, "_read", lambda *anything: pytest.fail("read again"))
    assert np.array_equal(read(own_root, (4, 6), keep_as="tiny")[0], fresh[0])


def test_looking_through_many_files_shows_progress(own_root, monkeypatch, capsys):
    monkeypatch.setattr(cache, "MANY", 1)
    monkeypatch.setattr(pictures, "MANY", 1)
    for name in ("a.png", "b.png"):
        Image.new("L", (6, 4)).save(own_root / name)
    read(own_root, (4, 6), keep_as="tiny")
    written = capsys.readouterr().err
    assert "looking for changes: 2/2 100 %" in written and "reading images: 2/2 100 %" in written


def test_a_border_is_cut_off_in_proportion(tmp_path):
    values = np.full((100, 200), 255, np.uint8)
    values[10:90, 20:180] = 0
    Image.fromarray(values).save(tmp_path / "a.png")
    found = Findings("x", tmp_path)
    images = read_pictures([tmp_path / "a.png"], found, (80, 160), "L", ((100, 200),), border=0.1)
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
    found = Findings("x", tmp_path)
    files = [tmp_path / "x" / "12", tmp_path / "x" / "twelve"]
    assert parse_names(files, found, int) == [(files[0], 12)]
    assert found.problems == ["x/twelve: invalid literal for int() with base 10: 'twelve'"]
    strange: list[str] = []
    parse_names(files, found, int, strange)
    assert strange == ["x/twelve"] and len(found.problems) == 1


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
    assert notes == ["the stand-in states its own counts: train 5, official 100, people 2, official 9"]


# ------------------------------------------------------------------ messages


def test_lines_that_differ_only_in_a_value_are_shown_a_few_times_and_counted():
    lines = [f"x/{number}.png: {number}x{number} pixels, expected 3x3" for number in range(10)]
    assert grouped(["a: empty file", *lines, "b: empty file"]) == [
        "a: empty file", "b: empty file", *lines[:3], "… and 7 more like the last",
    ]  # fmt: skip
    assert grouped(lines[:4]) == lines[:4], "one more line says as much as a count"
    assert few(range(3)) == "0, 1, 2" and few(range(4)) == "0, 1, 2, 3" and few(range(5)) == "0, 1, 2 and 2 more"


def test_a_refusal_of_many_files_fits_a_screen(tmp_path):
    found = Findings("A set", tmp_path)
    found.problems += [f"{number}.png: empty file" for number in range(1000)]
    with pytest.raises(FerError) as failure:
        found.refuse()
    assert "1000 problem(s):" in str(failure.value) and len(str(failure.value).splitlines()) == 6


def test_what_is_missing_is_named_by_group_where_all_of_one_is():
    expected = {"a1": "a", "a2": "a", "b1": "b", "b2": "b"}
    assert missing_line(expected, set(expected)) == []
    assert missing_line(expected, {"a1"}, "clips", "actors") == [
        "3 of the official 4 clips are missing: nothing of the actors b; a2"
    ]


def test_escape_sequences_and_broken_bytes_in_names_are_made_harmless(tmp_path):
    """A file name is a stranger's: it must not move the cursor, colour the terminal or stop the printing."""
    strange = ["\x1b[2Jgone.png", "ring\x07.png", "line\nbreak.png", "\u202egnp.png", "caf\udce9.png"]
    for name in strange:
        (tmp_path / name).write_bytes(b"")
    _, _, problems = read(tmp_path, (4, 6))
    with pytest.raises(FerError) as failure:
        found = Findings("x", tmp_path)
        found.problems = problems
        found.refuse()
    text = str(failure.value)
    assert all(line.isprintable() for line in text.splitlines()) and text.encode("utf-8")
    assert "\\x1b[2Jgone.png: empty file" in problems and "line\\nbreak.png: empty file" in problems
    assert "caf\\udce9.png: empty file" in problems
    assert harmless("plain ü — text") == "plain ü — text"
    assert str(FerError("no \x1b[31mred")) == "no \\x1b[31mred"


# ------------------------------------------------------------------ folders


def test_links_are_followed_and_loops_and_dead_ends_are_named(tmp_path):
    home = tmp_path / "set"
    (home / "a").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    for file in (home / "a" / "1.png", tmp_path / "b" / "2.png"):
        file.write_bytes(b"")
    (home / "b").symlink_to(tmp_path / "b")
    (home / "a" / "up").symlink_to(home)
    (home / "gone").symlink_to(tmp_path / "nowhere")
    (home / "3.png").symlink_to(home / "a" / "1.png")
    found = Findings("x", home)
    assert [found.named(file) for file in pictures_below(home, found)] == ["3.png", "a/1.png", "b/2.png"]
    assert found.notes == ["a/up is a link back to a folder above it; not followed"]
    assert found.problems == ["gone: a link to nothing"]


def test_a_folder_that_can_not_be_read_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    found = Findings("x", tmp_path)
    assert files_below(tmp_path, found) == []
    assert found.problems == ["a/: a folder that can't be read (Permission denied)"]


JUNK = (
    "Thumbs.db",
    "desktop.ini",
    ".DS_Store",
    "._1.png",
    "@eaDir/1.png",
    ".ipynb_checkpoints/1.png",
    "__MACOSX/a/1.png",
)


def test_junk_is_no_picture_and_counts_in_no_digest(tmp_path):
    (tmp_path / "1.png").write_bytes(b"x")
    before = contents_line(tmp_path)
    for name in JUNK:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert contents_line(tmp_path) == before and len(pictures_below(tmp_path)) == 1
    (tmp_path / "2.png").write_bytes(b"x")
    assert contents_line(tmp_path) != before


def test_a_folder_is_found_in_any_letter_case_and_the_exact_one_first(tmp_path):
    (tmp_path / "TRAIN" / "x").mkdir(parents=True)
    assert child(tmp_path, "Train/X") == tmp_path / "TRAIN" / "x" and child(tmp_path, "Test") is None
    (tmp_path / "Train").mkdir()
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell letter case apart")
    found = Findings("x", tmp_path)
    assert child(tmp_path, "Train", found) == tmp_path / "Train"
    assert found.problems == ["TRAIN and Train: names that differ only in letter case; which is meant?"]


# ------------------------------------------------------------------ which of several files


def test_equal_copies_are_one_and_others_are_doubtful(tmp_path):
    files = [tmp_path / "a" / "1.png", tmp_path / "b" / "1.png", tmp_path / "c" / "1.png"]
    for file, content in zip(files, (b"one", b"one", b"two"), strict=True):
        file.parent.mkdir()
        file.write_bytes(content)
    found = Findings("x", tmp_path)
    assert unique([(file, 1) for file in files], found) == {1: files[0]}
    assert found.notes == ["b/1.png is there twice, byte by byte; one is read"]
    assert found.problems == ["c/1.png: there is another picture of this name, a/1.png, which differs"]


def test_the_official_spelling_goes_first(tmp_path):
    names = ["a.PNG", "A.png", "a.jpg"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    files = [tmp_path / name for name in names]
    assert one_of_each({"A.png": files}, Findings("x", tmp_path))[0] == {"A.png": tmp_path / "A.png"}
    chosen, left = one_of_each({"a.png": files[::2]}, Findings("x", tmp_path))
    assert (chosen, left) == ({"a.png": tmp_path / "a.PNG"}, [tmp_path / "a.jpg"])


@pytest.mark.parametrize(("label", "word"), [(label, word) for label, words in SPELLINGS.items() for word in words])
def test_every_spelling_of_a_class_is_its_class(label, word):
    for name in (word, word.upper(), word.capitalize(), f" {word} ", f"3_{word}", f"0. {word}"):
        assert class_of_folder(name, tuple(SPELLINGS)) == label
    assert class_of_folder(word, tuple(set(SPELLINGS) - {label})) is None


def test_codes_name_folders_only_where_the_set_has_codes():
    assert class_of_folder("1", ("anger", "fear")) is None
    assert [class_of_folder(code, ("anger", "fear"), 1) for code in "0123"] == [None, "anger", "fear", None]
