"""A headless kernel has surroundings of our choice, whatever the user's own are."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce import kernel, provenance, runner, scratch, surroundings
from fer_utils.reproduce.request import Request
from tests.reproduce import test_runner as toy

desk = toy.desk

LOOK = """
import sys
import fer_utils, matplotlib
import matplotlib.pyplot as plt
text = {"package": fer_utils.__file__, "python": sys.executable, "backend": matplotlib.get_backend(),
        "font": matplotlib.rcParams["font.size"], "latex": matplotlib.rcParams["text.usetex"],
        "rc": matplotlib.matplotlib_fname(), "strange": "strange" in globals()}
open(log, "w").write(__import__("json").dumps(text))
plt.plot([0, 1])
plt.show()
"""


@pytest.fixture
def strange(monkeypatch, tmp_path):
    """A user whose every setting is in the way; gives a folder that is theirs."""
    home = tmp_path / "home"
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("strange = True\n")
    (home / "startup.py").write_text("strange = True\nprint('hello')\n")
    (home / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\nno.such.setting: 1\n")
    (home / "other" / "fer_utils").mkdir(parents=True)
    (home / "other" / "fer_utils" / "__init__.py").write_text("raise ImportError('the other fer_utils')\n")
    spec = home / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = ["/nowhere/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "old", "language": "python"}))
    temporary = tmp_path / ("t" * max(20, 93 - len(str(tmp_path)) - 1))
    temporary.mkdir()
    settings = {
        "MPLBACKEND": "TkAgg",
        "MATPLOTLIBRC": str(home / "matplotlibrc"),
        "JUPYTER_PATH": str(home / "jupyter"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONSTARTUP": str(home / "startup.py"),
        "PYTHONPATH": os.pathsep.join([str(home / "other"), str(Path(toy.__file__).parents[2])]),
        "PYTHONIOENCODING": "latin-1",
        "GIT_DIR": str(home / "no repository"),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "HOME": "/dev/null/nobody",
        "TMPDIR": str(temporary),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return home


def test_no_setting_of_the_user_s_reaches_a_signed_run(desk, strange, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(strange / "other"), str(Path(toy.__file__).parents[2])]))
    log = strange / "log"
    request = desk(toy.OPEN, LOOK, toy.CLAIMS, toy.FINISH)
    folder = runner.execute(Request(request.notebook, {"log": str(log)}, request.results))
    seen = json.loads(log.read_text())
    assert Path(seen["package"]).parent == provenance.PACKAGE
    assert seen["python"] == sys.executable
    assert "inline" in seen["backend"]
    assert (seen["font"], seen["latex"], seen["strange"]) == (10.0, False, False)
    assert not Path(seen["rc"]).is_relative_to(strange)

    outputs = [
        output for cell in nbformat.read(folder / "notebook.ipynb", 4).cells for output in cell.get("outputs", [])
    ]
    assert any({"image/jpeg", "image/png"} & set(output.get("data", {})) for output in outputs), (
        "a notebook without its picture"
    )
    assert not [output for output in outputs if output.get("name") == "stderr"]

    receipt = json.loads((folder / "receipt.json").read_text())
    monkeypatch.delenv("GIT_DIR")
    mine = provenance.process_facts()
    assert receipt["package"] == mine["package"]
    assert receipt["libraries"] == mine["libraries"]
    assert receipt["arithmetic"]["device"] == "cpu" and receipt["device"]["gpu"] is None
    assert "TF_ENABLE_ONEDNN_OPTS" not in receipt["arithmetic"]
    del receipt["parameters"]
    assert str(provenance.PACKAGE) not in json.dumps(receipt) and sys.executable not in json.dumps(receipt)
    assert not list(Path(tempfile.gettempdir()).glob(f"{scratch.PREFIX}*"))


def test_a_python_that_is_gone_is_named(desk, monkeypatch):
    request = desk(toy.OPEN, toy.FINISH)
    monkeypatch.setattr(sys, "executable", "/nowhere/bin/python")
    with pytest.raises(FerError, match="could not be started: /nowhere/bin/python: No such file or directory") as told:
        runner.execute(request)
    assert "cannot write" not in str(told.value) and "space" not in str(told.value)
    assert toy.left_behind(request.results) == []


def test_a_gpu_that_is_not_there_is_refused_before_the_first_cell(desk, monkeypatch, tmp_path):
    request = desk(toy.OPEN, toy.FINISH)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(kernel.papermill, "execute_notebook", lambda *_, **__: pytest.fail("a cell ran"))
    with pytest.raises(FerError, match=r"^device cuda was asked for, but CUDA_VISIBLE_DEVICES='-1' hides"):
        kernel.run_cells(Request(request.notebook, {"device": "cuda"}, request.results), tmp_path)


@pytest.mark.parametrize(("length", "transport"), [(20, "ipc"), (90, "ipc"), (91, None), (200, None)])
def test_sockets_lie_in_files_where_their_path_is_short_enough(length, transport):
    config = kernel._connection(Path("/" + "t" * (length - 1)))["KernelManager"]
    assert config.get("transport") == transport
    if transport:
        assert len(config["ip"] + "-5") <= 103


def test_the_environment_is_as_before_afterwards(monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    before = dict(os.environ)
    with surroundings.environment(surroundings.pinned(provenance.PACKAGE, tmp_path)):
        assert "KERAS_MAX_EPOCHS" not in os.environ
        assert os.environ["NO_COLOR"] == "1"
        assert os.environ["PYTHONPATH"].split(os.pathsep)[0] == str(provenance.PACKAGE.parent)
    assert dict(os.environ) == before
