"""A worker process computes what this one would, and does not outlive it."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from fer_utils import devices, progress
from fer_utils.errors import FerError
from fer_utils.reproduce.provenance import library_versions, source_digest

POLL_S = 0.5
SECONDS = "__seconds__"
"""Among the JSON values of a stored unit, how long it took."""

_agreed: list[Mapping[str, str]] = []
"""Surroundings that this process has computed in. Keras, once loaded, shows its own; so they are compared before."""
_watched = False


def name_of(function: Callable[..., Any]) -> tuple[str, str]:
    """Module and name of a function: a worker imports it only when its surroundings are settled."""
    return function.__module__, function.__qualname__


def code_of(function: Callable[..., Any]) -> list[Any]:
    """The source and the library versions that a result of ``function`` comes from."""
    return [source_digest(function.__module__), library_versions()]


def timed(function: Callable[..., Any], *arguments: Any, **named: Any) -> dict[str, Any]:
    """What a call of a unit gives, and beside it how long it took."""
    started = time.perf_counter()
    result = function(*arguments, **named)
    return {**result, SECONDS: time.perf_counter() - started}


def compute(
    name: tuple[str, str], code: list[Any], surroundings: Mapping[str, str], call: Mapping[str, Any]
) -> dict[str, Any]:
    """Run one unit on a worker.

    Args:
        name: :func:`name_of` the unit.
        code: :func:`code_of` it, where the result is wanted.
        surroundings: :func:`fer_utils.devices.arithmetic` there.
        call: the unit's keyword arguments.

    Raises:
        FerError: this process has other code, other libraries or other surroundings that reach numbers.
    """
    if multiprocessing.parent_process() is not None:
        _die_with_parent()
        progress.notes_only()
    _agree(surroundings)
    module, qualname = name
    function = getattr(importlib.import_module(module), qualname)
    if code_of(function) != code:
        raise FerError("a worker has other code or other library versions than this machine; install the same there")
    # As Run did in the notebook's process.
    devices.deterministic_kernels()
    return function(**call)


def compute_apart(
    name: tuple[str, str], code: list[Any], surroundings: Mapping[str, str], call: Mapping[str, Any]
) -> dict[str, Any]:
    """:func:`compute`, in a new process where this one has loaded Keras on another backend: one process has one.

    A cluster's worker outlives the runs that it computes for, and the papers prefer different backends.
    """
    if not _other_keras(surroundings):
        return compute(name, code, surroundings, call)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERAS_")}
    what = pickle.dumps((os.getpid(), name, code, surroundings, call), pickle.HIGHEST_PROTOCOL)
    done = subprocess.run(
        [sys.executable, "-c", "from fer_utils.reproduce.workers import main; main()"],
        input=what, stdout=subprocess.PIPE, env=environment, check=False,
    )  # fmt: skip
    if done.returncode:
        raise FerError(f"a worker's process for {name[1]} ended with exit code {done.returncode}, without a result")
    result = pickle.loads(done.stdout)
    if isinstance(result, Exception):
        raise result
    found: dict[str, Any] = result
    return found


def main() -> None:
    """Compute the one unit that standard input holds; its result, or what was raised, goes to standard output."""
    # Whatever a library prints goes elsewhere.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    parent, *what = pickle.load(sys.stdin.buffer)
    _end_after(parent)
    progress.notes_only()
    try:
        result: Any = compute(*what)
    except Exception as error:
        result = error
    with answers:
        pickle.dump(result, answers, pickle.HIGHEST_PROTOCOL)


def _other_keras(wanted: Mapping[str, str]) -> bool:
    """Whether this process has loaded Keras on another backend than the one that a unit is to have."""
    keras = sys.modules.get("keras")
    if keras is None or keras.backend.backend() == wanted["keras backend"]:
        return False
    # Without a backend, a unit that came before may have loaded the one that it prefers.
    return bool(wanted["keras backend"]) or wanted not in _agreed


def _agree(wanted: Mapping[str, str]) -> None:
    if "keras" not in sys.modules:
        # It reads its backend when it is imported, so there is still time.
        if wanted["keras backend"]:
            os.environ["KERAS_BACKEND"] = wanted["keras backend"]
        else:
            os.environ.pop("KERAS_BACKEND", None)
    if wanted in _agreed and not _other_keras(wanted):
        return
    here = devices.arithmetic()
    names = [name for name in sorted({*here, *wanted}) if here.get(name) != wanted.get(name)]
    if names:
        told = [f"{name}: {here.get(name) or 'not set'} there, {wanted.get(name) or 'not set'} here" for name in names]
        raise FerError(
            f"a worker would compute other numbers than this machine ({'; '.join(told)}). Start the workers anew "
            f"with the same settings."
        )
    _agreed.append(dict(wanted))


def _die_with_parent() -> None:
    """Watch the process that started this one, and end when it has ended: nobody waits for the result any more."""
    global _watched
    if _watched:
        return
    _watched = True
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None or not _exists(parent.pid):
        os._exit(1)
    _end_after(os.getppid())


def _end_after(started_by: int) -> None:
    """End this process when ``started_by``, which started it, has ended."""

    def watch() -> None:
        while os.getppid() == started_by:
            time.sleep(POLL_S)
        os._exit(1)

    threading.Thread(target=watch, name="die-with-parent", daemon=True).start()


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, but there
    return True
