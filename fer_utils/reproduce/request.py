"""What is to be run: a notebook, its parameters, and where its results go."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill

from fer_utils.datasets.findings import few
from fer_utils.errors import UsageError, did_you_mean
from fer_utils.papers import parameters
from fer_utils.papers.parameters import Parameter
from fer_utils.reproduce.knobs import NOTEBOOKS as SHIPPED
from fer_utils.reproduce.provenance import PACKAGE
from fer_utils.reproduce.shipped import cells_digest, edited_cells, read

NOTEBOOKS = PACKAGE.parent / "notebooks"


@dataclass(frozen=True)
class Request:
    """What is to be run, and where its results go."""

    notebook: str
    parameters: Mapping[str, Any]
    results: Path
    workers: int | None = None
    dask: str | None = None
    record: bool = False
    """Whether ``results`` holds the recorded runs, which take no smoke run and no edited notebook."""

    def to_json(self) -> str:
        """The request as text, for another process."""
        return json.dumps({**vars(self), "parameters": dict(self.parameters), "results": str(self.results)})

    @classmethod
    def from_json(cls, text: str) -> Request:
        """The request that :meth:`to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "results": Path(fields["results"])})


def notebook_names() -> list[str]:
    """Names of all notebooks without ``.ipynb``, in order."""
    return sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))


def find_notebook(name: str) -> str:
    """The full name of a notebook given by name, file name or number (``05``).

    Raises:
        UsageError: there is no such notebook.
    """
    known = notebook_names()
    wanted = Path(name).stem
    matches = [full for full in known if full == wanted or full.split("_")[0] == wanted]
    if not matches:
        raise UsageError(f"there is no notebook {name!r}.{did_you_mean(wanted, known)} Known: {', '.join(known)}.")
    return matches[0]


def default_values(notebook: str) -> dict[str, Any]:
    """The values in the notebook's own parameter cell today; those that are no literals are left out."""
    read(NOTEBOOKS / f"{notebook}.ipynb")
    found = papermill.inspect_notebook(str(NOTEBOOKS / f"{notebook}.ipynb"))
    values = {}
    for name, facts in found.items():
        with contextlib.suppress(ValueError, SyntaxError):
            values[name] = ast.literal_eval(facts["default"])
    return values


def known_parameters(notebook: str) -> Mapping[str, Parameter]:
    """What each parameter may be; one that does not ship is whatever its own cell says, of any value."""
    if notebook in SHIPPED:
        return SHIPPED[notebook]
    return {name: Parameter(value, "any") for name, value in default_values(notebook).items()}


def in_force(request: Request) -> dict[str, Any]:
    """The values that the run starts with: the cell's own, and over them those asked for."""
    return {**default_values(request.notebook), **request.parameters}


def check(request: Request) -> None:
    """Refuse whatever can be refused before the first cell runs.

    Raises:
        UsageError: an unknown parameter or a wrong value; or a run that may not be recorded.
    """
    parameters.check(request.notebook, in_force(request), known_parameters(request.notebook))
    if not request.record:
        return
    if in_force(request).get("profile") == "smoke":
        raise UsageError("smoke runs are never recorded: their numbers are not for reading. Leave --record out.")
    edited = edited_cells(request.notebook, NOTEBOOKS)
    if edited:
        raise UsageError(
            f"notebook {request.notebook} is not the shipped one (code cells {few(edited, 8)} differ), so it "
            f"cannot be recorded. Restore it with git, or, if the change is meant, run `make notebooks` first."
        )


def changed(request: Request) -> dict[str, Any]:
    """What makes this another experiment than the shipped notebook at its profile; it goes on every label."""
    known = known_parameters(request.notebook)
    # Only a parameter that is declared to be a file is one: another path may lead to what changes during the run.
    found = {
        name: parameters.named(value) if known[name].suffix else value
        for name, value in parameters.changed(in_force(request), known).items()
    }
    edited = edited_cells(request.notebook, NOTEBOOKS)
    return {**found, "edited": cells_digest(request.notebook, NOTEBOOKS)[:8]} if edited else found


def edits(request: Request) -> str:
    """A sentence on code cells that differ from the shipped notebook's, or an empty string."""
    edited = edited_cells(request.notebook, NOTEBOOKS)
    if not edited:
        return ""
    return (
        f"{request.notebook}: code cells {few(edited, 8)} differ from the shipped notebook, so this is another "
        f"experiment: everything is labelled and filed with edited={cells_digest(request.notebook, NOTEBOOKS)[:8]}"
    )
