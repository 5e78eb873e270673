"""The shipped notebooks' parameters, in the order of their cells. A test holds these tables against the notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_utils.errors import UsageError
from fer_utils.papers.parameters import PROFILE, Parameter, changed, check
from fer_utils.papers.registry import PAPERS

START = "00_start_here"
"""The notebook that reproduces no paper."""

NOTEBOOKS: dict[str, dict[str, Parameter]] = {
    START: {"profile": PROFILE, "judged": Parameter(100, "number", low=0)},
    **{paper.notebook: paper.part("settings").PARAMETERS for paper in PAPERS},
}


def in_force(notebook: str, scope: Mapping[str, Any]) -> dict[str, Any]:
    """Check a running notebook's parameters; for its first cell: ``changed = in_force("05_…", globals())``.

    Args:
        notebook: its name without ``.ipynb``.
        scope: its variables.

    Returns:
        What :func:`changed` says; hand it to :class:`fer_utils.reproduce.run.Run`, which labels everything with it.

    Raises:
        UsageError: a parameter has a value that it cannot have, or is gone.
    """
    known = NOTEBOOKS[notebook]
    lacking = [name for name in known if name not in scope]
    if lacking:
        raise UsageError(f"the parameter cell of notebook {notebook} lacks {', '.join(lacking)}. Run that cell first.")
    values = {name: scope[name] for name in known}
    check(notebook, values, known)
    return changed(values, known)
