"""What was chosen before any module of ours could settle it."""

from __future__ import annotations

import os

import pytest

from fer_utils.cache_dir import cache_dir

if os.environ.get("PYTEST_XDIST_WORKER"):
    # Several processes share the cores: one thread each, before NumPy or torch is loaded.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    # They share a cache too: what one has made, the others wait for and find.
    os.environ["FER_CACHE"] = str(cache_dir() / "tests")
# A test with a cache of its own does not compile anew for it.
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_dir() / "numba"))

# No test draws into a window, whatever the user's other programs do.
os.environ["MPLBACKEND"] = "Agg"

BACKEND_ASKED_FOR = os.environ.get("KERAS_BACKEND")


@pytest.fixture(scope="session")
def backend_asked_for() -> str | None:
    """``KERAS_BACKEND`` as it was when pytest started."""
    return BACKEND_ASKED_FOR
