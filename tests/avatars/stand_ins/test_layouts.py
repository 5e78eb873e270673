"""Every loader reads the stand-in of its set as strictly as the set itself, and what the labels say is true."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_utils.avatars.stand_ins import PLANS
from fer_utils.avatars.stand_ins.casting import Look, shoot
from fer_utils.avatars.stand_ins.retouch import Frame, Touch, grey, retouch
from fer_utils.data import doctor, load
from fer_utils.datasets import fer2013, icv_mefed, jaffe, kdef, mmi, names, raf_db, rafd, sfew
from fer_utils.datasets.base import PEOPLE_UNKNOWN, STAND_IN_FILE
from fer_utils.datasets.duplicates import identical_groups
from fer_utils.datasets.isl_ck import ACTION_UNITS
from fer_utils.datasets.walking import pictures_below
from fer_utils.errors import FerError
from tests.avatars.stand_ins.conftest import Library
from tests.tiny_stand_ins import forget_contents

EXPECTED_NOTES = (
    re.escape(PEOPLE_UNKNOWN),
    r"0 sequences without a label ignored \(official \d+\)",
    r"no song clips",
    r"no folder BAUM1a_MP4 - All",
    r"spontaneous: \d+ clips, official 1222",
    r"\d+ people with clips of these classes, official 31",
    r"\d+ frames, the paper has 8422",
    r"\d+ video\(s\) without coded action units: .*",
    r"the stand-in states its own counts: .*",
)
EXPECTED_DIFFERENCES = (
    r"all \d+ video\(s\) are not 1280x720 pixels but 320x180",
    r"all \d+ video\(s\) are not 720x576 pixels but 360x288",
    r"all \d+ picture\(s\) are not 5184x3456 or 3456x5184 pixels but 264x176",
    r"all \d+ picture\(s\) are JPEG files, official PNG",
)
"""Which ``STAND_IN.txt`` says as well."""


@pytest.fixture(params=list(PLANS))
def each(request) -> str:
    """Each data set in turn."""
    return request.param


def test_every_set_that_has_to_be_brought_has_one():
    assert set(PLANS) == {name for name in names() if not name.startswith("avatars_") and name != "london"}


def test_the_strict_loader_takes_it_and_it_stays_a_stand_in(library: Library, each):
    faces = library.faces(each)
    assert faces.stand_in and faces.kind == "stand-in" and faces.name == each
    strange = [note for note in faces.notes if not any(re.fullmatch(known, note) for known in EXPECTED_NOTES)]
    strange += [line for line in faces.differences if not any(re.fullmatch(known, line) for known in
                EXPECTED_DIFFERENCES)]  # fmt: skip
    assert not strange


def test_every_class_is_there(library: Library, each):
    """BAUM-1 is made of clips alone, and in those the avatars show neither contempt nor disgust."""
    absent = {"contempt", "disgust"} if each == "baum1" else set()
    assert set(library.faces(each).table["label"]) == set(library.faces(each).classes) - absent


def test_no_two_pictures_are_the_same(library: Library, each):
    faces = library.faces(each)
    assert len(set(identical_groups(faces.images))) == len(faces)
    digests = Counter(hashlib.sha256(file.read_bytes()).digest() for file in pictures_below(library.folder(each)))
    assert max(digests.values(), default=1) == 1


def test_pictures_show_something(library: Library, each):
    images = library.faces(each).images
    assert images.std(axis=tuple(range(1, images.ndim))).min() > 10


def test_the_folder_says_what_it_is(library: Library, each):
    folder = library.folder(each)
    text = (folder / STAND_IN_FILE).read_text("utf-8")
    assert text.startswith("STAND-IN for ") and f"data stand-in {each}" in text and "Other than in the official" in text
    files = sum(1 for file in folder.rglob("*") if file.is_file()) - 1
    assert f"\n{files} files beside this one, seed 2026. " in text


def test_the_doctor_calls_them_stand_ins(library: Library):
    library.folder("jaffe")
    found = doctor.examine(["jaffe"])
    assert [finding.state for finding in found] == ["stand-in"]
    assert "jaffe           STAND-IN, 213 images" in doctor.as_text(found)


def test_the_plans_have_the_official_counts():
    """Of the tables as they are; nothing is drawn."""
    files = {
        name: Counter(part.path.rsplit(".", 1)[-1].lower() for part in plan().parts) for name, plan in PLANS.items()
    }
    assert files["jaffe"]["tiff"] == 213 and files["cmu_faces"]["pgm"] == 624
    assert files["ck_plus"] == {"png": 327 * 6, "txt": 327} and files["ck48"]["png"] == 981
    assert files["fer2013"]["csv"] == 1 + 35887 and files["sfew"]["jpg"] == 958 + 436
    assert files["raf_db"]["jpg"] == 15339 and files["rafd"]["jpg"] == 67 * 8 * 15
    assert files["kdef"]["jpg"] == 4900
    assert files["icv_mefed"]["jpg"] == 31250 and files["ravdess"]["mp4"] == 1440


def rows_and_labels(name: str) -> list[tuple]:
    """Path, shoot, row and role of every picture of a posed set, as the plan has them."""
    parts = PLANS[name]().parts
    return [(part.path, *part.content.args[:3]) for part in parts]


@pytest.mark.parametrize("name", ["jaffe", "cmu_faces", "rafd", "kdef", "icv_mefed"])
def test_a_posed_pictures_label_is_its_avatars(library: Library, name):
    table = library.faces(name).table.set_index("source")
    for path, source, row, _ in rows_and_labels(name):
        key = path if name == "icv_mefed" else path.rsplit("/", 1)[-1]
        assert table.loc[key, "label"] == source.table.loc[row, "label"], path


def test_one_person_is_one_avatar(library: Library):
    for name in ("jaffe", "cmu_faces", "rafd", "kdef"):
        table = library.faces(name).table.set_index("source")
        avatars = {}
        for path, source, row, role in rows_and_labels(name):
            person = table.loc[path.rsplit("/", 1)[-1], "subject"]
            avatars.setdefault(person, set()).add((source.table.loc[row, "subject"], role))
        assert all(len(found) == 1 for found in avatars.values())
        assert len({next(iter(found)) for found in avatars.values()}) == len(avatars)


def test_rafds_cameras_are_as_the_name_says_and_see_one_moment(small, monkeypatch):
    monkeypatch.setattr(rafd, "PEOPLE", {("Caucasian", "male"): 12})
    mirrored, moments = set(), {}
    for path, source, row, role in rows_and_labels("rafd"):
        picture, about = rafd.parse_name(path), source.table.loc[row]
        mirrored.add(role.look.mirrored)
        assert (180 - about["angle"] if role.look.mirrored else about["angle"]) == int(picture.angle)
        moments.setdefault((picture.subject, picture.expression), set()).add(about["source"].rpartition("_")[0])
    assert mirrored == {False, True} and all(len(moment) == 1 for moment in moments.values())


@pytest.mark.parametrize("person", ["01", "11"])
def test_rafds_gazes_differ_in_the_eyes_alone_and_are_as_the_name_says(small, monkeypatch, person):
    """The eleventh is the first, mirrored."""
    monkeypatch.setattr(rafd, "PEOPLE", {("Caucasian", "male"): 12})
    seen = {}
    for part in PLANS["rafd"]().parts:
        picture = rafd.parse_name(part.path)
        if (picture.angle, picture.subject, picture.expression) == ("090", person, "surprised"):
            with Image.open(io.BytesIO(part.content())) as opened:
                seen[picture.gaze] = np.asarray(opened.convert("L")).astype(int)
    left, frontal, right = (seen[gaze] for gaze in rafd.GAZES)
    rows, _ = np.nonzero(np.abs(left - right) > 12)
    # Between forehead and nose, and not more than a hundredth of the picture.
    assert len(rows) and rows.min() > 250 and rows.max() < 550 and len(rows) < 0.01 * frontal.size
    # Where the iris goes it gets darker: its place has a smaller x for "left".
    for half in (slice(0, 340), slice(341, 681)):
        darker = [np.clip(frontal - seen[gaze], 0, None)[250:550, half].sum(axis=0) for gaze in ("left", "right")]
        places = [(each * np.arange(len(each))).sum() / each.sum() for each in darker]
        assert places[0] < places[1]


def test_kdefs_profiles_face_the_way_the_name_says(small, monkeypatch):
    monkeypatch.setattr(kdef, "NUMBERS", tuple(f"{number:02d}" for number in range(1, 12)))
    for path, source, row, role in rows_and_labels("kdef"):
        angle = source.table.loc[row, "angle"]
        seen = 180 - angle if role.look.mirrored else angle
        assert (
            kdef.parse_name(path.rsplit("/", 1)[-1]).angle == {0: "FR", 45: "HR", 90: "S", 135: "HL", 180: "FL"}[seen]
        )


def test_a_jaffe_picture_looks_most_like_its_own_avatar_and_expression(library: Library):
    """By pixels: of the avatar's 24 photographs, the nearest has the label that the file's name says."""
    studio, faces = shoot("studio"), library.faces("jaffe")
    plain = Touch(0, 1, 0, 0, 1)
    frame = Frame(150)
    small = [cv2.resize(grey(retouch(image, Look(), plain, jaffe.SIZE, frame)), (64, 64)) for image in studio.images]
    photographs = np.stack(small)[:, 20:, 8:56].reshape(len(small), -1).astype(float)
    pictures = np.stack([cv2.resize(image, (64, 64)) for image in faces.images])[:, 20:, 8:56]
    pictures = pictures.reshape(len(faces), -1).astype(float)
    near = np.corrcoef(pictures, photographs)[: len(faces), len(faces) :].argmax(axis=1)
    assert (studio.table["label"].to_numpy()[near] == faces.table["label"].to_numpy()).mean() > 0.9
    avatars = dict(zip(sorted(faces.table["subject"].unique()), studio.people, strict=False))
    assert (studio.table["subject"].to_numpy()[near] == faces.table["subject"].map(avatars).to_numpy()).mean() > 0.95


def test_sequences_begin_neutral_and_nobody_shows_an_expression_twice(library: Library):
    table = library.faces("ck_plus").table
    assert (table.loc[table["frame"] == 1, "label"] == "neutral").all()
    assert (table.loc[table["frame"] > 1, "label"] == table.loc[table["frame"] > 1, "sequence_label"]).all()
    shown = table.drop_duplicates("sequence")
    assert not shown.duplicated(["subject", "sequence_label"]).any()
    assert set(table["frame"]) == {1, 4, 5, 6}


def test_ck48_has_the_names_of_ck_plus(library: Library):
    cut = {source.split("/")[1] for source in library.faces("ck48").table["source"]}
    whole = library.faces("ck_plus").table
    assert cut == set(whole.loc[whole["label"] != "neutral", "source"])


def test_graded_action_units_rise_from_none_to_the_avatars_own(library: Library):
    table = library.faces("isl_ck").table
    units = table[list(ACTION_UNITS)]
    assert units.to_numpy().max() >= 3 and (units.max() > 0).sum() >= 10
    clips = table["subject"] == "S001"
    # A neutral clip, of which there are two, may hold a stray unit throughout.
    moving = clips & ~table["sequence"].isin(["S001_001", "S001_002"])
    assert (units[moving & (table["frame"] == 1)].to_numpy() == 0).all()
    assert (units[moving & (table["frame"] == 4)].to_numpy().max(axis=1) >= 2).all()
    assert table.loc[clips, "sequence"].nunique() == 12


@pytest.mark.parametrize(("name", "module"), [("sfew", sfew), ("raf_db", raf_db), ("fer2013", fer2013)])
def test_people_of_the_wild_sets_are_on_one_side_of_the_split(library: Library, name, module):
    sides: dict[str, set[str]] = {}
    for part in PLANS[name]().parts:
        if not hasattr(part.content.args[0], "person"):
            continue
        source = part.content.args[0]
        split = next(split for split in module.OFFICIAL if split in str(part.content.args[2]))
        sides.setdefault(source.person, set()).add(split)
    assert len(sides) > 5 and all(len(splits) == 1 for splits in sides.values())


def test_sfews_films_are_on_one_side_of_the_split(library: Library):
    table = library.faces("sfew").table
    assert not set(table.loc[table["split"] == "Train", "sequence"]) & set(
        table.loc[table["split"] == "Val", "sequence"]
    )


def test_celeba_smiles_where_the_avatar_is_happy(library: Library):
    crowd = shoot("crowd")
    smiling = {}
    for part in PLANS["celeba"]().parts:
        if part.path.endswith(".jpg"):
            smiling[part.path.rsplit("/", 1)[-1]] = crowd.table.loc[part.content.args[0].row, "label"] == "happiness"
    table = library.faces("celeba").table
    assert [smiling[name] for name in table["source"]] == (table["label"] == "smiling").tolist()
    assert any(smiling.values()) and not all(smiling.values())


def test_a_smaller_celeba_is_checked_against_its_own_counts(library: Library, tmp_path, monkeypatch):
    assert any(note.startswith("the stand-in states its own counts: train 40, official") for note in
               library.faces("celeba").notes)  # fmt: skip
    copy = shutil.copytree(library.folder("celeba"), tmp_path / "celeba")
    (copy / "img_align_celeba" / "000007.jpg").unlink()
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    with pytest.raises(FerError, match=r"holds other files than were written with it"):
        load("celeba")
    forget_contents(copy)
    assert "1 pictures missing, number 7" in load("celeba").differences


def test_mmi_turns_what_lies_on_its_side(library: Library):
    """Lying and upright videos come out alike: backdrop in the upper corners, face in the middle."""
    faces = library.faces("mmi")
    sessions = faces.table["session"].astype(int)
    assert {0, 1} == set(sessions % 2)
    assert (faces.table["frame"] == 1).sum() == faces.table["sequence"].nunique() == 2 * len(mmi.CLASS_OF_CODE)
    top = faces.images[:, :40, :40].astype(float).std(axis=(1, 2, 3))
    assert np.median(top[sessions % 2 == 0]) < 2 * np.median(top[sessions % 2 == 1]) + 5


def test_ravdess_has_both_strengths_of_both_actors(library: Library):
    clips = library.faces("ravdess").table.drop_duplicates("sequence")
    assert clips.groupby(["subject", "channel"]).size().to_dict() == {("01", "speech"): 30, ("02", "speech"): 30}
    assert set(clips.loc[clips["label"] == "neutral", "intensity"]) == {"normal"}


def test_compounds_are_the_official_fifty(library: Library):
    table = library.faces("icv_mefed").table
    assert table["compound"].nunique() == icv_mefed.LABELS
