"""One file over HTTPS: resumed where it stopped, and checked before it gets its name.

What has arrived lies in ``NAME.part``; beside it ``NAME.part.tag`` keeps the server's mark of that
version (RFC 9110: ETag or Last-Modified), so that two versions are never glued together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import requests
import urllib3

from fer_utils.datasets.https import RANGE_NOT_SATISFIABLE, Again, Session, Unreachable, ask, patiently
from fer_utils.errors import FerError
from fer_utils.files import disk_error, require_space, write_text
from fer_utils.progress import track

BLOCK = 2**16
MEGABYTE = 10**6
PARTIAL_CONTENT = 206


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch: ``size`` in bytes and ``checksum`` as ``"md5:<hex>"`` or ``"sha256:<hex>"``, where known."""

    name: str
    url: str
    size: int | None = None
    checksum: str | None = None


def download(session: Session, file: RemoteFile, target: Path) -> None:
    """Bring ``file`` to ``target``, or check it if it is there already.

    Args:
        session: may serve many files.
        file: where it lies and what is known of it. Without a checksum only its length is checked.
        target: the path it gets once it is complete and checked.

    Raises:
        Unreachable: no network, or the server does not have it. What came so far is kept for the next call.
        FerError: it differs from its size or checksum (what came is thrown away), or the disk is full.
    """
    if target.exists():
        if fault := _fault(file, target):
            raise FerError(f"{target} {fault}. Move it away, then the same command fetches it.")
        return
    part = target.with_name(f"{target.name}.part")
    tag = part.with_name(f"{part.name}.tag")

    def receive() -> str | None:
        patiently(lambda: _receive(session, file, part, tag), lambda: _size(part), file.url)
        return _fault(file, part)

    try:
        resumed = part.exists()
        fault = receive()
        if fault and resumed:
            # The older half may be what is wrong: once more from the beginning.
            part.unlink()
            fault = receive()
        tag.unlink(missing_ok=True)
        if fault:
            part.unlink()
            raise FerError(f"what {file.url} sends {fault}. It was thrown away; try again later.")
        part.replace(target)
    except OSError as error:
        raise disk_error(target, error) from error


def checksum_of(path: Path, algorithm: str) -> str:
    """The file's checksum as ``"<algorithm>:<hex>"``; ``algorithm`` is ``"md5"`` or ``"sha256"``."""
    with path.open("rb") as stream:
        # MD5 finds damage here; nobody relies on it against an attacker, and some systems ask to be told so.
        digest = hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return f"{algorithm}:{digest.hexdigest()}"


def _receive(session: Session, file: RemoteFile, part: Path, tag: Path) -> None:
    have = _size(part)
    if have and have == file.size:
        return
    mark = tag.read_text("utf-8") if tag.exists() else ""
    if (file.size is not None and have > file.size) or not (mark or file.checksum):
        have = 0
    headers = {"Range": f"bytes={have}-", **({"If-Range": mark} if mark else {})} if have else {}
    with ask(session, file.url, headers) as response:
        resumes = response.status_code == PARTIAL_CONTENT
        if response.status_code == RANGE_NOT_SATISFIABLE or (resumes and _first_byte(response) != have):
            part.unlink(missing_ok=True)
            raise Again("the server can't go on where the last attempt stopped")
        coming = int(response.headers.get("Content-Length", 0))
        total = coming + have * resumes
        if coming and file.size not in (None, total):
            raise Unreachable(
                f"{file.url} would send {total:,} bytes instead of {file.size:,}; is a login page in between?"
            )
        require_space(part.parent, coming)
        with part.open("ab" if resumes else "wb") as stream:
            if not resumes:
                write_text(tag, _mark(response))
            for _ in track(_copy(response, stream, file), f"{file.name}, MB", total=coming // MEGABYTE):
                pass
    if file.size is not None and _size(part) < file.size:
        raise Again("the connection ended too early")


def _copy(response: requests.Response, stream: IO[bytes], file: RemoteFile) -> Iterator[None]:
    """Write the body to ``stream`` as it was sent; yields once per megabyte."""
    done = 0
    try:
        for block in response.raw.stream(BLOCK, decode_content=False):
            stream.write(block)
            for _ in range(done // MEGABYTE, (done + len(block)) // MEGABYTE):
                yield
            done += len(block)
            if file.size is not None and stream.tell() > file.size:
                raise Unreachable(f"{file.url} sends more than the {file.size:,} bytes it should have")
    except urllib3.exceptions.HTTPError as error:
        raise Again(f"the connection broke: {error}") from error


def _first_byte(response: requests.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _mark(response: requests.Response) -> str:
    """What ``If-Range`` may send back; a weak ETag may not be used there."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _fault(file: RemoteFile, path: Path) -> str | None:
    if file.size is not None and _size(path) != file.size:
        return f"has {_size(path):,} bytes instead of {file.size:,}"
    if file.checksum is not None:
        found = checksum_of(path, file.checksum.partition(":")[0])
        if found != file.checksum:
            return f"has the checksum {found} instead of {file.checksum}"
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
