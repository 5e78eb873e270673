"""Progress that a person can read: a bar on a terminal, plain lines in a log, nothing in a record.

In a notebook opened by hand, :func:`track` draws an ordinary tqdm bar. In a headless run the
kernel has no terminal, and bars would litter the executed notebook: there the stage's progress
goes to the file named by ``FER_PROGRESS``, and the process that started the kernel shows it
(:mod:`fer_utils.reproduce.watch`). Whatever becomes of that file, a full disk or a broken pipe: it never
ends the work.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, TypeVar

from tqdm.auto import tqdm

CHANNEL = "FER_PROGRESS"
LOG_EVERY_S = 10.0

T = TypeVar("T")
_bars = True


def track(items: Iterable[T], stage: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items`` and show how far we are and how long it will take.

    Args:
        items: anything to loop over.
        stage: what the loop does, in two or three words.
        total: how many items there are, where ``len(items)`` does not tell.
    """
    if total is None:
        total = len(items)  # type: ignore[arg-type]
    if not _bars:
        yield from items
        return
    if not os.environ.get(CHANNEL):
        drawn = tqdm(items, desc=stage, total=total, leave=False) if _can_draw() else LineBar(items, total, stage)
        yield from drawn
        return
    for done, item in enumerate(items):
        _tell({"stage": stage, "done": done, "total": total})
        yield item
    _tell({"stage": stage, "done": total, "total": total})


def note(text: str) -> None:
    """Say a sentence to whoever started the run: through the channel where there is one, else on standard error."""
    if not (os.environ.get(CHANNEL) and _tell({"note": text})):
        with contextlib.suppress(OSError, ValueError):
            print(f"note: {text}", file=sys.stderr, flush=True)


def notes_only() -> None:
    """Draw no more bars in this process: units that run at once would overwrite one another's."""
    global _bars
    _bars = False


def _tell(event: dict[str, Any]) -> bool:
    """Append a line to the channel; whether that went well."""
    line = (json.dumps(event) + "\n").encode()
    try:
        # One call a line, so that those of several processes do not mix.
        channel = os.open(os.environ[CHANNEL], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            return os.write(channel, line) == len(line)
        finally:
            os.close(channel)
    except OSError:
        return False


def _can_draw() -> bool:
    return sys.stderr.isatty() or _in_notebook()


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; a program that starts kernels may have loaded the same modules."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


class Clock:
    """Time gone and time left of one stage, as text."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the stage began."""
        return time.monotonic() - self.start

    def text(self, done: int, total: int) -> str:
        """``12/50  24 % after 9 s, about 28 s left``."""
        gone = self.elapsed()
        left = f", about {_seconds(gone / done * (total - done))} left" if 0 < done < total else ""
        share = f"{100 * done / total:3.0f} %" if total else ""
        return f"{done}/{total} {share} after {_seconds(gone)}{left}"


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class LineBar(Iterable[T]):
    """The log-file form of a bar: a line at the end and at most one every ten seconds."""

    def __init__(self, items: Iterable[T], total: int, stage: str, stream: TextIO | None = None) -> None:
        self.items, self.total, self.stage = items, total, stage
        self.stream = stream or sys.stderr

    def __iter__(self) -> Iterator[T]:
        clock, last = Clock(), time.monotonic()
        for done, item in enumerate(self.items):
            if time.monotonic() - last >= LOG_EVERY_S:
                last = time.monotonic()
                self._say(clock.text(done, self.total))
            yield item
        self._say(clock.text(self.total, self.total))

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            print(f"{self.stage}: {text}", file=self.stream, flush=True)
