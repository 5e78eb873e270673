"""FER-2013: the csv, the cache, and exact duplicates."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_utils.data import doctor, load
from fer_utils.datasets import cache, fer2013
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.datasets.fer2013_csv import SPLITS, check_header, parse_line, ranges
from fer_utils.errors import FerError
from tests.datasets.small_fer2013 import TOTAL, folder, rows, small_counts
from tests.layouts import blocks, problems_of

__all__ = ["folder", "rows", "small_counts"]


def edit(folder: Path, change) -> None:
    """Change the csv's lines (header first) in place."""
    lines = (folder / "fer2013.csv").read_text().splitlines()
    change(lines)
    (folder / "fer2013.csv").write_text("\n".join(lines) + "\n")


# ------------------------------------------------------------------ the csv edition


def test_the_official_table_sums_to_the_published_totals(monkeypatch):
    monkeypatch.undo()
    totals = {split: sum(counts) for split, counts in fer2013.OFFICIAL.items()}
    assert totals == {"Training": 28709, "PublicTest": 3589, "PrivateTest": 3589}
    test = np.add(fer2013.OFFICIAL["PublicTest"], fer2013.OFFICIAL["PrivateTest"])
    assert test.tolist() == [958, 111, 1024, 1774, 1247, 831, 1233]


def test_rows_of_the_csv_become_rows_of_the_table(folder, rows):
    faces = load("fer2013")
    assert faces.images.shape == (TOTAL, 48, 48)
    assert faces.classes == ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    assert faces.labels.tolist() == [code for code, _ in rows]
    assert faces.table["split"].tolist() == [split for _, split in rows]
    assert faces.table["source"].tolist() == faces.table["subject"].tolist() == [f"row_{n:05d}" for n in range(TOTAL)]
    assert all(np.array_equal(faces.images[n], blocks(f"fer {n}", (48, 48), "L")) for n in range(TOTAL))
    assert faces.notes == (PEOPLE_UNKNOWN,) and faces.kind == "real"


def test_a_folder_within_quotes_and_a_marker_are_understood(folder, rows, own_root):
    whole = load("fer2013").fingerprint
    edit(folder, lambda lines: lines.__setitem__(0, '\ufeff"emotion","pixels","Usage"'))
    edit(folder, lambda lines: lines.__setitem__(5, ",".join(f'"{field}"' for field in lines[5].split(","))))
    shutil.move(folder / "fer2013.csv", own_root / "fer2013.csv")
    (folder / "fer2013").mkdir()
    shutil.move(own_root / "fer2013.csv", folder / "fer2013" / "fer2013.csv")
    assert load("fer2013").fingerprint == whole
    (folder / "fer2013" / "STAND_IN.txt").write_text("drawn")
    assert load("fer2013").kind == "stand-in"


def test_missing_rows_are_counted_by_split_and_class(folder, rows):
    edit(folder, lambda lines: [lines.pop(1), lines.pop(1), lines.pop()])
    assert load("fer2013").differences == (
        f"3 of the official {TOTAL} pictures are missing (Training 2, PrivateTest 1)",
        "training anger: 1 pictures, official 3; test neutral: 1 pictures, official 2",
    )


def test_more_rows_than_official_are_a_difference(folder, rows):
    edit(folder, lambda lines: lines.append(lines[1]))
    assert load("fer2013").differences == (
        f"more pictures than the official {TOTAL} (Training 1)", "training anger: 4 pictures, official 3",
    )  # fmt: skip


def test_one_error_names_every_bad_line(folder, rows):
    def harm(lines: list[str]) -> None:
        lines[1] = lines[1].replace("0,", "7,", 1)
        for number in (2, 3, 4, 9):
            lines[number] = lines[number].rsplit(" ", 1)[0] + ",Training"
        lines[5] = lines[5].replace(" ", " x", 1)
        lines[6] = lines[6].replace(" ", " 256 ", 1).rsplit(" ", 1)[0] + ",Training"
        lines[7] = lines[7].replace("Training", "Test")
        lines[8] = "0,1 2 3"
        lines[10] = lines[10].split(",")[0] + ",," + "Training"

    edit(folder, harm)
    assert problems_of("fer2013") == [
        "line 2: emotion code '7' is not one of 0 to 6",
        "line 3-5, 10: 2303 pixels, expected 2304",
        "line 11: 0 pixels, expected 2304",
        "line 6: pixels hold something else than whole numbers and spaces",
        "line 7: a pixel is larger than 255",
        "line 8: Usage 'Test' is not one of Training, PublicTest, PrivateTest",
        "line 9: 2 fields, expected 3",
    ]


def test_another_header_is_one_problem_and_not_one_a_row(folder, rows):
    edit(folder, lambda lines: lines.__setitem__(0, "label, Usage, pixels"))
    assert problems_of("fer2013") == ["line 1: the header is not emotion,pixels,Usage"]


@pytest.mark.parametrize("name", ["icml_face_data.csv", "fer2013.csv", "FER2013.CSV"])
def test_kaggles_icml_face_data_is_the_same_set(folder, rows, name):
    """Columns ``emotion, Usage, pixels`` with blanks in the names, under its own name or renamed."""
    whole = load("fer2013")

    def reorder(lines: list[str]) -> None:
        for number, line in enumerate(lines):
            emotion, pixels, usage = line.split(",")
            lines[number] = f"{emotion}, {usage}, {pixels}" if number == 0 else f"{emotion},{usage},{pixels}"

    edit(folder, reorder)
    (folder / "fer2013.csv").rename(folder / name)
    faces = load("fer2013")
    assert faces.fingerprint == whole.fingerprint and faces.differences == ()


