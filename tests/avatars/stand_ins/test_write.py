"""A stand-in is there whole or not at all, never over somebody's data, and always the same."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fer_utils.avatars import stand_ins
from fer_utils.avatars.stand_ins import PLANS, Plan, place, write
from fer_utils.avatars.stand_ins.plan import Part
from fer_utils.datasets import names
from fer_utils.datasets.base import STAND_IN_FILE
from fer_utils.errors import FerError, UsageError
from fer_utils.reproduce.cli import main


@pytest.fixture
def tiny(monkeypatch):
    """A stand-in for JAFFE of two files."""
    monkeypatch.setitem(PLANS, "jaffe", lambda: plan(b"one", b"two"))


def plan(*contents: bytes) -> Plan:
    parts = [Part(f"folder/{number}.txt", lambda content=content: content) for number, content in enumerate(contents)]
    return Plan(parts, 2, 1, ["it is tiny"])


def tree(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_report_and_marker(tmp_path, tiny):
    report = write("jaffe", tmp_path)
    files = tree(tmp_path / "jaffe")
    assert sorted(files) == [STAND_IN_FILE, "folder/0.txt", "folder/1.txt"]
    assert (report.files, report.bytes) == (3, sum(map(len, files.values())))
    assert files[STAND_IN_FILE].decode() == report.text
    assert "2 files beside this one" in report.text and "- it is tiny\n" in report.text
    assert "2 people are played by 1 avatars. Those who share one differ only in" in report.text
    assert str(tmp_path / "jaffe") in report.as_text() and f"export FER_DATA={tmp_path}" in report.as_text()


def test_parts_of_one_file_follow_each_other(tmp_path, monkeypatch):
    parts = [Part("list.csv", lambda number=number: f"{number}\n".encode()) for number in range(5)]
    monkeypatch.setitem(PLANS, "jaffe", lambda: Plan(parts, None, 1, []))
    write("jaffe", tmp_path)
    assert (tmp_path / "jaffe" / "list.csv").read_text() == "0\n1\n2\n3\n4\n"


def test_an_older_stand_in_and_an_empty_folder_are_replaced(tmp_path, tiny, monkeypatch):
    (tmp_path / "jaffe").mkdir()
    write("jaffe", tmp_path)
    monkeypatch.setitem(PLANS, "jaffe", lambda: plan(b"three"))
    write("jaffe", tmp_path)
    assert sorted(tree(tmp_path)) == [f"jaffe/{STAND_IN_FILE}", "jaffe/folder/0.txt"]


@pytest.mark.parametrize("kind", ["real data", "another marker", "file", "link", "dangling link"])
def test_what_is_not_ours_stays(tmp_path, tiny, kind):
    target = tmp_path / "jaffe"
    if kind == "file":
        target.write_text("mine")
    elif kind == "dangling link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        home = tmp_path / "elsewhere" if kind == "link" else target
        home.mkdir()
        (home / "KA.AN1.39.tiff").write_text("a photograph")
        if kind == "another marker":
            (home / STAND_IN_FILE).write_text("Schematic drawings")
        if kind == "link":
            (home / STAND_IN_FILE).write_text("STAND-IN for JAFFE")
            target.symlink_to(home)
    before = tree(tmp_path)
    with pytest.raises(FerError, match=r"is there already and is no stand-in .* --to DIR"):
        write("jaffe", tmp_path)
    assert tree(tmp_path) == before and not list(tmp_path.glob(".partial-*"))


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_a_failure_half_way_leaves_the_old_one_and_nothing_else(tmp_path, tiny, monkeypatch, interruption):
    write("jaffe", tmp_path)
    before = tree(tmp_path)

    def fail() -> bytes:
        raise interruption

    monkeypatch.setitem(PLANS, "jaffe", lambda: Plan([*plan(b"new").parts, Part("x", fail)], None, 1, []))
    with pytest.raises(interruption):
        write("jaffe", tmp_path)
    assert tree(tmp_path) == before


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def full() -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(PLANS, "jaffe", lambda: Plan([Part("x", full)], None, 1, []))
    with pytest.raises(FerError, match="No space left on device"):
        write("jaffe", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_killed_process_leaves_no_data_set_and_the_next_run_tidies_up(tmp_path, tiny):
    program = """
