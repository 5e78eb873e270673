"""Headless execution: what counts as a run, and what is left behind when it does not."""

import base64
import io
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError
from PIL import Image

from fer_utils.errors import FerError, UsageError
from fer_utils.files import sha256_file
from fer_utils.papers.finding import Finding, Leak
from fer_utils.reproduce import kept_pictures, kernel, runner
from fer_utils.reproduce import request as requests
from fer_utils.reproduce.signed import signed_runs
from fer_utils.reproduce.summary import summarise
from fer_utils.scores import Estimate

CLAIM = "mobilenet_jaffe/text/overall_accuracy/all/accuracy"

PARAMETERS = 'dataset = "london"\nprofile = "smoke"\nvalue = 0.6\nlog = ""\ntrap = ""'
OPEN = """
import pandas as pd
from fer_utils import data
from fer_utils.papers.finding import Finding, Leak
from fer_utils.reproduce.run import Run
from fer_utils.scores import Estimate
from tests.reproduce.toy_units import square, square_or_die
run = Run("90_toy", profile, data.load(dataset))
"""
CLAIMS = f"""
run.table(pd.DataFrame({{"value": [value]}}), "values", "A value")
found = Estimate(value, value - 0.1, value + 0.1, 3, "made up")
run.claim(Finding({CLAIM!r}, found, "published", Leak(remark="none found"), reference=50.0, scale=100))
"""
SHOW = """
import matplotlib.pyplot as plt
import numpy as np
figure, axis = plt.subplots(figsize=(16, 3), dpi=100)
axis.imshow(np.random.default_rng(0).random((60, 320)))
plt.show()
figure, axis = plt.subplots(figsize=(16, 3), dpi=100)
axis.plot([0, 1, 4, 9])
plt.show()
"""
FINISH = "run.finish()"
CHANGED = {"value": 0.7, "profile": "quick"}


def desk_in(folder: Path, patch: pytest.MonkeyPatch) -> Callable[..., requests.Request]:
    """Make a folder of notebooks that the runner takes for its own; gives a function that writes one."""
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    patch.setattr(requests, "NOTEBOOKS", notebooks)
    patch.setenv("FER_CACHE", str(folder / "cache"))
    patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    def write(*cells: str) -> requests.Request:
        notebook = nbformat.v4.new_notebook()
        notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        for source in (PARAMETERS, *cells):
            notebook.cells += [nbformat.v4.new_markdown_cell(f"## Part {len(notebook.cells) // 2}")]
            notebook.cells += [nbformat.v4.new_code_cell(source.strip())]
        notebook.cells[1].metadata["tags"] = ["parameters"]
        nbformat.write(notebook, notebooks / "90_toy.ipynb")
        return requests.Request("90_toy", {}, folder / "results")

    return write


