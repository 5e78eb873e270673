"""Trained networks that travel: a recorded run leaves them, and a run without the time to train takes them over.

A network belongs to what it was trained with: settings, pictures, rows, seed. The file says so, and who asks for a
network of anything else does not get it. The file belongs to its run: one that the run's receipt does not list, byte by
byte, is not lent.

Weights are kept as 8-bit integers, a row at a time with the row's own step, in a quarter of the bytes: what comes back
is at most half a step off, 1/254 of the row's largest weight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fer_utils.errors import FerError
from fer_utils.files import sha256_file, whole_file

RESULTS = Path(__file__).parents[1] / "results"
"""Where recorded runs lie."""
FOLDER = "networks"
"""Below a run's folder."""
MOST_BYTES = 3_000_000
"""Of one file: git keeps it."""
STEPS = 127
"""Of a row's largest weight."""


def packed(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Matrices and kernels ``[N, ...]`` as ``int8`` with a step a row, ``float32 [N]``; the rest as ``float32``."""
    found: dict[str, np.ndarray] = {}
    for name, values in arrays.items():
        if not name.endswith(".weight") or values.ndim < 2:
            found[name] = values.astype(np.float32)
            continue
        rows = values.reshape(len(values), -1)
        steps = np.abs(rows).max(axis=1) / STEPS
        steps[steps == 0] = 1
        found[name] = np.rint(rows / steps[:, None]).astype(np.int8).reshape(values.shape)
        found[f"{name}/step"] = steps.astype(np.float32)
    return found


def unpacked(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What :func:`packed` packed, ``float32`` all of it."""
    found = {name: values for name, values in arrays.items() if not name.endswith("/step")}
    for name, values in found.items():
        if f"{name}/step" in arrays:
            steps = arrays[f"{name}/step"].reshape(-1, *[1] * (values.ndim - 1))
            found[name] = values.astype(np.float32) * steps
    return found


def leave(path: Path, arrays: Mapping[str, np.ndarray], trained_with: Mapping[str, Any]) -> None:
    """Write a network.

    Args:
        path: ending in ``.safetensors``.
        arrays: its weights, and what else belongs to it.
        trained_with: JSON values; whoever takes it must ask for the same.

    Raises:
        FerError: it is larger than :data:`MOST_BYTES`.
    """
    data = save(packed(arrays), {"trained_with": json.dumps(trained_with, sort_keys=True)})
    if len(data) > MOST_BYTES:
        raise FerError(
            f"network {path.stem} has {len(data):,} bytes; git keeps recorded runs, so {MOST_BYTES:,} at most"
        )
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def take(results: Path, run: str, name: str, trained_with: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A network that a recorded run left.

    Args:
        results: the folder of recorded runs.
        run: ``notebook/run`` below it.
        name: of the network.
        trained_with: what it must have been trained with.

    Raises:
        FerError: the run is not there, left no such network or another file in its place, or trained it with something
            else.
    """
    file, signed = results / run / FOLDER / f"{name}.safetensors", _signed(results / run)
    digest = signed.get(f"{FOLDER}/{file.name}")
    if digest is None or not file.is_file():
        raise FerError(f"no recorded run {run} has left a network {name}")
    try:
        if sha256_file(file) != digest:
            raise FerError(f"network {name} of {run} is not the one that its receipt lists. Restore it with git")
        with safe_open(file, "numpy") as opened:
            theirs = json.loads((opened.metadata() or {})["trained_with"])
            names = opened.keys()
            arrays = {key: opened.get_tensor(key) for key in names}
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise FerError(f"network {name} of {run} cannot be read ({error})") from error
    # As JSON has them: no tuples.
    ours = json.loads(json.dumps(trained_with))
    apart = [f"{key} ({_short(theirs, key)}, here {_short(ours, key)})" for key in _differ(theirs, ours)]
    if apart:
        raise FerError(f"network {name} of {run} was trained with another {'; another '.join(apart[:3])}")
    return unpacked(arrays)


def _signed(folder: Path) -> dict[str, str]:
    """The files that a run's receipt lists, with their digests; none where it has no receipt, or did not end well."""
    try:
        receipt = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    files = receipt.get("files") if isinstance(receipt, dict) and receipt.get("ok") is True else None
    return files if isinstance(files, dict) else {}


def _differ(theirs: Mapping[str, Any], ours: Mapping[str, Any], within: str = "") -> list[str]:
    found = []
    for key in sorted({*theirs, *ours}):
        one, other = theirs.get(key), ours.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _differ(one, other, f"{within}{key}.")
        elif one != other:
            found.append(f"{within}{key}")
    return found


def _short(values: Any, path: str) -> str:
    for key in path.split("."):
        values = values.get(key, "none") if isinstance(values, dict) else "none"
    text = str(values)
    return text if len(text) <= 20 else f"{text[:17]}…"
