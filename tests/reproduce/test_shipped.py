"""An edited notebook is another experiment: which of its cells are not the shipped ones."""

import shutil

import nbformat
import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce import request as requests
from fer_utils.reproduce import shipped
from fer_utils.reproduce.request import Request

NAME = "05_mobilenet_jaffe"


def test_the_digests_are_those_of_the_notebooks():
    present = {path.stem: shipped.cells_of(path) for path in sorted(shipped.NOTEBOOKS.glob("[0-9]*.ipynb"))}
    assert present == shipped.shipped_cells(), "if the change is meant: make notebooks"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Gives a function that edits a copy of notebook 05, which the runner then takes for the shipped one."""
    monkeypatch.setattr(requests, "NOTEBOOKS", tmp_path)

    def edit(change) -> Request:
        notebook = nbformat.read(shutil.copy(requests.PACKAGE.parent / "notebooks" / f"{NAME}.ipynb", tmp_path), 4)
        change([cell for cell in notebook.cells if cell.cell_type == "code"], notebook)
        nbformat.write(notebook, tmp_path / f"{NAME}.ipynb")
        return Request(NAME, {"profile": "smoke"}, tmp_path / "results")

    return edit


def test_an_untouched_copy_is_the_shipped_one(copy):
    request = copy(lambda code, notebook: None)
    assert requests.changed(request) == {} and requests.edits(request) == ""


def test_outputs_spaces_and_prose_change_nothing(copy):
    def change(code, notebook):
        code[3].source += "  \n"
        code[3].outputs = [nbformat.v4.new_output("stream", text="hello")]
        notebook.cells[0].source += " and more"

    assert requests.changed(copy(change)) == {}


def test_a_knob_edited_in_the_parameter_cell_is_a_changed_parameter(copy):
    def change(code, notebook):
        code[0].source = code[0].source.replace("epochs = None", "epochs = 1").replace("[0, 1, 2]", "[7]")

    request = copy(change)
    assert requests.changed(request) == {"seeds": [7], "epochs": 1}
    assert requests.changed(Request(NAME, {"epochs": None, "seeds": [0, 1, 2]}, request.results)) == {}


def test_an_edited_cell_is_named_and_cannot_be_recorded(copy):
    def change(code, notebook):
        code[3].source += "\nsettings = settings.but(epochs=1)"

    request = copy(change)
    assert set(requests.changed(request)) == {"edited"}
    assert "code cells 4 differ from the shipped notebook" in requests.edits(request)
    with pytest.raises(requests.UsageError, match="is not the shipped one"):
        requests.check(Request(NAME, {}, request.results, record=True))


@pytest.mark.parametrize(
    "added", ["from fer_utils import splits\nsplits.X = 3", "epochs = int(1)", "extra = 1", "epochs = quota = 1"]
)
def test_code_in_the_parameter_cell_is_an_edit(copy, added):
    def change(code, notebook):
        code[0].source += "\n" + added

    assert set(requests.changed(copy(change))) >= {"edited"}


def test_a_changed_tag_is_an_edit(copy):
    """papermill replaces a cell that is tagged as the one it injected."""

    def change(code, notebook):
        code[3].metadata["tags"] = ["injected-parameters"]

    assert set(requests.changed(copy(change))) == {"edited"}


def test_added_and_removed_cells_are_edits(copy):
    def add(code, notebook):
        notebook.cells.insert(5, nbformat.v4.new_code_cell("seeds = [7]"))

    assert "code cells 4 differ" in requests.edits(copy(add))
    assert requests.edits(copy(lambda code, notebook: notebook.cells.remove(code[5])))


def test_a_notebook_that_does_not_ship_has_no_edits(tmp_path):
    assert shipped.edited_cells("90_toy", tmp_path) == []


def test_stripping_leaves_sources_and_tags():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", execution_count=3)])
    notebook.cells[0].metadata = {"tags": ["parameters"], "scrolled": True}
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="1")]
    shipped.strip(notebook)
    (cell,) = notebook.cells
    assert (cell.source, cell.outputs, cell.execution_count, cell.metadata) == ("1", [], None, {"tags": ["parameters"]})


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_one_message(copy, tmp_path, content):
    request = copy(lambda code, notebook: None)
    (tmp_path / f"{NAME}.ipynb").write_text(content)
    with pytest.raises(FerError, match=rf"{NAME}\.ipynb is not a notebook that can be read"):
        requests.check(request)
