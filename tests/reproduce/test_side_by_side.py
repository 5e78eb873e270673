"""Notebooks side by side: each in its own process, with its own cores; one that fails takes no other with it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce import side_by_side
from fer_utils.reproduce.request import Request

SMOKE, QUICK = {"profile": "smoke"}, {"profile": "quick"}


def asked(*parameters: dict[str, str]) -> list[Request]:
    return [Request("00_start_here", each, Path("nowhere")) for each in parameters]


def test_a_process_that_reads_notebooks_compiles_no_grammar_of_addresses():
    """It would take seconds, in each of them."""
    assert "jsonschema" in sys.modules and sys.modules["rfc3987_syntax"] is None


def test_only_a_round_of_smoke_runs_goes_side_by_side_by_itself(monkeypatch):
    monkeypatch.setattr(side_by_side, "available_cores", lambda: 2)
    assert side_by_side.default_at_once(asked(SMOKE, SMOKE, SMOKE)) == 2
    assert side_by_side.default_at_once(asked(SMOKE)) == 1
    assert side_by_side.default_at_once(asked(SMOKE, QUICK)) == side_by_side.default_at_once(asked({})) == 1


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no way here to bind a process to cores")
@pytest.mark.parametrize(
    ("cores", "count", "shares"),
    [({0, 1}, 2, [[0], [1]]), ({0, 1, 2, 3, 4}, 2, [[0, 2, 4], [1, 3]]), ({5}, 3, [[5], [5], [5]])],
)
def test_cores_are_dealt_out(monkeypatch, cores, count, shares):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    assert side_by_side._shares(count) == shares


def test_a_failure_ends_its_own_notebook_and_is_named(monkeypatch, tmp_path, capsys):
    program = "import sys; name = sys.stdin.read(); print('fer_utils: no', file=sys.stderr); sys.exit('bad' in name)"
    started = []

    def start(request, cores):
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stdin.write(request.notebook)
        process.stdin.close()
        started.append(request.notebook)
        return process

    monkeypatch.setattr(side_by_side, "_start", start)
    requests = [Request(name, SMOKE, tmp_path) for name in ("bad", "good", "fine")]
    with pytest.raises(FerError, match="1 of 3 notebooks failed: bad"):
        side_by_side.execute_all(requests, 2)
    assert sorted(started) == ["bad", "fine", "good"]
    assert capsys.readouterr().err.count("ended after") == 3


def test_what_runs_is_ended_when_the_round_is(monkeypatch, tmp_path):
    """Ctrl-C reaches the notebooks' processes, and nothing that waited is started."""
    processes = []

    def start(request, cores):
        program = "import time; time.sleep(60)"
        processes.append(subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True))
        return processes[-1]

    class Interrupted(side_by_side.threading.Thread):
        def join(self, timeout=None):
            while len(processes) < 2:
                time.sleep(0.01)
            raise KeyboardInterrupt

    monkeypatch.setattr(side_by_side, "_start", start)
    monkeypatch.setattr(side_by_side.threading, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        side_by_side.execute_all([Request(name, SMOKE, tmp_path) for name in "abc"], 2)
    assert len(processes) == 2 and all(process.poll() is not None for process in processes)


def test_a_process_runs_the_notebook_that_it_is_given(monkeypatch, tmp_path):
    """The whole way: a notebook that no paper has, in a process of its own, signed at the end."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = [
        nbformat.v4.new_code_cell("word = 'no'", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(
            "from fer_utils.reproduce.run import Run\nrun = Run('99_toy', 'smoke')\n"
            "import pandas as pd\nrun.table(pd.DataFrame({'word': [word]}), 'words', 'Words')\nrun.finish()"
        ),
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "99_toy.ipynb")
    program = (
        "import sys; from pathlib import Path; from fer_utils.reproduce import request, side_by_side;"
        f"request.NOTEBOOKS = Path({str(folder)!r}); sys.exit(side_by_side.main())"
    )
    told = {"request": Request("99_toy", {"word": "yes"}, tmp_path / "results").to_json()}
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps({**told, "cores": []}), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    [receipt] = (tmp_path / "results").rglob("receipt.json")
    assert "yes" in (receipt.parent / "tables" / "words.csv").read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_notebook_that_cannot_even_be_started_has_failed(monkeypatch, tmp_path):
    def start(request, cores):
        raise OSError("no memory")

    monkeypatch.setattr(side_by_side, "_start", start)
    with pytest.raises(FerError, match="of 2 notebooks failed: "):
        side_by_side.execute_all([Request(name, SMOKE, tmp_path) for name in "ab"], 2)
