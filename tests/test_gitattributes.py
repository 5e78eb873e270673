"""What git keeps are the recorded bytes, on a machine that would turn line ends too."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ATTRIBUTES = Path(__file__).parents[1] / ".gitattributes"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_checkout_with_autocrlf_has_the_recorded_bytes(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "core.autocrlf=true", *words], cwd=tmp_path, check=True, capture_output=True)

    shutil.copy(ATTRIBUTES, tmp_path)
    recorded = {"numbers.json": b"[1,\n 2]\n", "table.csv": b"a,b\r\n1,2\n", "figure.png": b"\x89PNG\r\n\x1a\n"}
    for name, content in recorded.items():
        (tmp_path / name).write_bytes(content)
    git("init", "-q")
    git("add", ".")
    for name in recorded:
        (tmp_path / name).unlink()
    git("checkout", "--", ".")
    assert {name: (tmp_path / name).read_bytes() for name in recorded} == recorded
