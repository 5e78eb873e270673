"""What each notebook is recorded with: the data sets that ``reproduce`` runs it on unless told otherwise.

Every one of them ships with the package or is made of what ships (``…:stand-in``), so that these results can be
made again by somebody who holds no data. Others in ``results/`` name their data set.
"""

from __future__ import annotations

DATASETS = {"05_mobilenet_jaffe": ("london", "jaffe:stand-in")}
"""A notebook that is not named here runs once, on its own default."""


def datasets_of(notebook: str) -> tuple[str | None, ...]:
    """The data sets of a notebook's round; ``None`` stands for its default."""
    return DATASETS.get(notebook, (None,))
