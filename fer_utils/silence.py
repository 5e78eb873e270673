"""TensorFlow speaks to nobody: its lines hold times and process numbers, so no two executed notebooks would be equal.

Its C++ side writes to file descriptor 2 while it is imported, before any log level can be heard, and what it says hangs
on the processor (``oneDNN custom operations are on`` where there is AVX-512, ``This TensorFlow binary is optimized``
elsewhere). Keras imports it late on torch, too. So the import itself is put behind a curtain, whoever asks for it.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

LOG_LEVEL = "3"
"""``TF_CPP_MIN_LOG_LEVEL`` unless the user chose one: fatal errors only."""

# Each line of absl's begins with a letter and a time, in one of two forms, and names a C++ file; a few have none.
_LINE = re.compile(
    r"""^(?:
        [IWE](?:\d{4}|\d{8})\ [\d:.]+\s+\d+\ [\w/.-]+\.(?:cc|cpp|h):\d+\].*
      | \d{4}-\d\d-\d\d\ [\d:.]+:\ [IWE]\ [\w/.-]+\.(?:cc|cpp|h):\d+\].*
      | WARNING:\ All\ log\ messages\ before\ absl::InitializeLog\(\)\ is\ called\ are\ written\ to\ STDERR
      | To\ enable\ the\ following\ instructions:\ .*rebuild\ TensorFlow\ with\ the\ appropriate\ compiler\ flags\.
    )\s*$""",
    re.VERBOSE,
)


def without_tensorflow(text: str) -> str:
    """``text`` less the lines that TensorFlow's and absl's C++ side writes; everything else stays as it is."""
    return "".join(line for line in text.splitlines(keepends=True) if not _LINE.match(line))


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere for a moment."""
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


class _Curtain(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds TensorFlow as Python would, and runs its import with descriptor 2 closed."""

    def __init__(self) -> None:
        self.loader: Any = None

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            self.loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # From here on Python's own loader answers for the module: nobody else should meet the curtain.
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        with quiet_stderr():
            self.loader.exec_module(module)


def silence_tensorflow() -> None:
    """Let every import of TensorFlow in this process, now or later, be a silent one."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", LOG_LEVEL)
    if not any(isinstance(finder, _Curtain) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Curtain())


@contextlib.contextmanager
def hidden(name: str) -> Iterator[None]:
    """Let ``import name`` fail for a moment, as if it were not installed, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
