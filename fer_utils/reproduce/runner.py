"""Execute a notebook headless with papermill, and sign what it leaves behind.

papermill's own word is not enough: it saves the notebook of a killed kernel, and it only warns
of a parameter that no cell reads. Here an unknown parameter is refused, a run counts only when
its last cell called :meth:`Run.finish`, and results move into place whole, receipt included.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import hashlib
import io
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from PIL import Image
from traitlets.config import Config

from fer_utils.cache_dir import cache_dir
from fer_utils.errors import FerError, UsageError, did_you_mean
from fer_utils.files import disk_error, whole_file
from fer_utils.progress import CHANNEL
from fer_utils.reproduce.provenance import PACKAGE
from fer_utils.reproduce.receipt import write_receipt
from fer_utils.reproduce.surroundings import CHANGED, DASK, FINISHED, RUN_DIR, WORKERS
from fer_utils.reproduce.watch import Watch

NOTEBOOKS = PACKAGE.parent / "notebooks"
ENGINE = "fer_utils"
SET_ASIDE = ".old-"
COPY_WIDTH, COPY_QUALITY = 900, 68
"""Pixels and JPEG quality of the pictures in an executed notebook: recorded runs are kept in git."""
KERNEL_PATIENCE_S = 300
"""How long a finished cell's last output may take to arrive; on a starved machine nbclient's 4 s are too few."""
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
"""Marks working folders by machine: on shared storage only their own machine knows whether they are abandoned."""


@dataclass(frozen=True)
class Request:
    """What is to be run, and where its results go."""

    notebook: str
    parameters: Mapping[str, Any]
    results: Path
    workers: int | None = None
    dask: str | None = None


def notebook_names() -> list[str]:
    """Names of all notebooks without ``.ipynb``, in order."""
    return sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))


def find_notebook(name: str) -> str:
    """The full name of a notebook given by name, file name or number (``05``).

    Raises:
        UsageError: there is no such notebook.
    """
    known = notebook_names()
    wanted = Path(name).stem
    matches = [full for full in known if full == wanted or full.split("_")[0] == wanted]
    if not matches:
        raise UsageError(f"there is no notebook {name!r}.{did_you_mean(wanted, known)} Known: {', '.join(known)}.")
    return matches[0]


def known_parameters(notebook: str) -> dict[str, str]:
    """Parameter names of a notebook and their defaults as source text."""
    found = papermill.inspect_notebook(str(NOTEBOOKS / f"{notebook}.ipynb"))
    return {name: facts["default"] for name, facts in found.items()}


def check_parameters(notebook: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that the notebook does not have.

    Raises:
        UsageError: an unknown parameter.
    """
    known = list(known_parameters(notebook))
    for name in parameters:
        if name not in known:
            raise UsageError(
                f"notebook {notebook} has no parameter {name!r}.{did_you_mean(name, known)} It has: {', '.join(known)}."
            )


