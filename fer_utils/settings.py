"""``Settings``: every value that a method needs, where it comes from, and what it may be.

A paper's room subclasses :class:`Settings` and declares each value once, with :func:`setting`::

    @dataclass(frozen=True)
    class Settings(Base):
        epochs: int = setting(20, "not stated", least=1)
        optimiser: str = setting("adam", "Section 4.1", choices=("adam", "sgd"))

Checks, the notebook's parameters (:func:`fer_utils.papers.parameters.of`) and the table of sources are read from these
declarations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import pandas as pd

from fer_utils.errors import UsageError, check_choice, did_you_mean


def setting(
    default: Any, source: str, *, choices: Sequence[str] = (), least: float | None = None, most: float | None = None,
    above: float | None = None, below: float | None = None,
) -> Any:  # fmt: skip
    """Declare one value of a :class:`Settings` class.

    Args:
        default: the paper's, as a rule.
        source: the section it comes from, ``"not stated"``, ``"ours"``, and whatever a reader should know.
        choices: the words that are allowed.
        least, most: the smallest and the largest value.
        above, below: bounds that are themselves not allowed.
    """
    limits = {"least": least, "most": most, "above": above, "below": below}
    known = {name: bound for name, bound in limits.items() if bound is not None}
    metadata = {"source": source, "choices": tuple(choices), "limits": known}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """What one run needs. Frozen: vary it with :meth:`but`.

    Raises:
        UsageError: a value of the wrong type, outside its limits or not among its choices.
    """

    name: ClassVar[str] = "this paper"
    """Whose settings they are, for messages: ``"paper 2"``."""

    def __post_init__(self) -> None:
        for each in declared(type(self)):
            _check(each, getattr(self, each.name))

    def but(self, **changes: Any) -> Self:
        """A copy with some settings changed, those of settings within these too.

        Raises:
            UsageError: an unknown name, or a value that is not allowed.
        """
        inner = {name: value for name, value in vars(self).items() if isinstance(value, Settings)}
        homes = self._homes()
        known = [each.name for each in fields(self)]
        for name in changes:
            if name not in known and name not in homes:
                raise UsageError(f"{self.name} has no setting {name!r}.{did_you_mean(name, [*known, *homes])}")
        own = {name: value for name, value in changes.items() if name in known}
        for home, value in inner.items():
            within = {name: given for name, given in changes.items() if name not in known and homes[name] == home}
            if within:
                own[home] = own.get(home, value).but(**within)
        return replace(self, **own)

    def with_knobs(self, parameters: Mapping[str, Any]) -> Self:
        """A copy with the notebook's parameters that are settings of these; ``None`` stands for the profile's value."""
        known = {each.name for each in fields(self)} | set(self._homes())
        return self.but(**{name: value for name, value in parameters.items() if name in known and value is not None})

    def _homes(self) -> dict[str, str]:
        """The names of settings within these, and in which of them each is; a name in several of them is left out."""
        inner = [(home, each.name) for home, value in vars(self).items() if isinstance(value, Settings)
                 for each in fields(value)]  # fmt: skip
        names = [name for _, name in inner]
        return {name: home for home, name in inner if names.count(name) == 1}

    def table(self) -> pd.DataFrame:
        """Columns ``setting value source``, one row a declared value, those of settings within these too."""
        return pd.DataFrame(list(self._rows()), columns=["setting", "value", "source"])

    def _rows(self, prefix: str = "") -> Iterator[tuple[str, str, str]]:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Settings):
                yield from value._rows(f"{prefix}{each.name}.")
            elif "source" in each.metadata:
                yield f"{prefix}{each.name}", str(value), each.metadata["source"]


def declared(kind: type[Settings]) -> list[Field[Any]]:
    """The values of a class that were declared with :func:`setting`."""
    return [each for each in fields(kind) if "source" in each.metadata]


def _check(each: Field[Any], value: Any) -> None:
    choices, (kind, optional) = each.metadata["choices"], kind_of(each)
    if value is None and optional:
        return
    if isinstance(value, str) and not choices and "str" in _types_of(each):
        return
    if choices and isinstance(value, str):
        check_choice(each.name, value, choices)
        return
    if choices and kind == "str":
        raise UsageError(f"{each.name} must be one of {', '.join(choices)}, not {value!r}")
    if kind in _NUMBERS and not _fits(kind, value, each.metadata["limits"]):
        raise UsageError(f"{each.name} must be {_expected(each)}, not {value!r}")


_NUMBERS = {"int": Integral, "float": Real, "bool": bool}


def kind_of(each: Field[Any]) -> tuple[str, bool]:
    """The annotated type of a declared value, and whether it may be ``None``: ``("int", True)`` for ``int | None``."""
    parts = _types_of(each)
    return parts[0], "None" in parts


def _types_of(each: Field[Any]) -> list[str]:
    # Text where the module postpones annotations, else the type itself.
    written = each.type.__name__ if isinstance(each.type, type) else str(each.type)
    return [part.strip() for part in written.split("|")]


def _fits(kind: str, value: Any, limits: Mapping[str, float]) -> bool:
    if not isinstance(value, _NUMBERS[kind]) or (kind != "bool" and isinstance(value, bool)):
        return False
    tests = {
        "least": lambda bound: value >= bound,
        "most": lambda bound: value <= bound,
        "above": lambda bound: value > bound,
        "below": lambda bound: value < bound,
    }
    return all(tests[name](bound) for name, bound in limits.items())


def _expected(each: Field[Any]) -> str:
    kind, optional = kind_of(each)
    words = {"int": "a whole number", "float": "a number", "bool": "True or False"}[kind]
    limits = [f"{_LIMITS[name]} {bound:g}" for name, bound in each.metadata["limits"].items()]
    return words + " " * bool(limits) + " and ".join(limits) + ", or None" * optional


_LIMITS = {"least": "of at least", "most": "of at most", "above": "above", "below": "below"}
