"""Execute a notebook headless with papermill, and sign what it leaves behind.

papermill's own word is not enough: it saves the notebook of a killed kernel, and it only warns
of a parameter that no cell reads. Here an unknown parameter is refused, a run counts only when
its last cell called :meth:`Run.finish`, and results move into place whole, receipt included.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from fer_utils.errors import UsageError
from fer_utils.files import disk_error
from fer_utils.papers.parameters import as_suffix
from fer_utils.reproduce.executed import finished
from fer_utils.reproduce.folders import move_into_place, working_folder
from fer_utils.reproduce.kernel import run_cells
from fer_utils.reproduce.receipt import write_receipt
from fer_utils.reproduce.request import Request, check, edits


def execute(request: Request) -> Path:
    """Run one notebook from its first cell to its last and move its signed results into place.

    Returns:
        The folder ``results/<notebook>/<dataset>-<profile>``, with ``+name=value`` for every other
        parameter that is not the shipped notebook's default, and ``+edited=…`` where its cells are not.

    Raises:
        UsageError: an unknown parameter, a wrong value, or a run that may not be recorded.
        FerError: a cell failed, the kernel died, or results could not be written. Earlier
            results of the same name stay as they were; the failed notebook is kept in the cache.
    """
    check(request)
    if edits(request):
        print(edits(request), file=sys.stderr)
    try:
        with working_folder(request.results) as working:
            started = datetime.now(UTC)
            run_cells(request, working)
            facts = finished(request.notebook, working)
            if request.record and facts["profile"] == "smoke":
                raise UsageError("smoke runs are never recorded: their numbers are not for reading")
            write_receipt(working, request, started, facts)
            name = f"{facts['filed_as']}-{facts['profile']}{as_suffix(facts['changed'])}"
            return move_into_place(working, request.results / request.notebook / name)
    except OSError as error:
        raise disk_error(request.results, error) from error
