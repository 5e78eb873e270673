"""The executed notebook: did it reach its end, and how it is kept."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import nbformat

from fer_utils.errors import FerError
from fer_utils.files import sha256_file, write_text
from fer_utils.reproduce.kept_pictures import MIME_TYPES, small_copy
from fer_utils.reproduce.surroundings import FINISHED
from fer_utils.silence import without_tensorflow

REFERRING = ("evening", "paper")
"""Profiles whose recorded notebooks point to their figures. Copies would double what git holds of them; the notebooks
of ``quick`` hold copies, since not every viewer shows a picture that lies beside a notebook."""

CLOCKS = ("papermill", "execution")
"""Of a cell's metadata: its times."""

FIGURE = '<img src="{file}" alt="{file}, beside this notebook">'


def finished(notebook: str, working: Path) -> dict[str, Any]:
    """What :meth:`Run.finish` said; refuse the run if it was not reached, a cell shows an error or a file is gone."""
    executed = nbformat.read(working / "notebook.ipynb", as_version=4)
    for number, cell in enumerate(cell for cell in executed.cells if cell.cell_type == "code"):
        wrong = [output for output in cell.outputs if output.output_type == "error"]
        if wrong or (cell.source.strip() and cell.execution_count is None):
            raise FerError(f"{notebook}, code cell {number + 1} failed or never ran, so there is no receipt")
    mark = working / FINISHED
    if not mark.exists():
        raise FerError(f"{notebook} ended without calling Run.finish(), so there is no receipt")
    facts = json.loads(mark.read_text(encoding="utf-8"))
    mark.unlink()
    _demand(notebook, working, facts["files"])
    # Where this machine keeps its folders is nobody's business.
    for name in ("input_path", "output_path"):
        executed.metadata.get("papermill", {}).pop(name, None)
    _drop_foreign_lines(executed)
    tighten(executed)
    _shrink_pictures(executed, working / "figures", refer=facts["profile"] in REFERRING)
    write_text(working / "notebook.ipynb", in_lines(executed))
    return facts


def in_lines(notebook: nbformat.NotebookNode) -> str:
    """A notebook as JSON, a cell a line: the usual indentation is a tenth of what git would keep."""
    whole = json.loads(nbformat.writes(notebook, version=4))
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in whole.pop("cells"))
    rest = "".join(f', "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in whole.items())
    return f'{{"cells": [\n{cells}\n]{rest}}}\n'


def _demand(notebook: str, working: Path, files: dict[str, str]) -> None:
    """Raise unless every file that the run wrote is there as it was written."""
    lost = []
    for name, digest in files.items():
        try:
            if sha256_file(working / name) != digest:
                lost.append(f"{name} is not as it was written")
        except FileNotFoundError:
            lost.append(f"{name} is gone")
    if lost:
        raise FerError(
            f"{notebook}: files of this run were changed while it was running, so there is no receipt: "
            f"{'; '.join(lost)}. Run it again; nobody else may write to {working.parent}."
        )


def _drop_foreign_lines(executed: nbformat.NotebookNode) -> None:
    """Leave out the lines that TensorFlow's C++ side wrote past :mod:`fer_utils.silence`; other warnings stay.

    They hold times and process numbers and hang on the processor, so no two records of one run would be equal.
    """
    for cell in executed.cells:
        kept: list[Any] = []
        for output in cell.get("outputs", []):
            follows = kept and output.get("name") == kept[-1].get("name") == "stderr"
            if follows:  # a line may be cut between two messages
                kept[-1].text += output.text
            else:
                kept.append(output)
        for output in kept:
            if output.get("name") == "stderr":
                output.text = without_tensorflow(output.text)
        if "outputs" in cell:
            cell.outputs = [output for output in kept if output.get("name") != "stderr" or output.text]


def tighten(executed: nbformat.NotebookNode) -> None:
    """Write each row of a table in one line, and leave out when each cell began and ended. Git keeps recorded runs.

    When the whole run began and ended is in its receipt.
    """
    for cell in executed.cells:
        for name in CLOCKS:
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown = data.get("text/html", "")
            if shown.startswith("<table>"):
                rows = re.sub(r">\s*\n\s*<", "><", shown).replace("<tr>", "\n<tr>")
                data["text/html"] = rows.replace("<td >", "<td>").replace("<th >", "<th>")


def _shrink_pictures(executed: nbformat.NotebookNode, figures: Path, refer: bool) -> None:
    """Keep the pictures in an executed notebook as small copies; the figures themselves lie beside it.

    Args:
        executed: the notebook.
        figures: the folder of the run's figures.
        refer: point to a figure's file instead of copying it.
    """
    names = {path.read_bytes(): path.name for path in figures.iterdir()} if refer and figures.is_dir() else {}
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in [kind for kind in MIME_TYPES.values() if kind in data]:
                output.get("metadata", {}).pop(kind, None)
                picture = base64.b64decode(data.pop(kind))
                if picture in names:
                    data["text/html"] = FIGURE.format(file=f"{figures.name}/{names[picture]}")
                else:
                    copied, copy = small_copy(picture)
                    data[copied] = base64.b64encode(copy).decode("ascii")
