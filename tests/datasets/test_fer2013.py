"""FER-2013: the csv and the folder edition, FER+ votes, the cache, and exact duplicates."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.data import doctor, load
from fer_utils.datasets import cache, fer2013
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.datasets.fer2013_csv import SPLITS, check_header, parse_line, ranges
from fer_utils.errors import FerError
from tests.layouts import blocks, problems_of, write_fer2013_csv, write_fer2013_folders, write_ferplus

SMALL = {"Training": (3, 1, 2, 4, 2, 2, 3), "PublicTest": (1, 0, 1, 2, 1, 1, 1), "PrivateTest": (1, 1, 1, 1, 1, 1, 1)}
TOTAL = 31


@pytest.fixture(autouse=True)
def small_counts(monkeypatch):
    monkeypatch.setattr(fer2013, "OFFICIAL", SMALL)


@pytest.fixture
def folder(own_root) -> Path:
    return own_root / "fer2013"


@pytest.fixture
def rows(folder) -> list[tuple[int, str]]:
    return write_fer2013_csv(folder)


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


# ------------------------------------------------------------------ FER+


def test_votes_become_ten_columns(folder, rows):
    write_ferplus(folder, [split for _, split in rows])
    faces = load("fer2013")
    votes = faces.table.filter(like="votes_")
    assert votes.columns.tolist() == [
        "votes_neutral", "votes_happiness", "votes_surprise", "votes_sadness", "votes_anger", "votes_disgust",
        "votes_fear", "votes_contempt", "votes_unknown", "votes_not_a_face",
    ]  # fmt: skip
    assert (votes.sum(axis=1) == 10).all() and votes.to_numpy().argmax(axis=1).tolist() == [n % 10 for n in range(31)]
    assert faces.notes == (PEOPLE_UNKNOWN,)


def test_votes_that_cannot_be_assigned_or_read_are_problems(folder, rows):
    usage = [split for _, split in rows]
    write_ferplus(folder, usage[:-1])
    assert problems_of("fer2013") == ["fer2013new.csv: 30 rows, but fer2013.csv has 31: the votes can't be assigned"]
    write_ferplus(folder, ["PublicTest", *usage[1:]])
    votes = folder / "fer2013new.csv"
    votes.write_text(votes.read_text().replace(",9,1,", ",9,-1,"))
    first, second = problems_of("fer2013")
    assert first == "fer2013new.csv, line 2: Usage differs from fer2013.csv's"
    assert second.startswith("fer2013new.csv, line 2-9, 12-19, ") and second.endswith("whole number from 0 to 99")
    votes.write_text("Usage,neutral\n")
    assert problems_of("fer2013")[0].startswith("fer2013new.csv: without the column(s) happiness, surprise")
    votes.write_bytes(b"")
    assert problems_of("fer2013")[0].startswith("fer2013new.csv: unreadable (")


def test_votes_that_do_not_sum_to_ten_are_a_note(folder, rows):
    write_ferplus(folder, [split for _, split in rows])
    votes = folder / "fer2013new.csv"
    lines = votes.read_text().splitlines()
    lines[1] = lines[1].replace(",9,", ",8,")
    votes.write_text("\n".join(lines))
    assert "FER+: 1 row(s) whose votes do not sum to 10" in load("fer2013").notes


# ------------------------------------------------------------------ the folder edition


def test_folders_keep_the_order_of_the_csv_codes(folder):
    write_fer2013_folders(folder)
    faces = load("fer2013")
    assert faces.classes[0] == "anger" and faces.classes[-1] == "neutral" and len(faces) == TOTAL
    assert faces.table["split"].value_counts().to_dict() == {"Training": 17, "Test": 14}
    sources = faces.table["source"]
    names = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
    assert [path.split("/")[1] for path in sources] == [names.get(label, label) for label in faces.table["label"]]
    assert np.array_equal(faces.images[20], np.asarray(Image.open(folder / sources[20])))
    assert faces.notes == (PEOPLE_UNKNOWN,)
    assert faces.differences == (
        "the edition in folders: pictures were encoded again, and their order is not the csv's",
        "PublicTest and PrivateTest are merged",
    )


def test_one_error_names_every_bad_file_of_the_folders(folder):
    write_fer2013_folders(folder)
    train = folder / "train"
    (train / "angry" / "train_angry_0.png").write_bytes(b"")
    (train / "fear" / "train_fear_0.png").write_bytes(b"<html>")
    shutil.copy(train / "sad" / "train_sad_0.png", train / "neutral")
    (train / "happy").joinpath("train_happy_0.png").rename(train / "loose.png")
    (train / "joy").mkdir()
    (train / "happy" / "train_happy_1.png").rename(train / "joy" / "train_happy_1.png")
    found = problems_of("fer2013")
    for words in (
        "train/joy/train_happy_1.png: not in a folder train/<angry|",
        "train/loose.png: not in a folder train/<",
        "train/angry/train_angry_0.png: empty file",
        "train/fear/train_fear_0.png: unreadable or truncated",
        "train/sad/train_sad_0.png: the same picture is also train/neutral/train_sad_0.png",
    ):
        assert sum(words in problem for problem in found) == 1, words
    assert len(found) == 5


def test_other_counts_sizes_and_colours_of_the_folders_are_differences(folder):
    write_fer2013_folders(folder)
    for number in range(2):
        Image.new("RGB", (48, 48), (9, 9, 9)).save(folder / "test" / "disgust" / f"more_{number}.png")
    Image.new("L", (64, 64)).save(folder / "train" / "sad" / "train_sad_0.png")
    faces = load("fer2013")
    assert faces.differences[1:] == (
        "1 picture(s) are not 48x48 pixels but 64x64 (train/sad/train_sad_0.png)",
        "PublicTest and PrivateTest are merged",
        "more pictures than the official 31 (Test 2)",
        "test disgust: 3 pictures, official 1",
    )
    assert any(note.startswith("2 picture(s) hold grey as RGB") for note in faces.notes)


@pytest.mark.parametrize(
    "spelling",
    [
        ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"),
        ("anger", "disgusted", "fearful", "happiness", "sadness", "surprised", "NEUTRAL"),
        ("0_angry", "1 disgust", "2.fear", "3-happy", "4_sad", "5_surprise", "6_neutral"),
        ("0", "1", "2", "3", "4", "5", "6"),
    ],
)
@pytest.mark.parametrize("splits", [("Train", "TEST"), ("Training", "test")])
def test_any_usual_spelling_of_classes_and_splits_is_read(folder, spelling, splits):
    write_fer2013_folders(folder)
    whole = load("fer2013")
    for old, split in zip(("train", "test"), splits, strict=True):
        if old != split:
            (folder / old).rename(folder / split)
        for name, new in zip(fer2013.FOLDERS, spelling, strict=True):
            (folder / split / name).rename(folder / split / new)
    faces = load("fer2013")
    assert faces.counts().equals(whole.counts()) and faces.differences == whole.differences
    by_name = dict(zip((path.rsplit("/", 1)[-1] for path in faces.table["source"]), faces.table["label"], strict=True))
    assert all(by_name[path.rsplit("/", 1)[-1]] == label for path, label in
               zip(whole.table["source"], whole.table["label"], strict=True))  # fmt: skip


def test_public_and_private_test_in_folders_of_their_own_are_kept_apart(folder):
    write_fer2013_folders(folder)
    (folder / "test").rename(folder / "PublicTest")
    faces = load("fer2013")
    assert set(faces.table["split"]) == {"Training", "PublicTest"}
    assert "PublicTest and PrivateTest are merged" not in faces.differences


def test_a_class_behind_a_symbolic_link_is_there(folder, own_root):
    write_fer2013_folders(folder)
    whole = load("fer2013")
    (folder / "train" / "happy").rename(own_root / "happy")
    (folder / "train" / "happy").symlink_to(own_root / "happy")
    assert load("fer2013").fingerprint == whole.fingerprint
    (own_root / "happy").rename(own_root / "elsewhere")
    assert problems_of("fer2013") == ["train/happy: a link to nothing"]


def test_junk_among_the_folders_is_nobodys_picture(folder):
    write_fer2013_folders(folder)
    whole = load("fer2013")
    happy = folder / "train" / "happy"
    (happy / "Thumbs.db").write_bytes(b"x")
    for home in (".ipynb_checkpoints", "@eaDir", "__MACOSX"):
        (happy / home).mkdir()
        shutil.copy(next(happy.glob("*.png")), happy / home / "x.png")
    faces = load("fer2013")
    assert faces.fingerprint == whole.fingerprint and faces.notes == whole.notes


def test_both_editions_and_votes_beside_folders_are_noted(folder):
    write_fer2013_folders(folder)
    (folder / "fer2013new.csv").write_text("")
    assert "fer2013new.csv ignored: its rows follow fer2013.csv, not the folders" in load("fer2013").notes
    (folder / "fer2013new.csv").unlink()
    write_fer2013_csv(folder)
    faces = load("fer2013")
    assert "train/ and test/ ignored: fer2013.csv is there too and says more" in faces.notes
    assert faces.table["source"][0] == "row_00000"
