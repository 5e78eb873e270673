"""``ro-crate-metadata.json``: a run as a Process Run Crate, derived from its receipt.

RO-Crate 1.1 with the Process Run Crate profile 0.5 (https://w3id.org/ro/wfrun/process/0.5): the notebook's execution is
a ``CreateAction`` whose instrument is the notebook, whose objects are parameters and data, and whose results are the
files, the receipt among them. Who ran it is left out, because no receipt says so.

``python -m fer_utils.reproduce.crate`` writes the crates of the recorded runs again after a change of this module.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer_utils.files import sha256_file, write_json
from fer_utils.reproduce.folders import move_into_place, settled, working_folder
from fer_utils.reproduce.kept_pictures import MIME_TYPES
from fer_utils.reproduce.signed import RECEIPT, SignedRun, signed_runs

CRATE = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]

_FORMATS = {".csv": "text/csv", ".json": "application/json", ".ipynb": "application/x-ipynb+json", **MIME_TYPES}


def crate(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a run's folder.

    Args:
        receipt: at least ``notebook profile started ended data package files`` of one; ``files`` may hold the crate.
    """
    notebook, package = receipt["notebook"], receipt["package"]
    names = sorted({*receipt["files"], RECEIPT} - {CRATE})
    parts = [{"@id": name} for name in names]
    inputs = [_parameter(name, value) for name, value in (receipt.get("parameters") or {}).items()]
    inputs += [_data(name, fingerprint) for name, fingerprint in receipt["data"].items()]
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"papermill execution of {notebook}.ipynb",
        "description": f"Every cell of the notebook, in order, in the profile {receipt['profile']}.",
        "instrument": {"@id": f"#{notebook}"},
        "object": [{"@id": entity["@id"]} for entity in inputs],
        "result": parts,
        "startTime": receipt["started"],
        "endTime": receipt["ended"],
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Results of {notebook}",
        "description": f"Tables, figures, numbers and the executed notebook of one signed run; see {RECEIPT}.",
        "datePublished": receipt["ended"],
        "license": {"@id": "https://spdx.org/licenses/MIT"},
        "conformsTo": {"@id": PROFILE},
        "hasPart": parts,
        "mentions": {"@id": "#run"},
    }
    graph = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
        {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {
            "@id": "https://spdx.org/licenses/MIT",
            "@type": "CreativeWork",
            "name": "MIT License",
            "description": "Of code and numbers; each data set keeps its own licence.",
        },
        action,
        {
            "@id": f"#{notebook}",
            "@type": "SoftwareApplication",
            "name": f"notebooks/{notebook}.ipynb",
            "softwareVersion": package["digest"],
            "softwareRequirements": {"@id": "#fer_utils"},
        },
        {
            "@id": "#fer_utils",
            "@type": "SoftwareApplication",
            "name": "fer_utils",
            "softwareVersion": f"{package.get('version', 'unknown')}, digest {package['digest']}",
            "identifier": package.get("commit", "unknown"),
        },
        *inputs,
        *map(_file, names),
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _parameter(name: str, value: Any) -> dict[str, Any]:
    return {"@id": f"#parameter-{name}", "@type": "PropertyValue", "name": name, "value": str(value)}


def _data(name: str, fingerprint: str) -> dict[str, Any]:
    return {"@id": f"#data-{name}", "@type": "Dataset", "name": name, "identifier": fingerprint}


def _file(name: str) -> dict[str, Any]:
    entity = {
        "@id": name,
        "@type": "File",
        "encodingFormat": _FORMATS.get(Path(name).suffix, "application/octet-stream"),
    }
    if name == RECEIPT:
        entity["description"] = "Checksums of the other files; settings, data, code, libraries and machine of the run."
    return entity


def write_again(results: Path) -> list[str]:
    """Write the crate of every signed run below ``results`` as :func:`crate` makes it today.

    A crate says nothing that its receipt does not, so no notebook is run. The receipt's checksum of the crate changes
    with it, and the receipt says so under ``rewritten``. Each run changes as a whole or not at all.

    Returns:
        The runs that were changed, as ``notebook/name``.
    """
    with settled(results):
        found, _ = signed_runs(results)
    return [_write_again(run, results) for run in found if _differs(run)]


def _differs(run: SignedRun) -> bool:
    if not {"started", "ended"} <= set(run.receipt):
        return False
    return _written(run.folder / CRATE) != crate(run.receipt)


def _written(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _write_again(run: SignedRun, results: Path) -> str:
    why = f"written again from this receipt on {datetime.now(UTC).date()}, as a Process Run Crate"
    with working_folder(results) as working:
        copy = working / "run"
        shutil.copytree(run.folder, copy)
        write_json(copy / CRATE, crate(run.receipt))
        files = run.receipt["files"] | {CRATE: sha256_file(copy / CRATE)}
        rewritten = run.receipt.get("rewritten", {}) | {CRATE: why}
        write_json(copy / RECEIPT, run.receipt | {"rewritten": rewritten, "files": files})
        move_into_place(copy, run.folder)
    return f"{run.folder.parent.name}/{run.folder.name}"


if __name__ == "__main__":
    from fer_utils.reproduce.provenance import PACKAGE

    changed = write_again(PACKAGE.parent / "results")
    print(f"crates written again: {len(changed)}", *changed, sep="\n  ", file=sys.stderr)
