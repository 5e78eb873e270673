"""Write the students' version of every exercise notebook, ``release/``, from ``source/``: ``make course``.

nbgrader cuts out solutions and hidden tests, locks the cells that are not to be filled, and notes each cell's checksum.
No database is needed for that; a course that collects and marks makes its own (README.md, "A whole round").
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

COURSE = Path(__file__).resolve().parent


def assignments() -> list[str]:
    """Names of the exercise notebooks, each in a folder of its own name below ``source/``."""
    return sorted(path.name for path in (COURSE / "source").iterdir() if (path / f"{path.name}.ipynb").is_file())


def write(target: Path) -> None:
    """Write all of them below ``target``; what else lay there goes.

    Raises:
        SystemExit: nbgrader refused a notebook; its log, printed before, says why.
    """
    shutil.rmtree(target, ignore_errors=True)
    settings = Config()
    settings.CourseDirectory.root = str(COURSE)
    settings.CourseDirectory.release_directory = str(target.resolve())
    settings.GenerateAssignment.no_database, settings.SaveCells.enabled = True, False
    nbgrader = NbGraderAPI(config=settings)
    for name in assignments():
        done = nbgrader.generate_assignment(name, force=True, create=False)
        if not done["success"]:
            raise SystemExit(f"{name}: nbgrader made no student version\n{done['log']}")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else COURSE / "release")
