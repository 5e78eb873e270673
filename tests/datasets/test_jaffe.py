"""JAFFE: every official file is there and sound, or one error names all that are not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import dataset, findings
from fer_utils.datasets.jaffe import CLASS_OF_CODE, official_files
from fer_utils.errors import FerError, UsageError
from tests.layouts import problems_of
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


def text_instead(file: Path) -> None:
    file.write_text("<html>404 not found</html>")


def absurd_size(file: Path) -> None:
    """A header that claims a picture too large for any memory, as a few wrong bytes can."""
    file.write_bytes(b"P5 90000 90000 255\n" + bytes(100))


def four_channels_of_ink(file: Path) -> None:
    Image.new("CMYK", (256, 256)).save(file)


DAMAGE = {
    without_last_bytes: r"unreadable or truncated \(.+\)",
    only_a_header: r"unreadable or truncated \(.+\)",
    empty: r"empty file",
    four_channels_of_ink: r"unreadable or truncated \(colour mode CMYK, expected grey or RGB\)",
    text_instead: r"unreadable or truncated \(.+\)",
    absurd_size: r"unreadable or truncated \(.+\)",
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_one_error_names_every_fault_and_says_what_to_do(own_jaffe, monkeypatch):
    monkeypatch.setattr(findings, "FEW", 10)
    (own_jaffe / "STAND_IN.txt").unlink()
    names = official_files()["file"].tolist()
    expected = []
    for number, (damage, words) in enumerate(DAMAGE.items()):
        damage(own_jaffe / names[10 * number])
        expected.append(rf"{re.escape(names[10 * number])}: {words}")
    with pytest.raises(FerError) as failure:
        load("jaffe")
    first, *problems, advice = str(failure.value).splitlines()
    assert first == f"JAFFE in {own_jaffe} is not as it should be, {len(expected)} problem(s):"
    assert all(problem.startswith("  - ") for problem in problems)
    for words in expected:
        assert sum(re.fullmatch(f"  - {words}", problem) is not None for problem in problems) == 1, words
    assert len(problems) == len(expected)
    assert "Unpack these files again from your copy of the set, or take them out of the folder" in advice
    assert failure.value.exit_code == 1


def test_a_damaged_stand_in_is_to_be_written_again_and_not_unpacked(own_jaffe):
    (own_jaffe / "KA.AN1.39.tiff").write_bytes(b"")
    with pytest.raises(FerError, match=r"delete it, and `python -m fer_utils data stand-in jaffe` writes it again\."):
        load("jaffe")


def test_what_the_advice_says_is_true(own_jaffe):
    """The damaged files taken out, the set loads, and says what is missing."""
    for name in ("KA.AN1.39.tiff", "YM.SU3.60.tiff"):
        (own_jaffe / name).write_bytes(b"")
    assert len(problems_of("jaffe")) == 2
    for name in ("KA.AN1.39.tiff", "YM.SU3.60.tiff"):
        (own_jaffe / name).unlink()
    faces = load("jaffe")
    assert faces.differences == ("2 of the official 213 pictures are missing: KA.AN1.39.tiff, YM.SU3.60.tiff",)
    assert len(faces) == len(faces.table) == 211 and "KA.AN1.39.tiff" not in set(faces.table["source"])


def test_an_empty_folder_is_refused_in_one_line(own_root):
    (own_root / "jaffe").mkdir()
    (problem,) = problems_of("jaffe")
    assert problem == (
        "not one picture. 213 of the official 213 pictures are missing: nothing of the people KA, KL, KM and 7 more"
    )


def test_a_folder_under_an_official_name_is_not_a_picture(own_jaffe):
    name = official_files()["file"][0]
    (own_jaffe / name).unlink()
    (own_jaffe / name).mkdir()
    assert load("jaffe").differences == (f"1 of the official 213 pictures are missing: {name}",)


# ------------------------------------------------------------------ the same pictures, encoded otherwise


def palette_of_greys(picture: Image.Image) -> Image.Image:
    picture.putpalette([value for value in range(256) for _ in range(3)])
    return picture


SAME = {
    "palette": (palette_of_greys, "have a palette of greys: the same pictures"),
    "RGB": (lambda picture: picture.convert("RGB"), "hold grey as RGB: the same pictures"),
    "RGBA": (lambda picture: picture.convert("RGBA"), "hold grey as RGB: the same pictures"),
    "LA": (lambda picture: picture.convert("LA"), "have an alpha channel, which is dropped"),
    "16 bits": (
        lambda picture: Image.fromarray(np.asarray(picture).astype(np.uint16) * 257),
        "have 16 bits, scaled to 8: the same pictures",
    ),
    "16 bits, shifted": (
        lambda picture: Image.fromarray(np.asarray(picture).astype(np.uint16) << 8),
        "have 16 bits, scaled to 8: the same pictures",
    ),
}


@pytest.mark.parametrize("how", SAME)
def test_every_encoding_of_the_same_grey_picture_is_the_same_and_noted(loaded, own_jaffe, how):
    change, words = SAME[how]
    for name in ("KA.AN1.39.tiff", "KM.AN1.17.tiff"):
        with Image.open(own_jaffe / name) as picture:
            picture.load()
        change(picture).save(own_jaffe / name)
    faces = load("jaffe")
    assert faces.fingerprint == loaded["jaffe"].fingerprint and faces.differences == ()
    assert f"2 picture(s) {words} (KA.AN1.39.tiff, KM.AN1.17.tiff)" in faces.notes


def test_the_official_sets_palette_pictures_keep_the_verdict(loaded, own_jaffe):
    """KA.AN1.39 and all of KM: 23 of 213, as in the owners' archive."""
    official = [name for name in official_files()["file"] if name.startswith(("KA.AN1.39.", "KM."))]
    for name in official:
        with Image.open(own_jaffe / name) as picture:
            picture.load()
        palette_of_greys(picture).save(own_jaffe / name)
    faces = load("jaffe")
    assert len(official) == 23 and faces.differences == ()
    assert faces.notes[0].startswith("23 picture(s) have a palette of greys: the same pictures (KA.AN1.39.tiff, ")
    assert faces.fingerprint == loaded["jaffe"].fingerprint


