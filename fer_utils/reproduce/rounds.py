"""What each notebook is recorded with: the data sets that ``reproduce`` runs it on unless told otherwise."""

from __future__ import annotations

from fer_utils.papers.registry import paper_of


def datasets_of(notebook: str) -> tuple[str | None, ...]:
    """The data sets of a notebook's round; ``None`` for one that takes none."""
    paper = paper_of(notebook)
    return paper.recorded if paper else (None,)
