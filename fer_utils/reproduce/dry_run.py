"""``--dry-run``: the units of work and what they would cost on this machine."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import pandas as pd

from fer_utils import datasets
from fer_utils.errors import UsageError
from fer_utils.reproduce.runner import Request, known_parameters


def print_plan(requests: Sequence[Request]) -> None:
    """Print a table of units a notebook, and the sum.

    Raises:
        UsageError: a wrong data set, profile or seed list.
        FerError: the data are not there.
    """
    for request in requests:
        table = _estimate(request)
        print(f"\n{request.notebook}")
        if table is None:
            print("  under a minute, no units of work")
            continue
        costs = ("seconds", "memory MB", "disk MB")
        shown = table.assign(**{name: table[name].map("{:,.1f}".format) for name in costs})
        print(shown.to_string(index=False))
        seconds, disk = table["seconds"].sum(), table["disk MB"].sum()
        print(
            f"  in all about {_minutes(seconds / request.workers)} with {request.workers} worker(s), "
            f"{request.workers * table['memory MB'].max() / 1000:.1f} GB of memory for data beside the libraries' own "
            f"1-2 GB a worker, {disk / 1000:.2f} GB on disk.\n"
            f"  Measured by a probe of a few seconds: expect it to be right within a factor of two."
        )


def _estimate(request: Request) -> pd.DataFrame | None:
    defaults = {name: ast.literal_eval(text) for name, text in known_parameters(request.notebook).items()}
    wanted = {**defaults, **request.parameters}
    if request.notebook == "05_mobilenet_jaffe":
        from fer_utils.mobilenet_jaffe.estimate import estimate

        if not wanted["seeds"]:
            raise UsageError("at least one seed is needed")
        return estimate(datasets.load(wanted["dataset"]), wanted["profile"], wanted["seeds"])
    return None


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
