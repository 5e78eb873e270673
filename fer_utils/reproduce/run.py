"""``Run``: what a notebook opens to leave results behind.

A notebook opened by hand writes below ``results/scratch/``, which git ignores. Started by
``python -m fer_utils reproduce``, the same cells write into a folder that is signed with a
receipt and moved into place only if every cell succeeds.
"""

from __future__ import annotations

import html
import io
import json
import math
import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython import display
from matplotlib.figure import Figure

from fer_utils import datasets, devices, nvml
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.errors import FerError, check_choice
from fer_utils.faces import FaceSet
from fer_utils.figure_style import use_house_style
from fer_utils.files import sha256_file, whole_file, write_json, write_json_rows
from fer_utils.papers.finding import Finding
from fer_utils.papers.parameters import as_suffix, named
from fer_utils.papers.study import PROFILES
from fer_utils.reproduce.kept_pictures import MIME_TYPES, figure_file
from fer_utils.reproduce.provenance import PACKAGE, process_facts
from fer_utils.reproduce.surroundings import CHANGED, DASK, FINISHED, RUN_DIR, WORKERS
from fer_utils.reproduce.units import Unit, Work, run_units
from fer_utils.reproduce.wording import STAND_IN
from fer_utils.travel import FOLDER, leave

STAMP_CHARACTERS_AN_INCH = 17
"""Of seven points."""

ROWS_SHOWN = 40
"""Of a table, in a notebook: what is longer is for its file. Recorded notebooks are kept in git."""

HARMLESS = ("seeds", "protocol")
"""Parameters that may be changed without making the run another experiment than its profile's."""


