"""Temporary folders of a run: where they lie, and what is said when they cannot."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce import scratch as places
from fer_utils.reproduce.scratch import JOBLIB, more_open_files, ran_out, scratch


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setattr(places, "SHARED_MEMORY", tmp_path / "memory")
    monkeypatch.delenv(JOBLIB, raising=False)
    return tmp_path / "temporary"


def test_they_are_there_while_it_lasts(temporary: Path) -> None:
    with scratch() as here, scratch() as other:
        assert here.folder.parent == temporary and here.arrays == here.folder != other.folder
        assert here.folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


def test_arrays_are_shared_in_memory_where_there_is_enough(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places.SHARED_MEMORY.mkdir()
    monkeypatch.setattr(places, "SHARED_NEEDED", 0)
    with scratch() as here:
        assert here.arrays.parent == places.SHARED_MEMORY
    assert list(places.SHARED_MEMORY.iterdir()) == []
    monkeypatch.setattr(places, "SHARED_NEEDED", 1 << 62)
    with scratch() as here:
        assert here.arrays == here.folder
    monkeypatch.setenv(JOBLIB, "/my/own")
    with scratch() as here:
        assert here.arrays == Path("/my/own")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_folder_for_temporary_files_is_named(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(FerError, match=f"temporary files in {temporary}: {os.strerror(code)}.*set TMPDIR"), scratch():
        pass
    assert list(temporary.iterdir()) == []


def test_no_folder_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(places.tempfile, "gettempdir", none)
    with pytest.raises(FerError, match=r"No usable temporary directory found.*Set TMPDIR"), scratch():
        pass


def test_too_many_open_files_are_said(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("fer_utils.locks.os.open", refuse)
    with pytest.raises(FerError, match="too many open files"), scratch():
        pass


@pytest.mark.parametrize(
    ("limits", "set_to"),
    [
        ((64, 4096), [(1024, 4096)]),
        ((64, 256), [(256, 256)]),
        ((64, 64), []),
        ((256, resource.RLIM_INFINITY), [(1024, resource.RLIM_INFINITY)]),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), []),
        ((1 << 20, 1 << 20), []),
    ],
)
def test_as_many_open_files_as_the_system_allows(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], set_to: list[tuple[int, int]]
) -> None:
    asked = []
    monkeypatch.setattr(places.resource, "getrlimit", lambda what: limits)
    monkeypatch.setattr(places.resource, "setrlimit", lambda what, new: asked.append(new))
    more_open_files()
    assert asked == set_to


def test_a_full_disk_that_a_library_does_not_name_is_looked_for(temporary: Path, tmp_path: Path) -> None:
    said = ran_out("[Errno 28] No space left on device", tmp_path)
    assert f"{temporary} (temporary files, TMPDIR) " in said and f"{tmp_path} (results, --results) " in said
    assert said.startswith(". Free are: ") and " MB" in said
    assert ran_out("division by zero", tmp_path) == ""


def test_open_files_that_ran_out_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.resource, "getrlimit", lambda what: (64, 64))
    sure, guessed = (
        ran_out("[Errno 24] Too many open files", tmp_path),
        ran_out("Invalid Signature", tmp_path, died=True),
    )
    assert sure.startswith(". There are too many open files: this process may have 64 at once")
    assert guessed.startswith(". Perhaps there are too many open files: this process may have 64 at once")
    assert ran_out("Invalid Signature", tmp_path) == ""
    monkeypatch.setattr(places.resource, "getrlimit", lambda what: (1024, 4096))
    assert ran_out("Invalid Signature", tmp_path, died=True) == ""
