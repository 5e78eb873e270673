"""Stand-in trees, written once; a test that damages one works on a copy."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_utils.data import load
from tests.stand_ins import write_cmu_faces, write_jaffe
from tests.tiny_stand_ins import make_tiny, write_every


@pytest.fixture(scope="session")
def stand_ins(make_once) -> Path:
    """A data root with JAFFE and the CMU faces in it; not to be changed."""

    def fill(root: Path) -> None:
        write_jaffe(root / "jaffe")
        write_cmu_faces(root / "cmu_faces")

    return make_once("stand_ins", fill)


@pytest.fixture
def own_root(tmp_path, monkeypatch) -> Path:
    """An empty data root that ``FER_DATA`` names."""
    root = tmp_path / "data"
    root.mkdir()
    monkeypatch.setenv("FER_DATA", str(root))
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return root


@pytest.fixture
def own_jaffe(stand_ins, own_root) -> Path:
    """A copy of the JAFFE stand-in to damage."""
    return Path(shutil.copytree(stand_ins / "jaffe", own_root / "jaffe"))


@pytest.fixture
def own_cmu(stand_ins, own_root) -> Path:
    """A copy of the CMU stand-in to damage."""
    return Path(shutil.copytree(stand_ins / "cmu_faces", own_root / "cmu_faces"))


@pytest.fixture(scope="session")
def tiny_shelf(make_once) -> Path:
    """``<edition>/<name>`` for every edition of every set, small and of tiny pictures; not to be changed.

    They load as they were written only where :func:`tests.tiny_stand_ins.make_tiny` has been called.
    """
    with pytest.MonkeyPatch.context() as patch:
        make_tiny(patch)
        return make_once("tiny_stand_ins", write_every)


@pytest.fixture
def forbid(monkeypatch) -> Callable[[Path], None]:
    """Makes a file unreadable for want of permission, whoever runs the tests: root may read anything."""
    closed: set[str] = set()
    opened = io.open

    def guarded(file, *arguments, **options):
        if not isinstance(file, int) and str(Path(os.fsdecode(file)).absolute()) in closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fsdecode(file))
        return opened(file, *arguments, **options)

    monkeypatch.setattr(io, "open", guarded)
    monkeypatch.setattr(builtins, "open", guarded)
    return lambda file: closed.add(str(file.absolute()))


@pytest.fixture(scope="session")
def loaded(stand_ins):
    """Both stand-ins, loaded whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_DATA", str(stand_ins))
        return {name: load(name) for name in ("jaffe", "cmu_faces")}
