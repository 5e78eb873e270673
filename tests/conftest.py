"""What was chosen before any module of ours could settle it."""

from __future__ import annotations

import os

import pytest

from fer_utils.cache_dir import cache_dir

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER:
    # Several processes share the cores: one thread each, before NumPy or torch is loaded, and a cache each,
    # since a stand-in that is being written is refused to everybody else.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    os.environ["FER_CACHE"] = str(cache_dir() / f"tests-{WORKER}")

# No test draws into a window, whatever the user's other programs do.
os.environ["MPLBACKEND"] = "Agg"

BACKEND_ASKED_FOR = os.environ.get("KERAS_BACKEND")


@pytest.fixture(scope="session")
def backend_asked_for() -> str | None:
    """``KERAS_BACKEND`` as it was when pytest started."""
    return BACKEND_ASKED_FOR
