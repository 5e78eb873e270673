"""``--dry-run``: the units of work and what they would cost on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fer_utils.papers.registry import paper_of
from fer_utils.reproduce.request import Request, in_force

AT_ONCE = "at once"
"""A column that such a table may have: how many of these units run at once where nobody named a number of workers
(:func:`fer_utils.devices.at_once`); without it one."""


def print_plan(requests: Sequence[Request]) -> None:
    """Print a table of units a notebook, and the sum.

    Raises:
        UsageError: a wrong data set, profile or seed list.
        FerError: the data are not there.
    """
    for request in requests:
        table = _estimate(request)
        print(f"\n{request.notebook} {request.parameters.get('dataset', '')}".rstrip())
        if table is None:
            print("  under a minute, no units of work")
            continue
        costs = ("seconds", "memory MB", "disk MB")
        shown = table.assign(**{name: table[name].map("{:,.1f}".format) for name in costs}).drop(columns=AT_ONCE)
        print(shown.to_string(index=False))
        print(
            f"  in all about {_minutes(_seconds(table, request.workers))} with {_how(table, request.workers)}, "
            f"{table['memory MB'].max() / 1000:.1f} GB of memory for data beside the libraries' own 1-2 GB a worker, "
            f"{table['disk MB'].sum() / 1000:.2f} GB on disk.\n"
            f"  Measured by a probe of a few seconds: expect it to be right within a factor of two."
        )


def _estimate(request: Request) -> pd.DataFrame | None:
    paper = paper_of(request.notebook)
    if paper is None:
        return None
    table = paper.part("estimate").estimate(in_force(request))
    return table if AT_ONCE in table else table.assign(**{AT_ONCE: 1})


def _seconds(table: pd.DataFrame, workers: int | None) -> float:
    """Units of one core share the cores, whatever their kind; with ``workers`` each kind shares these by itself."""
    if workers:
        # A kind of unit of which there is one cannot be shared.
        return float((table["seconds"] / table["count"] * -(-table["count"] // workers)).sum())
    alone = table[AT_ONCE] == 1
    shared = table[~alone]
    spread, longest = (shared["seconds"] / shared[AT_ONCE]).sum(), (shared["seconds"] / shared["count"]).max()
    return float(table.loc[alone, "seconds"].sum() + (max(spread, longest) if len(shared) else 0.0))


def _how(table: pd.DataFrame, workers: int | None) -> str:
    return f"{workers or table[AT_ONCE].max()} worker(s)"


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
