"""A notebook's parameters: their types, ranges and choices, checked before anything is computed.

Each room's ``settings.PARAMETERS`` is the reference, and not whatever stands in a notebook's cell today: an edited cell
makes another experiment, whoever starts it and how. Command line, plain papermill and JupyterLab all pass through
:func:`check`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fer_utils import datasets
from fer_utils.devices import DEVICES
from fer_utils.errors import UsageError, did_you_mean
from fer_utils.files import sha256_file
from fer_utils.papers.study import PROFILES, PROTOCOLS
from fer_utils.settings import Settings, kind_of

APART = ("dataset", "profile", "device")
"""Parameters that folder and label name in their own way, or that are no part of the experiment."""
LARGEST_SEED = 2**32 - 1
"""NumPy's and Keras' largest."""

_WORDS = {"true": True, "false": False, "none": None, "null": None}


@dataclass(frozen=True)
class Parameter:
    """What one parameter of a notebook may be; :meth:`check` refuses the rest, :meth:`read` reads it from text.

    Attributes:
        default: the shipped notebook's value.
        kind: ``"text"``, ``"number"`` (whole), ``"flag"``, ``"seeds"``, ``"data set"``, ``"names"`` (a list of
            ``choices``), ``"files"`` (one of ``choices`` → a path, for any of them) or ``"any"``.
        choices: the words that are allowed; empty: any text.
        low, high: the smallest and the largest number.
        suffix: a path of a file with this ending is allowed beside ``choices``.
        optional: ``None`` is allowed: "the profile's".
        fewest: how many names a list must hold unless it is empty.
    """

    default: Any
    kind: str = "text"
    choices: tuple[str, ...] = ()
    low: int = 1
    high: int = 1_000_000
    suffix: str = ""
    optional: bool = False
    fewest: int = 1

    def expected(self) -> str:
        """What is allowed, in words."""
        words = {
            "number": f"a whole number from {self.low} to {self.high:,}",
            "flag": "True or False",
            "seeds": "a list of different whole numbers of 0 or more, such as [0, 1, 2]",
            "data set": "the name of a data set",
            "names": f"a list of names out of {', '.join(self.choices)}",
            "files": f"a dictionary of files for {', '.join(self.choices)}",
        }.get(self.kind, f"one of {', '.join(self.choices)}" if self.choices else "text")
        if self.kind == "data set" and self.choices:
            words += f", {', '.join(self.choices)}"
        if self.suffix:
            words += f", or the path of a file *{self.suffix}"
        return words + (", or None" if self.optional else "")

    def check(self, name: str, value: Any) -> None:
        """Refuse a value of the wrong type, outside the range or not among the choices.

        Raises:
            UsageError: it names the parameter, the value and what is allowed.
        """
        if value is None and self.optional:
            return
        if self.kind != "any" and not getattr(self, "_is_" + self.kind.replace(" ", "_"))(value):
            hint = did_you_mean(value, self.choices) if isinstance(value, str) and self.choices else ""
            raise UsageError(f"{name} must be {self.expected()}, not {value!r}.{hint}")
        if self.kind == "data set" and value not in self.choices:
            datasets.dataset(value)

    def _is_text(self, value: Any) -> bool:
        named = isinstance(value, str) and bool(self.suffix) and value.endswith(self.suffix)
        return isinstance(value, str) and (not self.choices or value in self.choices or named)

    def _is_number(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def _is_flag(self, value: Any) -> bool:
        return isinstance(value, bool)

    def _is_seeds(self, value: Any) -> bool:
        whole = isinstance(value, (list, tuple)) and all(
            isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= LARGEST_SEED for seed in value
        )
        return whole and 0 < len(value) == len(set(value))

    def _is_data_set(self, value: Any) -> bool:
        return isinstance(value, str) and bool(value)

    def _is_names(self, value: Any) -> bool:
        known = isinstance(value, (list, tuple)) and all(name in self.choices for name in value)
        return known and len(set(value)) == len(value) and (not value or len(value) >= self.fewest)

    def _is_files(self, value: Any) -> bool:
        return isinstance(value, dict) and all(
            key in self.choices and isinstance(path, str) and path.endswith(self.suffix) for key, path in value.items()
        )

    def read(self, name: str, text: str) -> Any:
        """The value that a text of the command line stands for, checked.

        Raises:
            UsageError: the text stands for nothing that is allowed.
        """
        value = self._value(text.strip())
        if self.suffix:
            # A kernel works in another folder, where a relative path would mean another file.
            if isinstance(value, str) and value.endswith(self.suffix):
                value = str(Path(value).expanduser().absolute())
            if isinstance(value, dict):
                value = {key: str(Path(str(path)).expanduser().absolute()) for key, path in value.items()}
        self.check(name, value)
        return value

    def _value(self, text: str) -> Any:
        if text.lower() in _WORDS and not (self.kind in ("text", "data set") and text in self.choices):
            return _WORDS[text.lower()]
        if self.kind in ("text", "data set"):
            return text.strip("\"'")
        if self.kind in ("seeds", "names") and not text.startswith(("[", "(")):
            parts = [part.strip() for part in text.split(",")]
            return [_literal(part) for part in parts] if self.kind == "seeds" else parts
        return _literal(text)


def _literal(text: str) -> Any:
    """The value of a JSON or Python literal, else the text itself."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError):
            continue
    return text


