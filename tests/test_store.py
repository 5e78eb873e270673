"""The content store: what makes another key, and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fer_utils import store


@dataclass(frozen=True)
class Sizes:
    width: int = 3
    factors: tuple[float, ...] = (0.5, 2.0)


def test_the_same_identity_has_the_same_key_however_it_is_written() -> None:
    pictures = np.arange(6, dtype=np.uint8).reshape(2, 3)
    first = store.key({"sizes": Sizes(), "pictures": pictures, "seed": np.int64(2)})
    again = store.key({"seed": 2, "pictures": np.asfortranarray(pictures), "sizes": Sizes()})
    assert first == again and len(first) == 64


@pytest.mark.parametrize(
    "other",
    [
        {"x": np.zeros(3)}, {"x": np.zeros((3, 1), np.uint8)}, {"x": np.zeros(3, np.int8)},
        {"x": np.ones(3, np.uint8)}, {"y": np.zeros(3, np.uint8)},
    ],
)  # fmt: skip
def test_other_values_shapes_types_and_names_are_other_keys(other: dict[str, np.ndarray]) -> None:
    assert store.key(other) != store.key({"x": np.zeros(3, np.uint8)})


def test_files_count_by_their_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same")
    two.write_text("same")
    assert store.key({"weights": one}) == store.key({"weights": two})
    two.write_text("other")
    assert store.key({"weights": one}) != store.key({"weights": two})


def test_a_folder_s_source_digest_sees_each_of_its_modules(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "notes.txt").write_text("1")
    before = store.source_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("2")
    assert store.source_digest(tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2")
    assert store.source_digest(tmp_path) != before


def test_a_result_that_is_not_worth_keeping_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    done = []

    def compute() -> dict[str, np.ndarray]:
        done.append(1)
        return {"x": np.arange(3)}

    for _ in range(2):
        store.kept("room", {}, compute, name="step", worth_keeping=lambda arrays: False)
    assert len(done) == 2 and not (tmp_path / "room").exists()
    for _ in range(2):
        assert store.kept("room", {}, compute, name="step")["x"].tolist() == [0, 1, 2]
    assert len(done) == 3 and [file.name[:5] for file in (tmp_path / "room").iterdir()] == ["step-"]


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert store.versions("numpy", "no-such-package-at-all") == {
        "numpy": np.__version__,
        "no-such-package-at-all": None,
    }
