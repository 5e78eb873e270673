"""On native Windows, which has no file locks of our kind, importing says what to do instead."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

import fer_utils


def imported_on(platform: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fer_utils_again", fer_utils.__file__)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setattr(sys, "platform", platform)
    spec.loader.exec_module(module)
    return module


def test_an_import_on_windows_names_wsl2(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImportError, match=r"^fer_utils runs on Linux and macOS; on Windows, install WSL2 .*\.$"):
        imported_on("win32", ["notebook.py"], monkeypatch)


def test_the_command_on_windows_leaves_with_a_sentence_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"^fer_utils: fer_utils runs on Linux and macOS; .*WSL2") as left:
        imported_on("win32", ["-m", "data"], monkeypatch)
    assert isinstance(left.value.code, str), "a text goes to standard error and means exit code 1"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_elsewhere_nothing_is_said(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert imported_on(platform, ["-m"], monkeypatch).__version__ == fer_utils.__version__
