"""What the open data sets' sites have: each file's address, size and published checksum.

The addresses and the form of the answers follow the sites' public interfaces as known in 2025. They were
tried against a local server only, never against the sites: if one has changed, the message says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fer_utils.datasets.archives import name_fault
from fer_utils.datasets.download import RemoteFile
from fer_utils.datasets.https import Session, Unreachable, read_json

ZENODO_RAVDESS = "https://zenodo.org/api/records/1188976"
FIGSHARE_LONDON = "https://api.figshare.com/v2/articles/5047666/files?page_size=1000"
UCI_CMU_FACES = "https://archive.ics.uci.edu/static/public/124/cmu+face+images.zip"

RAVDESS_VIDEOS = tuple(
    f"Video_{channel}_Actor_{actor:02d}.zip"
    for channel in ("Speech", "Song")
    for actor in range(1, 25)
    if (channel, actor) != ("Song", 18)
)
"""24 archives of speech and 23 of song: actor 18 did not sing."""


@dataclass(frozen=True)
class Source:
    """Where an open data set comes from.

    ``page`` is for a person's browser; ``listing(session)`` asks the site for its files. ``inner``
    names, where there is one, the archive inside the archive and the folder in it that is wanted.
    """

    page: str
    listing: Callable[[Session], list[RemoteFile]]
    inner: tuple[str, str] | None = None


def ravdess(session: Session) -> list[RemoteFile]:
    """The video archives of RAVDESS, by Zenodo's record 1188976.

    Raises:
        Unreachable: no network, or the listing lacks one of :data:`RAVDESS_VIDEOS`.
    """
    answer = read_json(session, ZENODO_RAVDESS)
    listed = _read(ZENODO_RAVDESS, lambda: [_zenodo_file(entry) for entry in answer["files"]])
    by_name = {file.name: file for file in listed}
    if missing := [name for name in RAVDESS_VIDEOS if name not in by_name]:
        raise Unreachable(f"{ZENODO_RAVDESS} does not list {', '.join(missing)}; has the record changed?")
    return [by_name[name] for name in RAVDESS_VIDEOS]


def london(session: Session) -> list[RemoteFile]:
    """All files of the Face Research Lab London Set, by figshare's article 5047666.

    Raises:
        Unreachable: no network, or no listing.
    """
    answer = read_json(session, FIGSHARE_LONDON)
    return _read(FIGSHARE_LONDON, lambda: [_figshare_file(entry) for entry in answer])


def cmu_faces(session: Session) -> list[RemoteFile]:
    """The archive of the CMU faces at UCI, which publishes neither size nor checksum."""
    return [RemoteFile("cmu+face+images.zip", UCI_CMU_FACES)]


SOURCES = {
    "london": Source("https://doi.org/10.6084/m9.figshare.5047666", london),
    "cmu_faces": Source(
        "https://archive.ics.uci.edu/dataset/124/cmu+face+images", cmu_faces, ("faces.tar.gz", "faces")
    ),
    "ravdess": Source("https://zenodo.org/records/1188976", ravdess),
}


def _zenodo_file(entry: dict[str, Any]) -> RemoteFile:
    return RemoteFile(entry["key"], entry["links"]["self"], entry["size"], entry["checksum"])


def _figshare_file(entry: dict[str, Any]) -> RemoteFile:
    return RemoteFile(entry["name"], entry["download_url"], entry["size"], f"md5:{entry['computed_md5']}")


def _read(url: str, read: Callable[[], list[RemoteFile]]) -> list[RemoteFile]:
    """What ``read`` makes of an answer, refused unless every file in it can be fetched safely."""
    try:
        files = read()
    except (KeyError, TypeError) as error:
        raise Unreachable(f"{url} does not list its files as it used to: {error}") from error
    for file in files:
        named = all(isinstance(text, str) and text for text in (file.name, file.url))
        named = named and not name_fault(file.name) and "/" not in file.name and not file.name.startswith(".")
        measured = type(file.size) is int and file.size >= 0
        if not (named and measured and re.fullmatch("md5:[0-9a-f]{32}", str(file.checksum))):
            raise Unreachable(f"{url} lists a file in a form that is not understood: {file}")
    if not files or len({file.name for file in files}) < len(files):
        raise Unreachable(f"{url} lists no file, or one name twice")
    return files
