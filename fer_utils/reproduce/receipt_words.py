"""A receipt in words: what a reader wants to know of a run, line by line.

Receipts of older runs lack some facts; a line that would be empty is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Lines = list[tuple[str, str]]


def about(receipt: Mapping[str, Any]) -> Lines:
    """Pairs of a term and what the receipt says of it, in the order in which they are read."""
    pictures = [text for text in map(_picture, (receipt.get("figures") or {}).items()) if text]
    lines = {
        "When": _when(receipt),
        "Asked for": _asked(receipt),
        "Pictures": ", ".join(f"{name}, fingerprint {print_}" for name, print_ in receipt["data"].items()),
        "Differs": "; ".join(receipt.get("differs") or ()),
        "Networks": f"taken over from {receipt['networks']}" if receipt.get("networks") else "",
        "Machine": _machine(receipt["device"]),
        "Work": _work(receipt.get("work") or {}),
        "Code": _code(receipt["package"]),
        "People shown": "; ".join(pictures) or ("nobody" if "figures" in receipt else ""),
        "Libraries": ", ".join(f"{name} {version}" for name, version in (receipt.get("libraries") or {}).items()),
        "Files": f"{len(receipt['files'])}, each listed with its SHA-256 and checked before this page was made",
        "Since then": _since(receipt),
    }
    return [(term, text) for term, text in lines.items() if text]


def settings(receipt: Mapping[str, Any]) -> Lines:
    """The settings in force, by group: ``("augmentation", "rotation 15.0, shift 0.1")``; the first has no group."""
    plain = {name: value for name, value in receipt["settings"].items() if not isinstance(value, Mapping)}
    groups = {name: value for name, value in receipt["settings"].items() if isinstance(value, Mapping)}
    lines = [("", _listed(plain)), *((name, _listed(values)) for name, values in groups.items())]
    return [(group, text) for group, text in lines if text]


def _when(receipt: Mapping[str, Any]) -> str:
    if not receipt.get("started"):
        return ""
    started = datetime.fromisoformat(receipt["started"])
    minutes, seconds = divmod(round(receipt.get("seconds") or 0), 60)
    took = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"{started.day} {started:%B %Y, %H:%M} UTC, for {took}"


def _asked(receipt: Mapping[str, Any]) -> str:
    parameters = {"profile": receipt["profile"]} | (receipt.get("parameters") or {})
    parts = [f"{name} {_value(value)}" for name, value in parameters.items()]
    if receipt.get("seeds"):
        parts.append(f"seeds {', '.join(map(str, receipt['seeds']))}")
    return ", ".join(parts)


def _machine(device: Mapping[str, Any]) -> str:
    parts = [str(device[name]) for name in ("processor", "platform") if device.get(name)]
    parts.insert(0, f"computed on {device.get('gpu') or device.get('used') or 'cpu'}")
    for name, words in (("cores", "{} cores"), ("memory_gib", "{} GiB"), ("python", "Python {}")):
        if device.get(name):
            parts.append(words.format(device[name]))
    for name, words in (("driver", "driver {}"), ("precision", "{}")):
        if device.get(name):
            parts.append(words.format(device[name]))
    if device.get("keras_backend"):
        parts.append(f"Keras on {device['keras_backend']}")
    return ", ".join(parts)


def _work(work: Mapping[str, Any]) -> str:
    if not work.get("units"):
        return ""
    stored = f", {work['fetched']:,} of them computed before" if work["fetched"] else ""
    energy = f"; the card used {work['gpu_joules'] / 1e3:,.0f} kJ meanwhile" if "gpu_joules" in work else ""
    return f"{work['units']:,} units of work, {work['seconds']:,.0f} s of computing in all{stored}{energy}"


def _code(package: Mapping[str, Any]) -> str:
    dirty = {True: ", with uncommitted changes", False: ", with no uncommitted change", None: ""}[package.get("dirty")]
    commit = package.get("commit")
    at = f", commit {commit[:12]}{dirty}" if commit and commit != "unknown" else ", commit unknown"
    version = f" {package['version']}" if package.get("version") else ""
    return f"fer_utils{version}, digest {package['digest']}{at}"


def _picture(figure: tuple[str, list[str]]) -> str:
    name, people = figure
    return f"{name} ({', '.join(shown.replace(' (', ', ').removesuffix(')') for shown in people)})" if people else ""


def _since(receipt: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in (receipt.get("rewritten") or {}).items())


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_listed(value)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
