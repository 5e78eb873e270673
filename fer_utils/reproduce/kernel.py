"""Run a notebook's cells headless, with papermill, in a kernel whose surroundings are ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from fer_utils.cache_dir import cache_dir
from fer_utils.errors import FerError
from fer_utils.files import disk_error, whole_file
from fer_utils.progress import CHANNEL
from fer_utils.reproduce import request as requests
from fer_utils.reproduce.scratch import JOBLIB, Scratch, more_open_files, ran_out, scratch
from fer_utils.reproduce.surroundings import CHANGED, DASK, RUN_DIR, WORKERS
from fer_utils.reproduce.watch import Watch

ENGINE = "fer_utils"
KERNEL_PATIENCE_S = 300
"""How long a finished cell's last output may take to arrive; on a starved machine nbclient's 4 s are too few."""


def run_cells(request: requests.Request, working: Path) -> None:
    """Run a notebook's cells one after the other and write the executed notebook into ``working``.

    Raises:
        FerError: a cell failed, the kernel died, or there is no space. The notebook is kept as far as it got.
    """
    more_open_files()
    with scratch() as places, _stopped_by_sigterm():
        _run_cells(request, working, places)


def _run_cells(request: requests.Request, working: Path, places: Scratch) -> None:
    source, target = requests.NOTEBOOKS / f"{request.notebook}.ipynb", working / "notebook.ipynb"
    channel = places.folder / "progress"
    cells = [cell for cell in nbformat.read(source, as_version=4).cells if cell.cell_type == "code"]
    surroundings = {
        RUN_DIR: str(working),
        CHANNEL: str(channel),
        JOBLIB: str(places.arrays),
        WORKERS: str(request.workers or ""),
        DASK: request.dask or "",
        CHANGED: json.dumps(requests.changed(request)),
        # Bars and colours of other libraries have no place in a record.
        "TQDM_DISABLE": "1",
        "NO_COLOR": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if request.parameters.get("device") == "cpu":
        surroundings["CUDA_VISIBLE_DEVICES"] = ""
    try:
        with Watch(request.notebook, len(cells), channel) as watch, _environment(surroundings):
            _WatchedEngine.watch = watch
            papermill.execute_notebook(
                str(source),
                str(target),
                parameters=dict(request.parameters),
                engine_name=ENGINE,
                kernel_name="python3",
                progress_bar=False,
                config=_private_kernel(places.folder),
                cwd=str(requests.NOTEBOOKS),
                iopub_timeout=KERNEL_PATIENCE_S,
            )
    except PapermillExecutionError as error:
        _keep_failed(request.notebook, target)
        where = f"{request.notebook}, code cell {watch.done + 1} ({watch.heading})"
        if error.ename in ("FerError", "UsageError"):
            raise FerError(f"{where}: {error.evalue}", exit_code=2 if error.ename == "UsageError" else 1) from error
        raise FerError(
            f"{where} failed with {error.ename}: {error.evalue}{ran_out(error.evalue, working)}\n"
            f"{_advice(request.notebook)}"
        ) from error
    except CellTimeoutError as error:
        # It is a TimeoutError and so an OSError, but no disk is to blame.
        _keep_failed(request.notebook, target)
        where = f"{request.notebook}, code cell {watch.done + 1} ({watch.heading})"
        raise FerError(
            f"{where}: the kernel gave no answer for {KERNEL_PATIENCE_S} s; is the machine overloaded? Finished units "
            f"are stored: the same command goes on from there.\n{_advice(request.notebook)}"
        ) from error
    except OSError as error:
        raise disk_error(working, error) from error
    except FerError:
        raise
    except Exception as error:
        _keep_failed(request.notebook, target)
        where = f"{request.notebook}, code cell {watch.done + 1} ({watch.heading})"
        reason = ran_out(str(error), working, died=True) or ". If it ran out of memory, try fewer --workers."
        raise FerError(
            f"{where}: the kernel died before the cell ended ({error}){reason} Finished units are stored: the same "
            f"command goes on from there.\n{_advice(request.notebook)}"
        ) from error


@contextlib.contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """End as after Ctrl-C, kernel and all, when a scheduler or a shutting system asks this process to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _private_kernel(sockets: Path) -> Config:
    """Talk to the kernel through files that only this user can open, where the system has such sockets.

    They get a folder of their own: by default all kernels of a folder would share their names.
    """
    settings = {"transport": "ipc", "ip": f"{sockets}/kernel"}
    return Config({"KernelManager": settings} if os.name == "posix" else {})


class _WatchedEngine(NBClientEngine):
    """papermill's own engine, which also tells :class:`Watch` where it is."""

    watch: Watch

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        begin, done, heading = nb_man.cell_start, 0, ""

        def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> Any:
            nonlocal done, heading
            heading = _heading(cell) or heading
            # The cell that papermill adds for parameters is not one the reader can count.
            if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", []):
                cls.watch.cell(done, heading)
                done += 1
            return begin(cell, cell_index, **more)

        nb_man.cell_start = cell_start
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register(ENGINE, _WatchedEngine)


def _heading(cell: Any) -> str:
    """The last heading in a Markdown cell."""
    if cell.cell_type != "markdown":
        return ""
    lines = [line.lstrip("# ").strip() for line in cell.source.splitlines() if line.startswith("#")]
    return lines[-1] if lines else ""


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _keep_failed(notebook: str, executed: Path) -> None:
    """Keep the notebook as far as it got, for whoever looks for the cause."""
    with contextlib.suppress(OSError, FerError), whole_file(cache_dir() / "failed" / f"{notebook}.ipynb") as path:
        shutil.copyfile(executed, path)


def _advice(notebook: str) -> str:
    return f"The notebook as far as it got, with the traceback: {cache_dir() / 'failed' / f'{notebook}.ipynb'}"
