"""``python -m fer_utils`` under a Python that is not the project's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fer_utils import __main__ as program

CHECKOUT = Path(__file__).parents[1]


def test_a_python_without_the_libraries_is_told_which_one_to_use():
    """``-S``: without what is installed, as in a terminal whose ``python`` is the system's."""
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "fer_utils", "data"], cwd=CHECKOUT, env=bare, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("fer_utils: the library 'numpy' is missing; this Python is ")
    assert ".venv/bin/python -m fer_utils" in done.stderr and "source .venv/bin/activate" in done.stderr


def test_a_python_that_is_too_old_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(program.sys, "version_info", (3, 9, 18))
    assert program.start() == 1
    assert capsys.readouterr().err.startswith("fer_utils: Python 3.11 or 3.12 is needed; this Python is ")


def test_a_library_that_a_command_misses_later_is_named_too(monkeypatch, capsys):
    monkeypatch.setattr("fer_utils.reproduce.cli.main", lambda: __import__("no_such_library"))
    assert program.start() == 1
    assert "the library 'no_such_library' is missing" in capsys.readouterr().err
