"""What is kept of an executed notebook."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from fer_utils.reproduce import executed
from fer_utils.reproduce.surroundings import FINISHED
from tests.test_silence import LINES


@pytest.fixture
def recorded(tmp_path: Path):
    """Give what is recorded of one cell's outputs."""

    def record(*outputs: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
        cell = nbformat.v4.new_code_cell("run.finish()", execution_count=1, outputs=list(outputs))
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebook.ipynb")
        (tmp_path / FINISHED).write_text('{"profile": "quick", "files": {}}')
        assert executed.finished("toy", tmp_path)["profile"] == "quick"
        return nbformat.read(tmp_path / "notebook.ipynb", as_version=4).cells[0].outputs

    return record


def stream(name: str, text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", name=name, text=text)


def test_tensorflow_s_lines_are_not_recorded_and_every_other_warning_is(recorded):
    cut = len(LINES) // 2
    assert LINES[cut - 1] != "\n", "the cut must go through a line"
    kept = recorded(
        stream("stderr", LINES[:cut]),
        stream("stderr", LINES[cut:]),
        stream("stdout", LINES),
        stream("stderr", "DeprecationWarning: mine\n" + LINES),
    )
    assert [(output.name, output.text) for output in kept] == [
        ("stdout", LINES), ("stderr", "DeprecationWarning: mine\n"),
    ]  # fmt: skip


def test_outputs_that_are_no_streams_stay(recorded):
    shown = nbformat.v4.new_output("display_data", data={"text/plain": "a table"})
    assert recorded(shown, stream("stderr", LINES)) == [shown]


def test_a_row_of_a_table_is_a_line_and_says_what_it_said():
    table = "<table>\n  <tr>\n    <td >a\n b</td>\n    <td >1 &lt; 2</td>\n  </tr>\n  <tr>\n<td >c</td></tr></table>\n"
    other = "<p>\n  <b>kept</b>\n</p>"
    outputs = [nbformat.v4.new_output("display_data", data={"text/html": shown}) for shown in (table, other)]
    cell = nbformat.v4.new_code_cell(metadata={"tags": ["x"], "papermill": {"duration": 1}}, outputs=outputs)
    executed.tighten(nbformat.v4.new_notebook(cells=[cell]))
    assert [output.data["text/html"] for output in cell.outputs] == [
        "<table>\n<tr><td>a\n b</td><td>1 &lt; 2</td></tr>\n<tr><td>c</td></tr></table>\n", other,
    ]  # fmt: skip
    assert cell.metadata == {"tags": ["x"]}


def picture(grey: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("refer", [True, False])
def test_a_long_run_s_notebook_points_to_its_figures_and_copies_other_pictures(tmp_path: Path, refer: bool) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "gains.png").write_bytes(picture(0))
    shown = [{"image/png": base64.b64encode(picture(grey)).decode()} for grey in (0, 255)]
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in shown]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("show()", outputs=outputs)])
    executed._shrink_pictures(notebook, figures, refer)
    nbformat.validate(notebook)
    own, other = (output.data for output in notebook.cells[0].outputs)
    assert [kind.split("/")[0] for kind in other] == ["image"]
    if refer:
        assert own == {"text/html": '<img src="figures/gains.png" alt="figures/gains.png, beside this notebook">'}
    else:
        assert [kind.split("/")[0] for kind in own] == ["image"]
