"""``python -m fer_utils data fetch NAME``: an open data set, from its own site into its place.

Each archive is downloaded, checked, unpacked and then deleted, one after the other, so that a run
which was stopped goes on where it was. What is done is recorded in ``fetched.json`` in the folder.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_utils import datasets
from fer_utils.datasets.archives import SCRATCH, SUFFIXES, is_archive, unpack
from fer_utils.datasets.base import data_root, stand_in_marker
from fer_utils.datasets.download import RemoteFile, checksum_of, download
from fer_utils.datasets.https import Session, Unreachable
from fer_utils.datasets.listings import SOURCES, Source
from fer_utils.errors import FerError, UsageError, did_you_mean
from fer_utils.files import disk_error, require_space, write_json
from fer_utils.locks import alone_in

RECORD = "fetched.json"


def fetch(name: str, to: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Bring an open data set to this machine.

    Args:
        name: a key of :data:`~fer_utils.datasets.listings.SOURCES`.
        to: the folder of data sets, in which it gets one of its own; ``$FER_DATA`` if not given.
        say: receives each line of progress.

    Returns:
        The folder.

    Raises:
        UsageError: there is no such data set, or neither ``to`` nor ``FER_DATA`` names a place.
        FerError: the set has to be asked for; no network; too little space; a checksum, an archive
            or the folder's content is not as it should be. Each message says what to do by hand.
    """
    source = _source(name)
    folder = _folder(name, to)
    done = _read_record(folder)
    if done["complete"] and all(_intact(folder, entry) for entry in done["files"].values()):
        say(f"{name} is complete in {folder}; nothing to do")
        return folder
    if stand_in_marker(folder):
        raise FerError(f"{folder} holds a stand-in for {name}; real files must not lie beside it. Use --to DIR.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone_in(folder), Session() as session:
            _fetch_all(name, source, folder, done, session, say)
    except Unreachable as error:
        raise Unreachable(f"{error}.\n{_by_hand(name, source, folder)}") from error
    except OSError as error:
        raise disk_error(folder, error) from error
    finally:
        # An empty folder would look like a damaged data set.
        with suppress(OSError):
            folder.rmdir()
    say(f"{name} is complete in {folder}")
    if _layout(name):
        say("`python -m fer_utils data` reads and checks every file of it")
    return folder


def _layout(name: str) -> str | None:
    """How the loader wants to find the set; ``None`` if no loader reads it from this folder."""
    return datasets.dataset(name).layout if name in datasets.names() and not datasets.dataset(name).shipped else None


def _by_hand(name: str, source: Source, folder: Path) -> str:
    layout = f". Expected then: {_layout(name)}" if _layout(name) else ""
    return (
        f"What is finished is kept; the same command goes on from there. Without a network here: open {source.page} "
        f"in a browser elsewhere and unpack its archives into {folder}{layout}."
    )


def _source(name: str) -> Source:
    if name in SOURCES:
        return SOURCES[name]
    if name in datasets.names():
        known = datasets.dataset(name)
        if known.shipped:
            raise UsageError(f"{known.title} is shipped with this package; there is nothing to fetch")
        raise FerError(
            f"{known.title} can't be fetched by a program: ask its owners, or accept their terms.\n"
            f"How to get it: {known.how_to_get}"
        )
    every = sorted({*SOURCES, *datasets.names()})
    raise UsageError(
        f"there is no data set {name!r}.{did_you_mean(name, every)} Those that can be fetched: {', '.join(SOURCES)}."
    )


def _folder(name: str, to: Path | None) -> Path:
    root = to.expanduser() if to is not None else data_root()
    if root is None:
        raise UsageError(f"No destination for {name}: pass --to DIR, or set FER_DATA to the folder for data sets")
    return root.absolute() / name


def _fetch_all(
    name: str, source: Source, folder: Path, done: dict[str, Any], session: Session, say: Callable[[str], None]
) -> None:
    for left_over in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left_over)
    files = source.listing(session)
    wanted = [file for file in files if not _intact(folder, done["files"].get(file.name))]
    for file in files:
        if file not in wanted and is_archive(file.name):
            (folder / file.name).unlink(missing_ok=True)
    for file in wanted:
        place = _place(folder, file.name, source)
        if place.exists() and is_archive(file.name):
            raise FerError(f"{place} is there already, and not as this command left it. Move it away or use --to DIR.")
    _require_space(folder, wanted)
    for file in wanted:
        entry = _fetch_one(session, source, folder, file, done["files"].get(file.name), say)
        done["files"][file.name] = entry
        write_json(folder / RECORD, {"name": name, "page": source.page, **done})
        # Only now: a run that stops before would have to fetch it again.
        if is_archive(file.name):
            (folder / file.name).unlink()
        say(f"{files.index(file) + 1}/{len(files)} {file.name}: in {_place(folder, file.name, source)}")
    write_json(folder / RECORD, {"name": name, "page": source.page, **done, "complete": True})


