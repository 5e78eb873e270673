"""Where numbers come from: sources compared by content, git's own state, and the process that computed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fer_utils import splits
from fer_utils.errors import FerError
from fer_utils.reproduce import provenance
from fer_utils.reproduce.receipt import write_receipt
from fer_utils.reproduce.request import Request


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """What these tests make of the loaded sources is forgotten."""
    monkeypatch.setattr(provenance, "_loaded", dict(provenance._loaded))
    provenance.source_digest.cache_clear()
    yield
    provenance.source_digest.cache_clear()


# ------------------------------------------------------------------ sources


@pytest.fixture
def helper(monkeypatch, tmp_path):
    """A module of the user's, loaded."""
    file = tmp_path / "toy_helper.py"
    file.write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("toy_helper")
    yield file
    del sys.modules["toy_helper"]


def digest_of_helper() -> str:
    provenance.source_digest.cache_clear()
    return provenance.source_digest("toy_helper")


def test_sources_dated_two_hours_ahead_are_no_edit(helper):
    before = digest_of_helper()
    ahead = time.time() + 7200
    os.utime(helper, (ahead, ahead))
    assert digest_of_helper() == before


def test_another_content_with_an_older_date_is_an_edit(helper):
    digest_of_helper()
    date = helper.stat().st_mtime
    helper.write_text("value = 2\n")
    os.utime(helper, (date - 7200, date - 7200))
    with pytest.raises(FerError, match=r"toy_helper\.py was edited after this Python process loaded it"):
        digest_of_helper()


def test_a_helper_of_ours_that_was_loaded_with_another_content_is_refused(monkeypatch):
    monkeypatch.setitem(provenance._loaded, Path(splits.__file__), "0" * 64)
    with pytest.raises(FerError, match=r"splits\.py was edited after this Python process loaded it"):
        provenance.source_digest("fer_utils.splits")


def test_a_source_that_nobody_has_loaded_yet_may_change(monkeypatch):
    before = provenance.source_digest("fer_utils.splits")
    provenance.source_digest.cache_clear()
    monkeypatch.setitem(provenance._loaded, Path(splits.__file__), "0" * 64)
    monkeypatch.delitem(sys.modules, "fer_utils.splits")
    assert provenance.source_digest("fer_utils.splits") == before


def test_an_edit_during_a_run_leaves_the_digest_of_what_ran_and_makes_it_dirty(monkeypatch):
    ran = provenance.process_facts()["package"]
    edit = "0" * 64
    monkeypatch.setitem(provenance._loaded, Path(splits.__file__), edit)
    monkeypatch.setattr(provenance, "_EARLY", frozenset(sys.modules))
    after = provenance.process_facts()["package"]
    assert after["digest"] != ran["digest"]
    assert after["dirty"] is True


def test_a_source_edited_while_it_was_loaded_is_signed_by_nobody(monkeypatch):
    monkeypatch.setitem(provenance._loaded, Path(splits.__file__), "0" * 64)
    monkeypatch.setattr(provenance, "_EARLY", frozenset())
    with pytest.raises(FerError, match=r"splits\.py was edited about when this Python process loaded it"):
        provenance.process_facts()


# ------------------------------------------------------------------ git