import os, signal, sys
from pathlib import Path
from fer_utils.avatars.stand_ins.place import whole_folder
with whole_folder(Path(sys.argv[1])) as partial:
    (partial / "half").write_text("half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "jaffe")], check=False, env=own_package())
    assert killed.returncode == -signal.SIGKILL
    assert sorted(tree(tmp_path)) == [".partial-jaffe/half"]
    write("jaffe", tmp_path)
    assert sorted(tree(tmp_path)) == [f"jaffe/{STAND_IN_FILE}", "jaffe/folder/0.txt", "jaffe/folder/1.txt"]


def test_two_processes_do_not_write_into_one_folder(tmp_path, tiny):
    (tmp_path / ".partial-jaffe").mkdir()
    handle = os.open(tmp_path / ".partial-jaffe", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(FerError, match="another process is writing"):
            write("jaffe", tmp_path)
    finally:
        os.close(handle)
    assert not (tmp_path / "jaffe").exists()


def test_the_old_folder_is_there_until_the_new_one_is_whole(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "old").write_text("")
    with place.whole_folder(folder) as partial:
        (partial / "new").write_text("")
        assert [file.name for file in folder.iterdir()] == ["old"]
    assert [file.name for file in folder.iterdir()] == ["new"]


SAMPLE = ("jaffe", "ck48", "fer2013", "raf_db", "mmi", "baum1")


def digests() -> list[str]:
    """Of some parts of every set in :data:`SAMPLE`."""
    found = []
    for name in SAMPLE:
        parts = PLANS[name]().parts
        chosen = [*parts[:4], parts[len(parts) // 2], parts[-1]]
        found.append(name + hashlib.sha256(b"".join(part.content() for part in chosen)).hexdigest())
    return found


def test_another_process_writes_the_same_bytes():
    program = "from tests.avatars.stand_ins.test_write import digests; print('\\n'.join(digests()))"
    other = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=own_package(hash_seed="7")
    )
    assert other.stdout.split() == digests()


def own_package(hash_seed: str = "0") -> dict[str, str]:
    root = Path(stand_ins.__file__).parents[3]
    return {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": hash_seed}


def test_unknown_and_shipped_names_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no stand-in 'jafe'. Did you mean 'jaffe'\? Known: cmu_faces, jaffe"):
        write("jafe", tmp_path)
    for name in set(names()) - set(PLANS):
        with pytest.raises(UsageError, match="is shipped; it needs no stand-in"):
            write(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_says_what_and_where(tmp_path, tiny, capsys):
    assert main(["data", "stand-in", "jaffe", "--to", str(tmp_path / "new")]) == 0
    written = capsys.readouterr()
    assert written.out.startswith(f"{tmp_path / 'new' / 'jaffe'}: 3 files, 0 MB\n\nSTAND-IN for JAFFE, written by")
    assert written.out.endswith(f"To use it: export FER_DATA={tmp_path / 'new'}\n")
    assert "stand-in jaffe: 2/2 100 %" in written.err


def test_the_commands_default_place_is_fer_data(tmp_path, tiny, monkeypatch, capsys):
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    assert main(["data", "stand-in", "jaffe"]) == 0
    assert (tmp_path / "jaffe" / STAND_IN_FILE).is_file()
    monkeypatch.delenv("FER_DATA")
    assert main(["data", "stand-in", "jaffe"]) == 2
    assert "pass --to DIR or set FER_DATA" in capsys.readouterr().err


def test_the_command_refuses_with_2_what_is_wrong_and_with_1_what_is_in_the_way(tmp_path, capsys):
    assert main(["data", "stand-in", "jaffee", "--to", str(tmp_path)]) == 2
    (tmp_path / "jaffe").mkdir()
    (tmp_path / "jaffe" / "KA.AN1.39.tiff").write_text("a photograph")
    assert main(["data", "stand-in", "jaffe", "--to", str(tmp_path)]) == 1
    assert "it stays as it is" in capsys.readouterr().err
