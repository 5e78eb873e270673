"""Which code cells of a notebook are the shipped ones: ``shipped.json`` holds a digest of each.

An edited notebook is another experiment and must not be filed under the reference run's name. That is what this tells;
it is no protection against somebody who edits the digests too.

``make notebooks`` strips outputs and writes the digests anew, after a change that is meant.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat

from fer_utils.errors import FerError
from fer_utils.files import write_json
from fer_utils.reproduce.provenance import PACKAGE

NOTEBOOKS = PACKAGE.parent / "notebooks"


def read(path: Path) -> Any:
    """A notebook.

    Raises:
        FerError: the file is no notebook, or cannot be read.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError) as error:
        # JSON of another shape than a notebook's makes nbformat stumble in several ways.
        raise FerError(f"{path.name} is not a notebook that can be read: {error}") from error


def cells_of(path: Path) -> list[str]:
    """A digest, 16 hex digits, of each code cell; the parameters' values are left out, they are compared one by one."""
    notebook = read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [_digest(cell) for cell in cells]


def _digest(cell: Any) -> str:
    """Of a cell's code and tags; of the parameter cell without the values, and with whatever else stands in it."""
    tags = sorted(cell.metadata.get("tags", []))
    source = _without_values(cell.source) if "parameters" in tags else cell.source
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join([*tags, *lines]).encode()).hexdigest()[:16]


def _without_values(source: str) -> str:
    """The names that a parameter cell sets to literals, and every other statement as it is."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return source
    return "\n".join(_name(statement) or ast.unparse(statement) for statement in body)


def _name(statement: ast.stmt) -> str:
    """The one name that the statement sets to a literal, or an empty string."""
    if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
        return ""
    target = statement.targets[0]
    try:
        ast.literal_eval(statement.value)
    except (ValueError, TypeError):
        return ""
    return target.id if isinstance(target, ast.Name) else ""


def shipped_cells() -> dict[str, list[str]]:
    """The digests that were shipped, for each notebook by name."""
    return json.loads(files("fer_utils.reproduce").joinpath("shipped.json").read_text(encoding="utf-8"))


def edited_cells(notebook: str, folder: Path) -> list[int]:
    """Numbers, from 1, of the code cells that were added or changed; where some were only removed, of the next one.

    A notebook that does not ship has none.
    """
    reference = shipped_cells().get(notebook)
    if reference is None:
        return []
    present = cells_of(folder / f"{notebook}.ipynb")
    found: list[int] = []
    for kind, _, _, low, high in difflib.SequenceMatcher(None, reference, present, autojunk=False).get_opcodes():
        if kind != "equal":
            found += range(low + 1, max(high, low + 1) + 1)
    return found


def cells_digest(notebook: str, folder: Path) -> str:
    """One digest of all code cells, the name of an edited notebook's results."""
    return hashlib.sha256(" ".join(cells_of(folder / f"{notebook}.ipynb")).encode()).hexdigest()


def strip(notebook: Any) -> None:
    """Remove outputs, counts and what editors leave in the metadata, in place."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})


def main() -> None:
    """Strip the notebooks and write ``shipped.json``: ``make notebooks``."""
    names = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for path in names:
        notebook = nbformat.read(path, as_version=4)
        strip(notebook)
        nbformat.write(notebook, path)
    write_json(PACKAGE / "reproduce" / "shipped.json", {path.stem: cells_of(path) for path in names})


if __name__ == "__main__":
    main()
