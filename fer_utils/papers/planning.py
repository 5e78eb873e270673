"""What a study would ask for, without computing it: the units, how much work each is, and what they store.

A room's ``estimate.py`` says what only a paper can know: its kinds of unit (:class:`Kind`) and, in ``ask``, which of
its study's methods the notebook calls. :class:`Planner` stands in for ``Run.map``: it counts each call and answers with
zeros of the right shapes, so that the study goes on to ask for what follows.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from fer_utils import leak_audit, store
from fer_utils.papers.study import Unit
from fer_utils.splits import Fold

Call = Mapping[str, Any]


class Piece(NamedTuple):
    """What a GPU would do in a call, or a part of it.

    Attributes:
        work: does it once, best on torch's meta device, where it costs nothing and can still be counted.
        times: how often the call does it.
        step: whether that is a training step.
        larger: how many times the operations of ``work`` a real one has, where it was made smaller.
    """

    work: Callable[[], object]
    times: float
    step: bool = True
    larger: float = 1.0


@dataclass(frozen=True)
class Kind:
    """One kind of unit.

    Attributes:
        unit: the function.
        title: for people: ``"GAN"``.
        work: how much one call has to do, in any measure that its time is proportional to.
        result: zeros in the shape of what a call returns.
        probe: a call of the same unit that does a small part of the work, to be timed on this machine.
        memory: bytes at the peak of a call beyond its arguments and its result.
        rehearsal: the call with fewer steps, but none of them smaller; ``None``: the probe is that already.
        variant: what tells calls apart that differ in more than size: ``"VGG-16"``. Each is rehearsed.
        saves: the folder of the cache in which a call saves its state on its way; empty: it does not.
        steps: of training in a call that saves; a rehearsal makes two and resumes after the first.
        pieces: what a GPU would do in a call, for the cost on paper; ``None``: nothing worth counting.
        share: of a card's peak in half precision that its steps reach, where less than others' was measured.
        captured: whether a GPU is shown its steps once and repeats them by itself (:mod:`fer_utils.graphs`).
    """

    unit: Unit
    title: str
    work: Callable[[Call], float]
    result: Callable[[Call], dict[str, Any]]
    probe: Callable[[Call], dict[str, Any]]
    memory: Callable[[Call], float] = lambda call: 0.0
    rehearsal: Callable[[Call], dict[str, Any]] | None = None
    saves: str = ""
    steps: Callable[[Call], float] = lambda call: 0.0
    variant: Callable[[Call], str] = lambda call: ""
    captured: bool = False
    pieces: Callable[[Call], list[Piece]] | None = None
    share: float | None = None


@dataclass
class Asked:
    """What was asked for of one kind, or of one variant of it: each different call once."""

    kind: Kind
    work: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The name under which the result of each is, or would be, stored."""
    stored: float = 0.0
    memory: float = 0.0
    example: Call | None = None
    """The call with the most work."""

    def add(self, call: Call, name: str, result: float) -> None:
        """Count a call, stored as ``name`` in so many bytes."""
        work = self.kind.work(call)
        if self.example is None or work > max(self.work):
            self.example = call
        self.work.append(work)
        self.steps.append(self.kind.steps(call))
        self.names.append(name)
        self.stored += result
        self.memory = max(self.memory, size(call) + result + self.kind.memory(call))


class Planner:
    """A mapper that runs nothing.

    Args:
        kinds: every kind of unit that the study may ask for.
        key: the name under which a call's result would be stored; the same call is counted once.
    """

    def __init__(self, kinds: Sequence[Kind], key: Callable[[Unit, Call], str]) -> None:
        self._kinds, self._key = {kind.unit: kind for kind in kinds}, key
        self._seen: dict[str, dict[str, Any]] = {}
        self._contents: dict[int, tuple[weakref.ref[np.ndarray], Any]] = {}
        self.asked: dict[Unit, Asked] = {}
        self.variants: dict[tuple[Unit, str], Asked] = {}

    def __call__(self, unit: Unit, calls: Sequence[Call], stage: str) -> list[dict[str, Any]]:
        """Count the calls that are new; give zeros for each.

        Raises:
            KeyError: the room's estimate does not know the unit.
        """
        return [self._answer(self._kinds[unit], call) for call in calls]

    def _answer(self, kind: Kind, call: Call) -> dict[str, Any]:
        name = self._key(kind.unit, {each: self._content(value) for each, value in call.items()})
        if name not in self._seen:
            self._seen[name] = _told_apart(kind.result(call), name)
            result = size(self._seen[name])
            self.asked.setdefault(kind.unit, Asked(kind)).add(call, name, result)
            self.variants.setdefault((kind.unit, kind.variant(call)), Asked(kind)).add(call, name, result)
        return self._seen[name]

    def _content(self, value: Any) -> Any:
        """What a key is made of. An array that many calls share is read once, and they are gigabytes at full size."""
        if not isinstance(value, np.ndarray):
            return value
        known = self._contents.get(id(value))
        if known is None or known[0]() is not value:
            known = self._contents[id(value)] = weakref.ref(value), store.content(value)
        return known[1]


def _told_apart(result: dict[str, Any], key: str) -> dict[str, Any]:
    """A result with a few digits of its call's key in every array of numbers or of pixels.

    Zeros of one shape are alike, and so would be the calls that are made with them: they would be counted once.
    """
    digits = np.frombuffer(hashlib.sha256(key.encode()).digest()[:4], np.uint8)
    for value in result.values():
        if isinstance(value, np.ndarray) and (value.dtype == np.uint8 or value.dtype.kind == "f"):
            value.flat[: len(digits)] = digits[: value.size]
    return result


def size(value: Any) -> float:
    """Bytes of the arrays in a call or in a result, those within lists, dictionaries and face sets too."""
    if isinstance(value, np.ndarray):
        return float(value.nbytes)
    if isinstance(value, Mapping):
        return sum(map(size, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(size, value))
    return float(getattr(getattr(value, "images", None), "nbytes", 0))


def _audit_work(call: Call) -> float:
    # In thumbnails: a fold costs as much as two of them, 2,500 compared pairs as much as one.
    pairs = sum(len(fold.train) * len(fold.test) for fold in call["folds"])
    return float(len(call["faces"]) + 2 * len(call["folds"]) + pairs / 2_500)


def _audit_result(call: Call) -> dict[str, Any]:
    return {"n_test": sum(len(fold.test) for fold in call["folds"]), "counts": dict.fromkeys(leak_audit.KINDS, 0)}


def _audit_probe(call: Call) -> dict[str, Any]:
    rows = np.arange(min(200, len(call["faces"])))
    return {"faces": call["faces"].select(rows), "folds": [Fold("half", rows[::2], rows[1::2])]}


def _audit_memory(call: Call) -> float:
    # Thumbnails, once more for those of the training part.
    return 2.0 * len(call["faces"]) * leak_audit.THUMBNAIL**2 * 4


LEAK_AUDIT = Kind(leak_audit.audit_faces, "leak audit", _audit_work, _audit_result, _audit_probe, _audit_memory)
"""What every paper asks for."""
