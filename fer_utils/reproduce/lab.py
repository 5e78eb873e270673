"""``make lab``: JupyterLab on a working copy of the notebooks, with the course's exercises in a folder beside them.

Reading and trying then never touches what git keeps.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path

from fer_utils.errors import FerError
from fer_utils.files import disk_error, sha256_file, write_json
from fer_utils.reproduce.provenance import PACKAGE
from fer_utils.reproduce.shipped import NOTEBOOKS

WORK = PACKAGE.parent / "work"
EXERCISES = PACKAGE.parent / "course" / "release"
"""The students' version, a folder for each notebook as nbgrader wants it; the copies lie side by side."""
COPIED = ".copied.json"
"""In the working copy: the digest of each notebook as it was copied, so that an edited one is known."""


def working_copies(work: Path | None = None, fresh: bool = False) -> list[str]:
    """The notebooks in ``work`` (default: :data:`WORK`), and the exercises in its folder ``exercises``.

    :func:`working_copy` of each; it says what is returned and raised.
    """
    work = work or WORK
    return working_copy(NOTEBOOKS, work, fresh) + working_copy(EXERCISES, work / "exercises", fresh)


def working_copy(source: Path = NOTEBOOKS, work: Path = WORK, fresh: bool = False) -> list[str]:
    """Bring the working copy up to date; what the reader has edited, or only run, stays as it is.

    Args:
        source: the shipped notebooks.
        work: the folder of the copies.
        fresh: put a new copy in the place of an edited one; the edited one is kept beside it as ``….yours.ipynb``.

    Returns:
        A sentence for each notebook that was not simply copied.

    Raises:
        FerError: the folder cannot be written.
    """
    try:
        return _working_copy(source, work, fresh)
    except OSError as error:
        raise disk_error(work, error) from error


def _working_copy(source: Path, work: Path, fresh: bool) -> list[str]:
    work.mkdir(parents=True, exist_ok=True)
    note = work / COPIED
    copied = _digests(note)
    said = []
    for notebook in sorted([*source.glob("[0-9]*.ipynb"), *source.glob("[0-9]*/[0-9]*.ipynb")]):
        copy, digest = work / notebook.name, sha256_file(notebook)
        edited = copy.is_file() and sha256_file(copy) != copied.get(notebook.name)
        if edited and not fresh:
            if copied.get(notebook.name) != digest:
                said.append(f"{notebook.name}: yours is kept; the shipped one has changed since. `make lab-fresh`?")
            continue
        if edited:
            yours = _free(copy)
            copy.rename(yours)
            said.append(f"{notebook.name}: yours is now {yours.name}")
        shutil.copyfile(notebook, copy)
        copied[notebook.name] = digest
    write_json(note, copied)
    return said


def _digests(note: Path) -> dict[str, str]:
    """What was copied; nothing where the note is gone or damaged: every copy then counts as edited and is kept."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _free(copy: Path) -> Path:
    """A name for an edited notebook that nothing has yet."""
    names = (copy.with_suffix(f".yours{'' if number == 1 else f'-{number}'}.ipynb") for number in count(1))
    return next(name for name in names if not name.exists())


def surroundings(environment: dict[str, str]) -> dict[str, str]:
    """The environment of the server: its terminals and kernels find this project's Python first."""
    bin_folder = str(Path(sys.executable).parent)
    kept = {name: value for name, value in environment.items() if name not in ("JUPYTER_PATH", "PYTHONHOME")}
    return {
        **kept,
        "PATH": bin_folder + os.pathsep + environment.get("PATH", ""),
        "VIRTUAL_ENV": str(Path(sys.prefix)),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


def main(arguments: list[str]) -> int:
    """Copy, then become JupyterLab: on this machine only, with a token. Comes back only with an exit code."""
    fresh = "--fresh" in arguments
    try:
        for sentence in working_copies(fresh=fresh):
            print(sentence)
    except FerError as error:
        print(f"fer_utils: {error}", file=sys.stderr)
        return error.exit_code
    rest = [argument for argument in arguments if argument != "--fresh"]
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"--notebook-dir={WORK}", *rest]
    os.execve(sys.executable, command, surroundings(dict(os.environ)))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
