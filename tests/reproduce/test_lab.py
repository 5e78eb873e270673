"""The working copy that ``make lab`` opens: up to date, and what the reader has edited stays."""

import os
import sys
from pathlib import Path

import pytest

from fer_utils.reproduce import lab
from fer_utils.reproduce.lab import COPIED, surroundings, working_copy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folders(tmp_path):
    source, work = tmp_path / "notebooks", tmp_path / "work"
    source.mkdir()
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (source / name).write_text(f"{name}, first")
    working_copy(source, work)
    return source, work


def test_everything_is_copied_and_git_ignores_it(folders):
    source, work = folders
    assert sorted(path.name for path in work.glob("*.ipynb")) == ["00_a.ipynb", "01_b.ipynb"]
    assert (work / "00_a.ipynb").read_text() == (source / "00_a.ipynb").read_text()
    assert "work/" in (ROOT / ".gitignore").read_text().split()


def test_an_untouched_copy_follows_the_shipped_notebook(folders):
    source, work = folders
    (source / "00_a.ipynb").write_text("second")
    assert working_copy(source, work) == []
    assert (work / "00_a.ipynb").read_text() == "second"


def test_an_edited_copy_is_kept_and_said_only_if_the_shipped_one_has_changed(folders):
    source, work = folders
    (work / "00_a.ipynb").write_text("mine")
    assert working_copy(source, work) == []
    (source / "00_a.ipynb").write_text("second")
    (said,) = working_copy(source, work)
    assert said.startswith("00_a.ipynb: yours is kept")
    assert (work / "00_a.ipynb").read_text() == "mine"


def test_a_fresh_copy_keeps_the_edited_one_beside_it(folders):
    source, work = folders
    for text, kept in (("mine", "00_a.yours.ipynb"), ("mine again", "00_a.yours-2.ipynb")):
        (work / "00_a.ipynb").write_text(text)
        assert working_copy(source, work, fresh=True) == [f"00_a.ipynb: yours is now {kept}"]
        assert (work / kept).read_text() == text
        assert (work / "00_a.ipynb").read_text() == "00_a.ipynb, first"


@pytest.mark.parametrize("damage", ["{", "[]"])
def test_a_damaged_note_of_what_was_copied_costs_nobody_their_work(folders, damage):
    source, work = folders
    (work / "00_a.ipynb").write_text("mine")
    (work / COPIED).write_text(damage)
    said = working_copy(source, work)
    assert [sentence.split(":")[0] for sentence in said] == ["00_a.ipynb", "01_b.ipynb"]
    assert (work / "00_a.ipynb").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path, monkeypatch, capsys):
    (tmp_path / "work").write_text("a file where the folder should be")
    monkeypatch.setattr(lab, "WORK", tmp_path / "work")
    assert lab.main([]) == 1
    assert capsys.readouterr().err.startswith(f"fer_utils: cannot write {tmp_path / 'work'}")


def test_terminals_and_kernels_of_the_server_find_this_python_first():
    told = surroundings({"PATH": "/usr/bin", "JUPYTER_PATH": "/elsewhere", "HOME": "/home/me"})
    assert told["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]
    assert "JUPYTER_PATH" not in told and told["HOME"] == "/home/me"