@pytest.fixture
def desk(tmp_path, monkeypatch):
    return desk_in(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Path:
    """The results of one run that shows two pictures and says its claim twice: starting a kernel takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        request = desk_in(tmp_path_factory.mktemp("signed"), patch)(OPEN, SHOW, CLAIMS, CLAIMS, FINISH)
        return runner.execute(with_parameters(request, **CHANGED)).parents[1]


@pytest.fixture
def earlier(signed, tmp_path) -> Path:
    """The folder of that run among the results of this test's own desk."""
    return shutil.copytree(signed, tmp_path / "results") / "90_toy" / "london-quick+value=0.7"


def with_parameters(request: requests.Request, **parameters) -> requests.Request:
    return requests.Request(request.notebook, parameters, request.results)


def left_behind(results: Path) -> list[str]:
    return sorted(path.name for path in results.rglob("*"))


def test_a_run_leaves_tables_numbers_notebook_and_a_receipt_that_signs_them(earlier):
    folder, results = earlier, earlier.parents[1]
    receipt = json.loads((folder / "receipt.json").read_text())
    assert receipt["ok"] is True
    assert receipt["parameters"] == CHANGED
    assert set(receipt["files"]) == {"notebook.ipynb", "numbers.json", "ro-crate-metadata.json", "tables/values.csv"}
    assert all(sha256_file(folder / name) == digest for name, digest in receipt["files"].items())
    # Said twice, it is one number.
    (number,) = json.loads((folder / "numbers.json").read_text())
    assert number["value"] == 70.0
    assert number["changed"] == receipt["changed"] == {"value": 0.7}
    assert (number["dataset"], number["kind"], number["profile"]) == ("london", "real", "quick")
    assert (folder / "tables/values.csv").read_text() == "value,dataset,kind,profile\n0.7,london,real,quick\n"
    assert left_behind(results).count(".partial") == 0
    metadata = nbformat.read(folder / "notebook.ipynb", as_version=4).metadata["papermill"]
    assert "input_path" not in metadata and "output_path" not in metadata

    # Once signed, nothing may change.
    (row,) = [row for row in summarise(results)["rows"] if row["run"]]
    assert row["published"]["verdict"] == "direction holds"
    (folder / "numbers.json").write_text("[]")
    runs, refused = signed_runs(results)
    assert runs == []
    assert refused == [("90_toy/london-quick+value=0.7", "numbers.json is not what the run wrote")]


def test_no_number_stands_without_a_leak_audit():
    found = Estimate(0.6, 0.5, 0.7, 3, "made up")
    with pytest.raises(FerError, match="a leak audit needs a report, or a remark"):
        Finding(CLAIM, found, "published", Leak(remark=" "), reference=50.0, scale=100)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'leak'"):
        Finding(CLAIM, found, "published", reference=50.0, scale=100)


def test_a_smoke_run_that_says_so_only_in_its_cells_is_not_recorded(desk):
    request = desk("profile = 'smoke'", OPEN, CLAIMS, FINISH)
    quick = requests.Request(request.notebook, {"profile": "quick"}, request.results, record=True)
    with pytest.raises(UsageError, match="never recorded"):
        runner.execute(quick)
    assert left_behind(request.results) == []


def test_two_runs_leave_identical_tables_and_numbers(desk, signed):
    request = with_parameters(desk(OPEN, CLAIMS, FINISH), **CHANGED)
    again = runner.execute(request)
    for name in ("numbers.json", "tables/values.csv"):
        assert (again / name).read_bytes() == (signed / again.relative_to(request.results) / name).read_bytes()


def test_an_unknown_parameter_is_refused_before_anything_starts(desk):
    request = desk(OPEN, FINISH)
    with pytest.raises(UsageError, match=r"no parameter 'valeu'\. Did you mean 'value'\?"):
        runner.execute(with_parameters(request, valeu=1))
    assert not request.results.exists()


def test_a_failing_cell_is_named_and_earlier_results_stay(desk, earlier):
    before = (earlier / "receipt.json").read_bytes()
    bad = with_parameters(desk("run = 1", "run / 0", FINISH), **CHANGED)
    with pytest.raises(
        FerError, match=r"90_toy, code cell 3 \(Part 2\) failed with ZeroDivisionError: division by zero"
    ) as caught:
        runner.execute(bad)
    assert caught.value.exit_code == 1
    assert (earlier / "receipt.json").read_bytes() == before
    assert sorted(path.name for path in bad.results.iterdir()) == ["90_toy"]


def test_a_message_meant_for_people_arrives_without_a_traceback(desk):
    request = desk("from fer_utils.errors import FerError", "raise FerError('the picture is torn')", FINISH)
    with pytest.raises(FerError, match=r"90_toy, code cell 3 \(Part 2\): the picture is torn$"):
        runner.execute(request)


def test_a_run_that_does_not_finish_gets_no_receipt(desk):
    request = desk(OPEN, CLAIMS)
    with pytest.raises(FerError, match=r"without calling Run\.finish"):
        runner.execute(request)
    assert left_behind(request.results) == []


def test_a_killed_kernel_leaves_nothing_and_the_same_command_goes_on_where_it_stopped(desk, tmp_path):
    unit = """
log, trap = log or None, trap or None
calls = [{"number": n, "log": log, "trap": trap} for n in range(4)]
found = run.map(square_or_die, calls, "squares")
value = float(sum(result["square"][0] for result in found)) / 100
"""
    request = desk(OPEN, unit, CLAIMS, FINISH)
    log, trap = tmp_path / "log", tmp_path / "trap"
    request = with_parameters(request, log=str(log), trap=str(trap))
    with pytest.raises(FerError, match=r"90_toy, code cell 3 \(Part 2\): the kernel died") as caught:
        runner.execute(request)
    assert caught.value.exit_code == 1
    assert left_behind(request.results) == []
    assert log.read_text().split() == ["0", "1"]
    assert [file.name for file in requests.NOTEBOOKS.iterdir()] == ["90_toy.ipynb"], "sockets were left behind"

    (resumed,) = json.loads((runner.execute(request) / "numbers.json").read_text())
    assert log.read_text().split() == ["0", "1", "2", "3"], "finished units ran again"
    assert resumed["value"] == pytest.approx(0 + 1 + 4 + 9)


def test_a_kernel_killed_from_outside_is_noticed(desk, tmp_path):
    pid = tmp_path / "pid"
    request = desk("import os, time", f"open({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)", FINISH)

    def kill():
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.1)
        os.kill(int(pid.read_text()), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    with pytest.raises(FerError, match=r"code cell 3 \(Part 2\): the kernel died"):
        runner.execute(request)
    assert left_behind(request.results) == []


def test_results_that_cannot_be_written_are_one_clear_message(desk, tmp_path):
    request = desk(OPEN, FINISH)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FerError, match=r"cannot write .*file.*--results DIR"):
        runner.execute(requests.Request(request.notebook, {}, tmp_path / "file" / "results"))


