"""Every solution of the course passes its tests; every empty version and every typical mistake fails them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fer_utils.devices import available_cores
from fer_utils.reproduce.lab import working_copies
from tests.course.play import COURSE, cells_of, is_test
from tests.course.wrong_answers import WRONG

ROOT = COURSE.parent
NAMES = sorted(path.name for path in (COURSE / "source").iterdir())
PATIENCE_S = 300
"""Far more than a notebook takes; only an endless loop needs it."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, str]]]:
    """What failed in each notebook: one process each, as many at once as there are cores."""
    folder = tmp_path_factory.mktemp("played")

    def play(name: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.course.play", name, str(folder / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return json.loads((folder / name).read_text(encoding="utf-8"))

    with ThreadPoolExecutor(available_cores()) as pool:
        return dict(zip(NAMES, pool.map(play, NAMES), strict=True))


def graded(name: str) -> list[Any]:
    return [cell for cell in cells_of(name, "source") if cell.metadata.get("nbgrader", {}).get("grade")]


def marked(name: str) -> list[str]:
    return [cell.id for cell in graded(name) if is_test(cell)]


def test_there_is_a_notebook_of_exercises_for_every_notebook() -> None:
    assert sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_solution_passes_its_tests(played, name: str) -> None:
    assert played[name]["solution"] == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_empty_version_fails_every_test(played, name: str) -> None:
    assert [test for test in marked(name) if test not in played[name]["empty"]] == []
    assert played[name]["empty"].get("setup") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_typical_mistake_runs_and_is_refused(played, name: str) -> None:
    assert sorted(WRONG[name]) == sorted(marked(name)), "each test has a mistake that it must find"
    assert played[name]["mistake"] == {}
    assert [test for test in marked(name) if test not in played[name]["refused"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_points_and_the_number_of_exercises(name: str) -> None:
    points = [cell.metadata.nbgrader.points for cell in graded(name)]
    assert sum(points) == (10 if name.startswith("00") else 20)
    written = [cell for cell in graded(name) if cell.cell_type == "markdown"]
    assert [cell.id for cell in written] == [graded(name)[-1].id], "one open question, the last"
    headings = [cell.source for cell in cells_of(name, "source") if cell.source.startswith("## ")]
    assert 3 <= sum(text.count("## Exercise ") for text in headings) <= 5


def regions(text: str, begin: str, end: str) -> list[str]:
    """The lines between two marks, without what any code might hold."""
    inside, found = False, []
    for line in text.splitlines():
        if begin in line or end in line:
            inside = begin in line
        elif inside:
            found.append(line.strip())
    assert not inside, "a region without an end"
    return [line for line in found if len(line) > 12]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_solution_or_a_hidden_test_reaches_students(name: str) -> None:
    released = "\n".join(cell.source for cell in cells_of(name, "release"))
    secret = []
    for cell in graded(name):
        secret += regions(cell.source, "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
        if cell.cell_type == "markdown":
            secret += [line for line in cell.source.splitlines() if line]
    answers = [cell for cell in cells_of(name, "source") if cell.metadata.get("nbgrader", {}).get("solution")]
    code = [cell for cell in answers if cell.cell_type == "code"]
    assert code and all(regions(cell.source, "BEGIN SOLUTION", "END SOLUTION") for cell in code)
    secret += [line for cell in code for line in regions(cell.source, "BEGIN SOLUTION", "END SOLUTION")]
    assert [line for line in secret if line in released] == []
    assert "SOLUTION" not in released and "HIDDEN" not in released


@pytest.mark.parametrize("version", ["source", "release"])
@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_committed_clean_and_short_celled(name: str, version: str) -> None:
    cells = cells_of(name, version)
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert max(len(cell.source.splitlines()) for cell in code) <= 40
    assert [cell.id for cell in cells] == list(dict.fromkeys(cell.id for cell in cells))
    named = [cell for cell in cells if cell.metadata.get("nbgrader")]
    assert [cell.metadata.nbgrader.grade_id for cell in named] == [cell.id for cell in named]


@pytest.mark.parametrize("name", NAMES)
def test_tests_do_not_lean_on_an_earlier_answer(name: str) -> None:
    """A wrong first answer must not cost the points of the others."""
    defined: dict[str, str] = {}
    cells = [cell for cell in cells_of(name, "source") if cell.cell_type == "code"]
    last = ""
    for cell in cells:
        used = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
        if is_test(cell):
            assert {defined[one] for one in used & set(defined)} <= {last}, cell.id
        elif cell.metadata.get("nbgrader", {}).get("solution"):
            last = cell.id
            defined |= {node.name: last for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", NAMES)
def test_under_another_environment_s_kernel_the_failing_line_says_what_to_do(name: str) -> None:
    lines = "\n".join(cell.source for cell in cells_of(name, "release") if cell.cell_type == "code").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("from fer_utils"))
    assert "make lab" in lines[first - 1]


def test_make_lab_copies_the_students_version_beside_the_notebooks(tmp_path: Path) -> None:
    assert working_copies(tmp_path) == []
    for name in NAMES:
        released = COURSE / "release" / name / f"{name}.ipynb"
        assert (tmp_path / "exercises" / released.name).read_bytes() == released.read_bytes()
        assert (tmp_path / released.name).is_file(), "the notebook itself"
