"""``--rehearse``: every kind of unit at its full size for a step or two. Would the real run survive the night?

The room's ``estimate.ask`` drives its study with a :class:`~fer_utils.papers.planning.Planner`, as for a dry run. Then
the largest call of each kind and variant is cut short (:attr:`~fer_utils.papers.planning.Kind.rehearsal`: fewer steps,
never a smaller network, batch or picture) and run in a process of its own, whose peak of memory is the unit's. What it
returns must have the names, shapes and types that were planned. A unit that saves on its way is killed right after its
first save and started again; it must then return the same bits. What does not end in the time that a rehearsal has is
listed as not rehearsed, with operations counted on paper (:mod:`fer_utils.reproduce.on_paper`).
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib.externals import loky

from fer_utils.cache_dir import cache_dir
from fer_utils.devices import at_once, choose_device
from fer_utils.errors import FerError, UsageError
from fer_utils.files import write_text
from fer_utils.papers.planning import Asked, Call, Kind, Planner, size
from fer_utils.papers.registry import paper_of
from fer_utils.reproduce import cards
from fer_utils.reproduce.on_paper import counted
from fer_utils.reproduce.rehearsed import Seen, look
from fer_utils.reproduce.request import Request, in_force
from fer_utils.reproduce.units import Store, unit_key
from fer_utils.reproduce.workers import name_of
from fer_utils.saving import EVERY

FOLDER = "rehearsals"
"""Below the results folder: one table a notebook and data set."""
MINUTES = "FER_REHEARSAL_MINUTES"
"""Environment: how long the rehearsal of a notebook may take beside the planning; 15 where it is not set."""


@dataclass(frozen=True)
class Rehearsed:
    """One kind of unit, or one variant of it, rehearsed.

    Attributes:
        title: of the kind and the variant.
        count: how many such units the run asks for, and how many of them are ``stored`` already.
        seen: what was measured; ``None``: it did not end in time.
        scale: how many times the rehearsed call's work the whole run has to do.
        operations: of the whole run.
        launches: of torch's operators in the whole run, and whether they are ``captured`` on a GPU.
        resumed: whether a killed unit went on to the same bits; ``None``: a unit of this kind saves nothing.
        together: how many run at once here.
        disk: bytes of all results.
        share: :attr:`fer_utils.papers.planning.Kind.share`.
    """

    title: str
    count: int
    stored: int
    seen: Seen | None
    scale: float
    operations: float
    launches: float
    captured: bool
    resumed: bool | None
    together: int
    disk: float
    share: float | None


def rehearse(requests: Sequence[Request]) -> None:
    """Rehearse each notebook in a process of its own, since Keras has one backend a process; print and file its table.

    Raises:
        UsageError: a wrong data set, profile or seed list.
        FerError: the data are not there, or a kind of unit did not pass; the message says which and why.
    """
    failed = []
    for request in requests:
        done = subprocess.run(
            [sys.executable, "-m", "fer_utils.reproduce.rehearse"], input=request.to_json(), text=True, check=False
        )
        if done.returncode:
            failed.append(f"{request.notebook} {request.parameters.get('dataset', '')}".rstrip())
    if failed:
        raise FerError(f"did not pass the rehearsal: {', '.join(failed)}")


def rehearse_one(request: Request) -> list[Rehearsed]:
    """Rehearse every kind of unit of one notebook; print its table and file it below ``request.results``.

    Raises:
        FerError: a kind did not pass.
    """
    dataset = str(request.parameters.get("dataset", ""))
    print(f"\n{request.notebook} {dataset}".rstrip(), flush=True)
    paper = paper_of(request.notebook)
    if paper is None:
        print("  no units of work")
        return []
    values, estimate = in_force(request), paper.part("estimate")
    choose_device(str(values["device"]))
    planner, started = Planner(estimate.KINDS, unit_key), time.perf_counter()
    estimate.ask(values, planner)
    print(f"  asked what there is to do in {time.perf_counter() - started:.0f} s", flush=True)
    rows, until = [], time.monotonic() + 60 * minutes()
    for (_, variant), asked in planner.variants.items():
        try:
            rows.append(_rehearse(asked, variant, until))
        except TimeoutError:
            rows.append(_on_paper(asked, variant))
        _say(rows[-1])
    table = table_of(rows)
    name = f"{request.notebook}-{dataset.replace(':', '-')}-{values['profile']}.csv"
    write_text(request.results / FOLDER / name, table.to_csv(index=False))
    print(table.to_string(index=False, na_rep="-"))
    print(cards.sentence([(row.operations, row.launches, row.captured, row.share) for row in rows]))
    late = [row.title for row in rows if row.seen is None]
    if late:
        print(f"  NOT REHEARSED in {minutes():g} minutes ({MINUTES} gives it more): {', '.join(late)}")
    print(f"  filed as {FOLDER}/{name}", flush=True)
    return rows


def minutes() -> float:
    """How long a notebook's rehearsal may take.

    Raises:
        UsageError: :data:`MINUTES` holds no number.
    """
    text = os.environ.get(MINUTES, "15")
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{MINUTES} must be a number of minutes, not {text!r}") from None


def _say(row: Rehearsed) -> None:
    if row.seen is None:
        print(f"  {row.title}: not in time", flush=True)
        return
    resumed = {None: "", True: ", killed and gone on to the same bits", False: ", killed and gone on: OTHER BITS"}
    print(f"  {row.title}: {row.seen.seconds:.1f} s, {row.seen.memory / 1e9:.1f} GB{resumed[row.resumed]}", flush=True)


def _rehearse(asked: Asked, variant: str, until: float) -> Rehearsed:
    """Run the largest call, cut short, and kill and resume it where it saves.

    Raises:
        TimeoutError: that did not end before ``until``, on the clock of ``time.monotonic``.
        FerError: it did not pass.
    """
    kind, small = asked.kind, short(asked.kind, asked.example or {})
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=_beside_cache()) as folder:
        seen = _in_its_own_process(kind, small, Path(folder) / "whole", until)
        assert seen is not None
        _demand_planned(kind, small, seen)
        again = _killed_and_gone_on(kind, small, Path(folder) / "broken", until) if kind.saves else None
    stored, waiting, steps = _left(asked)
    scale = waiting / kind.work(small)
    # Two steps against one: what is left is a step without all that happens once.
    launches = steps * (seen.launches - again.launches) if steps and again else scale * seen.launches
    resumed = None if again is None else again.digests == seen.digests
    operations, together = seen.operations * scale, at_once(kind.unit)
    return Rehearsed(
        _title(kind, variant), len(asked.work), stored, seen, scale, operations, launches, kind.captured, resumed,
        together, asked.stored, kind.share,
    )  # fmt: skip


def _on_paper(asked: Asked, variant: str) -> Rehearsed:
    """A kind that was not rehearsed."""
    stored, waiting, _ = _left(asked)
    _, operations, launches = (each * waiting / sum(asked.work) for each in counted(asked))
    kind, together = asked.kind, at_once(asked.kind.unit)
    return Rehearsed(
        _title(kind, variant), len(asked.work), stored, None, 0.0, operations, launches, kind.captured, None, together,
        asked.stored, kind.share,
    )  # fmt: skip


def _title(kind: Kind, variant: str) -> str:
    return f"{kind.title}, {variant}" if variant else kind.title


def _left(asked: Asked) -> tuple[int, float, float]:
    """How many units are stored; work and steps of the others."""
    store = Store()
    stored = [store.path(name).is_file() for name in asked.names]
    work, steps = (
        sum(each for each, done in zip(all_of_them, stored, strict=True) if not done)
        for all_of_them in (asked.work, asked.steps)
    )
    return sum(stored), work, steps


def short(kind: Kind, call: Call) -> dict[str, Any]:
    """The call that is rehearsed: the largest of its kind, cut to a few steps."""
    return (kind.rehearsal or kind.probe)(call)


def _beside_cache() -> Path:
    cache_dir().mkdir(parents=True, exist_ok=True)
    return cache_dir()


def _in_its_own_process(kind: Kind, call: Call, cache: Path, until: float, dies: bool = False) -> Seen | None:
    """What a new process saw of one call; ``None`` where it was to die at its first save, and did.

    Raises:
        TimeoutError: it did not end before ``until``; it is killed.
        FerError: it failed, or was killed by somebody else (too little memory).
    """
    environment = {"FER_CACHE": str(cache), EVERY: "0"}
    executor = loky.ProcessPoolExecutor(max_workers=1, env=environment)
    try:
        where = str(cache / kind.saves) if dies else ""
        watched = executor.submit(look, *name_of(kind.unit), call, dict(environment), where)
        return watched.result(timeout=max(0.0, until - time.monotonic()))
    except BrokenProcessPool as error:
        if dies:
            return None
        raise FerError(
            f"{kind.title}: the process was killed, most likely for want of memory; the plan says it needs "
            f"{(size(call) + kind.memory(call)) / 1e9:.1f} GB beside its libraries"
        ) from error
    except (FerError, TimeoutError):
        raise
    except Exception as error:
        raise FerError(f"{kind.title} failed: {type(error).__name__}: {error}") from error
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _killed_and_gone_on(kind: Kind, call: Call, cache: Path, until: float) -> Seen:
    """What is seen of a unit that was killed after its first save and goes on from there.

    Raises:
        FerError: it saved nothing, or left its checkpoint behind.
    """
    if _in_its_own_process(kind, call, cache, until, dies=True) is not None:
        raise FerError(f"{kind.title} should save on its way, and did not")
    left = list((cache / kind.saves).glob("*.npz"))
    again = _in_its_own_process(kind, call, cache, until)
    if not left or list((cache / kind.saves).glob("*.npz")):
        raise FerError(f"{kind.title}: a killed unit must leave one checkpoint, and a finished one none")
    assert again is not None
    return again


def _demand_planned(kind: Kind, call: Call, seen: Seen) -> None:
    """Raise unless the result has the arrays that were planned: disk and memory are reckoned from them."""
    result = kind.result(call)
    planned = {name: (each.shape, str(each.dtype)) for name, each in result.items() if isinstance(each, np.ndarray)}
    for name, what in planned.items():
        if seen.arrays.get(name) != what:
            raise FerError(f"{kind.title}: {name} was planned as {what}, and came as {seen.arrays.get(name)}")


def table_of(rows: Sequence[Rehearsed]) -> pd.DataFrame:
    """A row a kind of unit.

    Returns:
        ``unit``, ``count``, ``stored``; ``rehearsed``: where it was not, what would have been measured is missing;
        ``peak GB`` of the process (libraries included) and ``GPU GB``; ``seconds`` of the rehearsed call; ``resumes``;
        ``TFLOP`` and ``hours here`` of all units that are not stored; hours on each of
        :data:`fer_utils.reproduce.cards.CARDS`; ``disk GB`` of all results.
    """
    return pd.DataFrame([_line(row) for row in rows])


def _line(row: Rehearsed) -> dict[str, object]:
    took = {
        card.name: cards.seconds(card, row.operations, row.launches, row.captured, row.share) for card in cards.CARDS
    }
    seen, measured = row.seen, dict[str, float]()
    if seen is not None:
        here = seen.seconds * row.scale / 3600 / min(row.together, max(1, row.count))
        measured = {"peak GB": seen.memory / 1e9, "GPU GB": seen.gpu_memory / 1e9, "seconds": seen.seconds}
        measured["hours here"] = here
    return {
        "unit": row.title, "count": row.count, "stored": row.stored, "rehearsed": "no" if seen is None else "yes",
        **{name: round(measured.get(name, math.nan), 2) for name in ("peak GB", "GPU GB", "seconds")},
        "resumes": {None: "-", True: "yes", False: "no"}[row.resumed],
        "TFLOP": round(row.operations / 1e12, 1), "hours here": round(measured.get("hours here", math.nan), 2),
        **{f"{name} h": round(each / 3600, 3) for name, each in took.items()}, "disk GB": round(row.disk / 1e9, 3),
    }  # fmt: skip


def main() -> int:
    """Rehearse the one notebook that standard input names; gives the exit code."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # what a GPU would have
    try:
        rows = rehearse_one(Request.from_json(sys.stdin.read()))
    except FerError as error:
        print(f"fer_utils: {error}", file=sys.stderr)
        return error.exit_code
    return int(any(row.resumed is False for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
