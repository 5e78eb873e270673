"""Which folders count as runs: one that is not to be trusted is named in a sentence, and all others count."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_utils.files import sha256_file
from fer_utils.reproduce import signed
from fer_utils.reproduce.signed import signed_runs
from tests.reproduce.signed_folder import CLAIM, make_run, number, sign

BAD = "05_mobilenet_jaffe/bad"


def change_receipt(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "receipt.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def lists(name: str) -> Callable[[Path], None]:
    """A receipt that lists one more file, one outside the folder; its checksum would be right."""

    def change(folder: Path) -> None:
        outside = folder.parent.parent / "outside.txt"
        outside.write_text("x")
        receipt = json.loads((folder / "receipt.json").read_text())
        receipt["files"][name] = sha256_file(outside)
        (folder / "receipt.json").write_text(json.dumps(receipt))

    return change


def receipt_text(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "receipt.json").write_text(text)


def numbers_text(text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "numbers.json").write_text(text)
        sign(folder)

    return change


def numbers(*entries: Any) -> Callable[[Path], None]:
    return numbers_text(json.dumps(entries))


def replace_by_folder(folder: Path) -> None:
    (folder / "receipt.json").unlink()
    (folder / "receipt.json").mkdir()


def link_out(folder: Path) -> None:
    (folder.parent.parent / "outside").mkdir()
    shutil.move(folder / "tables" / "values.csv", folder.parent.parent / "outside")
    (folder / "tables").rmdir()
    (folder / "tables").symlink_to(folder.parent.parent / "outside")


def with_windows_line_ends(folder: Path) -> None:
    path = folder / "tables" / "values.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


UNTRUSTED = {
    "a list": (receipt_text("[]"), "its receipt.json is not a JSON object"),
    "nothing signed": (
        receipt_text('{"files": {}, "ok": true}'),
        "its receipt.json lacks notebook, profile, kind and 4 more",
    ),
    "no JSON": (receipt_text("{"), "its receipt.json is not valid JSON"),
    "no text": (
        lambda folder: (folder / "receipt.json").write_bytes(b"\xff\xfe\x00"),
        "its receipt.json is not valid JSON",
    ),
    "nested without end": (receipt_text("[" * 100_000), "its receipt.json is not valid JSON"),
    "not a number": (change_receipt(seconds=float("nan")), "its receipt.json is not valid JSON"),
    "half a character": (receipt_text('{"notebook": "\\ud800"}'), "its receipt.json is not valid JSON"),
    "a folder for a receipt": (replace_by_folder, "its receipt.json is no file"),
    "a pipe for a receipt": (
        lambda folder: ((folder / "receipt.json").unlink(), os.mkfifo(folder / "receipt.json")),
        "its receipt.json is no file",
    ),
    "another type": (
        change_receipt(settings=[], data=True),
        "its receipt.json holds no usable value for settings, data",
    ),
    "did not end well": (change_receipt(ok="true"), "its receipt.json does not say that the run ended well"),
    "no code": (change_receipt(package={}), "its receipt.json does not name the code that ran"),
    "numbers unsigned": (change_receipt(files={"notebook.ipynb": "0"}), "its receipt.json does not list numbers.json"),
    "climbs": (lists("../../outside.txt"), "its receipt.json lists files outside the folder: ../../outside.txt"),
    "climbs on the way": (
        lists("tables/../../x"),
        "its receipt.json lists files outside the folder: tables/../../x",
    ),
    "absolute": (lists("/etc/hostname"), "its receipt.json lists files outside the folder: /etc/hostname"),
    "a link that leads out": (link_out, "its receipt.json lists files outside the folder: tables/values.csv"),
    "a name for a terminal": (lists("../\x1b[2J"), "its receipt.json lists files outside the folder: ../?[2J"),
    "a figure deleted": (
        lambda folder: (folder / "figures" / "samples.png").unlink(),
        "figures/samples.png is missing",
    ),
    "a file changed": (
        lambda folder: (folder / "tables" / "values.csv").write_text("value\n2\n"),
        "tables/values.csv is not what the run wrote",
    ),
    "a pipe for a file": (
        lambda folder: ((folder / "notebook.ipynb").unlink(), os.mkfifo(folder / "notebook.ipynb")),
        "notebook.ipynb is missing",
    ),
    "an unsigned file": (
        lambda folder: (folder / "tables" / "extra.csv").write_text("x"),
        "tables/extra.csv is not listed in its receipt.json",
    ),
    "several": (
        lambda folder: ((folder / "figures/samples.png").unlink(), (folder / "x").write_text("x")),
        "figures/samples.png is missing; x is not listed in its receipt.json",
    ),
    "other line ends": (
        with_windows_line_ends,
        "tables/values.csv is stored with other line ends (git's core.autocrlf does that)",
    ),
    "numbers are no list": (numbers_text("{}"), "its numbers.json holds no list"),
    "a number is none": (numbers(number(), 3), "number 2 of its numbers.json is not a JSON object"),
    "a number lacks": (
        numbers({"claim": CLAIM}),
        "number 1 of its numbers.json lacks protocol, value, ci95 and 7 more",
    ),
    "a value in words": (
        numbers(number() | {"value": "60"}),
        "number 1 of its numbers.json holds no usable value for value",
    ),
    "true for a value": (
        numbers(number() | {"value": True}),
        "number 1 of its numbers.json holds no usable value for value",
    ),
    "beyond a float": (numbers_text("[" + "9" * 400 + "]"), "its numbers.json is not valid JSON"),
    "infinite": (numbers_text("[1e999]"), "its numbers.json is not valid JSON"),
    "half an interval": (numbers(number(ci95=[1.0])), "number 1 of its numbers.json has an interval that is none"),
    "an interval turned round": (
        numbers(number(ci95=[70.0, 50.0])),
        "number 1 of its numbers.json has an interval that is none",
    ),
    "an unknown claim": (
        numbers(number(claim="nobody/said/this/at/all")),
        "number 1 of its numbers.json belongs to no claim of the papers: nobody/said/this/at/all",
    ),
    "an unknown protocol": (
        numbers(number("Published")),
        "number 1 of its numbers.json has the protocol Published, which is neither published nor sound",
    ),
    "a reading that is no text": (
        numbers(number(reading=["raw"])),
        "number 1 of its numbers.json holds no usable value for reading",
    ),
    "one reading twice": (
        numbers(number(reading="raw"), number(reading="-1..1"), number(reading="raw")),
        f"its numbers.json holds more than one published number for {CLAIM}, raw",
    ),
    "one number twice": (
        numbers(number(), number()),
        f"its numbers.json holds more than one published number for {CLAIM}",
    ),
}


@pytest.mark.parametrize(("spoil", "why"), UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_a_run_that_is_not_to_be_trusted_is_named_and_the_others_count(tmp_path: Path, spoil: Any, why: str):
    good = [make_run(tmp_path, name) for name in ("04_dcgan_svm/london-quick", "05_mobilenet_jaffe/london-quick")]
    spoil(make_run(tmp_path, BAD))
    runs, refused = signed_runs(tmp_path)
    assert [run.folder for run in runs] == good
    assert refused == [(BAD, why)]


def test_a_run_gives_its_receipt_and_its_numbers(tmp_path: Path):
    folder = make_run(tmp_path, numbers=[number()])
    ((run,), refused) = signed_runs(tmp_path)
    assert refused == []
    assert run == (folder, json.loads((folder / "receipt.json").read_text()), [number()])


def test_folders_under_way_or_without_a_receipt_are_no_runs(tmp_path: Path):
    kept = make_run(tmp_path)
    make_run(tmp_path, "05_mobilenet_jaffe/.old-london-quick")
    make_run(tmp_path, ".partial-0123/london-quick")
    make_run(tmp_path, "scratch/05_mobilenet_jaffe/london-quick")
    (make_run(tmp_path, "05_mobilenet_jaffe/by_hand") / "receipt.json").unlink()
    (tmp_path / "05_mobilenet_jaffe" / "note.txt").write_text("no folder")
    runs, refused = signed_runs(tmp_path)
    assert [run.folder for run in runs] == [kept] and refused == []


def test_what_file_browsers_and_jupyter_leave_about_does_no_harm(tmp_path: Path):
    folder = make_run(tmp_path)
    (folder / "figures" / ".DS_Store").write_text("x")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "notebook-checkpoint.ipynb").write_text("{}")
    runs, refused = signed_runs(tmp_path)
    assert len(runs) == 1 and refused == []


def test_no_results_are_no_runs(tmp_path: Path):
    assert signed_runs(tmp_path / "nowhere") == ([], [])


def test_a_run_that_is_replaced_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = make_run(tmp_path)
    new = make_run(tmp_path / "new", numbers=[number(value=70.0)])
    read, calls = signed._numbers, []

    def replaced_meanwhile(path: Path) -> list[dict[str, Any]]:
        calls.append(path)
        if len(calls) == 1:
            shutil.rmtree(folder)
            new.rename(folder)
            raise signed._Refused("its numbers.json cannot be read: No such file or directory")
        return read(path)

    monkeypatch.setattr(signed, "_numbers", replaced_meanwhile)
    ((run,), refused) = signed_runs(tmp_path)
    assert refused == [] and run.numbers[0]["value"] == 70.0
