"""Where finished work and numba's compiled functions are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fer_utils import cache_dir
from fer_utils.errors import FerError


@pytest.fixture(autouse=True)
def numba_not_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")


def test_numba_s_cache_follows_ours(monkeypatch, tmp_path):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    cache_dir.compile_into_cache()
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "numba")


def test_a_user_s_own_place_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    cache_dir.compile_into_cache()
    assert os.environ["NUMBA_CACHE_DIR"] == "/elsewhere"
    assert not any(tmp_path.iterdir())


def test_where_nothing_can_be_written_numba_gets_a_temporary_folder(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "file" / "cache"))
    cache_dir.compile_into_cache()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert cache_dir.can_write(folder)
    assert folder.name.startswith("fer-numba-")
    folder.rmdir()


def test_the_room_that_compiles_keeps_its_functions_there(monkeypatch):
    monkeypatch.undo()
    from fer_utils.papers.clifer import gwr_kernel

    compiled = next(value for value in vars(gwr_kernel).values() if hasattr(value, "stats"))
    assert Path(compiled.stats.cache_path).is_relative_to(os.environ["NUMBA_CACHE_DIR"])


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch, tmp_path):
    monkeypatch.delenv("FER_CACHE", raising=False)
    monkeypatch.setattr(cache_dir, "PACKAGE", tmp_path / "site-packages" / "fer_utils")

    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache_dir.Path, "home", nowhere)
    with pytest.raises(FerError, match="set FER_CACHE=DIR"):
        cache_dir.cache_dir()
