"""Who is killed leaves no process and no file behind: kernel and workers end with the command, the next run sweeps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from fer_utils.reproduce import scratch as places
from fer_utils.reproduce.scratch import scratch

PATIENCE_S = 90
"""Far more than is ever needed: what is asked is whether, not when."""

CELL = """
import os
from pathlib import Path
import numpy as np
from fer_utils.reproduce.units import run_units
from tests.reproduce.toy_units import sleep
Path({pids!r}, "kernel").write_text(str(os.getpid()))
pictures = np.zeros((2, 1 << 20), np.uint8)
run_units(sleep, [{{"number": n, "pids": {pids!r}, "pictures": pictures}} for n in range(2)], stage="sleep", workers=2)
"""

PROGRAM = """
import sys
from pathlib import Path
from fer_utils.reproduce import cli, request, scratch
request.NOTEBOOKS, scratch.SHARED_MEMORY = Path(sys.argv[1]), Path(sys.argv[2])
sys.exit(cli.main(["reproduce", "90", "--results", sys.argv[3]]))
"""


def until(what: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.05)


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def computing(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, int]]]:
    """A command whose notebook has two workers computing; also the process numbers of kernel and workers."""
    for name in ("pids", "notebooks", "temporary", "memory"):
        (tmp_path / name).mkdir()
    pids = tmp_path / "pids"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(pids=str(pids)))])
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(notebook, tmp_path / "notebooks" / "90_toy.ipynb")
    environment = {
        **os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path / "temporary"),
        "FER_CACHE": str(tmp_path / "cache"),
    }  # fmt: skip
    environment.pop("JOBLIB_TEMP_FOLDER", None)
    arguments = [str(tmp_path / name) for name in ("notebooks", "memory", "results")]
    # Into a file: a pipe would stay open as long as any of the processes lives.
    with (tmp_path / "said").open("w") as said:
        command = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env=environment, stderr=said)
    try:
        until(lambda: sum(bool(file.read_text()) for file in pids.iterdir()) == 3, "nothing computes")
        yield command, {file.name: int(file.read_text()) for file in pids.iterdir()}
    finally:
        command.kill()
        command.wait()
        for number in (int(file.read_text()) for file in pids.iterdir()):
            if not ended(number):
                os.kill(number, signal.SIGKILL)


def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next run does first."""
    monkeypatch.setattr(places, "SHARED_MEMORY", tmp_path / "memory")
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    with scratch():
        pass


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("victim", ["command", "kernel"])
def test_workers_end_with_whoever_started_them(computing, tmp_path, monkeypatch, victim):
    command, pids = computing
    os.kill(command.pid if victim == "command" else pids["kernel"], signal.SIGKILL)
    for name, pid in pids.items():
        until(lambda pid=pid: ended(pid), f"{name} goes on")
    command.wait(timeout=PATIENCE_S)
    if victim == "kernel":
        assert command.returncode == 1 and "the kernel died before the cell ended" in (tmp_path / "said").read_text()
    if victim == "command":
        assert left(tmp_path / "memory") and left(tmp_path / "temporary"), "nothing was left, so nothing is swept"
    sweep(tmp_path, monkeypatch)
    assert left(tmp_path / "memory") == []
    assert [name for name in left(tmp_path / "temporary") if name.startswith("fer-")] == []


def test_a_command_that_is_asked_to_end_tidies_up_itself(computing, tmp_path):
    command, pids = computing
    command.terminate()
    command.wait(timeout=PATIENCE_S)
    assert command.returncode == 130 and "stopped; finished units" in (tmp_path / "said").read_text()
    for name, pid in pids.items():
        until(lambda pid=pid: ended(pid), f"{name} goes on")
    assert [name for name in left(tmp_path / "temporary") if name.startswith("fer-")] == []
    assert left(tmp_path / "memory") == [] and left(tmp_path / "results") == []
