"""Where a number comes from: source digests, library versions, git state."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import fer_utils
from fer_utils.errors import FerError

PACKAGE = Path(fer_utils.__file__).parent
LOADED_AT = time.time()
LIBRARIES = (
    "dlib-bin", "joblib", "keras", "matplotlib", "numba", "numpy", "opencv-python-headless", "pandas", "papermill",
    "pillow", "scikit-learn", "scipy", "tensorflow", "tensorflow-cpu", "torch",
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


def package_digest() -> str:
    """SHA-256 over every file of the package that is not a cache, as 16 hex digits."""
    files = sorted(file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(PACKAGE)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


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
        if loaded and Path(loaded) == path and path.stat().st_mtime > LOADED_AT:
            raise FerError(f"{path.name} was edited after this Python process loaded it. Restart the kernel.")
        seen[name] = path
        todo += _imports(name, path)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + seen[name].read_bytes())
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
    """Commit and whether tracked files outside ``results/`` differ from it; empty without git."""
    root = PACKAGE.parent
    try:
        commit = _git("rev-parse", "HEAD", cwd=root)
        # A run itself rewrites results/; that does not make the code that ran it dirty.
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results", cwd=root)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit, "dirty": bool(changed)}


def _git(*words: str, cwd: Path) -> str:
    done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()
