"""The cost tables of docs/gpu.md are made of the files beside them, and these hold what the code counts."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pandas as pd
import pytest

from fer_utils.errors import FerError
from fer_utils.papers.registry import PAPERS
from fer_utils.reproduce import cards, cost_pages
from fer_utils.reproduce.cost_pages import COUNTED, NAMED, PAGE, REHEARSED
from fer_utils.reproduce.on_paper import COLUMNS, count
from fer_utils.reproduce.request import Request

ROW = {"notebook": "05_mobilenet_jaffe", "dataset": "london", "unit": "heads", "count": 3, "captured": False}


def counted(**changes: object) -> pd.DataFrame:
    facts = {"steps": 7_000, "operations": 2e15, "launches": 1e6, "share": math.nan, "memory": 3e9, "disk": 4e8}
    return pd.DataFrame([{**ROW, **facts, **changes}])


def lines(table: str) -> dict[tuple[str, str], list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {(row[0], row[1]): row[2:] for row in rows}


@pytest.mark.parametrize(
    ("name", "made"),
    [("on paper", lambda: cost_pages.on_paper(pd.read_csv(COUNTED))),
     ("rehearsed", lambda: cost_pages.rehearsed(pd.read_csv(REHEARSED)))],
    ids=["on paper", "rehearsed"],
)  # fmt: skip
def test_the_page_holds_the_tables_that_its_files_make(name: str, made: object) -> None:
    page = PAGE.read_text("utf-8")
    assert cost_pages.into_page(page, name, made()) == page, "python -m fer_utils.reproduce.cost_pages"  # type: ignore[operator]


def test_every_paper_and_every_data_set_that_it_is_recorded_with_has_a_row() -> None:
    assert list(NAMED) == [paper.notebook for paper in PAPERS]
    for paper in PAPERS:
        assert set(paper.recorded) <= set(NAMED[paper.notebook])


def test_what_is_counted_is_what_the_code_counts() -> None:
    """For the data set that is planned fastest; the others are counted in the same way."""
    notebook, dataset = "01_clifer", "avatars_clips"
    filed = pd.read_csv(COUNTED)
    filed = filed[(filed["notebook"] == notebook) & (filed["dataset"] == dataset)].reset_index(drop=True)
    text = count(Request(notebook, {"dataset": dataset, "profile": "paper"}, Path())).to_csv(index=False)
    now = pd.read_csv(io.StringIO(text))
    pd.testing.assert_frame_equal(filed, now, check_dtype=False)
    assert tuple(filed.columns) == COLUMNS


def test_hours_are_the_cards_own_and_what_was_not_counted_says_so() -> None:
    rows = lines(cost_pages.on_paper(counted()))
    hours = [f"{cost_pages.short(cards.seconds(card, 2e15, 1e6, False) / 3600)} h" for card in cards.CARDS]
    assert rows["05", "london"] == ["3", "7,000", "2.0", *hours, "3.0", "0.40"]
    assert rows["05", "jaffe:stand-in"][0] == "not counted" and len(rows) == sum(map(len, NAMED.values()))
    lesser = lines(cost_pages.on_paper(counted(share=cards.SHARE / 4)))["05", "london"]
    assert lesser[3:6] == [
        f"{cost_pages.short(4 * cards.seconds(card, 2e15, 0, False) / 3600)} h" for card in cards.CARDS
    ]
    slower = lines(cost_pages.on_paper(counted(launches=1e9)))["05", "london"]
    assert slower[3:6] == ["9.7 h"] * 3 and lines(cost_pages.on_paper(counted(launches=1e9, captured=True))) != slower


def test_what_was_not_rehearsed_says_so() -> None:
    common = {"notebook": "05_mobilenet_jaffe", "dataset": "london", "count": 1}
    names = ("unit", "rehearsed", "peak GB", "seconds", "resumes", "hours here")
    facts = [
        ("heads", "yes", 1.26, 9.6, "yes", 0.5),
        ("audit", "yes", 0.5, 1.0, "-", 0.1),
        ("whole", "no", math.nan, math.nan, "-", math.nan),
    ]
    measured = pd.DataFrame([{**common, **dict(zip(names, each, strict=True))} for each in facts])
    rows = lines(cost_pages.rehearsed(measured))
    assert rows["05", "london"] == ["2 of 3", "whole", "1.3", "11", "1 of 1", "0.60 without these"]
    assert rows["01", "avatars_clips"][0] == "not run"


def test_tables_of_a_folder_are_gathered(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="holds no rehearsal at the paper profile"):
        cost_pages.gather(tmp_path)
    table = pd.DataFrame([{"unit": "heads", "rehearsed": "yes"}])
    for name in ("05_mobilenet_jaffe-jaffe-stand-in-paper.csv", "05_mobilenet_jaffe-london-smoke.csv"):
        table.to_csv(tmp_path / name, index=False)
    found = cost_pages.gather(tmp_path)
    assert found[["notebook", "dataset", "unit"]].to_numpy().tolist() == [
        ["05_mobilenet_jaffe", "jaffe:stand-in", "heads"]
    ]


def test_a_page_without_a_place_is_refused() -> None:
    assert cost_pages.into_page("a\n<!-- on paper -->\n\nold\n\nb\n", "on paper", "new\n") == (
        "a\n<!-- on paper -->\n\nnew\n\nb\n"
    )
    with pytest.raises(FerError, match="no place for the table on paper"):
        cost_pages.into_page("a page", "on paper", "")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (0.01234, "0.012"), (9.94, "9.9"), (123.4, "123"), (1e-9, "0.0000")]
)
def test_two_digits_count(number: float, text: str) -> None:
    assert cost_pages.short(number) == text
