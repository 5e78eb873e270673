"""JAFFE: every official file is there and sound, or one error names all that are not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.datasets import dataset, load
from fer_utils.datasets.jaffe import CLASS_OF_CODE, official_files
from fer_utils.errors import FerError, UsageError
from tests.stand_ins import write_jaffe

PER_CLASS = {"anger": 30, "disgust": 29, "fear": 32, "happiness": 31, "neutral": 30, "sadness": 31, "surprise": 30}
PER_SUBJECT = dict(KA=23, KL=22, KM=22, KR=20, MK=21, NA=21, NM=20, TM=21, UY=21, YM=22)
GONE_NUMBERS = {8, 12, 21, 76, 108, 183}


# ------------------------------------------------------------------ the list of names


def test_official_names_say_the_same_as_the_columns_beside_them():
    official = official_files()
    assert len(official) == official["file"].nunique() == official["number"].nunique() == 213
    rebuilt = [f"{row.subject}.{row[3]}{row.pose}.{row.number}.tiff" for row in official.itertuples()]
    assert official["file"].tolist() == rebuilt == sorted(rebuilt)
    assert set(range(1, 220)) - set(official["number"]) == GONE_NUMBERS


def test_na_is_a_woman_and_not_a_missing_value():
    official = official_files()
    assert (official["subject"] == "NA").sum() == 21
    assert not official.isna().any().any()


# ------------------------------------------------------------------ a whole tree


def test_a_whole_tree_has_the_counts_that_are_published(loaded):
    faces = loaded["jaffe"]
    assert len(faces) == 213 and faces.images.shape == (213, 256, 256) and faces.images.dtype == np.uint8
    assert faces.table["label"].value_counts().to_dict() == PER_CLASS
    assert faces.table["subject"].value_counts().to_dict() == PER_SUBJECT
    assert faces.classes == ("neutral", "fear", "anger", "happiness", "sadness", "disgust", "surprise")
    assert not faces.table.isna().any().any()
    assert (faces.kind, faces.notes) == ("stand-in", ())


def test_rows_pictures_and_names_belong_together(loaded, stand_ins):
    faces = loaded["jaffe"]
    assert faces.table["source"].tolist() == official_files()["file"].tolist()
    for row in (0, 57, 120, 212):
        name = faces.table.loc[row, "source"]
        assert np.array_equal(faces.images[row], np.asarray(Image.open(stand_ins / "jaffe" / name)))
        assert faces.table.loc[row, "subject"] == name[:2]
        assert faces.table.loc[row, "label"] == CLASS_OF_CODE[name[3:5]]
        assert faces.table.loc[row, "take"] == int(name[5])


def test_stand_in_pictures_are_distinct_and_always_the_same(loaded, tmp_path):
    assert len({image.tobytes() for image in loaded["jaffe"].images}) == 213
    first, second = write_jaffe(tmp_path / "a"), write_jaffe(tmp_path / "b")
    assert [file.read_bytes() for file in sorted(first.iterdir())] == [
        file.read_bytes() for file in sorted(second.iterdir())
    ]


def test_the_same_files_give_the_same_fingerprint(loaded, own_jaffe):
    assert load("jaffe").fingerprint == loaded["jaffe"].fingerprint


def test_without_the_marker_the_pictures_count_as_real(loaded, own_jaffe):
    (own_jaffe / "STAND_IN.txt").unlink()
    faces = load("jaffe")
    assert (faces.kind, faces.notes) == ("real", ())
    assert faces.fingerprint != loaded["jaffe"].fingerprint


@pytest.mark.parametrize("marker_inside", [True, False])
def test_a_folder_in_the_folder_is_looked_into_and_stays_marked(own_root, stand_ins, marker_inside):
    shutil.copytree(stand_ins / "jaffe", own_root / "jaffe" / "jaffe")
    if not marker_inside:
        (own_root / "jaffe" / "jaffe" / "STAND_IN.txt").rename(own_root / "jaffe" / "STAND_IN.txt")
    faces = load("jaffe")
    assert (len(faces), faces.kind) == (213, "stand-in")


# ------------------------------------------------------------------ damage


def without_last_bytes(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def only_a_header(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def other_size(file: Path) -> None:
    Image.new("L", (256, 255)).save(file)


def in_colour(file: Path) -> None:
    Image.new("RGB", (256, 256)).save(file)


def sixteen_bits(file: Path) -> None:
    Image.fromarray(np.zeros((256, 256), np.uint16)).save(file)


def text_instead(file: Path) -> None:
    file.write_text("<html>404 not found</html>")


def absurd_size(file: Path) -> None:
    """A header that claims a picture too large for any memory, as a few wrong bytes can."""
    file.write_bytes(b"P5 90000 90000 255\n" + bytes(100))


DAMAGE = {
    without_last_bytes: r"unreadable or truncated \(.+\)",
    only_a_header: r"unreadable or truncated \(.+\)",
    empty: r"empty file",
    other_size: r"256x255 pixels, expected 256x256",
    in_colour: r"colour mode RGB, expected L",
    sixteen_bits: r"colour mode I;16, expected L",
    text_instead: r"unreadable or truncated \(.+\)",
    absurd_size: r"unreadable or truncated \(.+\)",
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_one_error_names_every_fault_and_says_what_to_do(own_jaffe):
    names = official_files()["file"].tolist()
    expected = []
    for number, (damage, words) in enumerate(DAMAGE.items()):
        damage(own_jaffe / names[10 * number])
        expected.append(rf"{re.escape(names[10 * number])}: {words}")
    (own_jaffe / names[101]).unlink()
    (own_jaffe / names[202]).rename(own_jaffe / "YM.HAPPY.tiff")
    expected += [rf"{re.escape(names[row])}: missing" for row in (101, 202)]
    expected.append(r"not official names, renamed perhaps: YM\.HAPPY\.tiff")

    with pytest.raises(FerError) as failure:
        load("jaffe")
    first, *problems, advice = str(failure.value).splitlines()
    assert first == f"JAFFE in {own_jaffe} is not as it should be, {len(expected)} problem(s):"
    assert all(problem.startswith("  - ") for problem in problems)
    for words in expected:
        assert sum(re.fullmatch(f"  - {words}", problem) is not None for problem in problems) == 1, words
    assert len(problems) == len(expected)
    assert "Unpack the official archive again" in advice
    assert failure.value.exit_code == 1


def test_an_empty_folder_names_all_213_files(own_root):
    (own_root / "jaffe").mkdir()
    with pytest.raises(FerError) as failure:
        load("jaffe")
    assert str(failure.value).count(": missing") == 213


def test_a_folder_under_an_official_name_is_not_a_picture(own_jaffe):
    name = official_files()["file"][0]
    (own_jaffe / name).unlink()
    (own_jaffe / name).mkdir()
    with pytest.raises(FerError, match=f"{re.escape(name)}: missing"):
        load("jaffe")


# ------------------------------------------------------------------ more than there should be


def test_other_files_are_ignored_with_a_note(loaded, own_jaffe):
    (own_jaffe / "README_FIRST.txt").write_text("read me")
    (own_jaffe / ".DS_Store").write_bytes(b"\0")
    shutil.copy(own_jaffe / "KA.AN1.39.tiff", own_jaffe / "KA.AN1.39 copy.tiff")
    faces = load("jaffe")
    assert faces.notes == ("3 other file(s) ignored: .DS_Store, KA.AN1.39 copy.tiff, README_FIRST.txt",)
    assert faces.fingerprint == loaded["jaffe"].fingerprint


def test_a_second_file_in_other_letter_case_is_ignored_with_a_note(loaded, own_jaffe):
    Image.new("L", (256, 256)).save(own_jaffe / "ka.an1.39.TIFF")
    if len(list(own_jaffe.iterdir())) == 214:
        pytest.skip("this file system does not tell letter case apart")
    faces = load("jaffe")
    assert faces.notes == ("1 other file(s) ignored: ka.an1.39.TIFF",)
    assert faces.fingerprint == loaded["jaffe"].fingerprint


def test_a_name_in_other_letter_case_instead_is_missing_and_pointed_at(own_jaffe):
    (own_jaffe / "KA.AN1.39.tiff").rename(own_jaffe / "KA.AN1.39.TIFF")
    with pytest.raises(FerError) as failure:
        load("jaffe")
    assert "KA.AN1.39.tiff: missing" in str(failure.value)
    assert "renamed perhaps: KA.AN1.39.TIFF" in str(failure.value)


# ------------------------------------------------------------------ nothing there


@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_fer_data_the_error_says_how_to_bring_it(monkeypatch, value):
    monkeypatch.setenv("FER_DATA", value or "")
    if value is None:
        monkeypatch.delenv("FER_DATA")
    with pytest.raises(FerError) as failure:
        load("jaffe")
    message = str(failure.value)
    assert "JAFFE is not shipped with this repository, and FER_DATA is not set" in message
    assert dataset("jaffe").layout in message and "zenodo.org/records/3451524" in message
    assert failure.value.exit_code == 1


def test_an_absent_folder_is_named(own_root):
    with pytest.raises(FerError) as failure:
        load("jaffe")
    assert f"was looked for in {own_root / 'jaffe'}, which is not there" in str(failure.value)
    assert "How to get it: " in str(failure.value) and failure.value.exit_code == 1


def test_the_home_folder_may_be_abbreviated(own_root, stand_ins, monkeypatch):
    monkeypatch.setenv("HOME", str(stand_ins.parent))
    monkeypatch.setenv("FER_DATA", f"~/{stand_ins.name}")
    assert len(load("jaffe")) == 213


@pytest.mark.parametrize(("name", "hint"), [("jafe", " Did you mean 'jaffe'?"), ("affectnet", "")])
def test_an_unknown_name_is_a_usage_error(name, hint):
    with pytest.raises(UsageError) as failure:
        load(name)
    assert str(failure.value).startswith(f"there is no data set {name!r}.{hint} Known: london, avatars_studio, ")
    assert failure.value.exit_code == 2
