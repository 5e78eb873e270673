"""KDEF: 140 folders of 35 pictures, of which the archive itself lacks a few."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import kdef
from tests.layouts import problems_of, write_kdef


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(kdef, "NUMBERS", ("01",))
    monkeypatch.setattr(kdef, "MAY_LACK", 2)
    monkeypatch.setattr(kdef, "NATIVE_SIZES", ((76, 56),))
    monkeypatch.setattr(kdef, "SIZE", (32, 24))


@pytest.fixture
def folder(own_root) -> Path:
    write_kdef(own_root / "kdef")
    return own_root / "kdef"


def test_the_official_names_are_4900(monkeypatch):
    monkeypatch.undo()
    names = {picture.file_name for picture in kdef.official_pictures()}
    assert len(names) == 4900 and {"AF01ANHL.JPG", "BM35SUS.JPG"} <= names
    assert sum(name.endswith("S.JPG") for name in names) == 980
    assert 4900 * kdef.SIZE[0] * kdef.SIZE[1] * 3 < 2 * 2**30


@pytest.mark.parametrize("inside", [None, "KDEF", "KDEF_and_AKDEF/KDEF"])
def test_a_whole_tree_has_every_field(folder, own_root, inside):
    if inside:
        shutil.move(folder, own_root / "moved")
        (folder / inside).parent.mkdir(parents=True)
        shutil.move(own_root / "moved", folder / inside)
    faces = load("kdef")
    assert faces.images.shape == (140, 32, 24, 3) and faces.notes == ()
    assert faces.counts().iloc[0].tolist() == [20] * 7 + [140]
    assert faces.table["subject"].value_counts().to_dict() == {"F01": 70, "M01": 70}
    assert faces.table.set_index("source").loc["BM01AFS.JPG"].to_dict() == {
        "label": "fear", "subject": "M01", "pose": "straight", "take": "B", "gender": "male",
    }  # fmt: skip


def test_a_few_missing_pictures_and_odd_names_are_notes(folder):
    (folder / "AF01" / "AF01ANHL.JPG").rename(folder / "AF01" / "AF01V.JPG")
    (folder / "BM01" / "BM01SUS.JPG").rename(folder / "BM01" / "bm01sus.jpeg")
    faces = load("kdef")
    assert faces.notes == (
        "odd names ignored: AF01/AF01V.JPG", "1 of the official 140 pictures are missing: AF01ANHL.JPG",
    )  # fmt: skip
    assert faces.differences == ()
    assert len(faces) == 139 and "BM01SUS.JPG" in set(faces.table["source"])


def test_one_error_names_every_fault(folder):
    home = folder / "AF01"
    (home / "AF01ANFR.JPG").rename(folder / "BF01" / "AF01ANFR.JPG")
    (home / "AF01DIS.JPG").write_bytes(b"")
    (home / "AF01DIHL.JPG").write_bytes((home / "AF01DIHL.JPG").read_bytes()[:-100])
    Image.new("CMYK", (56, 76)).save(home / "AF01DIHR.JPG", format="JPEG")
    (folder / "copies").mkdir()
    Image.new("RGB", (56, 76)).save(folder / "copies" / "AF01SAS.JPG")
    found = problems_of("kdef")
    expected = [
        "BF01/AF01ANFR.JPG: belongs into AF01/",
        "AF01/AF01DIS.JPG: empty file",
        "AF01/AF01DIHL.JPG: unreadable or truncated",
        "AF01/AF01DIHR.JPG: unreadable or truncated (colour mode CMYK",
        "copies/AF01SAS.JPG: there is another picture of this name, AF01/AF01SAS.JPG, which differs",
    ]
    for words in expected:
        assert sum(words in problem for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_more_missing_pictures_and_absent_people_are_a_difference(folder):
    for name in ("AF01ANFL.JPG", "AF01ANHL.JPG", "AF01ANS.JPG"):
        (folder / "AF01" / name).unlink()
    for session in "AB":
        shutil.rmtree(folder / f"{session}M01")
    faces = load("kdef")
    assert faces.differences == (
        "73 of the official 140 pictures are missing: nothing of the people M01; AF01ANFL.JPG, AF01ANHL.JPG, "
        "AF01ANS.JPG",
    )
    assert set(faces.table["subject"]) == {"F01"} and len(faces) == 67


def test_all_in_one_folder_is_the_same(folder):
    whole = load("kdef")
    for file in list(folder.glob("*/*.JPG")):
        file.rename(folder / file.name)
    faces = load("kdef")
    assert faces.fingerprint == whole.fingerprint and faces.notes == faces.differences == ()


@given(st.text(max_size=20) | st.from_regex(r"[ABC][FM]\d\d(AF|XX|SU)(S|HL|XX)\.(JPG|PNG)", fullmatch=True))
def test_strange_names_raise_only_value_errors(name):
    try:
        assert kdef.parse_name(name).file_name == f"{name.upper().rpartition('.')[0]}.JPG"
    except ValueError as error:
        assert "not a name like" in str(error)


def test_every_official_name_is_read_back(monkeypatch):
    monkeypatch.undo()
    for picture in kdef.official_pictures():
        assert kdef.parse_name(picture.file_name) == picture
    with pytest.raises(ValueError, match="not a name like"):
        kdef.parse_name("AF36ANS.JPG")
