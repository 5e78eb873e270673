"""Units of work: run once, stored under a key of everything that made them, run in parallel.

A unit is a call of a plain function with keyword arguments that returns a dictionary of arrays
and JSON values. Its result is stored when it is finished, so a killed run resumes there; the key
holds the arguments' content, the source of every helper the function can reach, the library
versions, the device and the settings that reach numbers, so that a changed helper never serves a stale number.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from fer_utils.cache_dir import cache_dir
from fer_utils.devices import arithmetic, at_once
from fer_utils.progress import track
from fer_utils.reproduce.on_dask import compute_on
from fer_utils.reproduce.provenance import library_versions, source_digest
from fer_utils.reproduce.workers import SECONDS, code_of, compute, name_of, timed
from fer_utils.store import key as key_of
from fer_utils.stored import damaged, read_sealed, write_sealed

PLAIN = "__plain__"
"""The member of a stored unit that holds its JSON values."""


@dataclass
class Work:
    """What the units of a run were, whenever they were computed.

    Attributes:
        units: how many, each counted once.
        fetched: how many of them were stored before.
        seconds: what they took in the processes that computed them, in all.
    """

    units: int = 0
    fetched: int = 0
    seconds: float = 0.0

    def add(self, results: Sequence[Mapping[str, Any]], fetched: int) -> None:
        self.units += len(results)
        self.fetched += fetched
        self.seconds += sum(result.get(SECONDS, 0.0) for result in results)


Unit = Callable[..., dict[str, Any]]


def unit_key(function: Unit, arguments: Mapping[str, Any]) -> str:
    """The name under which a unit's result is stored, 40 hex digits."""
    identity = {
        "function": f"{function.__module__}.{function.__qualname__}",
        "arguments": arguments,
        "source": source_digest(function.__module__),
        "libraries": library_versions(),
        "surroundings": arithmetic(),
    }
    return key_of(identity)[:40]


class Store:
    """Finished units on disk, one ``.npz`` each, below ``folder`` (default: the cache folder)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "units"

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def get(self, key: str) -> dict[str, Any] | None:
        """The stored result, or ``None`` if there is none; also, with a note, if its file is damaged."""
        path = self.path(key)
        stored = read_sealed(path)
        if stored is None:
            return None
        try:
            plain = _object(str(stored.pop(PLAIN)))
        except (KeyError, ValueError):
            damaged(path)
            return None
        return {**stored, **plain}

    def put(self, key: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Store a result whole and give it back as :meth:`get` would."""
        arrays = {name: value for name, value in result.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in result.items() if name not in arrays}
        write_sealed(self.path(key), {**arrays, PLAIN: np.array(json.dumps(plain))})
        return {**arrays, **json.loads(json.dumps(plain))}


def run_units(
    function: Unit,
    calls: Sequence[Mapping[str, Any]],
    *,
    stage: str,
    workers: int | None = None,
    dask: str | None = None,
    store: Store | None = None,
    work: Work | None = None,
) -> list[dict[str, Any]]:
    """Run ``function(**call)`` for every call that is not stored yet; give all results in order.

    Args:
        function: a module-level function; its result holds NumPy arrays and JSON values.
        calls: keyword arguments, one mapping a unit.
        stage: a few words for the progress bar.
        workers: processes on this machine (joblib's ``loky``); 1 runs in this process. ``None``: 1, or one a core
            for a unit that is marked :func:`fer_utils.devices.one_core`.
        dask: address of a Dask scheduler, which then takes the place of ``workers``.
        store: where results are kept.
        work: is told of these units.

    Raises:
        FerError: the scheduler cannot be reached, or has lost its workers (:mod:`fer_utils.reproduce.on_dask`).
    """
    store = store or Store()
    keys = [unit_key(function, call) for call in calls]
    results = {key: store.get(key) for key in dict.fromkeys(keys)}
    waiting = {key: call for key, call in zip(keys, calls, strict=True) if results[key] is None}
    computed = _compute(function, waiting, min(workers or at_once(function), max(1, len(waiting))), dask)
    # A single unit shows its own progress; a bar from 0 to 1 would only hide it.
    for key, result in track(computed, stage, total=len(waiting)) if len(waiting) > 1 else computed:
        results[key] = store.put(key, result)
    if work is not None:
        work.add([result for result in results.values() if result is not None], len(results) - len(waiting))
    return [{name: value for name, value in (results[key] or {}).items() if name != SECONDS} for key in keys]


def _compute(
    function: Unit, waiting: Mapping[str, Mapping[str, Any]], workers: int, dask: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    if dask is not None:
        if waiting:
            yield from compute_on(dask, function, waiting)
        return
    if workers == 1:
        for key, call in waiting.items():
            yield key, timed(function, **call)
        return
    with warnings.catch_warnings(), joblib.parallel_config(backend="loky"):
        # loky starts a worker anew when its memory has grown. Nothing is lost by it.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
        unit = (name_of(function), code_of(function), arithmetic())
        yield from parallel(joblib.delayed(_keyed)(key, *unit, call) for key, call in waiting.items())


def _keyed(key: str, *what: Any) -> tuple[str, dict[str, Any]]:
    return key, timed(compute, *what)


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found
