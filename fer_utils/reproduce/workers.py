"""A worker process computes what this one would, and does not outlive it."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from fer_utils import devices, progress
from fer_utils.errors import FerError
from fer_utils.reproduce.provenance import library_versions, source_digest

POLL_S = 0.5

_agreed: list[Mapping[str, str]] = []
"""Surroundings that this process has computed in. Keras, once loaded, shows its own; so they are compared before."""
_watched = False


def name_of(function: Callable[..., Any]) -> tuple[str, str]:
    """Module and name of a function: a worker imports it only when its surroundings are settled."""
    return function.__module__, function.__qualname__


def code_of(function: Callable[..., Any]) -> list[Any]:
    """The source and the library versions that a result of ``function`` comes from."""
    return [source_digest(function.__module__), library_versions()]


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


def _agree(wanted: Mapping[str, str]) -> None:
    if wanted in _agreed:
        return
    if "keras" not in sys.modules:
        # It reads its backend when it is imported, so there is still time.
        if wanted["keras backend"]:
            os.environ["KERAS_BACKEND"] = wanted["keras backend"]
        else:
            os.environ.pop("KERAS_BACKEND", None)
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
    started_by = os.getppid()

    def watch() -> None:
        while os.getppid() == started_by:
            time.sleep(POLL_S)
        os._exit(1)

    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None or not _exists(parent.pid):
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
