"""Notebooks are committed clean, short-celled and with one parameters cell."""

import statistics
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def test_no_outputs_are_committed(notebook):
    assert not any(cell.outputs or cell.execution_count for cell in code(notebook))


def test_cells_are_short(notebook):
    lines = [len(cell.source.splitlines()) for cell in code(notebook)]
    assert max(lines) <= 40
    assert statistics.median(lines) <= 8


def test_there_is_one_parameters_cell_with_literals_only(notebook):
    import ast

    (cell,) = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    for statement in ast.parse(cell.source).body:
        ast.literal_eval(statement.value)


def test_there_is_about_as_much_prose_as_code(notebook):
    prose = sum(len(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    assert prose >= 0.7 * sum(len(cell.source) for cell in code(notebook))


def test_it_teaches(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown").lower()
    assert "exercises" in text
    assert "run.finish()" in code(notebook)[-1].source


def test_under_another_environment_s_kernel_the_failing_line_says_what_to_do(notebook):
    """IPython's traceback shows the lines above the one that fails."""
    lines = [line for cell in code(notebook) for line in cell.source.splitlines()]
    first = next(number for number, line in enumerate(lines) if line.startswith("from fer_utils"))
    assert "make lab" in lines[first - 1]
