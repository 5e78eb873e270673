"""``Finding``: our number for one of a paper's claims, with what it may be compared with and what leaked into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fer_utils.errors import FerError, check_choice
from fer_utils.leak_audit import LeakReport
from fer_utils.papers.claims import claim as paper_claim
from fer_utils.papers.study import PROTOCOLS
from fer_utils.scores import Estimate


@dataclass(frozen=True)
class Leak:
    """What a number's test pictures share with whatever was trained, as audited.

    Attributes:
        reports: the leak audit of each thing that was trained, by its name; ``{"": report}`` where there is one.
        remark: what no audit of rows can see, e.g. that test and training come from two data sets.

    Raises:
        FerError: there is neither a report nor a remark.
    """

    reports: Mapping[str, LeakReport] = field(default_factory=dict)
    remark: str = ""

    def __post_init__(self) -> None:
        if not self.reports and not self.remark.strip():
            raise FerError("a leak audit needs a report, or a remark that says why there is none")

    def text(self) -> str:
        """One line to print beside a number."""
        parts = [f"{name}: {report.text()}" if name else report.text() for name, report in self.reports.items()]
        return "; ".join([*parts, *([self.remark] if self.remark else [])])


@dataclass(frozen=True)
class Finding:
    """Our number for a claim under one protocol.

    Attributes:
        claim: an id of the claims table (:mod:`fer_utils.papers.claims`).
        estimate: ours.
        protocol: one of :data:`~fer_utils.papers.study.PROTOCOLS`.
        leak: the leak audit of the split that the number was made on.
        reference: what the number is compared with where only a direction can be judged, in the claim's unit: chance
            for an accuracy, 0 for a difference; ``None``: nothing can be said then.
        scale: what brings the estimate to the claim's unit: 100 for per cent.
        reading: which reading of the paper's words this is, for people, where the words allow several and each has a
            number: ``"raw pixels"``.

    Raises:
        UsageError: there is no such claim or protocol.
        FerError: ``leak`` is no audit.
    """

    claim: str
    estimate: Estimate
    protocol: str
    leak: Leak
    reference: float | None = None
    scale: float = 1.0
    reading: str = ""

    def __post_init__(self) -> None:
        paper_claim(self.claim)
        check_choice("protocol", self.protocol, PROTOCOLS)
        if not isinstance(self.leak, Leak):
            raise FerError(f"{self.claim} ({self.protocol}) lacks its leak audit: what do its test data share?")
