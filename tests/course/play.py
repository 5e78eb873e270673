"""Run one exercise notebook: its solutions, its empty version, and a typical mistake in the place of each solution.

``python -m tests.course.play NAME FILE`` writes which cells failed. A process a notebook, so that several run side by
side; without a kernel, because cells are plain Python.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fer_utils.reproduce.shipped import read
from tests.course.wrong_answers import WRONG

COURSE = Path(__file__).parents[2] / "course"


def cells_of(name: str, version: str) -> list[Any]:
    """The cells of the notebook ``name`` in ``version``: ``"source"`` or ``"release"``."""
    return read(COURSE / version / name / f"{name}.ipynb").cells


def is_test(cell: Any) -> bool:
    """Whether the cell is marked by running it."""
    return cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade", False)


def failure(cell: str, name: str, namespace: dict[str, Any]) -> str:
    """What running the cell raised, or an empty string."""
    try:
        exec(compile(cell, name, "exec"), namespace)
    except Exception as error:  # whatever it is, the cell has failed, as in a notebook
        return f"{type(error).__name__}: {error}"
    return ""


def run(cells: list[Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Run all code cells one after the other, also after a failure; what failed, and what the cells left behind."""
    namespace: dict[str, Any] = {"__name__": "exercises"}
    code = [cell for cell in cells if cell.cell_type == "code"]
    said = {cell.id: failure(cell.source, cell.id, namespace) for cell in code}
    return {name: text for name, text in said.items() if text}, namespace


def play(name: str) -> dict[str, dict[str, str]]:
    """Failures by cell: of the ``solution``, the ``empty`` version, a ``mistake``, and its test (``refused``)."""
    source = cells_of(name, "source")
    failed, solved = run(source)
    mistakes, refused = {}, {}
    for test in (cell for cell in source if is_test(cell)):
        namespace = dict(solved)
        if text := failure(WRONG[name][test.id], "mistake", namespace):
            mistakes[test.id] = text
        if text := failure(test.source, test.id, namespace):
            refused[test.id] = text
    return {"solution": failed, "mistake": mistakes, "refused": refused, "empty": run(cells_of(name, "release"))[0]}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(play(sys.argv[1])), encoding="utf-8")
