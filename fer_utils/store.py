"""The content store: work that is done is found again by everything that went into it.

A key is the SHA-256 of an identity: JSON values in which arrays, files and face sets stand as digests, beside the
digest of the source code that does the work and the versions of the libraries that it calls. Units, read data,
preprocessed pictures and checkpoints all get their keys here and are written in the form of :mod:`fer_utils.stored`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.cache_dir import cache_dir
from fer_utils.faces import FaceSet
from fer_utils.files import sha256_file
from fer_utils.stored import read_sealed, write_sealed


def kept(
    room: str,
    identity: Mapping[str, Any],
    compute: Callable[[], dict[str, np.ndarray]],
    *,
    name: str = "",
    worth_keeping: Callable[[dict[str, np.ndarray]], bool] = bool,
) -> dict[str, np.ndarray]:
    """The arrays that ``compute`` gives, from disk if they were computed before. A damaged file is replaced.

    Args:
        room, identity, name: as for :func:`place`.
        compute: does the work and returns plain arrays.
        worth_keeping: whether a result is written; by default every one that holds an array.

    Raises:
        TypeError: ``identity`` holds a value of no agreed content, or an array holds Python objects.
        FerError: the cache cannot be written; the message says how to put it elsewhere.
    """
    path = place(room, identity, name=name)
    arrays = read_sealed(path)
    if arrays is None:
        arrays = compute()
        if worth_keeping(arrays):
            write_sealed(path, arrays)
    return arrays


def place(room: str, identity: Mapping[str, Any], *, name: str = "") -> Path:
    """The file in the cache folder that belongs to ``identity``; it need not exist.

    Args:
        room: folder below the cache folder, e.g. ``"preprocess"``.
        identity: everything that the work depends on; see :func:`content`.
        name: put before the key, in letters that a file name may hold.

    Raises:
        TypeError: ``identity`` holds a value of no agreed content.
    """
    return cache_dir() / room / f"{f'{name}-' if name else ''}{key(identity)}.npz"


def key(identity: Mapping[str, Any]) -> str:
    """64 hex digits that stand for ``identity``.

    Raises:
        TypeError: it holds a value of no agreed content.
        ValueError: it holds a number that JSON does not know (NaN, infinity).
    """
    return hashlib.sha256(json.dumps(content(identity), sort_keys=True, allow_nan=False).encode()).hexdigest()


def content(value: Any) -> Any:
    """A JSON form of ``value`` in which arrays, files (a ``Path``) and face sets are replaced by their digests.

    Raises:
        TypeError: the value has no agreed content (a model, an open file).
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, FaceSet):
        return {"faces": value.fingerprint}
    if isinstance(value, np.ndarray):
        return {"array": array_digest(value), "shape": value.shape, "dtype": str(value.dtype)}
    if isinstance(value, Path):
        return {"file": sha256_file(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: content(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, Mapping):
        return {str(name): content(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [content(item) for item in value]
    raise TypeError(f"cannot build a cache key from type {type(value).__name__}")


def array_digest(array: np.ndarray) -> str:
    """SHA-256 of an array's values in C order; its shape and dtype are not part of it."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def source_digest(*sources: Path) -> str:
    """SHA-256 over the names and bytes of source files; of a folder, those of its ``.py`` files.

    Take it when a module is imported: a file that is edited later is not the code that is running.
    """
    digest = hashlib.sha256()
    for source in sources:
        for file in sorted(source.glob("*.py")) if source.is_dir() else [source]:
            digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def versions(*packages: str) -> dict[str, str | None]:
    """The installed versions of packages; ``None`` where one is not installed. Nothing is imported for it."""
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found