PROFILE = Parameter("quick", choices=PROFILES)
PROTOCOL = Parameter("both", choices=(*PROTOCOLS, "both"))
DEVICE = Parameter("auto", choices=DEVICES)


def common(dataset: str, seeds: Sequence[int]) -> dict[str, Parameter]:
    """What every paper's notebook has: its default data set and seeds, profile, protocol and device."""
    return {
        "dataset": Parameter(dataset, "data set"), "profile": PROFILE, "protocol": PROTOCOL,
        "seeds": Parameter(list(seeds), "seeds"), "device": DEVICE,
    }  # fmt: skip


def of(kind: type[Settings], name: str, suffix: str = "") -> Parameter:
    """The parameter that varies one setting; ``None``, its default, stands for the profile's value.

    Args:
        kind: the class that declares the setting.
        name: of the setting.
        suffix: a path of a file with this ending is allowed beside the setting's choices.
    """
    declared = {each.name: each for each in fields(kind)}[name]
    choices, limits = declared.metadata["choices"], declared.metadata["limits"]
    form = {"int": "number", "bool": "flag", "str": "text"}[kind_of(declared)[0]]
    low, high = int(limits.get("least", 1)), int(limits.get("most", 10_000_000))
    return Parameter(None, form, choices=choices, low=low, high=high, suffix=suffix, optional=True)


def find(notebook: str, name: str, known: Mapping[str, Parameter]) -> Parameter:
    """One parameter.

    Raises:
        UsageError: the notebook has no such parameter.
    """
    if name not in known:
        raise UsageError(
            f"notebook {notebook} has no parameter {name!r}.{did_you_mean(name, tuple(known))} "
            f"It has: {', '.join(known)}."
        )
    return known[name]


def check(notebook: str, values: Mapping[str, Any], known: Mapping[str, Parameter]) -> None:
    """Refuse an unknown parameter or a wrong value.

    Raises:
        UsageError: which, and what is allowed.
    """
    for name, value in values.items():
        find(notebook, name, known).check(name, value)


def changed(values: Mapping[str, Any], known: Mapping[str, Parameter]) -> dict[str, Any]:
    """Those values that are not the shipped defaults; data set, profile and device aside."""
    defaults = {name: parameter.default for name, parameter in known.items() if name not in APART}
    return {name: values[name] for name in defaults if name in values and values[name] != defaults[name]}


def named(value: Any) -> Any:
    """A value as results may show it: for the absolute path of a file, its name and a digest of its content.

    Where a file lies is no part of an experiment, and nobody else's business; what is in it is. A file that is not
    there goes by its name alone. Whatever else stands in lists and dictionaries stays as it is.
    """
    if isinstance(value, Mapping):
        return {key: named(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [named(one) for one in value]
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    path = Path(value)
    return f"{path.name}-{sha256_file(path)[:8]}" if path.is_file() else path.name


def as_suffix(changes: Mapping[str, Any]) -> str:
    """What a changed run's folder is called beside the reference run: ``+epochs=5``; at most 80 characters."""
    text = "".join(f"+{name}={value}" for name, value in sorted(changes.items()))
    safe = re.sub(r"[^A-Za-z0-9.+=_-]+", "_", text)
    return safe if len(safe) <= 80 else f"+{hashlib.sha256(text.encode()).hexdigest()[:12]}"