def _fetch_one(
    session: Session, source: Source, folder: Path, file: RemoteFile, before: dict[str, Any] | None,
    say: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    published = file.checksum is not None
    if before is not None and not published:
        file = replace(file, checksum=before["checksum"])
    target = folder / file.name
    download(session, file, target)
    checksum = file.checksum or checksum_of(target, "sha256")
    if not published:
        said = "as when it was first fetched" if before else "trusted on first use: compare it with a colleague's"
        say(f"no checksum is published for {file.name}; its own is {checksum}, {said}")
    size = target.stat().st_size
    place = _place(folder, file.name, source)
    if is_archive(file.name):
        try:
            _unpack(target, place, source, folder)
        except FerError as error:
            if published:
                raise
            target.unlink()
            raise FerError(f"{error}\nIt was deleted, so that the same command fetches it again.") from error
    count, unpacked = _measure(place)
    return {
        "url": file.url, "bytes": size, "checksum": checksum, "published": published,
        "place": place.relative_to(folder).as_posix(), "files": count, "unpacked_bytes": unpacked,
    }  # fmt: skip


def _place(folder: Path, file_name: str, source: Source) -> Path:
    """Where a remote file ends: an archive as a folder of its name, any other file as it is."""
    if not is_archive(file_name):
        return folder / file_name
    if source.inner:
        return folder / source.inner[1]
    suffix = next(suffix for suffix in SUFFIXES if file_name.lower().endswith(suffix))
    return folder / file_name[: -len(suffix)]


def _unpack(archive: Path, place: Path, source: Source, folder: Path) -> None:
    if source.inner is None:
        unpack(archive, place)
        return
    inner, wanted = source.inner
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
        outer = Path(scratch) / "outer"
        unpack(archive, outer)
        if not (outer / inner).is_file():
            raise FerError(f"{archive} holds no {inner}, which is what is wanted of it")
        unpack(outer / inner, Path(scratch) / "inner")
        if not (Path(scratch) / "inner" / wanted).is_dir():
            raise FerError(f"{inner} in {archive} holds no folder {wanted}/, which is what is wanted of it")
        (Path(scratch) / "inner" / wanted).rename(place)


def _require_space(folder: Path, wanted: Sequence[RemoteFile]) -> None:
    """Room for all that is known, once unpacked (pictures and videos hardly shrink), and one archive beside it."""
    sizes = [file.size or 0 for file in wanted]
    here = [path.stat().st_size for file in wanted for path in folder.glob(f"{file.name}*") if path.is_file()]
    require_space(folder, sum(sizes) + max(sizes, default=0) - sum(here))


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    if not path.exists():
        return {"complete": False, "files": {}}
    try:
        record = json.loads(path.read_text("utf-8"))
        files = {
            name: {key: kind(entry[key]) for key, kind in _ENTRY.items()} for name, entry in record["files"].items()
        }
        return {"complete": bool(record["complete"]), "files": files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FerError(f"{path} is damaged ({error!r}). Move {folder} away, or use --to DIR.") from error


_ENTRY = {
    "url": str, "bytes": int, "checksum": str, "published": bool, "place": str, "files": int, "unpacked_bytes": int,
}  # fmt: skip


def _intact(folder: Path, entry: dict[str, Any] | None) -> bool:
    return entry is not None and _measure(folder / entry["place"]) == (entry["files"], entry["unpacked_bytes"])


def _measure(place: Path) -> tuple[int, int]:
    """How many files lie at or below ``place``, and how many bytes they have."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)
