"""What a stand-in consists of, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Part(NamedTuple):
    """A file, or what is added at the end of a file of which there were parts before.

    ``path`` is seen from the data set's folder, with ``/``; ``content`` makes the bytes.
    """

    path: str
    content: Callable[[], bytes]


@dataclass(frozen=True)
class Plan:
    """A stand-in.

    Attributes:
        parts: all that is written, in order.
        people: how many people the set's names tell apart; ``None`` where nobody knows them.
        avatars: how many avatars play them.
        differs: one sentence for each way in which it differs from the official set.
        counts: where it is smaller than the official set allows: the counts that the loader shall check instead.
    """

    parts: Sequence[Part]
    people: int | None
    avatars: int
    differs: Sequence[str]
    counts: Mapping[str, int] = field(default_factory=dict)
