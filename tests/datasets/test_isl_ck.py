"""Enhanced Cohn-Kanade: a table of action units over Cohn-Kanade's pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_utils.data import load
from fer_utils.datasets import isl_ck
from fer_utils.errors import FerError
from tests.layouts import problems_of, write_isl_ck


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(isl_ck, "FRAMES", 7)
    monkeypatch.setattr(isl_ck, "SIZE", (24, 32))


@pytest.fixture
def folder(own_root) -> Path:
    write_isl_ck(own_root / "isl_ck")
    return own_root / "isl_ck"


def lines(folder: Path) -> list[str]:
    return (folder / "action_units.csv").read_text().splitlines()


def write_lines(folder: Path, content: list[str]) -> None:
    (folder / "action_units.csv").write_text("\n".join(content) + "\n")


def test_the_papers_fourteen_units_and_8422_frames(monkeypatch):
    monkeypatch.undo()
    assert len(isl_ck.ACTION_UNITS) == 14 and isl_ck.FRAMES == 8422
    assert 8422 * isl_ck.SIZE[0] * isl_ck.SIZE[1] == pytest.approx(0.65e9, rel=0.01)


def test_each_line_is_a_frame_with_its_grades(folder):
    faces = load("isl_ck")
    assert faces.images.shape == (7, 24, 32) and faces.notes == () and faces.classes == ("unlabelled",)
    assert faces.table["subject"].tolist() == ["S001"] * 3 + ["S002"] * 3 + ["S003"]
    assert faces.table.iloc[1].to_dict() == {
        "label": "unlabelled", "subject": "S001", "source": "S001_001_00000002.png", "sequence": "S001_001", "frame": 2,
    } | {name: 2 for name in isl_ck.ACTION_UNITS}  # fmt: skip


def test_columns_may_stand_in_any_order_and_others_are_ignored(folder):
    rows = [line.split(",") for line in lines(folder)]
    write_lines(folder, [",".join(["x", *reversed(row)]) for row in rows])
    assert load("isl_ck").table["au_27"].tolist() == [1, 2, 3, 1, 2, 3, 1]


def test_another_number_of_frames_is_a_note(folder):
    write_lines(folder, lines(folder)[:-1])
    assert load("isl_ck").notes == ("6 frames, the paper has 7",)


def test_one_error_names_every_fault(folder):
    content = lines(folder)
    zeros = ",0" * 14
    pictures = folder / "cohn-kanade-images" / "S001" / "001"
    (pictures / "S001_001_00000002.png").write_bytes(b"")
    content += [
        f"S002_001,1{zeros}",
        f"S2_1,1{zeros}",
        f"S001_001,1.5{zeros}",
        f"S001_001,3,6{zeros[2:]}",
        "S003_001,9",
    ]
    write_lines(folder, content)
    assert problems_of("isl_ck") == [
        "action_units.csv, line 9: frame 1 of S002_001 is there twice",
        "action_units.csv, line 10: sequence 'S2_1', frame '1': not like S010_001 and 1",
        "action_units.csv, line 11: sequence 'S001_001', frame '1.5': not like S010_001 and 1",
        "action_units.csv, line 12: au_1 '6': not one of 0 to 5",
        "action_units.csv, line 13: " + ", ".join(f"{name} ''" for name in isl_ck.ACTION_UNITS) + ": not one of 0 to 5",
        "cohn-kanade-images/S001/001/S001_001_00000002.png: empty file",
    ]


def test_frames_that_are_not_there_are_a_difference(folder):
    pictures = folder / "cohn-kanade-images"
    (pictures / "S001" / "001" / "S001_001_00000001.png").unlink()
    (pictures / "S002" / "001" / "S002_001_00000002.png").rename(pictures / "S002_001_00000002.png")
    faces = load("isl_ck")
    assert faces.differences == (
        "2 frame(s) are missing that action_units.csv names: S001_001_00000001.png, S002_001_00000002.png",
    )
    assert faces.notes == (
        "cohn-kanade-images/S002_001_00000002.png ignored: belongs into cohn-kanade-images/S002/001/",
        "5 frames, the paper has 7",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "action_units.csv: unreadable (No columns"),
        ("sequence,frame,au_1\n", "action_units.csv: without the column(s) au_2, au_4,"),
        (",".join(isl_ck.COLUMNS) + "\n", "not one picture."),
        (",".join(isl_ck.COLUMNS) + "\n" + "1," * 40 + "\n" + "2\n" + '"', "action_units.csv: unreadable ("),
    ],
)
def test_a_table_that_is_none(folder, content, words):
    (folder / "action_units.csv").write_text(content)
    (problem,) = problems_of("isl_ck")
    assert problem.startswith(words)


def test_table_and_pictures_are_needed(own_root):
    (own_root / "isl_ck").mkdir()
    with pytest.raises(FerError, match=r"lacks action_units\.csv and cohn-kanade-images\. Expected"):
        load("isl_ck")