@pytest.fixture
def another(tmp_path):
    """Another repository, with a commit."""
    root = tmp_path / "another"
    root.mkdir()
    (root / "file").write_text("x")
    me = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "file"], [*me, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=root, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    return root


def test_the_commit_is_the_project_s_own_whatever_git_s_variables_say(monkeypatch, another):
    before = provenance.git_state()
    monkeypatch.setenv("GIT_DIR", str(another / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(another))
    monkeypatch.setenv("GIT_INDEX_FILE", str(another / ".git" / "index"))
    assert provenance.git_state() == before


def test_a_package_inside_a_repository_of_something_else_has_no_commit(monkeypatch, another):
    monkeypatch.setattr(provenance, "PACKAGE", another / "unpacked" / "fer_utils")
    provenance.PACKAGE.mkdir(parents=True)
    assert provenance.git_state() == {"commit": "unknown", "dirty": None}
    monkeypatch.setattr(provenance, "PACKAGE", another / "fer_utils")
    assert provenance.git_state()["dirty"] is False


def program(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "git").chmod(0o755)


@pytest.mark.parametrize("text", ["exec sleep 60", "exit 128", "echo one line only", None])
def test_git_that_is_slow_broken_or_missing_leaves_the_run_and_an_unknown_commit(monkeypatch, tmp_path, text):
    program(tmp_path / "bin", text or "")
    if text is None:
        (tmp_path / "bin" / "git").unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + (os.pathsep + "/usr/bin:/bin" if text else ""))
    monkeypatch.setattr(provenance, "GIT_PATIENCE_S", 0.2 if text == "exec sleep 60" else 30)
    facts = provenance.process_facts()
    assert (facts["package"]["commit"], facts["package"]["dirty"]) == ("unknown", None)


# ------------------------------------------------------------------ the process that computed


def sign(folder: Path, process: object) -> Path:
    facts: dict[str, Any] = {name: {} for name in ("changed", "settings", "data", "device", "figures")}
    facts |= {"profile": "smoke", "kind": "real", "seeds": [0]}
    (folder / "run").mkdir()
    (folder / "run" / "numbers.json").write_text("[]\n")
    request = Request("90_toy", {}, folder)
    write_receipt(folder / "run", request, datetime.now(UTC), {**facts, "process": process})
    return folder / "run" / "receipt.json"


def test_the_receipt_tells_what_the_computing_process_said_and_no_path(tmp_path):
    facts = provenance.process_facts()
    facts["arithmetic"] = {"device": "cuda"}
    facts["package"]["commit"] = "its own"
    text = sign(tmp_path, facts).read_text()
    assert '"device": "cuda"' in text and '"commit": "its own"' in text
    assert facts["executable"] not in text and facts["folder"] not in text


def another_package(facts):
    facts["package"]["digest"], facts["folder"] = "0" * 16, "/home/x/other/fer_utils"


def edited(facts):
    facts["package"]["digest"] = "0" * 16


def another_library(facts):
    facts["libraries"] = {**facts["libraries"], "numpy": "1.0"}


def another_python(facts):
    facts["python"] = "3.99.0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (another_package, "imported fer_utils from /home/x/other/fer_utils, which differs from .*PYTHONPATH"),
        (edited, "fer_utils was edited while this command was running.*Run it again"),
        (another_library, r"with other libraries than this command: numpy 1\.0 \(here "),
        (another_python, r"with other libraries than this command: Python 3\.99\.0 \(here "),
        (lambda facts: facts.clear(), "imported another fer_utils than .*does not say which"),
    ],
)
def test_numbers_of_another_process_are_not_signed(tmp_path, change, message):
    facts = provenance.process_facts()
    change(facts)
    with pytest.raises(FerError, match=message):
        sign(tmp_path, facts)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["numbers.json"]


def test_a_copy_of_the_same_package_elsewhere_is_the_same_code(tmp_path):
    facts = provenance.process_facts()
    facts["folder"] = "/home/x/copy/fer_utils"
    assert sign(tmp_path, facts).exists()


def test_the_package_digest_follows_content_and_not_place(monkeypatch, tmp_path):
    def digest(folder: Path) -> str:
        monkeypatch.setattr(provenance, "PACKAGE", folder)
        monkeypatch.setattr(provenance, "_loaded", {})
        return provenance.package_digest()

    for name in ("here", "there"):
        (tmp_path / name / "fer_utils" / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "fer_utils" / "a.py").write_text("x = 1\n")
        (tmp_path / name / "fer_utils" / "__pycache__" / f"{name}.pyc").write_text(name)
    before = digest(tmp_path / "here" / "fer_utils")
    assert digest(tmp_path / "there" / "fer_utils") == before
    shutil.copy(tmp_path / "here" / "fer_utils" / "a.py", tmp_path / "here" / "fer_utils" / "b.py")
    assert digest(tmp_path / "here" / "fer_utils") != before
