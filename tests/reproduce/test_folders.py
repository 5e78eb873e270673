"""Results are exchanged whole, by one at a time, and never under a reader's eyes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fer_utils.reproduce import folders
from fer_utils.reproduce.folders import move_into_place, settled, working_folder
from fer_utils.reproduce.signed import signed_runs
from tests.reproduce.signed_folder import sign

FILES = ["notebook.ipynb", "numbers.json", "receipt.json", "tables.csv"]


def fill(folder: Path, text: str) -> None:
    """What a run leaves: files and a receipt that signs them."""
    for name, content in zip(FILES, ("{}", "[]", "", text), strict=True):
        (folder / name).write_text(content)
    sign(folder, notebook="90_toy")


def record(results: Path, text: str) -> Path:
    with working_folder(results) as working:
        fill(working, text)
        return move_into_place(working, results / "90_toy" / "london-smoke")


def everything(results: Path) -> list[str]:
    return sorted(path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file())


def test_two_writers_and_a_reader_in_a_loop(tmp_path: Path) -> None:
    record(tmp_path, "first")
    wrong: list[BaseException] = []
    done = threading.Event()

    def write(name: str) -> None:
        try:
            for number in range(25):
                record(tmp_path, f"{name} {number}")
        except BaseException as error:
            wrong.append(error)

    def read() -> None:
        try:
            while not done.is_set():
                with settled(tmp_path):
                    assert [run.folder.name for run in signed_runs(tmp_path)[0]] == ["london-smoke"]
        except BaseException as error:
            wrong.append(error)

    writers, reader = [threading.Thread(target=write, args=(name,)) for name in "ab"], threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert wrong == []
    assert everything(tmp_path) == [f"90_toy/london-smoke/{name}" for name in FILES]


class Killed(BaseException):
    """Stands for a signal: nothing that only handles errors gets to run."""


@pytest.fixture
def cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results whose exchange was killed between its two renames."""
    record(tmp_path, "old")
    rename, calls = Path.rename, []

    def killed(path: Path, target: Path) -> Path:
        calls.append(path)
        if path.name.startswith(folders.PARTIAL) and path.is_dir():
            raise Killed
        return rename(path, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "rename", killed)
        record(tmp_path, "new")
    assert everything(tmp_path) == [f"90_toy/.old-london-smoke/{name}" for name in FILES]
    return tmp_path


def test_what_was_set_aside_is_no_run(cut_short: Path) -> None:
    assert signed_runs(cut_short) == ([], [])


def test_whoever_looks_next_puts_it_back(cut_short: Path) -> None:
    with settled(cut_short):
        assert (cut_short / "90_toy" / "london-smoke" / "tables.csv").read_text() == "old"
    assert len(everything(cut_short)) == len(FILES)


def test_the_next_run_puts_it_back_first(cut_short: Path) -> None:
    with working_folder(cut_short):
        assert (cut_short / "90_toy" / "london-smoke" / "tables.csv").read_text() == "old"


def test_the_next_exchange_has_its_way(cut_short: Path) -> None:
    with working_folder(cut_short) as working:
        fill(working, "newer")
        (cut_short / "90_toy" / "london-smoke").rename(cut_short / "90_toy" / ".old-london-smoke")
        move_into_place(working, cut_short / "90_toy" / "london-smoke")
    assert (cut_short / "90_toy" / "london-smoke" / "tables.csv").read_text() == "newer"
    assert len(everything(cut_short)) == len(FILES)


def test_a_failed_exchange_leaves_the_old_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path, "old")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name.startswith(folders.PARTIAL) and path.is_dir():
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        record(tmp_path, "new")
    assert (tmp_path / "90_toy" / "london-smoke" / "tables.csv").read_text() == "old"
    assert len(everything(tmp_path)) == len(FILES)


def test_a_read_only_or_missing_folder_can_be_looked_at(tmp_path: Path) -> None:
    with settled(tmp_path / "not there"):
        assert signed_runs(tmp_path / "not there") == ([], [])


def test_another_run_leaves_a_live_one_its_files(tmp_path: Path) -> None:
    with working_folder(tmp_path) as mine:
        fill(mine, "mine")
        record(tmp_path, "another's")
        assert sorted(file.name for file in mine.iterdir()) == FILES
    assert len(everything(tmp_path)) == len(FILES)
