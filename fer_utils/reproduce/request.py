"""What is to be run: a notebook, its parameters, and where its results go."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill

from fer_utils.errors import UsageError, did_you_mean
from fer_utils.reproduce.provenance import PACKAGE

NOTEBOOKS = PACKAGE.parent / "notebooks"


@dataclass(frozen=True)
class Request:
    """What is to be run, and where its results go."""

    notebook: str
    parameters: Mapping[str, Any]
    results: Path
    workers: int | None = None
    dask: str | None = None


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


def known_parameters(notebook: str) -> dict[str, str]:
    """Parameter names of a notebook and their defaults as source text."""
    found = papermill.inspect_notebook(str(NOTEBOOKS / f"{notebook}.ipynb"))
    return {name: facts["default"] for name, facts in found.items()}


def check_parameters(notebook: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that the notebook does not have.

    Raises:
        UsageError: an unknown parameter.
    """
    known = list(known_parameters(notebook))
    for name in parameters:
        if name not in known:
            raise UsageError(
                f"notebook {notebook} has no parameter {name!r}.{did_you_mean(name, known)} It has: {', '.join(known)}."
            )


def changed(request: Request) -> dict[str, Any]:
    """The parameters asked for that are not the notebook's own defaults; data, profile and device aside."""
    defaults = {name: ast.literal_eval(text) for name, text in known_parameters(request.notebook).items()}
    apart = ("dataset", "profile", "device")
    return {name: value for name, value in request.parameters.items() if name not in apart and value != defaults[name]}


def variant(request: Request) -> str:
    """What a changed run's folder is called beside the reference run: ``+epochs=5``."""
    text = "".join(f"+{name}={value}" for name, value in sorted(changed(request).items()))
    safe = re.sub(r"[^A-Za-z0-9.+=_-]+", "_", text)
    return safe if len(safe) <= 80 else f"+{hashlib.sha256(text.encode()).hexdigest()[:12]}"
