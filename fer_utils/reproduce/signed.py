"""Signed runs: which folders below ``results`` count as runs, and what is wrong with those that do not.

A run is ``results/<notebook>/<name>/`` with a ``receipt.json``. Its receipt must be complete and its files exactly
those that the receipt lists, bytes and all; otherwise the run is refused, in one sentence, and the others count.
A receipt is a list of checksums and no signature: whoever changes a file can also change the receipt.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from fer_utils.datasets.findings import few
from fer_utils.files import sha256_file
from fer_utils.papers.claims import load_claims
from fer_utils.papers.study import PROTOCOLS

RECEIPT = "receipt.json"
NUMBERS = "numbers.json"
NOTEBOOK = "notebook.ipynb"

_NUMBER = (int, float)
# What the report reads. A tuple lists the types that will do.
_RECEIPT_HOLDS = {
    "notebook": str,
    "profile": str,
    "kind": (str, type(None)),
    "settings": dict,
    "data": dict,
    "device": dict,
    "package": dict,
    "files": dict,
}
_NUMBER_HOLDS = {
    "claim": str,
    "protocol": str,
    "value": _NUMBER,
    "ci95": (list, type(None)),
    "n": _NUMBER,
    "dataset": str,
    "kind": str,
    "profile": str,
    "interval": str,
    "reference": (*_NUMBER, type(None)),
    "leak": str,
}


class SignedRun(NamedTuple):
    """A run whose files are what its receipt says."""

    folder: Path
    receipt: dict[str, Any]
    numbers: list[dict[str, Any]]
    """The entries of ``numbers.json``: at most one a claim, protocol and reading."""


class RefusedRun(NamedTuple):
    """A folder that calls itself a run and is not to be trusted; both texts can be printed."""

    run: str
    """Its path below ``results``."""
    why: str
    """What is wrong, as the end of a sentence that begins with the path."""


class _Refused(Exception):
    """What is wrong with a run."""


def signed_runs(results: Path) -> tuple[list[SignedRun], list[RefusedRun]]:
    """All runs below ``results``, in the order of their paths, and those that are refused.

    Folders without a receipt are no runs, nor are those whose name begins with a dot: work under way, or set aside.
    """
    runs, refused = [], []
    for folder in _folders(results):
        try:
            runs.append(_steady(folder))
        except _Refused as problem:
            name = folder.relative_to(results).as_posix()
            refused.append(RefusedRun(printable(name), printable(str(problem))))
    return runs, refused


def printable(text: str) -> str:
    """The text with a question mark for whatever a terminal might obey or a file cannot hold."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _folders(results: Path) -> list[Path]:
    return [
        folder
        for notebook in _subfolders(results)
        for folder in _subfolders(notebook)
        if os.path.lexists(folder / RECEIPT)
    ]


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:  # not there, or not ours to read: nothing in it can be reported
        return []


def _steady(folder: Path) -> SignedRun:
    """Read a run; once more if another process put a new one in its place meanwhile."""
    for last in (False, False, True):
        before = _identity(folder)
        try:
            return _read(folder)
        except _Refused:
            if last or _identity(folder) == before:
                raise
    raise AssertionError("not reached")


def _identity(folder: Path) -> tuple[int, ...] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _read(folder: Path) -> SignedRun:
    receipt = _json(folder / RECEIPT)
    _require(receipt, _RECEIPT_HOLDS, f"its {RECEIPT}")
    if receipt.get("ok") is not True:
        raise _Refused(f"its {RECEIPT} does not say that the run ended well")
    if not isinstance(receipt["package"].get("digest"), str):
        raise _Refused(f"its {RECEIPT} does not name the code that ran")
    if not (folder.name.isprintable() and folder.parent.name.isprintable()):
        raise _Refused("its folder's name holds characters that cannot be printed")
    _check_files(folder, receipt["files"])
    return SignedRun(folder, receipt, _numbers(folder / NUMBERS))


