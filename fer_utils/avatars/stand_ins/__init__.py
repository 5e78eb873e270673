"""Avatars in the official layouts, so that every loader and protocol runs without the gated pictures.

``python -m fer_utils data stand-in jaffe --to DIR`` writes ``DIR/jaffe``, which ``FER_DATA=DIR`` finds. File names,
codes, counts, sizes and colour modes are the official ones unless ``STAND_IN.txt`` in the folder says otherwise; what
the labels say is true of the avatars. That file also marks the folder: all that is loaded from it stays a stand-in.

Beside the official layouts there are the editions that people hold (``editions``), and what real folders hold beside
pictures (``awkward``). ``casting`` chooses who plays whom, ``retouch`` and ``motion`` make a data set's pictures of an
avatar's, and ``posed``, ``cohn_kanade``, ``wild`` and ``videos`` know the layouts. The same version of the libraries
writes the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer_utils import datasets
from fer_utils.avatars.stand_ins.awkward import DIFFERS, make_awkward
from fer_utils.avatars.stand_ins.casting import SEED
from fer_utils.avatars.stand_ins.cohn_kanade import plan_ck48, plan_ck_plus, plan_isl_ck
from fer_utils.avatars.stand_ins.editions import EDITIONS
from fer_utils.avatars.stand_ins.place import whole_folder
from fer_utils.avatars.stand_ins.plan import Part, Plan
from fer_utils.avatars.stand_ins.posed import plan_cmu_faces, plan_icv_mefed, plan_jaffe, plan_kdef, plan_rafd
from fer_utils.avatars.stand_ins.videos import plan_baum1, plan_mmi, plan_ravdess
from fer_utils.avatars.stand_ins.wild import plan_celeba, plan_fer2013, plan_raf_db, plan_sfew
from fer_utils.datasets.base import STAND_IN_FILE, contents_line, refuse_a_false_marker, stated_counts_text
from fer_utils.errors import FerError, UsageError, did_you_mean
from fer_utils.progress import track

__all__ = ["EDITIONS", "OFFICIAL", "PLANS", "Report", "write"]

OFFICIAL = "official"
PLANS: dict[str, Callable[..., Plan]] = {
    "cmu_faces": plan_cmu_faces,
    "jaffe": plan_jaffe,
    "ck_plus": plan_ck_plus,
    "ck48": plan_ck48,
    "fer2013": plan_fer2013,
    "sfew": plan_sfew,
    "raf_db": plan_raf_db,
    "rafd": plan_rafd,
    "kdef": plan_kdef,
    "icv_mefed": plan_icv_mefed,
    "celeba": plan_celeba,
    "isl_ck": plan_isl_ck,
    "ravdess": plan_ravdess,
    "mmi": plan_mmi,
    "baum1": plan_baum1,
}
_FIRST_WORDS = "STAND-IN"


@dataclass(frozen=True)
class Report:
    """What was written: ``text`` is that of ``STAND_IN.txt``; ``files`` and ``bytes`` count it too."""

    name: str
    folder: Path
    files: int
    bytes: int
    text: str

    def as_text(self) -> str:
        """The report for a terminal."""
        return (
            f"{self.folder}: {self.files} files, {self.bytes / 1e6:.0f} MB\n\n{self.text}\n"
            f"To use it: export FER_DATA={self.folder.parent}"
        )


def write(name: str, to: Path, edition: str | None = None, *, awkward: bool = False, small: bool = False) -> Report:
    """Write a stand-in for a data set into ``to/name``, whole or not at all.

    Args:
        name: a key of :data:`PLANS`.
        to: the folder of data sets, which ``FER_DATA`` will name. A stand-in that is there is replaced.
        edition: one of :data:`EDITIONS` of the set; ``None`` or ``"official"`` for the official layout.
        awkward: with the junk, links and odd encodings of real folders, which change no picture.
        small: a few people, or a few pictures of each class, for tests and first tries.

    Raises:
        UsageError: there is no stand-in of this name, or no such edition.
        FerError: ``to/name`` holds something that this function has not written, or the disk is full or read-only.
    """
    if name not in PLANS:
        raise _unknown(name)
    folder = to.expanduser().absolute() / name
    _refuse_foreign(folder)
    plan = _plan(name, edition, small)
    options = f" --edition {edition}" * bool(edition) + " --awkward" * awkward + " --small" * small
    if awkward:
        plan = replace(plan, differs=[DIFFERS, *plan.differs])
    text = _text(name, plan, options)
    with whole_folder(folder) as partial:
        _write_parts(plan.parts, partial, f"stand-in {name}")
        if awkward:
            make_awkward(name, partial)
        text += f"\n{contents_line(partial)}\n"
        (partial / STAND_IN_FILE).write_text(text, "utf-8", newline="\n")
    files = [file for file in folder.rglob("*") if file.is_file()]
    return Report(name, folder, len(files), sum(file.stat().st_size for file in files), text)


def _plan(name: str, edition: str | None, small: bool) -> Plan:
    known = EDITIONS.get(name, {})
    if edition in (None, OFFICIAL):
        return PLANS[name](small=True) if small else PLANS[name]()
    if edition not in known:
        choice = (OFFICIAL, *known)
        raise UsageError(
            f"{name} has no edition {edition!r}.{did_you_mean(edition, choice)} Known: {', '.join(choice)}."
        )
    return known[edition](small=small)


def _write_parts(parts: Sequence[Part], folder: Path, stage: str) -> None:
    homes: set[Path] = set()
    for part in track(parts, stage):
        file = folder / part.path
        if file.parent not in homes:
            file.parent.mkdir(parents=True, exist_ok=True)
            homes.add(file.parent)
        with file.open("ab") as stream:
            stream.write(part.content())


def _unknown(name: str) -> FerError:
    if name in datasets.names():
        return UsageError(f"{datasets.dataset(name).title} is shipped; it needs no stand-in")
    return UsageError(f"there is no stand-in {name!r}.{did_you_mean(name, tuple(PLANS))} Known: {', '.join(PLANS)}.")


def _refuse_foreign(folder: Path) -> None:
    """Raise unless the folder is not there, is empty or was written by :func:`write`."""
    if not os.path.lexists(folder):
        return
    marker = folder / STAND_IN_FILE
    ours = marker.is_file() and marker.read_text("utf-8", errors="replace").startswith(_FIRST_WORDS)
    if folder.is_symlink() or not folder.is_dir() or not (ours or not any(folder.iterdir())):
        raise FerError(
            f"{folder} is there already and is no stand-in that this command wrote; it stays as it is. "
            f"Choose another place with --to DIR."
        )
    if ours:
        refuse_a_false_marker(folder)


def _text(name: str, plan: Plan, options: str) -> str:
    title = datasets.dataset(name).title
    files = len({part.path for part in plan.parts})
    if plan.people is None:
        people = f"Its people are {plan.avatars} avatars; the set does not say who is who."
    elif plan.people > plan.avatars:
        people = (
            f"{plan.people} people are played by {plan.avatars} avatars. Those who share one differ only in mirroring, "
            "proportions and tint: they are not strangers to each other, as the official people are."
        )
    else:
        people = f"{plan.people} people are played by as many avatars."
    lines = [
        f"{_FIRST_WORDS} for {title}, written by `python -m fer_utils data stand-in {name}{options}`.",
        f"Nothing here is from {title}. The faces are avatars, rendered, shipped with fer_utils (MIT licence).",
        "",
        f"{files} files beside this one, seed {SEED}. {people}",
        "Each picture is slightly turned, zoomed, moved and lit in its own way; no two are the same.",
        "",
        "Other than in the official set:",
        *(f"- {line}" for line in plan.differs),
    ]
    return "\n".join(lines) + "\n" + stated_counts_text(plan.counts)
