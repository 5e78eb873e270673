"""``Study``: a paper's experiments on one data set. A room's own ``Study`` adds what its paper compares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from fer_utils.errors import UsageError, check_choice
from fer_utils.faces import FaceSet
from fer_utils.settings import Settings

PROFILES = ("smoke", "quick", "evening", "paper")
"""``smoke``: every cell runs, for CI, and nothing is to be read; ``quick``: two minutes on a laptop; ``evening``: two
cores, long enough to decide; ``paper``: the paper's own sizes, on a GPU."""

PROTOCOLS = ("published", "sound")
"""``published``: what the authors did, leaks included. ``sound``: the same method with people or clips apart and
nothing chosen on test data."""

Unit = Callable[..., dict[str, Any]]
"""A module-level function of keyword arguments that returns arrays and JSON values."""

Mapper = Callable[[Unit, Sequence[Mapping[str, Any]], str], list[dict[str, Any]]]
"""``Run.map``: run these calls of a unit, or fetch what is stored of them; the text names the stage for people."""

AnySettings = TypeVar("AnySettings", bound=Settings)


class Study(ABC, Generic[AnySettings]):
    """One data set, one setting, both protocols.

    Args:
        faces: the data.
        settings: sizes, rates, amounts.
        seeds: whole numbers; what is drawn once for each is the room's affair.
        mapper: runs or fetches units; ``Run.map`` in a notebook.

    Raises:
        UsageError: seeds are missing or come twice.
    """

    def __init__(self, faces: FaceSet, settings: AnySettings, seeds: Sequence[int], mapper: Mapper) -> None:
        if not seeds or len(set(seeds)) != len(seeds):
            raise UsageError(f"seeds must be different whole numbers, at least one, not {list(seeds)}")
        self.faces, self.settings, self.seeds, self.mapper = faces, settings, list(seeds), mapper

    @abstractmethod
    def audit(self, protocol: str) -> Any:
        """The leak audit of a protocol: a :class:`fer_utils.papers.finding.Leak`, or one for each experiment."""


def wanted(protocol: str) -> tuple[str, ...]:
    """What the notebook's parameter ``protocol`` asks for: ``"both"`` stands for all of :data:`PROTOCOLS`.

    Raises:
        UsageError: there is no such protocol.
    """
    check_choice("protocol", protocol, (*PROTOCOLS, "both"))
    return PROTOCOLS if protocol == "both" else (protocol,)


def of_profile(presets: Mapping[str, AnySettings], profile: str) -> AnySettings:
    """The preset of a profile.

    Raises:
        UsageError: there is no such profile.
    """
    check_choice("profile", profile, tuple(presets))
    return presets[profile]
