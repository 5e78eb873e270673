"""Locks: who waits, who does not, and what is swept away."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fer_utils import locks
from fer_utils.errors import FerError
from fer_utils.locks import alone_in, in_turn, own_folder, sweep

PREFIX = ".partial-"


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_second_one_is_refused_or_waits_with_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    order = []

    def second() -> None:
        with alone_in(tmp_path, waiting="somebody else writes; waiting"):
            order.append("second")

    waiting = threading.Thread(target=second)
    with alone_in(tmp_path):
        with pytest.raises(FerError, match="another process is writing to"), alone_in(tmp_path):
            pass
        waiting.start()
        while "waiting" not in capfd.readouterr().err:
            time.sleep(0.01)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_readers_share_and_writers_do_not(tmp_path: Path) -> None:
    order = []

    def write() -> None:
        with in_turn(tmp_path):
            order.append("written")

    writer = threading.Thread(target=write)
    with in_turn(tmp_path, shared=True), in_turn(tmp_path, shared=True):
        writer.start()
        order.append("read")
    writer.join()
    assert order == ["read", "written"]
    with in_turn(tmp_path / "not there"):
        pass


def test_a_folder_in_use_is_not_swept_whatever_its_process_is_called(tmp_path: Path) -> None:
    with own_folder(tmp_path, PREFIX) as mine:
        (mine / "table.csv").write_text("1")
        with own_folder(tmp_path, PREFIX) as other:
            assert other != mine and (mine / "table.csv").read_text() == "1"
        sweep(tmp_path, PREFIX)
        assert (mine / "table.csv").read_text() == "1"
    assert names(tmp_path) == []


def test_a_folder_that_was_moved_away_leaves_nothing(tmp_path: Path) -> None:
    with own_folder(tmp_path, PREFIX) as mine:
        mine.rename(tmp_path / "result")
    assert names(tmp_path) == ["result"]


def test_what_a_killed_process_left_goes_at_once(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from fer_utils.locks import own_folder
with own_folder(Path(sys.argv[1]), sys.argv[2]) as mine:
    (mine / "half").write_text("half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(locks.__file__).parents[1])}
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path), PREFIX], check=False, env=environment)
    assert killed.returncode == -signal.SIGKILL and len(names(tmp_path)) == 2
    (tmp_path / "mine").mkdir()
    sweep(tmp_path, PREFIX)
    assert names(tmp_path) == ["mine"]


def age(entry: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(entry, (then, then))


@pytest.mark.parametrize("kind", ["another machine's", "without a lock", "on a disk without locks", "an unlocked lock"])
def test_what_nobody_can_be_asked_about_goes_when_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    machine = "01234567" if kind == "another machine's" else locks.MACHINE
    left = tmp_path / f"{PREFIX}{machine}-x"
    left.mkdir()
    (left / "table.csv").write_text("1")
    lock = tmp_path / f"{left.name}{locks.LOCK}{'.new' if kind == 'an unlocked lock' else ''}"
    if kind != "without a lock":
        lock.touch()
    if kind == "on a disk without locks":

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(locks.fcntl, "flock", refuse)
    sweep(tmp_path, PREFIX)
    assert left.is_dir()
    for entry in (left, *tmp_path.glob(f"{lock.name}*")):
        age(entry, locks.OLD_DAYS + 1)
    sweep(tmp_path, PREFIX)
    assert left.is_dir(), "a file within is young"
    age(left / "table.csv", locks.OLD_DAYS + 1)
    age(left, locks.OLD_DAYS + 1)
    sweep(tmp_path, PREFIX)
    assert names(tmp_path) == []


def test_machines_of_one_name_are_told_apart_by_their_start(monkeypatch: pytest.MonkeyPatch) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        pytest.skip("this system does not number its starts")
    assert locks._boot() == boot.read_text().strip() != ""


def test_a_disk_without_locks_lets_everybody_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with alone_in(tmp_path), in_turn(tmp_path), own_folder(tmp_path, PREFIX) as mine:
        assert mine.is_dir()
    assert names(tmp_path) == []
