"""Stand-ins in the cache: written once, by one process at a time, and again when one is damaged."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fer_utils.avatars.stand_ins import PLANS, Plan, shelf
from fer_utils.avatars.stand_ins.plan import Part
from fer_utils.avatars.stand_ins.shelf import kept
from fer_utils.cache_dir import cache_dir
from fer_utils.datasets.base import STAND_IN_FILE
from fer_utils.errors import FerError

WRITTEN = {"a/0.txt": b"one", "a/1.txt": b"two"}


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """JAFFE's stand-in is two files; the list grows by a word each time it is made."""
    made: list[str] = []

    def plan() -> Plan:
        made.append("made")
        return Plan([Part(name, lambda content=content: content) for name, content in WRITTEN.items()], 2, 1, ["tiny"])

    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(PLANS, "jaffe", plan)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return {name: content for name, content in files.items() if name != STAND_IN_FILE}


def test_it_is_written_once(plans: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    folder = kept("jaffe")
    assert contents(folder) == WRITTEN and folder.is_relative_to(cache_dir())
    assert kept("jaffe") == folder and plans == ["made"]
    assert "note:" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "damage", ["truncated", "a bit", "missing", "one more", "marker", "marker missing", "unsealed"]
)
def test_a_damaged_one_is_made_anew_with_a_note(
    plans: list[str], capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    folder = kept("jaffe")
    picture, marker, text = folder / "a" / "0.txt", folder / STAND_IN_FILE, (folder / STAND_IN_FILE).read_text()
    {
        "truncated": lambda: picture.write_bytes(b"on"),
        "a bit": lambda: picture.write_bytes(b"onE"),
        "missing": picture.unlink,
        "one more": lambda: (folder / "a" / "2.txt").write_bytes(b"three"),
        "marker": lambda: marker.write_text(text[:40]),
        "marker missing": marker.unlink,
        "unsealed": (folder.parent / ".jaffe.sha256").unlink,
    }[damage]()
    assert kept("jaffe") == folder
    assert contents(folder) == WRITTEN and marker.read_text() == text and plans == ["made", "made"]
    assert kept("jaffe") == folder and plans == ["made", "made"]
    note = f"note: stand_ins/{folder.parent.name}/jaffe in the cache cannot be used"
    assert capfd.readouterr().err.count(note) == 1


def test_a_stand_in_under_another_s_name_is_made_anew(plans: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLANS, "kdef", PLANS["jaffe"])
    jaffe = kept("jaffe")
    jaffe.rename(jaffe.with_name("kdef"))
    (jaffe.parent / ".jaffe.sha256").rename(jaffe.parent / ".kdef.sha256")
    kept("kdef")
    assert plans == ["made", "made"]


def test_of_two_that_need_it_at_once_the_second_waits(plans: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, notes, found = threading.Event(), threading.Event(), [], []
    write = shelf.write

    def slowly(name: str, to: Path) -> None:
        begun.set()
        assert go_on.wait(60)
        write(name, to)

    def said(text: str) -> None:
        notes.append(text)
        go_on.set()

    monkeypatch.setattr(shelf, "write", slowly)
    monkeypatch.setattr("fer_utils.locks.note", said)
    threads = [threading.Thread(target=lambda: found.append(kept("jaffe"))) for _ in range(2)]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert plans == ["made"] and len(found) == 2 and found[0] == found[1] and contents(found[0]) == WRITTEN
    assert notes == ["another process is making the stand-in for jaffe; waiting until it is done"]


def test_a_cache_that_cannot_be_written_says_how_to_move_it(
    plans: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "a file"))
    with pytest.raises(FerError, match="FER_CACHE=DIR"):
        kept("jaffe")
