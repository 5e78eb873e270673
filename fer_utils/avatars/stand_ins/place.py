"""A folder that is there whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_utils.files import disk_error, exchange
from fer_utils.locks import alone_in


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; if the block succeeds, it takes the place of ``folder``.

    It lies beside ``folder`` as ``.partial-<name>``, where no data set is looked for. What a killed run left there is
    deleted by the next one.

    Raises:
        FerError: the disk is full or read-only, or another process is filling the same folder. ``folder`` is as before.
    """
    partial = folder.parent / f".partial-{folder.name}"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        with alone_in(partial):
            try:
                _empty(partial)
                yield partial
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            exchange(partial, folder, folder.with_name(f".old-{folder.name}"))
    except OSError as error:
        raise disk_error(folder, error) from error


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
