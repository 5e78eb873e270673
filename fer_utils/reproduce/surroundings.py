"""Names by which the command line and a headless kernel understand each other.

Apart from both, so that the command line starts without loading what only the kernel needs.
"""

RUN_DIR = "FER_RUN_DIR"
"""Environment: the folder into which a headless run writes."""

WORKERS, DASK = "FER_WORKERS", "FER_DASK"
"""Environment: how units are spread. They change no number, so they are no notebook parameters."""

CHANGED = "FER_CHANGED"
"""Environment: JSON of the parameters that differ from the notebook's own; they go on every label."""

FINISHED = ".finished.json"
"""Written by ``Run.finish`` into the run's folder; the runner turns it into the receipt."""