def test_of_two_csv_files_the_challenges_own_is_read(folder, rows):
    shutil.copy(folder / "fer2013.csv", folder / "icml_face_data.csv")
    assert "icml_face_data.csv ignored: fer2013.csv is there too" in load("fer2013").notes


def test_a_csv_that_may_not_be_read_is_one_line_in_the_doctor(folder, rows, forbid):
    forbid(folder / "fer2013.csv")
    assert problems_of("fer2013") == ["fer2013.csv: no permission to read it"]
    findings = {finding.name: finding.state for finding in doctor.examine(["fer2013", "london"])}
    assert findings == {"fer2013": "damaged", "london": "shipped"}


def test_an_empty_csv_and_an_empty_folder_are_refused(folder):
    folder.mkdir()
    with pytest.raises(FerError, match=r"holds neither fer2013\.csv nor train/ and test/\. Expected: fer2013/"):
        load("fer2013")
    (folder / "fer2013.csv").write_bytes(b"")
    (problem,) = problems_of("fer2013")
    assert problem.startswith("not one picture. 31 of the official 31 pictures are missing")


# ------------------------------------------------------------------ one line


@given(st.binary(max_size=60) | st.text(alphabet='0123456789 ,"Training\n.-e+', max_size=60).map(str.encode))
def test_no_line_raises_anything_but_a_value_error(line):
    for read in (parse_line, check_header):
        try:
            read(line)
        except ValueError as error:
            assert str(error)


@given(st.integers(0, 6), st.sampled_from(SPLITS), st.integers(0, 2**32 - 1), st.sampled_from(["\n", "\r\n", ""]))
def test_a_good_line_is_read_back(code, split, seed, ending):
    pixels = np.random.default_rng(seed).integers(0, 256, 2304, dtype=np.uint8)
    read = parse_line(f"{code},{' '.join(map(str, pixels))},{split}{ending}".encode())
    assert (read[0], SPLITS[read[2]]) == (code, split) and np.array_equal(read[1], pixels)


@given(st.integers(256, 10**40))
def test_a_pixel_too_large_is_refused_however_large(value):
    with pytest.raises(ValueError, match="larger than 255"):
        parse_line(f"0,{'1 ' * 2303}{value},Training".encode())


@given(st.sets(st.integers(1, 60)))
def test_ranges_name_exactly_the_numbers(numbers):
    named = set()
    for part in filter(None, ranges(sorted(numbers)).split(", ")):
        first, _, last = part.partition("-")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == numbers


# ------------------------------------------------------------------ the cache


def test_the_csv_is_parsed_once_for_the_same_bytes(folder, rows, monkeypatch):
    whole = load("fer2013").fingerprint
    monkeypatch.setattr(fer2013, "read_csv", lambda *anything: pytest.fail("parsed again"))
    assert load("fer2013").fingerprint == whole
    (folder / "fer2013.csv").touch()
    assert load("fer2013").fingerprint == whole


def test_other_bytes_other_code_or_a_damaged_cache_file_mean_reading_again(own_root, tmp_path):
    calls = []
    file = tmp_path / "large.csv"

    def length(code: str = "code 1") -> int:
        def read() -> dict[str, np.ndarray]:
            calls.append(code)
            return {"length": np.array(len(file.read_bytes()))}

        return int(cache.read_once("large", [file], read, code)["length"])

    file.write_text("one")
    assert (length(), length(), len(calls)) == (3, 3, 1)
    file.write_text("another")
    assert (length(), length("code 2"), len(calls)) == (7, 7, 3)
    for kept in (tmp_path / "cache" / "datasets").glob("large-*.npz"):
        kept.write_bytes(kept.read_bytes()[:40])
    assert (length("code 2"), len(calls)) == (7, 4)


def test_what_has_problems_is_not_kept(folder, rows, tmp_path):
    edit(folder, lambda lines: lines.append("9,1 2,Training"))
    assert len(problems_of("fer2013")) == 1
    assert not list((tmp_path / "cache").rglob("*.npz"))


# ------------------------------------------------------------------ duplicates


def test_duplicates_are_counted_across_splits_and_labels(folder, rows, capsys):
    def repeat(lines: list[str]) -> None:
        pixels = [line.split(",")[1] for line in lines]
        for target, source in ((2, 1), (5, 1), (18, 3)):  # same label; other label; a test row, same label
            code, _, split = lines[target].split(",")
            lines[target] = f"{code},{pixels[source]},{split}"

    edit(folder, repeat)
    expected = (
        PEOPLE_UNKNOWN,
        "28 different images among 31: the others are exact duplicates",
        "also in Training: 1 of PublicTest",
        "rows whose identical image has another label: 3 of Training",
    )
    assert load("fer2013").notes == expected
    [found] = [finding for finding in doctor.examine() if finding.name == "fer2013"]
    assert found.detail.splitlines() == [
        "anger 5, disgust 2, fear 4, happiness 7, sadness 4, surprise 4, neutral 5", *expected,
    ]  # fmt: skip
