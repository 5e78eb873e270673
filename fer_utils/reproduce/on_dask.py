"""Units on a Dask cluster: a large array travels once a stage, and a worker that dies is not waited for in vain.

A call is sent as a pickle in which large arrays are left out, wherever they lie (in a face set, in a fold). Each of
them is put on the cluster once, however many calls hold it or an equal one; workers hand it to each other.
"""

from __future__ import annotations

import io
import pickle
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from typing import Any

import numpy as np

from fer_utils.devices import arithmetic
from fer_utils.errors import FerError
from fer_utils.reproduce.workers import code_of, compute_apart, name_of, timed
from fer_utils.store import array_digest

Call = Mapping[str, Any]
Unit = Callable[..., dict[str, Any]]

LARGE = 100_000
"""Bytes from which on an array travels apart from its call."""
CONNECT = "10s"
POLL_S = 2.0
ALONE_S = 300.0
"""How long to wait for a worker where there is none: a nanny starts a dead one anew, on a busy machine in minutes."""
TRIES = 4
"""How often a unit is sent whose arrays were lost with a worker."""

_one_unit = threading.Lock()
"""A worker of several threads computes one unit after the other: seeds and numbers of threads are the process's."""


def compute_on(address: str, function: Unit, waiting: Mapping[str, Call]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run ``function(**call)`` for each call on the workers of a scheduler, and give key and result as they come.

    Args:
        address: of the scheduler, ``tcp://10.0.0.1:8786``.
        function: module-level; every worker must have the same code and library versions.
        waiting: calls by key.

    Raises:
        FerError: nobody answers at ``address``, the scheduler goes away, no worker is there or left, a unit kills its
            workers, or a worker would compute other numbers.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT)
    except (OSError, ValueError, TimeoutError) as error:
        raise FerError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        yield from _Stage(client, address, function, waiting).results()


_Sent = dict[str, tuple[Any, str, dict[str, Any]]]
"""By the name of a future: itself, the key of its unit, and the arrays on the cluster that it reads."""


class _Stage:
    """Calls of one unit, on their way. Arguments as for :func:`compute_on`."""

    def __init__(self, client: Any, address: str, function: Unit, waiting: Mapping[str, Call]) -> None:
        self._client, self._address, self._waiting = client, address, waiting
        self._unit = (name_of(function), code_of(function), arithmetic())
        self._title = function.__qualname__
        self._names: dict[int, tuple[np.ndarray, str]] = {}
        self._there: dict[str, Any] = {}
        # How many calls that have not ended hold an array: what nobody needs any more leaves the cluster.
        self._held_by = Counter(name for call in waiting.values() for name in _without_large(call, self._name)[1])
        self._tries: Counter[str] = Counter()
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._alone_since: float | None = None

    def results(self) -> Iterator[tuple[str, dict[str, Any]]]:
        unsent, sent, done = list(self._waiting)[::-1], _Sent(), 0
        while unsent or sent:
            # Each worker has one and the next; where there is no worker, arrays could be put nowhere.
            while unsent and len(sent) < 2 * len(self._client.nthreads()):
                self._send(unsent.pop(), sent, done)
            try:
                future = self._ended.get(timeout=POLL_S)
            except queue.Empty:
                self._demand_workers(done)
                continue
            _, key, arrays = sent.pop(future.key)
            result = self._result_of(future, key, done)
            if result is None:
                # Some of its arrays were lost with a worker: they are put there again, once for all who were sent them.
                for name, there in arrays.items():
                    if self._there.get(name) is there:
                        del self._there[name]
                unsent.append(key)
                continue
            done += 1
            self._let_go(key)
            yield key, result

    def _send(self, key: str, sent: _Sent, done: int) -> None:
        """Put a call on the cluster; its future comes into :attr:`_ended` when it has ended in any way."""
        self._tries[key] += 1
        pickled, large = _without_large(self._waiting[key], self._name)
        for name, array in large.items():
            if name not in self._there:
                try:
                    self._there[name] = self._client.scatter(array, hash=False)
                except TimeoutError as error:
                    raise FerError(f"no Dask worker at {self._address} takes an array. {self._rest(done)}") from error
        arrays = {name: self._there[name] for name in large}
        # Two runs may ask a cluster for the same unit: each gets and cancels its own.
        future = self._client.submit(_unit_here, self._unit, pickled, arrays, key=f"{self._title}-{uuid.uuid4().hex}")
        sent[future.key] = future, key, arrays
        future.add_done_callback(self._ended.put)

    def _name(self, array: np.ndarray) -> str:
        """The same for equal arrays."""
        if id(array) not in self._names:
            # It is kept here, so that no other array takes its identity.
            self._names[id(array)] = array, f"{array_digest(array)} {array.shape} {array.dtype}"
        return self._names[id(array)][1]

    def _let_go(self, key: str) -> None:
        for name in _without_large(self._waiting[key], self._name)[1]:
            self._held_by[name] -= 1
            if not self._held_by[name]:
                self._there.pop(name, None)

    def _result_of(self, future: Any, key: str, done: int) -> dict[str, Any] | None:
        """What a future brought; ``None`` where it was lost and is to be sent once more.

        Raises:
            FerError: there is no use in sending it again.
        """
        from distributed import KilledWorker

        try:
            result: dict[str, Any] = future.result(timeout=CONNECT)
        except KilledWorker as error:
            raise FerError(
                f"{self._title} killed {error.allowed_failures + 1} Dask workers, one after the other, most likely for "
                f"want of memory. {self._rest(done)}"
            ) from error
        except CancelledError as error:
            self._demand_scheduler(done)
            if self._tries[key] >= TRIES:
                raise FerError(
                    f"{self._title} was lost with its Dask worker {TRIES} times. {self._rest(done)}"
                ) from error
            return None
        self._alone_since = None
        return result

    def _demand_workers(self, done: int) -> None:
        """Raise where nobody has been there to compute for :data:`ALONE_S` seconds."""
        self._demand_scheduler(done)
        if self._client.nthreads():
            self._alone_since = None
            return
        self._alone_since = self._alone_since or time.monotonic()
        if time.monotonic() - self._alone_since >= ALONE_S:
            raise FerError(
                f"no Dask worker is at {self._address}; `dask worker {self._address} --nthreads 1` starts one. "
                f"{self._rest(done)}"
            )

    def _demand_scheduler(self, done: int) -> None:
        if self._client.status != "running":
            raise FerError(f"the Dask scheduler at {self._address} has gone. {self._rest(done)}")

    def _rest(self, done: int) -> str:
        return f"{done} of this stage's {len(self._waiting)} units were stored; the same command goes on from there."


def _without_large(call: Call, name_of_array: Callable[[np.ndarray], str]) -> tuple[bytes, dict[str, np.ndarray]]:
    """A call as a pickle without its large arrays, and these by name."""
    large: dict[str, np.ndarray] = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> str | None:
            if not isinstance(value, np.ndarray) or value.nbytes < LARGE or value.dtype.hasobject:
                return None
            name = name_of_array(value)
            large[name] = value
            return name

    stream = io.BytesIO()
    Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(dict(call))
    return stream.getvalue(), large


class _Whole(pickle.Unpickler):
    """Puts large arrays back into a call."""

    def __init__(self, pickled: bytes, arrays: Mapping[str, np.ndarray]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._arrays = arrays

    def persistent_load(self, name: str) -> np.ndarray:
        return self._arrays[name]


def _unit_here(unit: tuple[Any, ...], pickled: bytes, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """On a worker: run one unit, one at a time in this process."""
    with _one_unit:
        return timed(compute_apart, *unit, _Whole(pickled, arrays).load())
