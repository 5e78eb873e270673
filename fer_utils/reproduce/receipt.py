"""The receipt: who made these files, from what, and what they were when it was signed.

Times and machine facts live here alone, so that tables and numbers of two runs can be compared
byte by byte. What computed the numbers is told by the process that did, which need not be this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_utils import datasets
from fer_utils.errors import FerError
from fer_utils.files import sha256_file, write_json
from fer_utils.papers.parameters import named
from fer_utils.reproduce.crate import CRATE, crate
from fer_utils.reproduce.provenance import check_process

if TYPE_CHECKING:
    from fer_utils.reproduce.request import Request


def write_receipt(folder: Path, request: Request, started: datetime, facts: Mapping[str, Any]) -> None:
    """Write ``ro-crate-metadata.json`` and then, last of all, ``receipt.json``.

    Args:
        folder: holds everything the run wrote.
        request: what was asked for.
        started: when the first cell began (UTC).
        facts: what :meth:`fer_utils.reproduce.run.Run.finish` reported.

    Raises:
        FerError: the process that computed ran other code or libraries than this one, or a figure shows people whose
            pictures may not be passed on; nothing is written.
    """
    process = facts.get("process") or {}
    check_process(process)
    _check_people(facts["figures"])
    ended = datetime.now(UTC)
    files = {
        path.relative_to(folder).as_posix(): sha256_file(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
    receipt = {
        "notebook": request.notebook,
        "parameters": named(dict(request.parameters)),
        "changed": facts["changed"],
        "profile": facts["profile"],
        "kind": facts["kind"],
        "started": started.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round((ended - started).total_seconds(), 1),
        "ok": True,
        "settings": facts["settings"],
        "seeds": facts["seeds"],
        "data": facts["data"],
        "figures": facts["figures"],
        **({"differs": facts["differs"]} if facts.get("differs") else {}),
        **({"networks": facts["networks"]} if facts.get("networks") else {}),
        "device": facts["device"],
        **({"work": facts["work"]} if facts.get("work") else {}),
        "workers": request.workers,
        "dask": bool(request.dask),
        "arithmetic": process["arithmetic"],
        "package": process["package"],
        "libraries": process["libraries"],
        "files": files,
    }
    write_json(folder / CRATE, crate(receipt))
    files[CRATE] = sha256_file(folder / CRATE)
    write_json(folder / "receipt.json", receipt)


def _check_people(figures: Mapping[str, Sequence[str]]) -> None:
    """Refuse to sign a figure that shows people of a set whose licence forbids it: ``{figure: ["jaffe (real)"]}``."""
    for figure, people in figures.items():
        for shown in people:
            name, _, kind = shown.removesuffix(")").partition(" (")
            if kind != "stand-in" and not datasets.dataset(name).publishable:
                raise FerError(f"figure {figure} shows people of {name}, whose licence forbids it: no receipt")