def test_a_disk_that_fills_up_inside_a_cell_is_one_clear_message(desk):
    full = """
import errno
from pathlib import Path
from fer_utils import files
def nothing_left(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")
files.tempfile.mkstemp = nothing_left
run.table(pd.DataFrame({"a": [1]}), "values", "A value")
"""
    request = desk(OPEN, full, FINISH)
    with pytest.raises(FerError, match=r"cannot write .*values\.csv: No space left on device"):
        runner.execute(request)
    assert left_behind(request.results) == []


def test_earlier_results_stay_if_the_new_ones_cannot_be_moved(desk, earlier, monkeypatch):
    request = with_parameters(desk(OPEN, FINISH), **CHANGED)
    before = (earlier / "receipt.json").read_bytes()
    rename = Path.rename

    def refuse(path, target):
        if path.name.startswith(".partial-"):
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(FerError, match="Input/output error"):
        runner.execute(request)
    assert (earlier / "receipt.json").read_bytes() == before


@pytest.mark.parametrize("name", ["05", "05_mobilenet_jaffe", "notebooks/05_mobilenet_jaffe.ipynb"])
def test_a_notebook_is_found_by_number_name_or_path(name):
    assert requests.find_notebook(name) == "05_mobilenet_jaffe"


def test_an_unknown_notebook_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match="Did you mean '05_mobilenet_jaffe'"):
        requests.find_notebook("05_mobilnet_jaffe")


def test_a_kernel_that_gives_no_answer_is_no_full_disk(desk, monkeypatch):
    def starve(*arguments, **settings):
        raise CellTimeoutError.error_from_timeout_and_cell(
            "Timeout waiting for IOPub output", 300, nbformat.v4.new_code_cell("1")
        )

    monkeypatch.setattr(kernel.papermill, "execute_notebook", starve)
    with pytest.raises(FerError, match="gave no answer for 300 s; is the machine overloaded") as caught:
        runner.execute(desk(OPEN, CLAIMS, FINISH))
    assert "cannot write" not in str(caught.value)


@pytest.mark.parametrize(
    ("allowed", "words"), [(64, "Perhaps there are too many open files"), (4096, "ran out of memory")]
)
def test_a_kernel_that_dies_of_few_open_files_did_not_run_out_of_memory(desk, monkeypatch, allowed, words):
    def die(*arguments, **settings):
        raise ValueError("Invalid Signature")

    monkeypatch.setattr(kernel.papermill, "execute_notebook", die)
    monkeypatch.setattr("fer_utils.reproduce.scratch.resource.getrlimit", lambda what: (allowed, allowed))
    with pytest.raises(FerError, match=words) as caught:
        runner.execute(desk(OPEN, CLAIMS, FINISH))
    assert ("memory" in str(caught.value)) == (allowed == 4096)


def test_pictures_in_an_executed_notebook_are_small_copies(signed):
    (notebook,) = signed.rglob("notebook.ipynb")
    outputs = [output for cell in nbformat.read(notebook, 4).cells for output in cell.get("outputs", [])]
    pictures = [output["data"] for output in outputs if any("image" in kind for kind in output.get("data", {}))]
    # A photograph is smaller as JPEG, lines as a PNG of few colours.
    for picture, (kind, form) in zip(pictures, (("image/jpeg", "JPEG"), ("image/png", "PNG")), strict=True):
        assert [name for name in picture if "image" in name] == [kind]
        with Image.open(io.BytesIO(base64.b64decode(picture[kind]))) as copy:
            assert (copy.format, copy.width) == (form, kept_pictures.COPY_WIDTH)
