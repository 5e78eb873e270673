"""What was chosen before any module of ours could settle it."""

from __future__ import annotations

import os

import pytest

# No test draws into a window, whatever the user's other programs do.
os.environ["MPLBACKEND"] = "Agg"

BACKEND_ASKED_FOR = os.environ.get("KERAS_BACKEND")


@pytest.fixture(scope="session")
def backend_asked_for() -> str | None:
    """``KERAS_BACKEND`` as it was when pytest started."""
    return BACKEND_ASKED_FOR
