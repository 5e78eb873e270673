"""Sealed files: whatever happens to one, it is noticed, said once, and never unpickled."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from fer_utils import stored
from fer_utils.errors import FerError
from fer_utils.progress import CHANNEL
from fer_utils.stored import read_sealed, write_sealed
from tests.test_files import Trap

ARRAYS = {"numbers": np.arange(3.0), "text": np.array(["ä"]), "one": np.array(7), "none": np.empty((0, 2), np.uint8)}


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    monkeypatch.delenv(CHANNEL, raising=False)
    path = tmp_path / "room" / "key.npz"
    write_sealed(path, ARRAYS)
    return path


def test_arrays_come_back_as_they_went(sealed: Path) -> None:
    back = read_sealed(sealed)
    assert back is not None and list(back) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype and np.array_equal(back[name], array) and back[name].shape == array.shape
    assert np.array_equal(np.load(sealed)["numbers"], ARRAYS["numbers"]), "others cannot read it"


def test_what_is_not_there_is_no_damage(sealed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert read_sealed(sealed.with_name("other.npz")) is None
    assert read_sealed(sealed / "below a file.npz") is None
    assert capfd.readouterr().err == ""


def test_any_flipped_bit_is_noticed(sealed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = sealed.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        sealed.write_bytes(changed)
        assert read_sealed(sealed) is None, f"byte {place}"
    said = capfd.readouterr().err.splitlines()
    assert len(said) == len(whole)
    assert set(said) == {
        "note: room/key.npz in the cache cannot be used (it is damaged, or was stored for something else); "
        "that work is done again"
    }
    sealed.write_bytes(whole)
    assert read_sealed(sealed) is not None


@pytest.mark.parametrize("left", [0, 1, 100, -1, -142])
def test_a_shorter_or_longer_file_is_noticed(sealed: Path, left: int) -> None:
    whole = sealed.read_bytes()
    sealed.write_bytes(whole[:left])
    assert read_sealed(sealed) is None
    sealed.write_bytes(whole + b"\n")
    assert read_sealed(sealed) is None
    sealed.write_bytes(b"x" + whole)
    assert read_sealed(sealed) is None


def test_another_name_is_another_key(sealed: Path) -> None:
    sealed.rename(sealed.with_name("other.npz"))
    assert read_sealed(sealed.with_name("other.npz")) is None


def test_a_pickle_is_not_run_even_under_a_right_seal(sealed: Path) -> None:
    touched = sealed.with_name("touched")
    np.savez(sealed, trap=np.array([Trap(touched)], dtype=object))
    with sealed.open("r+b") as stream:
        stream.write(stored._seal(stream, stream.seek(0, os.SEEK_END), sealed.name))
    assert read_sealed(sealed) is None
    assert not touched.exists()


def test_objects_are_not_written(sealed: Path) -> None:
    before = sealed.read_bytes()
    with pytest.raises(TypeError, match="'bad' holds Python objects"):
        write_sealed(sealed, {"bad": np.array([{}], dtype=object)})
    assert sealed.read_bytes() == before and [file.name for file in sealed.parent.iterdir()] == [sealed.name]


def test_too_many_open_files_are_no_damage(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FerError, match=r"too many open files: this process may have \d+ at once.*ulimit -n 1024"):
        read_sealed(sealed)


def test_too_little_memory_is_no_damage(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(stored, "unpack_npz", refuse)
    with pytest.raises(MemoryError):
        read_sealed(sealed)


def test_an_unreadable_file_is_said_with_its_reason(
    sealed: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert read_sealed(sealed) is None
    assert "cannot be used (Permission denied); that work is done again" in capfd.readouterr().err