def _json(path: Path) -> Any:
    """What a JSON file of a run holds: no NaN, no infinity, no half characters."""
    try:
        if not path.is_file():  # a pipe would be read for ever
            raise _Refused(f"its {path.name} is no file")
        value = json.loads(path.read_text(encoding="utf-8"), parse_int=_int)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except OSError as error:
        raise _Refused(f"its {path.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise _Refused(f"its {path.name} is not valid JSON") from error
    return value


def _int(digits: str) -> int:
    if len(digits) > 300:
        raise ValueError("more than a float can hold")
    return int(digits)


def _require(value: Any, wanted: dict[str, Any], what: str) -> None:
    """Raise unless ``value`` is a JSON object with the wanted keys and kinds of values."""
    if not isinstance(value, dict):
        raise _Refused(f"{what} is not a JSON object")
    missing = [name for name in wanted if name not in value]
    if missing:
        raise _Refused(f"{what} lacks {few(missing)}")
    wrong = [
        name for name, kinds in wanted.items() if not isinstance(value[name], kinds) or isinstance(value[name], bool)
    ]
    if wrong:
        raise _Refused(f"{what} holds no usable value for {few(wrong)}")


def _check_files(folder: Path, signed: dict[str, Any]) -> None:
    """Raise unless the folder's files are the signed ones, and no others.

    Files and folders whose name begins with a dot are left out: what file browsers and Jupyter leave about is
    never shown.
    """
    climbing = [name for name in signed if not _stays_within(folder, name)]
    if climbing:
        raise _Refused(f"its {RECEIPT} lists files outside the folder: {few(climbing)}")
    unsigned_parts = [name for name in (NUMBERS, NOTEBOOK) if name not in signed]
    if unsigned_parts:
        raise _Refused(f"its {RECEIPT} does not list {few(unsigned_parts)}")
    missing: list[str] = []
    changed: list[str] = []
    line_ends: list[str] = []
    for name, digest in signed.items():
        path = folder / name
        try:
            if not path.is_file():
                missing.append(name)
            elif sha256_file(path) != digest:
                (line_ends if _with_unix_line_ends(path) == digest else changed).append(name)
        except OSError as error:
            raise _Refused(f"{name} cannot be read: {error.strerror or error}") from error
    extra = sorted(_files(folder) - set(signed) - {RECEIPT})
    problems = [
        f"{few(names)} {'is' if len(names) == 1 else 'are'} {words}"
        for names, words in (
            (missing, "missing"),
            (changed, "not what the run wrote"),
            (line_ends, "stored with other line ends (git's core.autocrlf does that)"),
            (extra, f"not listed in its {RECEIPT}"),
        )
        if names
    ]
    if problems:
        raise _Refused("; ".join(problems))


def _stays_within(folder: Path, name: str) -> bool:
    """Whether ``name`` is a plain relative path to something inside the folder, links followed."""
    path = PurePosixPath(name)
    if "\0" in name or path.is_absolute() or ".." in path.parts or path.as_posix() != name or not path.parts:
        return False
    try:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, half characters
        return False


def _with_unix_line_ends(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _files(folder: Path) -> set[str]:
    found = set()
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found |= {(Path(parent) / name).relative_to(folder).as_posix() for name in names if not name.startswith(".")}
    return found


def _numbers(path: Path) -> list[dict[str, Any]]:
    numbers = _json(path)
    if not isinstance(numbers, list):
        raise _Refused(f"its {NUMBERS} holds no list")
    known = set(load_claims().index)
    seen = set()
    for position, number in enumerate(numbers, start=1):
        what = f"number {position} of its {NUMBERS}"
        _require(number, _NUMBER_HOLDS, what)
        if not isinstance(number.get("reading", ""), str):
            raise _Refused(f"{what} holds no usable value for reading")
        key = (number["claim"], number["protocol"], number.get("reading", ""))
        if number["claim"] not in known:
            raise _Refused(f"{what} belongs to no claim of the papers: {number['claim']}")
        if number["protocol"] not in PROTOCOLS:
            raise _Refused(f"{what} has the protocol {number['protocol']}, which is neither published nor sound")
        if key in seen:
            raise _Refused(f"its {NUMBERS} holds more than one {key[1]} number for {', '.join(filter(None, key[::2]))}")
        if not _is_interval(number["ci95"]):
            raise _Refused(f"{what} has an interval that is none")
        if not isinstance(number.get("changed", {}), dict):
            raise _Refused(f"{what} holds no usable value for changed")
        seen.add(key)
    return numbers


def _is_interval(ci95: Any) -> bool:
    if ci95 is None:
        return True
    plain = len(ci95) == 2 and all(isinstance(end, _NUMBER) and not isinstance(end, bool) for end in ci95)
    return plain and ci95[0] <= ci95[1]
