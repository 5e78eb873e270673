"""Run a notebook's cells headless, with papermill, in a kernel whose surroundings are ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient.exceptions import CellTimeoutError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets import default
from traitlets.config import Config

from fer_utils.cache_dir import cache_dir
from fer_utils.devices import CHOSEN, check_device
from fer_utils.errors import FerError
from fer_utils.files import disk_error, whole_file
from fer_utils.progress import CHANNEL
from fer_utils.reproduce import request as requests
from fer_utils.reproduce.provenance import PACKAGE
from fer_utils.reproduce.scratch import JOBLIB, Scratch, more_open_files, ran_out, scratch
from fer_utils.reproduce.surroundings import CHANGED, DASK, RUN_DIR, WORKERS, environment, pinned
from fer_utils.reproduce.watch import Watch

ENGINE = "fer_utils"
KERNEL_PATIENCE_S = 300
"""How long a finished cell's last output may take to arrive; on a starved machine nbclient's 4 s are too few."""


SOCKET_PATH_BYTES = 90
"""How long a folder's path may be if sockets are to lie in it: the system allows 107 bytes (104 on a Mac) in all."""


def run_cells(request: requests.Request, working: Path) -> None:
    """Run a notebook's cells one after the other and write the executed notebook into ``working``.

    The kernel is the Python that runs this, importing this ``fer_utils``, with the surroundings that
    :func:`fer_utils.reproduce.surroundings.pinned` gives it.

    Raises:
        FerError: a cell failed, the kernel died or could not start, there is no space, or the device asked for
            cannot be had. The notebook is kept as far as it got.
    """
    device = request.parameters.get("device", "auto")
    check_device(device)
    more_open_files()
    with scratch() as places, _stopped_by_sigterm():
        _run_cells(request, working, places, device)


def _run_cells(request: requests.Request, working: Path, places: Scratch, device: str) -> None:
    source, target = requests.NOTEBOOKS / f"{request.notebook}.ipynb", working / "notebook.ipynb"
    channel = places.folder / "progress"
    cells = [cell for cell in nbformat.read(source, as_version=4).cells if cell.cell_type == "code"]
    watch = Watch(request.notebook, len(cells), channel)
    try:
        channel.touch()
        surroundings = {
            **pinned(PACKAGE, places.folder),
            RUN_DIR: str(working),
            CHANNEL: str(channel),
            JOBLIB: str(places.arrays),
            WORKERS: str(request.workers or ""),
            DASK: request.dask or "",
            CHANGED: json.dumps(requests.changed(request)),
            # Keras settles where it computes when it is imported, which is before the notebook says so.
            CHOSEN: device,
            **({"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}),
        }
        with watch, environment(surroundings):
            _WatchedEngine.watch = watch
            papermill.execute_notebook(
                str(source),
                str(target),
                parameters=dict(request.parameters),
                engine_name=ENGINE,
                kernel_name="python3",
                progress_bar=False,
                kernel_manager_class=_ThisPython,
                config=_connection(places.folder),
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
        if error.filename == sys.executable:
            raise FerError(
                f"the kernel could not be started: {sys.executable}: {error.strerror}. Was the environment moved or "
                f"deleted? `make test` makes it anew."
            ) from error
        raise disk_error(Path(error.filename or working), error) from error
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


def _connection(private: Path) -> Config:
    """Talk to the kernel through files that only this user can open, where the system has such sockets.

    By default all kernels of a folder would share their names. Where the path is too long for a socket, Jupyter's own
    way serves: ports of this machine, and a secret key without which nobody is answered.
    """
    settings = {"connection_file": str(private / "kernel.json")}
    if os.name == "posix" and len(os.fsencode(private)) <= SOCKET_PATH_BYTES:
        settings |= {"transport": "ipc", "ip": str(private / "kernel")}
    return Config({"KernelManager": settings})


class _ThisPythonAlone(KernelSpecManager):
    """Knows one kernel, whatever is installed under Jupyter's folders: the Python that runs this."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class _ThisPython(AsyncKernelManager):
    @default("kernel_spec_manager")
    def _one_kernel(self) -> KernelSpecManager:
        return _ThisPythonAlone(parent=self)


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


def _keep_failed(notebook: str, executed: Path) -> None:
    """Keep the notebook as far as it got, for whoever looks for the cause."""
    with contextlib.suppress(OSError, FerError), whole_file(cache_dir() / "failed" / f"{notebook}.ipynb") as path:
        shutil.copyfile(executed, path)


def _advice(notebook: str) -> str:
    return f"The notebook as far as it got, with the traceback: {cache_dir() / 'failed' / f'{notebook}.ipynb'}"
