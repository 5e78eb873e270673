"""Archives from elsewhere are unpacked whole or not at all, and never outside the folder meant for them.

Every name, kind and size is looked at before the first byte is written; one bad member refuses the
archive. The files go to a temporary folder beside the target, which is moved into place at the end.
"""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from fer_utils.errors import FerError
from fer_utils.files import disk_error, require_space
from fer_utils.progress import track

SUFFIXES = (".zip", ".tar.gz", ".tgz")
"""A bare tar file is not among them: it has no checksum, and one cut between two members looks whole."""
SCRATCH = ".unpacking-"
"""How the temporary folders are called; one that a killed process left may be deleted."""
MOST_RATIO = 100
"""Unpacked bytes per packed byte. Pictures and videos stay below 10; a zip bomb needs 1000."""
SMALL = 64 * 2**20
"""What may always be unpacked, in bytes: a small archive of blank pictures shrinks a lot."""
MOST_MEMBERS = 1_000_000
LONGEST_PART = 255
BLOCK = 2**20

DAMAGE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError,
          RuntimeError, ValueError)  # fmt: skip
"""What the standard library raises for an archive that is cut, altered, or of a kind it can't read."""


@dataclass(frozen=True)
class Member:
    """One entry of an archive, as the archive describes it.

    ``kind`` is ``"file"``, ``"folder"`` or, for anything else, what it is; ``size`` is in bytes.
    """

    name: str
    kind: str
    size: int
    open: Callable[[], IO[bytes]]


def is_archive(name: str) -> bool:
    """Whether :func:`unpack` takes a file of this name."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar.gz file into a new folder.

    What macOS adds under ``__MACOSX/`` is left out; all else is written with ordinary permissions.

    Args:
        archive: the file; its suffix (:data:`SUFFIXES`) says what it is.
        folder: where its members go. It must not exist; its parent must.

    Raises:
        FerError: a member has an absolute path, ``..``, a drive letter, a backslash or control
            characters in its name, is a link or device, comes twice (also where only capitals
            differ), or all would be absurdly large; the archive is damaged or encrypted; the disk
            is full; ``folder`` exists. The message names the member. Nothing is left behind.
    """
    if not archive.is_file():
        raise FerError(f"there is no archive {archive}")
    if folder.exists():
        raise FerError(f"{archive} is not unpacked: {folder} is already there. Move it away first.")
    most = max(SMALL, MOST_RATIO * archive.stat().st_size)
    scratch = None
    try:
        with _members(archive, most) as listed:
            files = check_members(listed, archive.name, most)
            require_space(folder.parent, sum(member.size for member in files.values()))
            scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=folder.parent))
            whole = scratch / "whole"
            whole.mkdir()
            for name, member in track(files.items(), f"unpacking {archive.name}", total=len(files)):
                _write(member, whole / name)
            whole.rename(folder)
    except DAMAGE as error:
        raise FerError(f"{archive} is damaged or not a readable archive ({error}). Fetch it again.") from error
    except OSError as error:
        raise disk_error(folder, error) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def check_members(members: Iterable[Member], archive: str, most: int) -> dict[PurePosixPath, Member]:
    """The files among ``members`` by safe relative path, or an error that names the first bad one.

    Args:
        members: looked at one by one, so that a bomb is refused before all of it is listed.
        archive: its name, for the message.
        most: bytes that all together may have once unpacked.

    Raises:
        FerError: see :func:`unpack`.
    """
    files: dict[PurePosixPath, Member] = {}
    kinds: dict[str, str] = {}
    total = 0
    for number, member in enumerate(members):
        path = PurePosixPath(member.name)
        total += member.size
        fault = name_fault(member.name) or _kind_fault(member, path, kinds)
        if total > most or number >= MOST_MEMBERS:
            fault = f"would bring the unpacked files above {most / 1e6:.0f} MB or {MOST_MEMBERS:,} members"
        if fault:
            raise FerError(f"{archive} is not unpacked: its member {member.name!r} {fault}. Nothing was written.")
        if member.kind == "file" and path.parts[0] != "__MACOSX":
            files[path] = member
    return files


def _kind_fault(member: Member, path: PurePosixPath, kinds: dict[str, str]) -> str | None:
    """Why this member can't lie beside those in ``kinds``, which it is added to."""
    if member.kind not in ("file", "folder"):
        return f"is {member.kind}, which no data set needs"
    if not path.parts:
        return "has no name" if member.kind == "file" else None
    if any(kinds.setdefault(_same(above), "folder") == "file" for above in path.parents[:-1]):
        return "lies in a folder that is also a file"
    before = kinds.get(_same(path))
    kinds[_same(path)] = member.kind
    if before == "file" == member.kind:
        return "comes twice"
    return "is both a file and a folder" if before and before != member.kind else None


def name_fault(name: str) -> str | None:
    """Why a member's or a remote file's name must not be used as a path, or ``None`` if it may."""
    if name.startswith("/"):
        return "has an absolute path"
    if re.match(r"[A-Za-z]:", name):
        return "starts with a drive letter"
    if "\\" in name:
        return "has a backslash in its name"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return "has characters in its name that are not text"
    parts = name.split("/")
    if ".." in parts:
        return "leads out of the folder with '..'"
    if any(len(part.encode()) > LONGEST_PART for part in parts):
        return f"has a name longer than {LONGEST_PART} bytes"
    return None


def _same(path: PurePosixPath) -> str:
    """Equal for names that are one file on a disk without capitals, as macOS has."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())


def _write(member: Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as source, path.open("xb") as target:
        shutil.copyfileobj(source, target, BLOCK)
        if target.tell() != member.size:
            raise EOFError(f"{member.name!r} has {target.tell()} bytes, its entry says {member.size}")


@contextmanager
def _members(archive: Path, most: int) -> Iterator[Iterable[Member]]:
    name = archive.name.lower()
    if not is_archive(name):
        raise FerError(f"{archive} is not unpacked: only {', '.join(SUFFIXES)} are known.")
    if name.endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield (_zip_member(opened, entry) for entry in opened.infolist())
    else:
        # The whole stream is counted, headers too, which a bomb may hide in.
        with tempfile.TemporaryFile(dir=archive.parent) as plain, gzip.open(archive) as packed:
            while block := packed.read(BLOCK):
                if plain.tell() + len(block) > most:
                    raise FerError(f"{archive.name} is not unpacked: it would have more than {most / 1e6:.0f} MB.")
                plain.write(block)
            plain.seek(0)
            with tarfile.open(fileobj=plain, mode="r:") as opened:
                yield (_tar_member(opened, entry) for entry in opened)


def _zip_member(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    kinds = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "a symbolic link"}
    kind = kinds.get(stat.S_IFMT(entry.external_attr >> 16), "a special file")
    if entry.filename.endswith("/") and kind == "file":
        kind = "folder"
    if entry.flag_bits & 1:
        kind = "encrypted"
    # zipfile cuts the name at a null character; the name as it was shows what somebody tried.
    return Member(entry.orig_filename, kind, entry.file_size, lambda: opened.open(entry))


def _tar_member(opened: tarfile.TarFile, entry: tarfile.TarInfo) -> Member:
    kind = (
        "file" if entry.isfile()
        else "folder" if entry.isdir()
        else "a symbolic link" if entry.issym()
        else "a hard link" if entry.islnk()
        else "a special file"
    )  # fmt: skip

    def read() -> IO[bytes]:
        stream = opened.extractfile(entry)
        assert stream is not None
        return stream

    return Member(entry.name, kind, entry.size if kind == "file" else 0, read)
