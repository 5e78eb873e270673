"""Show the progress of a headless notebook to the person who started it.

The kernel writes its stages to a file (:mod:`fer_utils.progress`); a thread here reads along
and draws: on a terminal one live line a notebook, in a log a plain line a section and at most one
every ten seconds within it. A terminal that has gone away ends the drawing and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from fer_utils.progress import LOG_EVERY_S, Clock

_POLL_S = 0.5


class Watch:
    """Context manager; tell it :meth:`cell` when a cell begins.

    Args:
        title: the notebook's name.
        n_cells: how many code cells there are.
        channel: the file that the kernel writes to.
        stream: where to draw; standard error unless told.
    """

    def __init__(self, title: str, n_cells: int, channel: Path, stream: TextIO | None = None) -> None:
        self.title, self.n_cells, self.channel = title, n_cells, channel
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.clock, self.stage_clock = Clock(), Clock()
        self._clocks: dict[str, Clock] = {}
        self.done, self.heading, self.stage = 0, "", ""
        self._read, self._last = 0, 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._newest()
        if error is None:
            self.done = self.n_cells
        self._say(f"{self.title}: cell {self.clock.text(self.done, self.n_cells)}", clear=True)

    def cell(self, number: int, heading: str) -> None:
        """A code cell begins: ``number`` were done before it."""
        with self._lock:
            new_section, self.done, self.heading, self.stage = heading != self.heading, number, heading, ""
        if self.live:
            self._draw()
        elif new_section:
            self._say(f"{self.title}: cell {number + 1}/{self.n_cells}  {heading}")

    def _follow(self) -> None:
        while not self._stop.wait(_POLL_S):
            event = self._newest()
            now = self.clock.elapsed()
            if event:
                self._enter(event)
            if event and not self.live and now - self._last >= LOG_EVERY_S:
                self._last = now
                self._say(f"{self.title}:    {self.stage} {self.stage_clock.text(event['done'], event['total'])}")
            elif self.live:
                self._draw(event)

    def _enter(self, event: dict[str, Any]) -> None:
        """Stages lie within each other, so we may come back to one: its clock goes on unless it starts anew."""
        self.stage = event["stage"]
        if event["done"] == 0 or self.stage not in self._clocks:
            self._clocks[self.stage] = Clock()
        self.stage_clock = self._clocks[self.stage]

    def _newest(self) -> dict[str, Any] | None:
        """The last step of those that were written since we last looked; notes between them are said."""
        try:
            with self.channel.open("rb") as stream:
                stream.seek(self._read)
                text = stream.read()
        except OSError:
            return None
        whole, newline, _ = text.rpartition(b"\n")
        self._read += len(whole) + len(newline)
        newest = None
        for line in whole.splitlines():
            # A full disk cuts lines short.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                event = json.loads(line)
                if "note" in event:
                    self._say(f"{self.title}: note: {event['note']}", clear=True)
                else:
                    newest = {name: event[name] for name in ("stage", "done", "total")}
        return newest

    def _draw(self, event: dict[str, Any] | None = None) -> None:
        filled = round(20 * self.done / max(self.n_cells, 1))
        text = f"{self.title} [{'█' * filled}{'·' * (20 - filled)}] {self.clock.text(self.done, self.n_cells)}"
        if event:
            text += f" | {self.stage} {self.stage_clock.text(event['done'], event['total'])}"
        elif not self.stage:
            text += f" | {self.heading}"
        else:
            return
        # A line that reaches the last column wraps, and cannot be wiped again.
        self._write("\r\x1b[2K" + text[: shutil.get_terminal_size().columns - 1])

    def _say(self, text: str, clear: bool = False) -> None:
        self._write(("\r\x1b[2K" if self.live and clear else "") + text + "\n")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()
