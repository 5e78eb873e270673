"""What the papers would cost a card at their own size: counted, not measured.

``python -m fer_utils.reproduce.on_paper`` drives every study at its ``paper`` profile with a planner, counts a training
step of each network on torch's meta device, multiplies, and files ``docs/on_paper.csv``: steps, operations, launches,
nothing that depends on a card. :mod:`fer_utils.reproduce.cost_pages` makes the table of ``docs/gpu.md`` of it.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fer_utils.devices import choose_device
from fer_utils.files import write_text
from fer_utils.papers.planning import Asked, Planner
from fer_utils.papers.registry import PAPERS, paper_of
from fer_utils.reproduce import cost_pages
from fer_utils.reproduce.rehearsed import counter
from fer_utils.reproduce.request import Request, in_force
from fer_utils.reproduce.units import unit_key

COLUMNS = (
    "notebook", "dataset", "unit", "count", "steps", "operations", "launches", "captured", "share", "memory", "disk",
)  # fmt: skip


def count(request: Request) -> pd.DataFrame:
    """What one notebook asks a card for, a row a kind of unit and variant.

    Returns:
        :data:`COLUMNS`: how many such units; training ``steps``, ``operations`` and ``launches`` of all of them
        together; whether launches are ``captured``; the ``share`` of a card's peak, where it is a kind's own; bytes
        that the largest holds on the host beside libraries (``memory``), and bytes of all results (``disk``).

    Raises:
        UsageError: a wrong data set or profile.
        FerError: the data set is not there, or does not suffice.
    """
    paper = paper_of(request.notebook)
    assert paper is not None
    values, estimate = in_force(request), paper.part("estimate")
    choose_device("cpu")
    planner = Planner(estimate.KINDS, unit_key)
    estimate.ask(values, planner)
    rows = []
    for (_, variant), asked in planner.variants.items():
        title = f"{asked.kind.title}, {variant}" if variant else asked.kind.title
        steps, operations, launches = counted(asked)
        facts = (steps, operations, launches, asked.kind.captured, asked.kind.share)
        sizes = round(asked.memory), round(asked.stored)
        rows.append((request.notebook, values["dataset"], title, len(asked.work), *facts, *sizes))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def counted(asked: Asked) -> tuple[int, int, int]:
    """Training steps, operations and launches of all units of a kind: those of the largest, in proportion.

    To their steps, where the kind says how many each has; else to their work.
    """
    steps = operations = launches = 0.0
    for piece in asked.kind.pieces(asked.example or {}) if asked.kind.pieces else ():
        with counter() as seen:
            piece.work()
        steps += piece.times * piece.step
        operations += piece.times * piece.larger * seen.operations
        launches += piece.times * seen.launches
    size = asked.steps if any(asked.steps) else asked.work
    scale = sum(size) / size[asked.work.index(max(asked.work))]
    return round(steps * scale), round(operations * scale), round(launches * scale)


def main(arguments: Sequence[str]) -> int:
    """Count the notebooks named (``05``), or all; each data set in a process of its own. Gives the exit code."""
    if arguments[:1] == ["--one"]:
        # What a GPU would have.
        os.environ.setdefault("KERAS_BACKEND", "torch")
        request = Request(arguments[1], {"dataset": arguments[2], "profile": "paper"}, Path())
        count(request).to_csv(sys.stdout, index=False)
        return 0
    for paper in PAPERS:
        for dataset in cost_pages.NAMED[paper.notebook] if not arguments or paper.notebook[:2] in arguments else ():
            line = [sys.executable, "-m", "fer_utils.reproduce.on_paper", "--one", paper.notebook, dataset]
            done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                print(f"{paper.notebook} {dataset} was not counted", file=sys.stderr)
                continue
            _file(pd.read_csv(io.StringIO(done.stdout)))
    cost_pages.write()
    return 0


def _file(counted: pd.DataFrame) -> None:
    """Put rows in the place of those of the same notebook and data set."""
    known = pd.read_csv(cost_pages.COUNTED) if cost_pages.COUNTED.is_file() else counted.iloc[:0]
    (notebook, dataset), *_ = counted[["notebook", "dataset"]].itertuples(index=False, name=None)
    others = known[(known["notebook"] != notebook) | (known["dataset"] != dataset)]
    order = [(paper, each) for paper, names in cost_pages.NAMED.items() for each in names]
    whole = pd.concat([others, counted])
    place = [order.index(pair) for pair in whole[["notebook", "dataset"]].itertuples(index=False, name=None)]
    whole = whole.assign(place=place).sort_values("place", kind="stable").drop(columns="place")
    write_text(cost_pages.COUNTED, whole.to_csv(index=False))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
