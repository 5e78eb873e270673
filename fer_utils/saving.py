"""When a training saves its state: by the clock, for an epoch may take a second or an hour."""

from __future__ import annotations

import os
import time

EVERY_S = 180.0
"""What a killed run loses at most, beside the epoch that it was in."""
EVERY = "FER_SAVE_SECONDS"
"""Environment: another number of seconds; 0 saves at every chance."""


class Clock:
    """Says when it is time to save again; it starts with the training."""

    def __init__(self) -> None:
        self._every = float(os.environ.get(EVERY) or EVERY_S)
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is; who is told so saves, and the clock starts anew."""
        if time.monotonic() - self._last < self._every:
            return False
        self._last = time.monotonic()
        return True
