"""A signed run as the tests need it: small, complete, made in a moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_utils.files import sha256_file

CLAIM = "mobilenet_jaffe/text/overall_accuracy/all/accuracy"


def number(protocol: str = "published", value: float = 60.0, half: float = 5.0, **changes: Any) -> dict[str, Any]:
    entry = {
        "claim": CLAIM, "value": value, "ci95": [value - half, value + half], "n": 10, "protocol": protocol,
        "dataset": "london", "kind": "real", "profile": "quick", "changed": {}, "interval": "made up",
        "reference": 50.0, "leak": "none found",
    }  # fmt: skip
    return entry | changes


def sign(folder: Path, **changes: Any) -> Path:
    """Write a receipt for what lies in the folder."""
    files = {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "receipt.json"
    }
    receipt = {
        "notebook": folder.parent.name, "profile": "quick", "kind": "real", "ok": True, "settings": {},
        "data": {"london": "0123"}, "device": {"gpu": None}, "package": {"digest": "01234567", "dirty": False},
        "files": files,
    }  # fmt: skip
    (folder / "receipt.json").write_text(json.dumps(receipt | changes), encoding="utf-8")
    return folder


def make_run(results: Path, name: str = "05_mobilenet_jaffe/london-quick", numbers: Any = None, **receipt: Any) -> Path:
    """Write ``results/<name>``: numbers, a notebook, a table, a figure, and the receipt that signs them."""
    folder = results / name
    contents = {
        "numbers.json": json.dumps([number(), number("sound", 55.0)] if numbers is None else numbers),
        "notebook.ipynb": "{}",
        "tables/values.csv": "value\n1\n",
        "figures/samples.png": "a picture",
    }
    for path, text in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    return sign(folder, **receipt)
