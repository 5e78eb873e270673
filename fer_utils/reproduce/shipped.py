"""Which code cells of a notebook are the shipped ones: ``shipped.json`` holds a digest of each.

An edited notebook is another experiment and must not be filed under the reference run's name. That is what this tells;
it is no protection against somebody who edits the digests too.

``make notebooks`` strips outputs and writes the digests anew, after a change that is meant.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat

from fer_utils.files import write_json
from fer_utils.reproduce.provenance import PACKAGE

NOTEBOOKS = PACKAGE.parent / "notebooks"


def cells_of(path: Path) -> list[str]:
    """A digest, 16 hex digits, of each code cell but the parameter cell, whose values are compared one by one."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["parameters" if "parameters" in cell.metadata.get("tags", []) else _digest(cell.source) for cell in cells]


def _digest(source: str) -> str:
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


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