def execute(request: Request) -> Path:
    """Run one notebook from its first cell to its last and move its signed results into place.

    Returns:
        The folder ``results/<notebook>/<dataset>-<profile>``, with ``+name=value`` for every other
        parameter that is not the notebook's default.

    Raises:
        UsageError: an unknown notebook or parameter.
        FerError: a cell failed, the kernel died, or results could not be written. Earlier
            results of the same name stay as they were; the failed notebook is kept in the cache.
    """
    check_parameters(request.notebook, request.parameters)
    try:
        request.results.mkdir(parents=True, exist_ok=True)
        _sweep(request.results)
        working = Path(tempfile.mkdtemp(prefix=f".partial-{_HOST}-{os.getpid()}-", dir=request.results))
    except OSError as error:
        raise disk_error(request.results, error) from error
    try:
        started = datetime.now(UTC)
        _run_cells(request, working)
        facts = _finished(request.notebook, working)
        write_receipt(working, request, started, facts)
        return _move_into_place(request, working, facts)
    except OSError as error:
        raise disk_error(request.results, error) from error
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _sweep(results: Path) -> None:
    """Remove what killed runs of this machine left behind, and put back what they had set aside."""
    for folder in results.glob(f".partial-{_HOST}-*"):
        number = folder.name.split("-")[2]
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
    for old in results.glob(f"*/{SET_ASIDE}*"):
        target = old.with_name(old.name.removeprefix(SET_ASIDE))
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _run_cells(request: Request, working: Path) -> None:
    source, target = NOTEBOOKS / f"{request.notebook}.ipynb", working / "notebook.ipynb"
    handle, channel = tempfile.mkstemp(prefix="fer-progress-")
    os.close(handle)
    sockets = tempfile.mkdtemp(prefix="fer-kernel-")
    cells = [cell for cell in nbformat.read(source, as_version=4).cells if cell.cell_type == "code"]
    surroundings = {
        RUN_DIR: str(working),
        CHANNEL: channel,
        WORKERS: str(request.workers or ""),
        DASK: request.dask or "",
        CHANGED: json.dumps(_changed(request)),
        # Bars and colours of other libraries have no place in a record.
        "TQDM_DISABLE": "1",
        "NO_COLOR": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if request.parameters.get("device") == "cpu":
        surroundings["CUDA_VISIBLE_DEVICES"] = ""
    try:
        with Watch(request.notebook, len(cells), Path(channel)) as watch, _environment(surroundings):
            _WatchedEngine.watch = watch
            papermill.execute_notebook(
                str(source),
                str(target),
                parameters=dict(request.parameters),
                engine_name=ENGINE,
                kernel_name="python3",
                progress_bar=False,
                config=_private_kernel(sockets),
                cwd=str(NOTEBOOKS),
                iopub_timeout=KERNEL_PATIENCE_S,
            )
    except PapermillExecutionError as error:
        _keep_failed(request.notebook, target)
        where = f"{request.notebook}, code cell {watch.done + 1} ({watch.heading})"
        if error.ename in ("FerError", "UsageError"):
            raise FerError(f"{where}: {error.evalue}", exit_code=2 if error.ename == "UsageError" else 1) from error
        raise FerError(f"{where} failed with {error.ename}: {error.evalue}\n{_advice(request.notebook)}") from error
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
        raise FerError(
            f"{where}: the kernel died before the cell ended ({error}). If it ran out of memory, try fewer "
            f"--workers. Finished units are stored: the same command goes on from there.\n{_advice(request.notebook)}"
        ) from error
    finally:
        Path(channel).unlink(missing_ok=True)
        shutil.rmtree(sockets, ignore_errors=True)


def _private_kernel(sockets: str) -> Config:
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


def _finished(notebook: str, working: Path) -> dict[str, Any]:
    """What :meth:`Run.finish` said; refuse the run if it was not reached or a cell shows an error."""
    executed = nbformat.read(working / "notebook.ipynb", as_version=4)
    for number, cell in enumerate(cell for cell in executed.cells if cell.cell_type == "code"):
        wrong = [output for output in cell.outputs if output.output_type == "error"]
        if wrong or (cell.source.strip() and cell.execution_count is None):
            raise FerError(f"{notebook}, code cell {number + 1} did not end well, so there is no receipt")
    mark = working / FINISHED
    if not mark.exists():
        raise FerError(f"{notebook} ended without calling Run.finish(), so there is no receipt")
    facts = json.loads(mark.read_text(encoding="utf-8"))
    mark.unlink()
    # Where this machine keeps its folders is nobody's business.
    for name in ("input_path", "output_path"):
        executed.metadata.get("papermill", {}).pop(name, None)
    _shrink_pictures(executed)
    nbformat.write(executed, working / "notebook.ipynb")
    return facts


def _shrink_pictures(executed: nbformat.NotebookNode) -> None:
    """Keep the pictures in an executed notebook as small JPEG copies; the figures themselves lie beside it as PNG."""
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).pop("image/png", None)
            if png is None:
                continue
            with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
                flat = Image.new("RGB", picture.size, "white")
                flat.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
            flat.thumbnail((COPY_WIDTH, 10 * COPY_WIDTH), Image.Resampling.LANCZOS)
            stream = io.BytesIO()
            flat.save(stream, "JPEG", quality=COPY_QUALITY, optimize=True)
            output["data"]["image/jpeg"] = base64.b64encode(stream.getvalue()).decode("ascii")
            output.get("metadata", {}).pop("image/png", None)


def _move_into_place(request: Request, working: Path, facts: Mapping[str, Any]) -> Path:
    name = f"{facts['filed_as']}-{facts['profile']}{_variant(request)}"
    target = request.results / request.notebook / name
    target.parent.mkdir(parents=True, exist_ok=True)
    working.chmod(0o755)
    old = target.with_name(SET_ASIDE + name)
    if target.exists():
        target.rename(old)
    try:
        working.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return target


def _changed(request: Request) -> dict[str, Any]:
    """The parameters asked for that are not the notebook's own defaults; data, profile and device aside."""
    defaults = {name: ast.literal_eval(text) for name, text in known_parameters(request.notebook).items()}
    apart = ("dataset", "profile", "device")
    return {name: value for name, value in request.parameters.items() if name not in apart and value != defaults[name]}


def _variant(request: Request) -> str:
    """What a changed run's folder is called beside the reference run: ``+epochs=5``."""
    text = "".join(f"+{name}={value}" for name, value in sorted(_changed(request).items()))
    safe = re.sub(r"[^A-Za-z0-9.+=_-]+", "_", text)
    return safe if len(safe) <= 80 else f"+{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _keep_failed(notebook: str, executed: Path) -> None:
    """Keep the notebook as far as it got, for whoever looks for the cause."""
    with contextlib.suppress(OSError, FerError), whole_file(cache_dir() / "failed" / f"{notebook}.ipynb") as path:
        shutil.copyfile(executed, path)


def _advice(notebook: str) -> str:
    return f"The notebook as far as it got, with the traceback: {cache_dir() / 'failed' / f'{notebook}.ipynb'}"