class Run:
    """The open results of one notebook on one data set in one profile.

    Args:
        notebook: the notebook's name without ``.ipynb``.
        profile: one of :data:`fer_utils.papers.study.PROFILES`.
        faces: the data; its name, kind and fingerprint go on everything. ``None`` for a
            notebook that reports on no data set.
        seeds: recorded in the receipt.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``; see :func:`fer_utils.devices.choose_device`.
        changed: parameters that are not the shipped notebook's, as
            :func:`fer_utils.papers.parameters.in_force` finds them. They go on every label and into the folder's
            name. ``None``: what the command line says.

    Raises:
        UsageError: an unknown profile or device.
        FerError: a GPU was insisted on and cannot be used.
    """

    def __init__(
        self,
        notebook: str,
        profile: str,
        faces: FaceSet | None = None,
        seeds: Sequence[int] = (0,),
        device: str = "auto",
        changed: Mapping[str, Any] | None = None,
    ) -> None:
        check_choice("profile", profile, PROFILES)
        devices.choose_device(device)
        use_house_style()
        # A setting's source is a sentence, and is to be read to its end.
        pd.set_option("display.max_colwidth", None)
        self.notebook, self.profile, self.faces, self.seeds = notebook, profile, faces, list(seeds)
        told = json.loads(os.environ.get(CHANGED, "{}"))
        # A headless run knows beside the parameters whether cells were edited; only its runner can see that.
        self.changed: dict[str, Any] = told if changed is None else {**told, **named(changed)}
        name = f"{datasets.filed_as(faces) if faces else 'all'}-{profile}{as_suffix(self.changed)}"
        given = os.environ.get(RUN_DIR)
        self.folder = Path(given) if given else PACKAGE.parent / "results" / "scratch" / notebook / name
        self._settings: dict[str, Any] = {}
        self._numbers: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._written: dict[str, str] = {}
        self._figures: dict[str, list[str]] = {}
        self._differs = list(faces.differences) if faces else []
        self._lender = ""
        devices.seed_everything(self.seeds[0])
        self._work = Work()
        self._joules = nvml.joules() if devices.in_use() == "cuda" else None

    @property
    def label(self) -> str:
        """What every table and figure says about itself, e.g. ``london (real), quick profile``."""
        profile = f"{self.profile} profile" + (", NOT FOR READING" if self.profile == "smoke" else "")
        if self.changed:
            profile += " with " + ", ".join(f"{name}={value}" for name, value in self.changed.items())
        if self._lender:
            profile += f", networks of {self._lender}"
        if not os.environ.get(RUN_DIR):
            # Whether its cells were edited nobody can see here, so it must not look like a run that was checked.
            profile += ", opened by hand"
        if self.faces is None:
            return profile
        return f"{self.faces.name} ({_pictures(self.faces)}), {profile}"

    def uses(self, *others: FaceSet) -> None:
        """Other pictures that the numbers rest on.

        That they are stand-ins, or how they differ from their release, stands beside the numbers too, and costs the
        verdict on a value.
        """
        for faces in others:
            if self.faces is None or faces.name != self.faces.name:
                if faces.stand_in:
                    self._differs.append(f"{faces.name}: {STAND_IN}")
                self._differs += [f"{faces.name}: {one}" for one in faces.differences]
        self._differs = list(dict.fromkeys(self._differs))

    def borrows(self, lender: str) -> None:
        """Networks were taken over from a recorded run, ``notebook/run``: tables and figures say so from now on."""
        self._lender = lender

    def network(self, name: str, arrays: Mapping[str, Any], trained_with: Mapping[str, Any]) -> None:
        """Leave a trained network behind, ``networks/<name>.safetensors``: see :mod:`fer_utils.travel`.

        One that has learnt the run's own people stays where it is if their pictures may not be passed on.
        """
        if self.faces is not None and not self.faces.stand_in and not datasets.dataset(self.faces.name).publishable:
            print(
                f"network {name} has learnt people of {self.faces.name}: not recorded, because their licence forbids it"
            )
            return
        leave(self.folder / FOLDER / f"{name}.safetensors", arrays, trained_with)
        self._wrote(f"{FOLDER}/{name}.safetensors")

    def record(self, settings: Mapping[str, Any]) -> None:
        """Put the settings in force (sizes, epochs …) into the receipt: JSON values, files as name and digest."""
        self._settings = named(dict(settings))

    def map(self, function: Unit, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        """Run units, or fetch those that are finished: :func:`fer_utils.reproduce.units.run_units`."""
        workers, dask = os.environ.get(WORKERS), os.environ.get(DASK) or None
        at_once = int(workers) if workers else None
        return run_units(function, calls, stage=stage, workers=at_once, dask=dask, work=self._work)

    def table(self, frame: pd.DataFrame, name: str, caption: str, digits: int = 1, faces: FaceSet | None = None) -> Any:
        """Write ``tables/<name>.csv``, labelled row by row, and give its first :data:`ROWS_SHOWN` rows for display.

        Args:
            frame: what to write.
            name: of the file, without its ending.
            caption: above the displayed table.
            digits: shown behind the point; the file has them all.
            faces: the data that the numbers were measured on, where it is not the run's own.
        """
        measured = faces or self.faces
        data, kind = (measured.name, measured.kind) if measured else ("", "")
        labelled = frame.assign(dataset=data, kind=kind, profile=self.profile)
        with whole_file(self.folder / "tables" / f"{name}.csv") as path:
            labelled.to_csv(path, index=False, lineterminator="\n")
        self._wrote(f"tables/{name}.csv")
        # Names of files and of people's data may hold what a browser would take for markup.
        styled = frame.head(ROWS_SHOWN).style.format(precision=digits, na_rep="–", escape="html")
        styled = styled.hide(axis="index").format_index(escape="html", axis="columns")
        label = self.label + (f"; measured on {faces.name} ({_pictures(faces)})" if faces else "")
        if len(frame) > ROWS_SHOWN:
            caption = f"{caption}; {ROWS_SHOWN} of {len(frame)} rows, the others are in tables/{name}.csv"
        styled = styled.set_caption(html.escape(f"{caption} — {label}", quote=False))
        # Without a class and an id for each cell, which are half the bytes.
        return display.HTML(styled.to_html(exclude_styles=True))

    def figure(
        self, figure: Figure, name: str, shows_faces: bool = False, people: Sequence[FaceSet] | None = None
    ) -> None:
        """Stamp a matplotlib figure with :attr:`label` and write ``figures/<name>.png``, or ``.jpg`` with pictures.

        A figure that shows faces is recorded only where their licence lets it be passed on, and the receipt says whose
        they are. In a notebook opened by hand it is still displayed. A headless run shows the file that it wrote:
        to draw a figure once more takes longer than all else in a cell whose units are stored.

        Args:
            figure: from matplotlib.
            name: of the file, without its ending.
            shows_faces: whether it shows people of the run's own data.
            people: the sets whose people it shows, where there are others than the run's own; ``()`` for pictures of
                nobody.

        Raises:
            FerError: it holds pictures, and nobody said whose.
        """
        shown = list(people or ([self.faces] if shows_faces and self.faces else []))
        pictures = any(axis.images for axis in figure.axes)
        if people is None and not shown and pictures:
            raise FerError(f"figure {name} holds pictures: say whose, with people=[...], or people=() for nobody's")
        stamp, titles = self.label, [f"{faces.name} ({_pictures(faces)})" for faces in people or ()]
        if any(not stamp.startswith(title) for title in titles):
            stamp += "; shows " + ", ".join(dict.fromkeys(titles))
        for source in dict.fromkeys(datasets.dataset(faces.name) for faces in shown if not faces.stand_in):
            stamp += f"; pictures: {source.licence}"
            if not source.publishable:
                if os.environ.get(RUN_DIR):
                    plt.close(figure)
                print(f"Figure {name} shows people of {source.title}: not recorded, because its licence forbids it.")
                return
        # Wrapped to the figure's width, or a long one would leave the drawing in a corner of a wide picture.
        lines = textwrap.fill(stamp, max(60, int(STAMP_CHARACTERS_AN_INCH * figure.get_figwidth())))
        figure.text(0.995, 0.005, lines, ha="right", va="top", fontsize=7, color="0.35")
        drawn = io.BytesIO()
        # It is read again at once, so it is not worth compressing.
        figure.savefig(drawn, dpi=88, bbox_inches="tight", format="png", pil_kwargs={"compress_level": 0})
        ending, data = figure_file(drawn.getvalue(), pictures)
        with whole_file(self.folder / "figures" / f"{name}{ending}") as path:
            path.write_bytes(data)
        self._wrote(f"figures/{name}{ending}")
        self._figures[name] = sorted({f"{faces.name} ({faces.kind})" for faces in shown})
        if os.environ.get(RUN_DIR):
            plt.close(figure)
            display.display({MIME_TYPES[ending]: data}, raw=True)

    def claim(self, *findings: Finding) -> None:
        """Set our numbers beside the paper's; said again for a claim, protocol and reading, one replaces the first.

        There is no ``sound`` number on a set whose people nobody knows and which has no official split: nobody can say
        whether its people are apart. The notebook then says so.

        Raises:
            FerError: the run was opened without data.
        """
        for finding in findings:
            self._claim(finding)

    def _claim(self, finding: Finding) -> None:
        if self.faces is None:
            raise FerError("a claim needs data: open the Run with faces")
        claim, found, protocol, scale = finding.claim, finding.estimate, finding.protocol, finding.scale
        if protocol == "sound" and PEOPLE_UNKNOWN in self.faces.notes and "split" not in self.faces.table:
            print(f"{claim}: no sound number, for nobody knows who is who in {self.faces.name}")
            return
        bounds = [scale * bound for bound in found.ci95]
        self._numbers[claim, protocol, finding.reading] = {
            "claim": claim,
            "value": scale * found.value,
            # JSON has no infinity: an unbounded interval is none.
            "ci95": bounds if all(map(math.isfinite, bounds)) else None,
            "n": found.n,
            "protocol": protocol,
            "dataset": self.faces.name,
            "kind": self.faces.kind,
            "profile": self.profile,
            "changed": {name: value for name, value in self.changed.items() if name not in HARMLESS},
            "interval": found.how,
            "reference": finding.reference,
            "leak": finding.leak.text(),
            # Only where there is something to say, so that numbers on official pictures stay as they were.
            **({"differs": self._differs} if self._differs else {}),
            **({"reading": finding.reading} if finding.reading else {}),
        }

    def numbers(self) -> pd.DataFrame:
        """What has been claimed so far, as a table."""
        return pd.DataFrame(list(self._numbers.values()))

    def _wrote(self, name: str) -> None:
        self._written[name] = sha256_file(self.folder / name)

    def finish(self) -> None:
        """Write ``numbers.json`` and say that the last cell was reached."""
        # Readings of one claim stay in the order in which they were said: the paper's words first.
        order = sorted(self._numbers, key=lambda key: key[:2])
        write_json_rows(self.folder / "numbers.json", [self._numbers[key] for key in order])
        self._wrote("numbers.json")
        facts = {
            "profile": self.profile,
            "seeds": self.seeds,
            "device": devices.describe(),
            "work": {**vars(self._work), "seconds": round(self._work.seconds, 1), **self._energy()},
            "filed_as": datasets.filed_as(self.faces) if self.faces else "all",
            "data": {self.faces.name: self.faces.fingerprint} if self.faces else {},
            "kind": self.faces.kind if self.faces else None,
            "settings": self._settings,
            "changed": self.changed,
            # Whose people each figure shows.
            "figures": self._figures,
            # What the receipt must find again, to the byte.
            "files": self._written,
            **({"differs": self._differs} if self._differs else {}),
            **({"networks": self._lender} if self._lender else {}),
        }
        if os.environ.get(RUN_DIR):
            write_json(self.folder / FINISHED, {**facts, "process": process_facts()})
        else:
            print(f"Opened by hand, so unsigned: {self.folder.relative_to(PACKAGE.parent)}")

    def _energy(self) -> dict[str, float]:
        """What the card used since this run was opened, whoever used it; nothing where nobody tells."""
        now = None if self._joules is None else nvml.joules()
        return {} if now is None or self._joules is None else {"gpu_joules": round(now - self._joules)}


def _pictures(faces: FaceSet) -> str:
    return "STAND-IN pictures" if faces.stand_in else "real photographs"
