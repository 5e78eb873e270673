"""``data check NAME``: what lies there, how it differs from the official release, and what that costs."""

from __future__ import annotations

from collections import Counter

from fer_utils import data, datasets
from fer_utils.data import doctor
from fer_utils.errors import harmless
from fer_utils.papers.claims import load_claims

JUDGED = ("=", ">=", "<=")
"""Relations of claims that are held against a value; the others are directions, which any data can show."""
MOST = 12
"""Notes, or lines of an error, that are shown of a set: all fits one screen."""


def check(name: str) -> tuple[str, bool]:
    """A page for a terminal, and whether the set can be used.

    Args:
        name: a data set's, perhaps with ``:stand-in`` behind it.

    Raises:
        UsageError: there is no such data set.
    """
    known = datasets.dataset(name)
    [found] = doctor.examine([name])
    lines = [doctor.heading(found)]
    detail = found.detail.splitlines()
    if len(detail) > MOST:
        detail = [*detail[: MOST - 1], f"… and {len(detail) - MOST + 1} more lines: `python -m fer_utils data`"]
    usable = found.state not in ("missing", "damaged")
    if usable:
        where = data.folder_of(name)
        lines += _section("found", [harmless(str(where)) if where else known.layout, *detail])
        lines += _section(
            "differs from the official release", list(found.differences) or ["in nothing that is checked"]
        )
        lines += _section("which costs", _costs(found, known.name))
    else:
        lines += _section("found", detail)
        lines += _section("which costs", ["nothing can be run on it"])
        lines += _section("how to get it", [known.how_to_get])
    return "\n".join(lines), usable


def _section(title: str, paragraphs: list[str]) -> list[str]:
    return ["", f"{title}:", *doctor.indented(paragraphs)]


def _costs(found: doctor.Finding, name: str) -> list[str]:
    protocols = "protocols: published and sound, people kept apart"
    if not found.people_known:
        protocols = (
            "protocols: published as in the paper; sound follows the set's own split, if it has one, and "
            "is left out if not, for nobody knows who is in the pictures"
        )
    claims = load_claims()
    ours = claims[(claims["ours"] == "reproduce") & claims["dataset"].map(lambda text: name in text.split())]
    values = Counter(ours.loc[ours["relation"].isin(JUDGED), "paper"])
    directions = int((~ours["relation"].isin(JUDGED)).sum())
    if not len(ours):
        return [protocols, "verdicts: no claim of the five papers is about this set; directions only"]
    papers = ", ".join(f"{count} of {paper}" for paper, count in values.items()) or "none"
    if found.state == "stand-in" or found.state == "shipped":
        reason = "they are stand-ins" if found.state == "stand-in" else ""
    else:
        reason = "the pictures are not the official release" if found.differences else ""
    if reason:
        verdicts = (
            f"verdicts: no `reproduced` or `not reproduced`, for {reason} (claims on values: {papers}); "
            f"`direction holds` or `fails` stays, also for the {directions} claims that compare"
        )
    else:
        verdicts = (
            f"verdicts: all. Claims on values ({papers}) are judged in profile paper, the {directions} that compare in "
            "any profile"
        )
    return [protocols, verdicts]
