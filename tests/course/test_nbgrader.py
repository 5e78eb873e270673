"""What only nbgrader can say: is the students' version the source's, and does a whole round give the right marks?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: `make course` installs it and runs these tests")

from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from tests.course.play import COURSE
from tests.course.wrong_answers import WRONG
from tests.test_packaging import pins

NAME = "00_start_here"


def test_nbgrader_is_the_pinned_one() -> None:
    assert version("nbgrader") == pins()["nbgrader"]


def test_the_students_version_is_what_nbgrader_makes_of_the_source(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(COURSE / "student_version.py"), str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made, committed = (
        {path.relative_to(folder): path.read_text("utf-8") for path in folder.rglob("*.ipynb")}
        for folder in (tmp_path, COURSE / "release")
    )
    assert made == committed, "course/release is not what course/source gives: run `make course`"


def succeeded(done: dict[str, Any]) -> None:
    assert done["success"], done.get("error") or done["log"]


def hand_in(folder: Path, student: str, answers: dict[str, str]) -> None:
    """The released notebook with these cells filled, as the student's submission."""
    notebook = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    target = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)


def test_a_whole_round_gives_the_right_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Release, two submissions (one right, one with a mistake that a hidden test finds), autograde, feedback."""
    # nbgrader calls alembic by name, and its kernel imports this fer_utils.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("PYTHONPATH", str(COURSE.parent))
    shutil.copytree(COURSE / "source" / NAME, tmp_path / "source" / NAME)
    nbgrader = NbGraderAPI(config=Config({"CourseDirectory": {"root": str(tmp_path)}}))
    succeeded(nbgrader.generate_assignment(NAME))
    source = nbformat.read(COURSE / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    right = {cell.id: cell.source for cell in source.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    hand_in(tmp_path, "ann", right)
    hand_in(tmp_path, "ben", {**right, "shared": WRONG[NAME]["shared-test"]})
    for student in ("ann", "ben"):
        succeeded(nbgrader.autograde(NAME, student))
        succeeded(nbgrader.generate_feedback(NAME, student))
    marks = {one["student"]: one["score"] for one in nbgrader.get_submissions(NAME)}
    assert marks == {"ann": 8, "ben": 5}, "the question in words is read by a person: two points are open"
    feedback = (tmp_path / "feedback" / "ben" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "count test rows, not groups" in feedback
