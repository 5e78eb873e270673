"""Networks that a recorded run leaves are taken over only by who asks for just these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fer_utils import travel
from fer_utils.errors import FerError
from fer_utils.travel import leave, packed, take, unpacked
from tests.reproduce.signed_folder import make_run, sign

RUN = "05_mobilenet_jaffe/london-evening"
ASKED = {"data": {"london": "0123"}, "settings": {"epochs": 20, "widths": (8, 16)}, "seed": 0}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "G.weight": random.normal(size=(6, 3, 5, 5)).astype(np.float32),
        "G.bias": random.normal(size=6).astype(np.float32),
        "flat.weight": np.zeros((2, 4), np.float32),
        "code_mean": random.normal(size=50),
        "history": np.full((3, 2), np.nan),
    }


@pytest.fixture
def lender(tmp_path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Recorded results with one run that leaves ``G``."""
    folder = make_run(tmp_path, RUN)
    leave(folder / "networks" / "G.safetensors", arrays, ASKED)
    sign(folder)
    return tmp_path


def test_what_comes_back_is_at_most_half_a_step_off(arrays: dict[str, np.ndarray]) -> None:
    small = packed(arrays)
    assert small["G.weight"].dtype == np.int8 and small["G.weight"].shape == (6, 3, 5, 5)
    back = unpacked(small)
    assert set(back) == set(arrays)
    rows = arrays["G.weight"].reshape(6, -1)
    off = np.abs(back["G.weight"].reshape(6, -1) - rows).max(axis=1)
    assert (off <= 0.5001 * np.abs(rows).max(axis=1) / 127).all() and off.max() > 0
    for name in ("G.bias", "flat.weight", "code_mean", "history"):
        np.testing.assert_array_equal(back[name], arrays[name].astype(np.float32))


def test_who_asks_for_the_same_gets_it(lender: Path, arrays: dict[str, np.ndarray]) -> None:
    found = take(lender, RUN, "G", ASKED)
    expected = unpacked(packed(arrays))
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 1}, r"another seed \(0, here 1\)"),
        ({"settings": {"epochs": 3, "widths": (8, 16)}}, r"another settings.epochs \(20, here 3\)"),
        ({"settings": {"epochs": 20, "widths": (8, 32)}}, "another settings.widths"),
        ({"data": {"london": "4567"}}, r"another data.london \(0123, here 4567\)"),
        ({"data": {"london": "0123", "jaffe": "1"}}, r"another data.jaffe \(none, here 1\)"),
    ],
)
def test_who_asks_for_something_else_does_not(lender: Path, changed: dict, told: str) -> None:
    with pytest.raises(FerError, match=told):
        take(lender, RUN, "G", {**ASKED, **changed})


def test_another_file_in_its_place_is_not_lent(lender: Path, arrays: dict[str, np.ndarray]) -> None:
    leave(lender / RUN / "networks" / "G.safetensors", {**arrays, "G.bias": arrays["G.bias"] + 1}, ASKED)
    with pytest.raises(FerError, match="is not the one that its receipt lists"):
        take(lender, RUN, "G", ASKED)


@pytest.mark.parametrize(
    "broken", ["{", "[]", '{"ok": true}', '{"ok": true, "files": null}', '{"ok": false, "files": {}}']
)
def test_a_run_that_did_not_end_well_lends_nothing(lender: Path, broken: str) -> None:
    (lender / RUN / "receipt.json").write_text(broken)
    with pytest.raises(FerError, match=f"no recorded run {RUN} has left a network G"):
        take(lender, RUN, "G", ASKED)


def test_a_run_or_a_network_that_is_not_there(lender: Path) -> None:
    for run, name in ((RUN, "D"), ("05_mobilenet_jaffe/jaffe-evening", "G")):
        with pytest.raises(FerError, match=f"no recorded run {run} has left a network {name}"):
            take(lender, run, name, ASKED)


def test_a_file_that_does_not_say_what_it_was_trained_with(lender: Path) -> None:
    file = lender / RUN / "networks" / "G.safetensors"
    save_file(load_file(file), file)
    sign(lender / RUN)
    with pytest.raises(FerError, match="cannot be read"):
        take(lender, RUN, "G", ASKED)


def test_a_network_that_is_too_large_for_git(
    tmp_path: Path, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "MOST_BYTES", 100)
    with pytest.raises(FerError, match="100 at most"):
        leave(tmp_path / "G.safetensors", arrays, ASKED)
    assert list(tmp_path.iterdir()) == []
