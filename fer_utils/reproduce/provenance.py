"""Where a number comes from: source digests, library versions, git state.

Python runs what it has loaded, not what lies on the disk. So the sources' digests are taken when this module is
imported, and later compared by content: clocks of file systems and machines differ, by hours under WSL.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import fer_utils
from fer_utils import devices
from fer_utils.errors import FerError

PACKAGE = Path(fer_utils.__file__).parent
GIT_PATIENCE_S = 30
UNKNOWN = {"commit": "unknown", "dirty": None}
"""The git state of a package that is no checkout, or where git is missing or does not answer in time."""

LIBRARIES = (
    "dlib-bin", "joblib", "keras", "matplotlib", "numba", "numpy", "opencv-python-headless", "optuna", "pandas",
    "papermill", "pillow", "scikit-learn", "scipy", "tensorflow", "tensorflow-cpu", "torch",
)  # fmt: skip


@cache
def library_versions() -> dict[str, str]:
    """Installed versions of the libraries that can change a number."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


_loaded: dict[Path, str] = {path: _sha256(path) for path in PACKAGE.rglob("*.py")}
"""The digest of each source file as this process runs it; one that is loaded later is added at first sight."""
_EARLY = frozenset(sys.modules)
"""Modules that were loaded before those digests were taken, moments ago."""


def package_digest() -> str:
    """SHA-256 over every file of the package that is not a cache, as 16 hex digits: sources as they were loaded."""
    files = sorted(file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    digest = hashlib.sha256()
    for file in sorted({*files, *(path for path in _loaded if path.is_relative_to(PACKAGE))}):
        known = _loaded.get(file) or _sha256(file)
        digest.update(f"{file.relative_to(PACKAGE).as_posix()}\0{known}\n".encode())
    return digest.hexdigest()[:16]


def edited() -> list[Path]:
    """Source files of the package that are not on the disk as this process runs them.

    Raises:
        FerError: one of them was loaded after the digests were taken, so nobody knows which of its contents runs.
    """
    changed = [path for path, known in _loaded.items() if not path.is_file() or _sha256(path) != known]
    late = {Path(module.__file__) for name, module in list(sys.modules.items())
            if name.startswith("fer_utils.") and name not in _EARLY and module.__file__}  # fmt: skip
    for path in changed:
        if path in late:
            raise FerError(
                f"{path.name} was edited about when this Python process loaded it, so nobody knows which text runs. "
                f"Restart the kernel, or the command: finished units are kept."
            )
    return changed


@cache
def source_digest(module: str) -> str:
    """SHA-256 over the source of ``module`` and of every module of ours that it can import.

    This is what makes a stored result of a function stale: a changed line in any helper that it
    may have used, and nothing else. Shipped weights count as source.

    Args:
        module: dotted name within ``fer_utils`` (or of any other importable file, say a test).

    Raises:
        FerError: a file was edited after this process had loaded it, so what runs is not what is
            on disk, and a result stored now would be stored under the wrong name.
    """
    seen: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        path = _file_of(name)
        if path is None or name in seen:
            continue
        loaded = getattr(sys.modules.get(name), "__file__", None)
        now = _sha256(path)
        if loaded and Path(loaded) == path and _loaded.get(path, now) != now:
            raise FerError(f"{path.name} was edited after this Python process loaded it. Restart the kernel.")
        _loaded[path] = now
        seen[name] = path
        todo += _imports(name, path)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(f"{name}\0{_loaded[seen[name]]}\n".encode())
    for file in sorted((PACKAGE / "weights").rglob("*")):
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _file_of(name: str) -> Path | None:
    """The source file of a module of this package; other modules are looked up where they are loaded."""
    if name.split(".")[0] != "fer_utils":
        loaded = getattr(sys.modules.get(name), "__file__", None)
        return Path(loaded) if loaded else None
    path = PACKAGE.joinpath(*name.split(".")[1:])
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None


def _imports(name: str, path: Path) -> list[str]:
    """Names under ``fer_utils`` that a source file imports anywhere, and the packages above them."""
    found = [".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 1)]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # "from fer_utils import scores" may name a module or a value; a value has no file.
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [module for module in found if module.split(".")[0] == "fer_utils"]


def git_state() -> dict[str, object]:
    """Commit, and whether tracked files outside ``results/`` differ from it; :data:`UNKNOWN` where git cannot tell."""
    root = PACKAGE.parent
    try:
        top, commit = _git("rev-parse", "--show-toplevel", "HEAD", cwd=root).splitlines()
        if not Path(top).samefile(root):
            # The package lies within a repository of something else.
            return dict(UNKNOWN)
        # A run itself rewrites results/; that does not make the code that ran it dirty.
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results", cwd=root)
    except (OSError, ValueError, subprocess.SubprocessError):
        return dict(UNKNOWN)
    return {"commit": commit, "dirty": bool(changed)}


def _git(*words: str, cwd: Path) -> str:
    # GIT_DIR and its kin would name another repository than the one that holds the package; settings are git's own.
    kept = {name: value for name, value in os.environ.items() if not re.match("GIT_(?!CONFIG)", name)}
    done = subprocess.run(
        ["git", *words],
        cwd=cwd,
        env={**kept, "GIT_OPTIONAL_LOCKS": "0"},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=GIT_PATIENCE_S,
    )
    return done.stdout.strip()


def process_facts() -> dict[str, Any]:
    """What the process that computed says of itself, as JSON values; see :func:`check_process`.

    ``executable`` and ``folder`` are for the comparison; no receipt holds them.

    Raises:
        FerError: see :func:`edited`.
    """
    git = git_state()
    if edited():
        # The disk has moved on since; what ran is the commit's code no longer for certain.
        git["dirty"] = True
    return {
        "executable": sys.executable,
        "folder": str(PACKAGE),
        "python": platform.python_version(),
        "package": {"version": fer_utils.__version__, "digest": package_digest(), **git},
        "libraries": library_versions(),
        "arithmetic": devices.arithmetic(),
    }


def check_process(process: Mapping[str, Any] | None) -> None:
    """Refuse numbers of a process that ran other code, or with other libraries, than the one that signs.

    Args:
        process: :func:`process_facts` of the process that computed.

    Raises:
        FerError: what differs, and what to do.
    """
    nothing = "Nothing was signed."
    if not process:
        raise FerError(
            f"the notebook's kernel imported another fer_utils than {PACKAGE}, one that does not say which it is. "
            f"{nothing} Does PYTHONPATH, or a notebooks/fer_utils, name another copy?"
        )
    if process["package"]["digest"] != package_digest():
        if process["folder"] != str(PACKAGE):
            raise FerError(
                f"the notebook's kernel imported fer_utils from {process['folder']}, which differs from {PACKAGE}. "
                f"{nothing} Take that folder out of the way (PYTHONPATH, notebooks/), or run the command there."
            )
        raise FerError(
            f"fer_utils was edited while this command was running. {nothing} "
            f"Run it again: finished units whose code is the same are kept."
        )
    mine = {"Python": platform.python_version(), **library_versions()}
    its = {"Python": process["python"], **process["libraries"]}
    other = [name for name in sorted({*mine, *its}) if mine.get(name) != its.get(name)]
    if other:
        told = ", ".join(f"{name} {its.get(name, 'missing')} (here {mine.get(name, 'missing')})" for name in other)
        raise FerError(
            f"the notebook's kernel ran {process['executable']} with other libraries than this command: {told}. "
            f"{nothing} Start the command from the environment that the kernel is to use."
        )
