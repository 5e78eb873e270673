"""CMU Face Images: 624 named files in folders by person, each where it belongs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets.cmu_faces import BAD, USERS, official_names
from fer_utils.errors import FerError
from tests.stand_ins import write_cmu_faces

# 160 of each, less those that the authors set aside.
PER_CLASS = {"neutral": 158, "happiness": 155, "sadness": 156, "anger": 155}


def picture(folder: Path, name: str) -> Path:
    return folder / "faces" / name.split("_")[0] / f"{name}.pgm"


def test_624_of_640_combinations_exist():
    names = official_names()
    assert len(names) == len(set(names)) == 624 and names == sorted(names)
    assert len(USERS) == len(set(USERS)) == 20
    assert len(BAD) == 16 and not BAD & set(names)
    assert all(name.split("_")[0] in USERS for name in BAD)


def test_a_whole_tree_has_the_counts_of_the_official_names(loaded):
    faces = loaded["cmu_faces"]
    assert faces.images.shape == (624, 120, 128) and faces.images.dtype == np.uint8
    assert faces.classes == ("neutral", "happiness", "sadness", "anger")
    missing = pd.Series([name.split("_")[0] for name in BAD]).value_counts()
    assert faces.table["subject"].value_counts().to_dict() == {user: 32 - missing.get(user, 0) for user in USERS}
    assert faces.table["label"].value_counts().to_dict() == PER_CLASS
    assert set(faces.table["pose"]) == {"straight", "left", "right", "up"}
    assert set(faces.table["eyes"]) == {"open", "sunglasses"}
    assert not faces.table.isna().any().any()
    assert (faces.kind, faces.notes) == ("stand-in", ())


def test_rows_pictures_and_names_belong_together(loaded, stand_ins):
    faces = loaded["cmu_faces"]
    assert faces.table["source"].tolist() == [f"{name}.pgm" for name in official_names()]
    words = {"happiness": "happy", "sadness": "sad", "anger": "angry", "neutral": "neutral"}
    for row in (0, 99, 400, 623):
        facts = faces.table.loc[row]
        name = f"{facts['subject']}_{facts['pose']}_{words[facts['label']]}_{facts['eyes']}"
        assert facts["source"] == f"{name}.pgm"
        assert np.array_equal(faces.images[row], np.asarray(Image.open(picture(stand_ins / "cmu_faces", name))))


def test_stand_in_pictures_are_distinct_and_always_the_same(loaded, own_root, stand_ins):
    assert len({image.tobytes() for image in loaded["cmu_faces"].images}) == 624
    again = write_cmu_faces(own_root / "cmu_faces")
    for name in official_names():
        assert picture(again, name).read_bytes() == picture(stand_ins / "cmu_faces", name).read_bytes()


def test_one_error_names_every_fault_and_says_what_to_do(own_cmu):
    def of(name: str) -> Path:
        return picture(own_cmu, name)

    (own_cmu / "STAND_IN.txt").unlink()
    whole = of("an2i_left_angry_open").read_bytes()
    of("an2i_left_angry_open").write_bytes(whole[:-700])
    of("at33_up_sad_open").write_bytes(b"")
    of("ch4f_left_happy_open").write_bytes(b"P5\n99999 99999\n255\n" + whole[15:])
    of("saavik_up_sad_open").rename(own_cmu / "faces" / "tammo" / "saavik_up_sad_open.pgm")
    expected = [
        r"an2i/an2i_left_angry_open\.pgm: unreadable or truncated \(.+\)",
        r"at33/at33_up_sad_open\.pgm: empty file",
        r"ch4f/ch4f_left_happy_open\.pgm: unreadable or truncated \(.+\)",
        r"tammo/saavik_up_sad_open\.pgm: belongs into saavik/",
    ]
    with pytest.raises(FerError) as failure:
        load("cmu_faces")
    first, *problems, advice = str(failure.value).splitlines()
    assert first == f"CMU Face Images in {own_cmu / 'faces'} is not as it should be, {len(expected)} problem(s):"
    for words in expected:
        assert sum(re.fullmatch(f"  - {words}", problem) is not None for problem in problems) == 1, words
    assert len(problems) == len(expected)
    assert "Unpack these files again" in advice
    assert failure.value.exit_code == 1


def test_smaller_copies_readmes_and_hidden_files_pass_without_a_word(loaded, own_cmu):
    for size in ("_2", "_4"):
        Image.new("L", (64, 60)).save(picture(own_cmu, f"an2i_left_angry_open{size}"))
    (own_cmu / "faces" / "README").write_text("read me")
    (own_cmu / "faces" / ".DS_Store").write_bytes(b"\0")
    (own_cmu / "faces" / "an2i" / "._an2i_left_angry_open.pgm").write_bytes(b"\0")
    faces = load("cmu_faces")
    assert faces.notes == () and faces.fingerprint == loaded["cmu_faces"].fingerprint


def test_other_pictures_are_ignored_with_a_note(loaded, own_cmu):
    for name in ("an2i_left_angry_open copy", sorted(BAD)[0], "AN2I_left_angry_open"):
        home = own_cmu / "faces" / "an2i"
        Image.new("L", (128, 120)).save(home / f"{name}.pgm")
    faces = load("cmu_faces")
    assert faces.notes == ("3 other picture file(s) ignored, such as an2i/AN2I_left_angry_open.pgm",)
    assert faces.fingerprint == loaded["cmu_faces"].fingerprint


@pytest.mark.parametrize("folder", ["aaa_backup", "zzz_backup"])
def test_a_copy_in_another_folder_does_not_take_a_pictures_place(loaded, own_cmu, folder):
    (own_cmu / "faces" / folder).mkdir()
    Image.new("L", (128, 120)).save(own_cmu / "faces" / folder / "an2i_left_angry_open.pgm")
    faces = load("cmu_faces")
    assert faces.fingerprint == loaded["cmu_faces"].fingerprint
    assert faces.notes == (f"1 other picture file(s) ignored, such as {folder}/an2i_left_angry_open.pgm",)


def test_an_unpacked_zip_alone_is_not_enough(own_root):
    (own_root / "cmu_faces").mkdir()
    (own_root / "cmu_faces" / "faces.tar.gz").write_bytes(b"")
    with pytest.raises(FerError, match=r"holds no folder faces/\. Expected: cmu_faces/faces/<user>/"):
        load("cmu_faces")


def test_without_fer_data_the_error_gives_the_commands(monkeypatch):
    monkeypatch.delenv("FER_DATA", raising=False)
    with pytest.raises(FerError, match=r"curl -L .*archive\.ics\.uci\.edu.* && tar xzf faces\.tar\.gz") as failure:
        load("cmu_faces")
    assert failure.value.exit_code == 1


def test_without_the_marker_the_pictures_count_as_real(own_cmu):
    (own_cmu / "STAND_IN.txt").unlink()
    assert load("cmu_faces").kind == "real"


def test_a_root_that_is_a_link_works_too(own_root, stand_ins):
    (own_root / "cmu_faces").symlink_to(stand_ins / "cmu_faces")
    assert load("cmu_faces").kind == "stand-in"
    shutil.rmtree(own_root, ignore_errors=True)
    assert (stand_ins / "cmu_faces").is_dir()


def test_what_is_missing_or_encoded_otherwise_is_a_difference(own_cmu):
    picture(own_cmu, "cheyer_left_happy_open").unlink()
    wrong = picture(own_cmu, "night_up_sad_open")
    wrong.rename(wrong.with_name("night_up_sad_opened.pgm"))
    shutil.rmtree(own_cmu / "faces" / "tammo")
    Image.new("L", (64, 60)).save(picture(own_cmu, "boland_left_happy_open"))
    Image.new("RGB", (128, 120), (5, 5, 5)).save(picture(own_cmu, "bpm_left_happy_open"), format="PPM")
    faces = load("cmu_faces")
    assert len(faces) == 624 - 2 - 30
    assert faces.differences == (
        "32 of the official 624 pictures are missing: nothing of the people tammo; cheyer_left_happy_open.pgm, "
        "night_up_sad_open.pgm",
        "1 picture(s) are not 128x120 pixels but 64x60 (boland/boland_left_happy_open.pgm)",
    )
    assert "1 picture(s) hold grey as RGB: the same pictures (bpm/bpm_left_happy_open.pgm)" in faces.notes
    assert "1 other picture file(s) ignored, such as night/night_up_sad_opened.pgm" in faces.notes


def test_the_folders_of_people_and_letter_case_do_not_matter(loaded, own_cmu):
    for file in list((own_cmu / "faces").glob("*/*.pgm")):
        file.rename(own_cmu / file.name.upper())
    shutil.rmtree(own_cmu / "faces")
    faces = load("cmu_faces")
    assert faces.fingerprint == loaded["cmu_faces"].fingerprint and faces.differences == ()
