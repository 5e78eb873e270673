"""The house is built as CONTRIBUTING.md draws it: read from every import, those inside functions included.

A part is a module or a package directly below ``fer_utils``; below ``papers`` each room is a part, and so is what the
rooms share.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import fer_utils
from fer_utils.papers.registry import PAPERS
from tests.conftest import SLOW

PACKAGE = Path(fer_utils.__file__).parent
ROOMS = tuple(paper.room.removeprefix("fer_utils.") for paper in PAPERS)

LAYERS: tuple[tuple[str, ...], ...] = (
    ("__init__", "errors", "silence", "faces"),
    ("files", "progress", "cache_dir", "locks", "stored", "store", "settings", "saving", "travel"),
    ("datasets", "preprocess"),
    ("splits", "leak_audit", "scores", "plots", "figure_style", "image_quality"),
    ("accelerators", "nvml", "devices", "graphs"),
    ("gans", "image_features", "learning"),
    ("avatars",),
    ("data",),
    ("papers",),
    ROOMS,
    ("reproduce",),
    ("__main__",),
)
"""From the ground up. A part imports from its own layer and from those below it."""

IN_EVERY_ROOM = ("settings", "protocol", "study", "claims", "figures", "estimate")


def modules(package: Path) -> dict[str, Path]:
    """``{"papers.claims": its file}``; a package goes by its own name, the whole one by ``__init__``."""
    found = {}
    for file in package.rglob("*.py"):
        parts = file.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name or "__init__"] = file
    return found


def imports(source: str, known: set[str]) -> set[str]:
    """The modules of ours that a source imports, by name or by a string that is exactly a module's name."""
    names, named = {f"fer_utils.{module}" for module in known}, set()
    tree = ast.parse(source)
    # importlib.resources.files("fer_utils.datasets") names a folder.
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "files"
    ]
    folders = {id(argument) for call in calls for argument in call.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written with their full names"
            named |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in folders:
            named |= {node.value} & names
    ours = set()
    for name in named:
        if name.partition(".")[0] != "fer_utils":
            continue
        path = name.removeprefix("fer_utils").removeprefix(".")
        while path and path not in known:
            path = path.rpartition(".")[0]
        ours.add(path or "__init__")
    return ours


def part_of(module: str) -> str:
    first, *rest = module.split(".")
    return f"{first}.{rest[0]}" if rest and f"{first}.{rest[0]}" in ROOMS else first


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """For each module of ours, the modules of ours that it imports."""
    files = modules(PACKAGE)
    found = {name: imports(file.read_text("utf-8"), set(files)) for name, file in files.items()}
    # The registry is the one door to the rooms: it names them and imports none before it is asked to.
    found["papers.registry"] -= set(ROOMS)
    return found


def test_every_part_has_its_layer(imported) -> None:
    placed = [part for layer in LAYERS for part in layer]
    assert sorted(placed) == sorted({part_of(module) for module in imported})


def test_nothing_imports_upward(imported) -> None:
    height = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    upward = [
        f"{module} imports {other}"
        for module, others in imported.items()
        for other in others
        if height[part_of(other)] > height[part_of(module)]
    ]
    assert upward == []


def test_no_paper_imports_another_paper(imported) -> None:
    across = [
        f"{module} imports {other}"
        for module, others in imported.items()
        for other in others
        if {part_of(module), part_of(other)} <= set(ROOMS) and part_of(module) != part_of(other)
    ]
    assert across == []


@pytest.mark.parametrize("by", ["part", "module"])
def test_no_imports_go_in_a_circle(imported, by: str) -> None:
    graph: dict[str, set[str]] = {}
    for module, others in imported.items():
        name = part_of if by == "part" else str
        graph.setdefault(name(module), set()).update(name(other) for other in others if name(other) != name(module))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_every_room_has_the_same_files(imported) -> None:
    assert [room for room in ROOMS if not {f"{room}.{name}" for name in IN_EVERY_ROOM} <= set(imported)] == []


def test_slow_test_files_are_named_as_they_are() -> None:
    assert [name for name in SLOW if not (Path(__file__).parent / name).is_file()] == []


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import numpy
from fer_utils import errors, __version__
def later():
    import fer_utils.papers.claims
    from fer_utils.datasets import load
    importlib.import_module("fer_utils.plots")
    resources.files("fer_utils.faces")
    return "fer_utils.scores and more"
"""
    known = {"__init__", "errors", "papers", "papers.claims", "datasets", "plots", "faces", "scores"}
    assert imports(source, known) == {"__init__", "errors", "papers.claims", "datasets", "plots"}
