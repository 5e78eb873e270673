"""Files that take long to read are read once, and again when what was kept is not as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils.datasets.cache import read_once


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    made = [tmp_path / name for name in ("a", "b")]
    for number, file in enumerate(made):
        file.write_bytes(bytes([number]))
    return made


class Reading:
    """Reads the files, and counts how often."""

    def __init__(self, files: list[Path]) -> None:
        self.files, self.done = files, 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.done += 1
        return {"images": np.array([list(file.read_bytes()) * 50 for file in self.files], np.uint8)}


@pytest.mark.parametrize("damage", ["a bit", "half a file", "another's"])
def test_what_was_kept_is_checked(files: list[Path], capfd: pytest.CaptureFixture[str], damage: str) -> None:
    read = Reading(files)
    whole = read_once("toy", files, read, "code")["images"]
    assert np.array_equal(read_once("toy", files, read, "code")["images"], whole) and read.done == 1
    (kept,) = (files[0].parent / "cache" / "datasets").iterdir()
    raw = bytearray(kept.read_bytes())
    if damage == "a bit":
        raw[raw.index(b"\x01" * 50) + 7] ^= 4
    elif damage == "half a file":
        del raw[len(raw) // 2 :]
    else:
        read_once("toy", files[:1], read, "code")
        (other,) = set(kept.parent.iterdir()) - {kept}
        raw = bytearray(other.read_bytes())
    kept.write_bytes(raw)
    before = read.done
    for _ in range(2):
        assert np.array_equal(read_once("toy", files, read, "code")["images"], whole)
    assert read.done == before + 1
    assert capfd.readouterr().err.count(f"datasets/{kept.name} in the cache cannot be used") == 1
