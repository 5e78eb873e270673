"""The report's files and its text for the terminal."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce.page import render
from fer_utils.reproduce.report import FEW, verdict_lines, verdict_tables, write_report
from fer_utils.reproduce.wording import digits
from tests.reproduce.report_summary import EMPTY, LONDON_ROW, SUMMARY


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (85.54, "%", "85.5"),
        (-0.04, "% points", "0.0"),
        (0.5, "fraction", "0.500"),
        (1, "fraction", "1.000"),
        (-0.0002, "fraction", "0.000"),
        (0.0569, "fraction of the crop", "0.057"),
        (17.04, "", "17.0"),
        (0.0000123, "", "1.23e−05"),
        (3, "images", "3"),
        (2.5, "images", "2.50"),
        (999.7, "", "1000"),
        (123.4, "", "123"),
        (-12.34, "", "−12.3"),
        (0, "", "0.00"),
    ],
)
def test_digits(value: float, unit: str, shown: str):
    assert digits(value, unit) == shown


# ------------------------------------------------------------------ the terminal


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_headlines_and_counts_come_first_a_paper_and_protocol():
    text = squeezed(verdict_lines(SUMMARY))
    assert (
        "3. Wadhawan & Gandhi 2021: landmark-aware ensemble accuracy, part-based ensemble (EL) "
        "jaffe real paper 97.14 % 96.7 reproduced 61.0 not reproduced +35.7 "
        "published: 1 reproduced, 1 not reproduced, 2 direction holds, 1 size excluded "
        "sound: 1 not reproduced, 1 direction holds, 1 direction fails, 1 undecided"
    ) in text
    assert text.index("published: 1 direction holds, 1 undecided") < text.index("claim data paper says")


def test_few_rows_are_listed_with_both_verdicts():
    text = verdict_lines(SUMMARY)
    table = squeezed(text[text.index("claim  ") :])
    assert table.count("MobileNetV2") == 2  # one claim, two runs
    assert "85.54 % 97.1 direction 92.1 direction" in table
    assert SUMMARY["rows"][0]["claim"] not in text and "GATED" not in text.upper()  # not run: the page says why


def test_many_rows_are_left_to_the_page():
    many = SUMMARY | {"rows": [LONDON_ROW] * (FEW + 1)}
    text = verdict_lines(many)
    assert f"All {FEW + 1} rows, claim by claim and with their reasons, are in the report." in text
    assert "paper says" not in text
    assert len(text.splitlines()) < 30


@pytest.mark.parametrize("copies", [1, 10])
def test_every_line_fits_a_hundred_columns(copies: int):
    wide = LONDON_ROW | {"what": "word " * 60 + "x" * 150, "dataset": "d" * 50, "changed": {"epochs": "9" * 120}}
    headline = wide | {"short": "s " * 90, "control": None}
    refused = [{"run": "05_mobilenet_jaffe/" + "r" * 120, "why": "w " * 90}]
    summary = SUMMARY | {"rows": [*SUMMARY["rows"], wide] * copies, "headlines": [headline], "refused": refused}
    text = verdict_lines(summary)
    assert max(map(len, text.splitlines())) <= 100
    if copies == 1:
        assert text.count("word") == 60 and text.count("x" * 31) == 4


def test_what_was_left_out_and_what_is_not_for_reading_is_said():
    refused = [{"run": "05_mobilenet_jaffe/bad", "why": "tables/\x1b[2J.csv is not listed in its receipt.json"}]
    for rows in (SUMMARY["rows"], []):
        text = verdict_lines(SUMMARY | {"refused": refused, "rows": rows})
        assert "Ran, not for reading (smoke size): 03_landmark_ensemble/avatars-smoke" in text
        assert "  05_mobilenet_jaffe/bad: tables/?[2J.csv is not listed in its receipt.json" in text
    assert "Left out" not in verdict_lines(SUMMARY)


def test_no_results_say_what_to_do():
    assert "make reproduce" in verdict_lines(EMPTY)


def test_the_same_summary_gives_the_same_text():
    assert verdict_lines(SUMMARY) == verdict_lines(json.loads(json.dumps(SUMMARY)))


# ------------------------------------------------------------------ files


def test_every_page_and_the_table_of_verdicts_are_written(tmp_path: Path):
    write_report(SUMMARY, tmp_path)
    pages = render(SUMMARY)
    for name, text in pages.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    for name, text in verdict_tables(SUMMARY).items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert {path.name for path in tmp_path.iterdir()} == {*pages, "verdicts.csv", "leaks.csv"}


def test_the_table_of_verdicts_has_a_row_a_claim_run_and_protocol():
    tables = {name: list(csv.DictReader(io.StringIO(text))) for name, text in verdict_tables(SUMMARY).items()}
    leaks = {row["leak"]: row["shared with training"] for row in tables["leaks.csv"]}
    found = tables["verdicts.csv"]
    wanted = [
        (row["claim"], row["run"], name, row[name])
        for row in SUMMARY["rows"]
        for name in ("published", "sound")
        if row[name]
    ]
    assert len(found) == len(wanted)
    for cells, (claim, run, protocol, block) in zip(found, wanted, strict=True):
        assert (cells["claim"], cells["run"], cells["protocol"]) == (claim, run, protocol)
        assert (cells["verdict"], leaks[cells["leak"]]) == (block["verdict"], block["leak"])
        assert float(cells["value"]) == pytest.approx(block["value"], rel=1e-5)
        assert [float(cells[end]) for end in ("low", "high") if cells[end]] == pytest.approx(block["ci95"] or [])


def test_a_file_that_cannot_be_written_leaves_no_half_one(tmp_path: Path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(FerError, match=r"index\.html"):
        write_report(SUMMARY, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*render(SUMMARY), "verdicts.csv", "leaks.csv"}
    assert list((tmp_path / "index.html").iterdir()) == []


def test_a_summary_that_cannot_be_shown_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyError):
        write_report(EMPTY | {"rows": [{}]}, tmp_path)
    assert list(tmp_path.iterdir()) == []
