"""The course's plan says of exercises and commands what is there."""

from __future__ import annotations

import re
from itertools import pairwise

from fer_utils.reproduce import lab
from tests.course.play import COURSE, cells_of

PLAN = (COURSE / "README.md").read_text("utf-8")
NAMES = sorted(path.name for path in (COURSE / "source").iterdir())


def points(name: str) -> list[int]:
    cells = [cell for cell in cells_of(name, "source") if cell.metadata.get("nbgrader", {}).get("grade")]
    return [cell.metadata.nbgrader.points for cell in cells]


def test_the_first_table_names_every_notebook_with_its_points() -> None:
    said = {name: int(number) for name, number in re.findall(r"`(\d\d_\w+)` \((\d+)\)", PLAN)}
    assert said == {name: sum(points(name)) for name in NAMES}
    assert f"{sum(said.values())} points in all" in PLAN


def test_the_tables_of_exercises_give_each_its_points() -> None:
    tables = re.findall(r"\| exercise \| points \|.*?\n\n", PLAN, flags=re.S)
    rows = [re.findall(r"^\| [^|]+ \| ([\d+ ]+) \|", table, flags=re.M) for table in tables]
    said = [[int(number) for row in week for number in row.split("+")] for week in rows]
    weeks = [["00_start_here", "05_mobilenet_jaffe"], *([name] for name in NAMES[4:0:-1])]
    assert said == [[number for name in names for number in points(name)] for names in weeks]


def test_every_week_fills_its_ninety_minutes() -> None:
    weeks = re.split(r"\n### Week ", PLAN)[1:]
    assert len(weeks) == 5
    for week in weeks:
        parts = [(int(first), int(last)) for first, last in re.findall(r"^\| (\d+)–(\d+) \|", week, flags=re.M)]
        assert parts[0][0] == 0 and parts[-1][1] == 90
        assert all(end == begin for (_, end), (begin, _) in pairwise(parts))
        assert "**Before:**" in week and "**Misconceptions.**" in week and "**Predict" in week


def test_what_binder_and_the_hub_are_told_to_call_is_there() -> None:
    postbuild = (COURSE.parent / ".binder" / "postBuild").read_text("utf-8")
    for text in (postbuild, PLAN):
        assert "from fer_utils.reproduce import lab; lab.working_copies()" in text
    assert callable(lab.working_copies)
    assert (COURSE.parent / ".binder" / "runtime.txt").read_text().strip() == "python-3.11"


def test_what_nbgrader_writes_is_ignored_by_git() -> None:
    ignored = (COURSE.parent / ".gitignore").read_text("utf-8").split()
    written = ("gradebook.db", "submitted/", "autograded/", "feedback/", "downloaded/", "exchange/")
    assert [name for name in written if f"course/{name}" not in ignored] == []
