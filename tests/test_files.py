"""Files are whole or not there, whatever interrupts the writing."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fer_utils import files
from fer_utils.errors import FerError


@pytest.fixture
def old(tmp_path):
    """A file that an earlier run left."""
    path = tmp_path / "old.txt"
    path.write_text("from before")
    return path


def only_the_old_file_is_there(path: Path) -> bool:
    return path.read_text() == "from before" and [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(old, interruption):
    with pytest.raises(interruption), files.whole_file(old) as temporary:
        temporary.write_text("half of the n")
        raise interruption
    assert only_the_old_file_is_there(old)


def test_a_killed_process_leaves_the_old_file(old):
    program = """
import os, signal, sys
from fer_utils.files import whole_file
with whole_file(sys.argv[1]) as temporary:
    temporary.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(old)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert old.read_text() == "from before"
    # What the dead process could not tidy up does not look like a result.
    assert all(file.name.startswith(".partial-") for file in old.parent.iterdir() if file != old)
    files.write_text(old, "new")
    assert old.read_text() == "new"


def test_other_readers_see_the_old_file_until_the_end(old):
    with files.whole_file(old) as temporary:
        temporary.write_text("new")
        assert temporary.parent == old.parent and temporary.suffix == old.suffix
        assert old.read_text() == "from before"
    assert old.read_text() == "new"
    assert [file.name for file in old.parent.iterdir()] == ["old.txt"]


def test_folders_are_made_and_the_file_mode_is_the_ordinary_one(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    before = os.umask(0o027)
    try:
        files.write_text(path, "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def fail_with(code: int):
    def fail(*arguments, **options):
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
@pytest.mark.parametrize("step", ["mkdir", "mkstemp", "write", "replace"])
def test_full_disks_and_read_only_folders_are_put_into_words(old, monkeypatch, code, step):
    owner, name = {
        "mkdir": (Path, "mkdir"),
        "mkstemp": (files.tempfile, "mkstemp"),
        "write": (Path, "write_text"),
        "replace": (Path, "replace"),
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail_with(code))
        with pytest.raises(FerError) as failure:
            files.write_text(old, "new")
    message = str(failure.value)
    assert str(old) in message and os.strerror(code) in message
    assert all(advice in message for advice in ("No half-written file", "Free some", "--results DIR", "FER_CACHE=DIR"))
    assert failure.value.exit_code == 1
    assert only_the_old_file_is_there(old)


def test_a_file_where_a_folder_should_be_is_put_into_words(old):
    with pytest.raises(FerError, match=r"cannot write .*old\.txt/new\.txt"):
        files.write_text(old / "new.txt", "new")
    assert only_the_old_file_is_there(old)


# ------------------------------------------------------------------ text and JSON


def test_text_has_plain_line_ends_and_utf8(tmp_path):
    files.write_text(tmp_path / "x.txt", "äß – 表情\nsecond\n")
    assert (tmp_path / "x.txt").read_bytes() == "äß – 表情\nsecond\n".encode()


def test_json_keeps_the_order_of_keys_and_ends_with_a_line_end(tmp_path):
    value = {"zebra": [1.5, None], "ape": {"é": True}}
    files.write_json(tmp_path / "x.json", value)
    text = (tmp_path / "x.json").read_text("utf-8")
    assert json.loads(text) == value
    assert text.index("zebra") < text.index("ape") and "é" in text and text.endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_never_holds_what_is_not_json(old, number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(old, {"value": [number]})
    assert only_the_old_file_is_there(old)


# ------------------------------------------------------------------ arrays


def test_arrays_come_back_as_they_went(tmp_path):
    arrays = {
        "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "names": np.array(["ä", "longer"]),
        "nothing": np.empty((0, 5)),
        "number": np.array(1.5),
    }
    files.write_npz(tmp_path / "x.npz", arrays)
    back = files.read_npz(tmp_path / "x.npz")
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and np.array_equal(back[name], array)


@pytest.mark.parametrize(
    "array",
    [
        np.array([{"a": 1}], dtype=object),
        np.zeros(2, dtype=[("number", float), ("thing", object)]),
        np.array(["a", "b"], dtype=np.dtypes.StringDType()),
    ],
    ids=["objects", "a field of objects", "variable-length text"],
)
def test_arrays_that_would_need_pickle_are_refused(old, array):
    with pytest.raises(TypeError, match="'bad' holds Python objects"):
        files.write_npz(old, {"good": np.zeros(2), "bad": array})
    assert only_the_old_file_is_there(old)


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickled_npz_is_refused_and_not_run(tmp_path):
    touched = tmp_path / "touched"
    np.savez(tmp_path / "x.npz", trap=np.array([Trap(touched)], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        files.read_npz(tmp_path / "x.npz")
    assert not touched.exists()


def test_a_bare_pickle_under_the_name_npz_is_refused_and_not_run(tmp_path):
    touched = tmp_path / "touched"
    (tmp_path / "x.npz").write_bytes(pickle.dumps(Trap(touched)))
    with pytest.raises(ValueError, match="pickled"):
        files.read_npz(tmp_path / "x.npz")
    assert not touched.exists()


def test_a_truncated_npz_is_an_error(tmp_path):
    files.write_npz(tmp_path / "x.npz", {"a": np.arange(1000)})
    whole = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises((zipfile.BadZipFile, ValueError, EOFError)):
        files.read_npz(tmp_path / "x.npz")


def test_whatever_bit_is_flipped_in_an_npz_the_error_is_one_of_those_named(tmp_path):
    path = tmp_path / "x.npz"
    files.write_npz(path, {"a": np.arange(2)})
    whole, raised = path.read_bytes(), set()
    for place in range(len(whole)):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            try:
                files.read_npz(path)
            except files.UNREADABLE as error:
                raised.add(type(error))
    assert len(raised) > 3


def test_too_many_open_files_are_not_called_a_full_disk(old, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(files.tempfile, "mkstemp", fail_with(errno.EMFILE))
        with pytest.raises(FerError, match="too many open files: this process may have") as failure:
            files.write_text(old, "new")
    assert "ulimit -n" in str(failure.value) and "space" not in str(failure.value)
    assert only_the_old_file_is_there(old)


def test_digest_of_known_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert files.sha256_file(tmp_path / "x") == hashlib.sha256(b"abc").hexdigest()
    assert files.sha256_file(tmp_path / "x").startswith("ba7816bf")
