"""The cache: what is found again, what is not, and what happens to damaged files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils import cache_dir as location
from fer_utils.cache_dir import cache_dir
from fer_utils.errors import FerError
from fer_utils.preprocess import cache, cached


class Work:
    """Gives arrays and counts how often it was asked."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.done += 1
        return {"numbers": np.arange(5.0), "flags": np.array([True, False]), "one": np.array(7)}


def test_the_second_call_reads_what_the_first_wrote() -> None:
    work = Work()
    first = cached("step", {"faces": "abc", "size": 3}, work)
    second = cached("step", {"size": 3, "faces": "abc"}, work)
    assert work.done == 1
    assert first.keys() == second.keys()
    for name in first:
        assert first[name].dtype == second[name].dtype
        assert np.array_equal(first[name], second[name])


def test_other_inputs_and_other_steps_are_other_results() -> None:
    work = Work()
    for step, inputs in (("a", {"x": 1}), ("a", {"x": 2}), ("a", {"y": 1}), ("a", {"x": "1"}), ("b", {"x": 1})):
        cached(step, inputs, work)
    assert work.done == 5


@pytest.mark.parametrize("fact", ["SOURCE_DIGEST", "VERSIONS"])
def test_other_code_or_libraries_are_other_results(fact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    cached("step", {}, work)
    monkeypatch.setattr(cache, fact, "changed")
    cached("step", {}, work)
    assert work.done == 2


def test_the_source_digest_covers_every_file_of_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache._source_digest() == cache.SOURCE_DIGEST
    room, weights = tmp_path / "preprocess", tmp_path / "weights" / "opencv_ssd_res10"
    files = [room / "cache.py", room / "other.py", weights / "net.caffemodel"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")
    monkeypatch.setattr(cache, "__file__", str(room / "cache.py"))
    for file in files[1:]:
        before = cache._source_digest()
        file.write_text("x = 2\n")
        assert cache._source_digest() != before


@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_truncated_file_is_computed_again_and_replaced(left: int, own_cache: Path) -> None:
    work = Work()
    cached("step", {}, work)
    (path,) = (own_cache / "preprocess").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    assert np.array_equal(cached("step", {}, work)["numbers"], np.arange(5.0))
    assert work.done == 2
    assert path.read_bytes() == whole
    cached("step", {}, work)
    assert work.done == 2


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8, 0.99])
def test_a_flipped_bit_is_noticed_and_said(place: float, own_cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    work = Work()
    cached("step", {}, work)
    (path,) = (own_cache / "preprocess").iterdir()
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[int(place * len(whole))] ^= 4
    path.write_bytes(changed)
    for _ in range(2):
        assert np.array_equal(cached("step", {}, work)["numbers"], np.arange(5.0))
    assert work.done == 2 and path.read_bytes() == whole
    assert capfd.readouterr().err.count(f"preprocess/{path.name} in the cache cannot be used") == 1


def test_inputs_must_have_a_content() -> None:
    with pytest.raises(TypeError, match="cannot build a cache key from type object"):
        cached("step", {"images": object()}, Work())
    with pytest.raises(ValueError, match="JSON"):
        cached("step", {"margin": float("nan")}, Work())


def test_a_cache_that_cannot_be_written_says_how_to_move_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "a file"))
    with pytest.raises(FerError, match="FER_CACHE=DIR"):
        cached("step", {}, Work())


def test_the_cache_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FER_CACHE", "here")
    assert cache_dir() == tmp_path / "here"
    monkeypatch.setenv("FER_CACHE", "~/there")
    assert cache_dir() == Path.home() / "there"


def test_the_cache_lies_in_the_checkout_or_else_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(location, "PACKAGE", tmp_path / "fer_utils")
    monkeypatch.setenv("FER_CACHE", "")
    assert cache_dir() == Path.home() / ".cache" / "fer_utils"
    (tmp_path / "pyproject.toml").write_text("")
    assert cache_dir() == tmp_path / ".fer_cache"
    assert not (tmp_path / ".fer_cache").exists()
