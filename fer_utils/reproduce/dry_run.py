"""``--dry-run``: the units that a notebook would ask for, and what they would cost on this machine.

The room's ``estimate.ask`` drives its study with a :class:`~fer_utils.papers.planning.Planner` in place of ``Run.map``;
then one small unit of each kind is timed. Each notebook is planned in a process of its own, since Keras can compute on
one backend a process only and the papers prefer different ones.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import pandas as pd

from fer_utils.devices import at_once, choose_device
from fer_utils.errors import FerError
from fer_utils.papers.planning import Asked, Planner
from fer_utils.papers.registry import Paper, paper_of
from fer_utils.reproduce.request import Request, in_force
from fer_utils.reproduce.units import Store, unit_key

AT_ONCE = "at once"
"""A column: how many of these units run at once where nobody named a number of workers."""

NOTEBOOK = "notebook itself"
NOTEBOOK_S = 25.0
"""What a notebook takes beside its units where its room does not say: libraries are imported, figures drawn."""


def print_plan(requests: Sequence[Request]) -> None:
    """Print a table of units for each notebook, and the sum.

    Raises:
        UsageError: a wrong data set, profile or seed list.
        FerError: the data are not there.
    """
    if len(requests) == 1:
        _print_one(requests[0])
        return
    for request in requests:
        done = subprocess.run(
            [sys.executable, "-m", "fer_utils.reproduce.dry_run"], input=request.to_json(), text=True, check=False
        )
        if done.returncode:
            raise FerError(f"{request.notebook} cannot be planned", exit_code=done.returncode)


def _print_one(request: Request) -> None:
    print(f"\n{request.notebook} {request.parameters.get('dataset', '')}".rstrip())
    paper = paper_of(request.notebook)
    if paper is None:
        print("  under a minute, no units of work")
        return
    table = plan(paper, request)
    costs = ("seconds", "memory MB", "disk MB")
    shown = table.assign(**{name: table[name].map("{:,.1f}".format) for name in costs}).drop(columns=AT_ONCE)
    print(shown.to_string(index=False))
    print(
        f"  in all about {_minutes(total_seconds(table, request.workers))} with {_workers(table, request.workers)} "
        f"worker(s), {table['memory MB'].max() / 1000:.1f} GB of memory for data beside the libraries' own 1-2 GB a "
        f"worker, {table['disk MB'].sum() / 1000:.2f} GB on disk.\n"
        f"  One small unit of each kind was timed: expect it to be right within a factor of two.",
        flush=True,
    )


def plan(paper: Paper, request: Request) -> pd.DataFrame:
    """What a notebook asks for: a row a kind of unit, and one for all that is no unit.

    Returns:
        Columns ``unit``, ``count``, ``stored`` (how many of them are done already and cost nothing), ``seconds`` (all
        others, one after the other), ``memory MB`` (arrays of the largest), ``disk MB`` (results of all), ``at once``.
    """
    values, estimate = in_force(request), paper.part("estimate")
    choose_device(str(values["device"]))
    planner, started = Planner(estimate.KINDS, unit_key), time.perf_counter()
    estimate.ask(values, planner)
    reading = time.perf_counter() - started
    rows = [_row(asked) for asked in planner.asked.values()]
    # Pictures that were read and cropped just now are read once more, from the cache.
    rest = getattr(estimate, "NOTEBOOK_S", NOTEBOOK_S) + min(reading, NOTEBOOK_S)
    return pd.DataFrame([*rows, _line(NOTEBOOK, 1, 0, rest, 0.0, 0.0, 1)])


def _row(asked: Asked) -> dict[str, object]:
    store = Store()
    stored = [store.path(name).is_file() for name in asked.names]
    waiting = sum(work for work, done in zip(asked.work, stored, strict=True) if not done)
    seconds = waiting * seconds_per_work(asked) if waiting else 0.0
    kind, count = asked.kind, len(asked.work)
    return _line(kind.title, count, sum(stored), seconds, asked.memory, asked.stored, at_once(kind.unit))


def _line(
    unit: str, count: int, stored: int, seconds: float, memory: float, disk: float, together: int
) -> dict[str, object]:
    sizes = {"memory MB": memory / 1e6, "disk MB": disk / 1e6}
    return {"unit": unit, "count": count, "stored": stored, "seconds": seconds, **sizes, AT_ONCE: together}


def seconds_per_work(asked: Asked) -> float:
    """Time one small unit of a kind, after another one to warm up."""
    kind, probe = asked.kind, asked.kind.probe(asked.example or {})
    kind.unit(**probe)
    start = time.perf_counter()
    kind.unit(**probe)
    return (time.perf_counter() - start) / kind.work(probe)


def total_seconds(table: pd.DataFrame, workers: int | None) -> float:
    """Units of one core share the cores, whatever their kind; with ``workers`` each kind shares these by itself."""
    waiting = (table["count"] - table.get("stored", 0)).clip(lower=1)
    if workers:
        # A kind of unit of which there is one cannot be shared.
        return float((table["seconds"] / waiting * -(-waiting // workers)).sum())
    alone = table[AT_ONCE] == 1
    shared = table[~alone]
    if not len(shared):
        return float(table["seconds"].sum())
    spread, longest = (shared["seconds"] / shared[AT_ONCE]).sum(), (shared["seconds"] / waiting[~alone]).max()
    return float(table.loc[alone, "seconds"].sum() + max(spread, longest))


def _workers(table: pd.DataFrame, workers: int | None) -> int:
    return workers or int(table[AT_ONCE].max())


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main() -> int:
    """Plan the one notebook that standard input names; gives the exit code."""
    try:
        _print_one(Request.from_json(sys.stdin.read()))
    except FerError as error:
        print(f"fer_utils: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
