"""``Headline``: the number that a paper is known by, and the control that it should be read against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Control(NamedTuple):
    """A row of a run's table that the headline is read against."""

    name: str
    """What the control is, for readers."""
    table: str
    """The table's file below ``tables/``, without its ending."""
    where: Mapping[str, str | tuple[str, ...]]
    """Columns and what they must hold; a tuple lists alternatives."""
    columns: tuple[str, str, str] = ("accuracy %", "low %", "high %")
    """Value and both ends of its 95 % interval, in the claim's unit."""
    protocols: Mapping[str, str] = {"published": "published", "sound": "sound"}
    """What the table's column ``protocol`` holds for either."""


class Headline(NamedTuple):
    """A paper's best-known number."""

    short: str
    """What is measured, in a few words."""
    claims: tuple[str, ...]
    """Ids of claims: a run's headline is the first of them that it has a number for."""
    control: Control