def test_one_bit_is_black_and_white(own_jaffe):
    Image.new("1", (256, 256), 1).save(own_jaffe / "KA.AN1.39.tiff")
    faces = load("jaffe")
    assert faces.images[0].min() == 255 and "are black and white (1 bit)" in faces.notes[0]


def test_colour_is_made_grey_by_the_stated_rule_and_costs_the_verdict(own_jaffe):
    Image.new("RGB", (256, 256), (200, 100, 50)).save(own_jaffe / "KA.AN1.39.tiff")
    faces = load("jaffe")
    assert (faces.images[0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()
    assert faces.differences == ("1 picture(s) are in colour, official grey: made grey by ITU-R 601 (KA.AN1.39.tiff)",)


def test_an_exif_rotation_is_obeyed_and_noted(loaded, own_jaffe):
    """The rule: a picture is turned upright as its EXIF orientation says, before its size counts."""
    name = "KA.AN1.39.tiff"
    with Image.open(own_jaffe / name) as picture:
        lying = picture.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(own_jaffe / name, exif=exif)
    faces = load("jaffe")
    assert faces.fingerprint == loaded["jaffe"].fingerprint and faces.differences == ()
    assert faces.notes == (f"1 picture(s) turned upright, as their EXIF orientation says ({name})",)


def test_another_size_is_brought_to_the_official_one_and_costs_the_verdict(own_jaffe):
    Image.new("L", (128, 128), 9).save(own_jaffe / "KA.AN1.39.tiff")
    faces = load("jaffe")
    assert faces.images.shape == (213, 256, 256) and (faces.images[0] == 9).all()
    assert faces.differences == ("1 picture(s) are not 256x256 pixels but 128x128 (KA.AN1.39.tiff)",)


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG"), (".BMP", "BMP"), (".tif", None)])
def test_copies_that_were_encoded_again_are_read_and_said(loaded, own_jaffe, suffix, kind):
    for file in sorted(own_jaffe.glob("*.tiff")):
        with Image.open(file) as picture:
            picture.load()
        file.unlink()
        picture.save(file.with_suffix(suffix), kind or "TIFF")
    faces = load("jaffe")
    assert faces.differences == ((f"all 213 picture(s) are {kind} files, official TIFF",) if kind else ())
    assert faces.table.equals(loaded["jaffe"].table)
    assert (faces.fingerprint == loaded["jaffe"].fingerprint) == (kind != "JPEG")


def test_a_jpeg_that_is_called_tiff_is_found_out(own_jaffe):
    with Image.open(own_jaffe / "KA.AN1.39.tiff") as picture:
        picture.load()
    picture.save(own_jaffe / "KA.AN1.39.tiff", "JPEG")
    assert load("jaffe").differences == ("1 picture(s) are JPEG files, official TIFF (KA.AN1.39.tiff)",)


# ------------------------------------------------------------------ more than there should be


def test_other_files_are_ignored_with_a_note(loaded, own_jaffe):
    (own_jaffe / "README_FIRST.txt").write_text("read me")
    (own_jaffe / ".DS_Store").write_bytes(b"\0")
    (own_jaffe / "Thumbs.db").write_bytes(b"\0")
    shutil.copy(own_jaffe / "KA.AN1.39.tiff", own_jaffe / "KA.AN1.39 copy.tiff")
    faces = load("jaffe")
    assert faces.notes == ("2 other file(s) ignored: KA.AN1.39 copy.tiff, README_FIRST.txt",)
    assert faces.differences == ()
    assert faces.fingerprint == loaded["jaffe"].fingerprint


def test_a_second_file_in_other_letter_case_is_ignored_with_a_note(loaded, own_jaffe):
    Image.new("L", (256, 256)).save(own_jaffe / "ka.an1.39.TIFF")
    if len(list(own_jaffe.iterdir())) == 214:
        pytest.skip("this file system does not tell letter case apart")
    faces = load("jaffe")
    assert faces.notes == ("1 other file(s) ignored: ka.an1.39.TIFF",)
    assert faces.fingerprint == loaded["jaffe"].fingerprint


def test_a_name_in_other_letter_case_instead_is_the_same_name(loaded, own_jaffe):
    (own_jaffe / "KA.AN1.39.tiff").rename(own_jaffe / "ka.an1.39.TIFF")
    faces = load("jaffe")
    assert faces.fingerprint == loaded["jaffe"].fingerprint and faces.notes == faces.differences == ()


def test_a_picture_of_another_name_is_pointed_at_where_one_is_missing(own_jaffe):
    (own_jaffe / "YM.SU3.60.tiff").rename(own_jaffe / "YM.HAPPY.tiff")
    faces = load("jaffe")
    assert faces.notes == ("1 other file(s) ignored, renamed perhaps: YM.HAPPY.tiff",)
    assert faces.differences == ("1 of the official 213 pictures are missing: YM.SU3.60.tiff",)


def test_the_same_picture_in_two_folders_is_one_and_another_of_its_name_is_refused(loaded, own_jaffe):
    (own_jaffe / "copy").mkdir()
    shutil.copy(own_jaffe / "KA.AN1.39.tiff", own_jaffe / "copy")
    faces = load("jaffe")
    assert faces.fingerprint == loaded["jaffe"].fingerprint
    assert faces.notes == ("copy/KA.AN1.39.tiff is there twice, byte by byte; one is read",)
    Image.new("L", (256, 256)).save(own_jaffe / "copy" / "KA.AN1.39.tiff")
    assert problems_of("jaffe") == [
        "copy/KA.AN1.39.tiff: there is another picture of this name, KA.AN1.39.tiff, which differs"
    ]


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
