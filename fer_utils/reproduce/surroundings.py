"""What the command line and a headless kernel agree on: names in the environment, and what is pinned there.

Apart from both, so that the command line starts without loading what only the kernel needs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

RUN_DIR = "FER_RUN_DIR"
"""Environment: the folder into which a headless run writes."""

WORKERS, DASK = "FER_WORKERS", "FER_DASK"
"""Environment: how units are spread. They change no number, so they are no notebook parameters."""

CHANGED = "FER_CHANGED"
"""Environment: JSON of the parameters that differ from the notebook's own; they go on every label."""

FINISHED = ".finished.json"
"""Written by ``Run.finish`` into the run's folder; the runner turns it into the receipt."""

PINNED: Mapping[str, str | None] = {
    # Figures are shown in the executed notebook, whatever window the user's other programs draw into.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # Left to the libraries' defaults, or set again by fer_utils.devices.
    "TF_ENABLE_ONEDNN_OPTS": None,
    "KERAS_TORCH_DEVICE": None,
    "KERAS_MAX_EPOCHS": None,
    "KERAS_MAX_STEPS_PER_EPOCH": None,
    # A file that every kernel would run first.
    "PYTHONSTARTUP": None,
    # Bars and colours of other libraries have no place in a record.
    "TQDM_DISABLE": "1",
    "NO_COLOR": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""What every headless kernel, and with it its worker processes, gets (``None``: is taken away)."""


def pinned(package: Path, private: Path) -> dict[str, str | None]:
    """The environment of a headless kernel, as changes to this process's own.

    Args:
        package: the folder of ``fer_utils`` that the kernel shall import.
        private: a folder of this run's own; IPython's and matplotlib's settings are looked for there and not in the
            user's home.
    """
    # An empty file, because matplotlib goes on looking where there is none.
    (private / "matplotlibrc").touch()
    others = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    return {
        **PINNED,
        "PYTHONPATH": os.pathsep.join([str(package.parent), *others]),
        "IPYTHONDIR": str(private / "ipython"),
        "MATPLOTLIBRC": str(private / "matplotlibrc"),
        **({} if _home_serves() else {"MPLCONFIGDIR": str(private / "matplotlib")}),
    }


def _home_serves() -> bool:
    """Whether matplotlib can keep its list of fonts; where it cannot, it says so in the notebook, with a path."""
    if os.environ.get("MPLCONFIGDIR"):
        return True
    try:
        return os.access(Path.home(), os.W_OK)
    except RuntimeError:
        return False


@contextlib.contextmanager
def environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change this process's environment for a while: a kernel that is started within inherits it."""
    before = {name: os.environ.get(name) for name in changes}
    _put(changes)
    try:
        yield
    finally:
        _put(before)


def _put(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
