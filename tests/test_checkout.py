"""A checkout has the committed bytes on any system: receipts, unit keys and READMEs hold digests of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fer_utils.reproduce.signed import signed_runs

ROOT = Path(__file__).parents[1]


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git without the variables that would point it to another repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed here, with line ends as Windows wants them."""
    if shutil.which("git") is None or git("-C", str(ROOT), "rev-parse", "HEAD").returncode:
        pytest.skip("not a git checkout, so there is nothing to clone")
    clone = tmp_path_factory.mktemp("clone") / "converted"
    done = git("clone", "-q", "-c", "core.autocrlf=true", str(ROOT), str(clone))
    assert done.returncode == 0, done.stderr
    return clone


def test_recorded_runs_match_their_receipts_under_autocrlf(converted: Path) -> None:
    runs, refused = signed_runs(converted / "results")
    assert runs and refused == []


def test_no_file_is_converted_under_autocrlf(converted: Path) -> None:
    """Those of ``fer_utils`` and the shipped data count, too."""
    listed = git("-C", str(converted), "ls-files", "--eol").stdout.splitlines()
    ends = {line.partition("\t")[2]: line.split()[:2] for line in listed}
    assert len(ends) > 500
    assert [name for name, (index, working) in ends.items() if index[2:] != working[2:]] == []
