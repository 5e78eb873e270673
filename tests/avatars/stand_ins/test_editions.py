"""Every edition that people hold: written small, read by its set's own loader, and the same among junk and links."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_utils.avatars.stand_ins import EDITIONS, PLANS, awkward, write
from fer_utils.data import doctor, load
from fer_utils.errors import UsageError
from fer_utils.faces import FaceSet
from fer_utils.reproduce.cli import main
from tests.tiny_stand_ins import EVERY, forget_contents, make_tiny


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path) -> None:
    make_tiny(monkeypatch)
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


def read(monkeypatch, root: Path, name: str) -> FaceSet:
    monkeypatch.setenv("FER_DATA", str(root))
    return load(name)


DIFFERS = {
    ("cmu_faces", "official"): ["of the official 624 pictures are missing: nothing of the people boland"],
    ("jaffe", "official"): ["of the official 213 pictures are missing: nothing of the people KL"],
    ("jaffe", "tif"): ["of the official 213 pictures are missing: nothing of the people KL"],
    ("jaffe", "png"): ["of the official 213 pictures", "are PNG files, official TIFF"],
    ("jaffe", "jpg"): ["of the official 213 pictures", "are JPEG files, official TIFF"],
    ("ck_plus", "ckextended"): ["ckextended.csv: one cut-out face", "nobody knows whose faces these are"],
    ("fer2013", "folders"): ["the edition in folders", "PublicTest and PrivateTest are merged"],
    ("sfew", "official"): ["are JPEG files, official PNG"],
    ("sfew", "aligned"): ["the owners' aligned faces"],
    ("raf_db", "folders"): ["an edition in folders"],
    ("kdef", "official"): ["of the official 4900 pictures are missing"],
    ("kdef", "flat"): ["of the official 4900 pictures are missing"],
    ("ravdess", "official"): ["of the official 1440 speech clips are missing"],
}
"""What the loaders say of each small stand-in; of the others, nothing."""


@pytest.mark.parametrize(("name", "edition"), EVERY)
def test_each_edition_is_read_and_its_differences_are_said(tiny_shelf, monkeypatch, name, edition):
    faces = read(monkeypatch, tiny_shelf / edition, name)
    assert faces.stand_in and faces.name == name and len(faces) >= 16
    expected = DIFFERS.get((name, edition), [])
    assert len(faces.differences) == len(expected), faces.differences
    assert all(words in said for words, said in zip(expected, faces.differences, strict=True)), faces.differences
    [found] = doctor.examine([name])
    assert found.state == "stand-in" and found.differences == faces.differences


PATHS = ("ck48", "sfew", "icv_mefed", "fer2013")
"""Sets whose ``source`` is the path as it is."""


@pytest.mark.parametrize(("name", "edition"), EVERY)
def test_junk_links_encodings_and_capitals_change_no_picture(tiny_shelf, monkeypatch, tmp_path, name, edition):
    plain = read(monkeypatch, tiny_shelf / edition, name)
    copy = Path(shutil.copytree(tiny_shelf / edition / name, tmp_path / name))
    awkward.make_awkward(name, copy)
    faces = read(monkeypatch, tmp_path, name)
    assert faces.differences == plain.differences
    if name not in PATHS:
        assert faces.fingerprint == plain.fingerprint
        return
    order = np.argsort([path.lower() for path in faces.table["source"]], kind="stable")
    before = np.argsort([path.lower() for path in plain.table["source"]], kind="stable")
    if name == "sfew":
        # Other titles sort otherwise; the last number in a name is the picture's own.
        order = np.argsort(faces.table["frame"].tolist(), kind="stable")
        before = np.argsort(plain.table["frame"].tolist(), kind="stable")
        assert set(awkward.FILMS) <= set(faces.table["sequence"])
    assert np.array_equal(faces.images[order], plain.images[before])
    assert faces.table["label"].to_numpy()[order].tolist() == plain.table["label"].to_numpy()[before].tolist()


def test_an_awkward_jaffe_says_which_encodings_it_met(tmp_path, monkeypatch):
    write("jaffe", tmp_path, awkward=True, small=True)
    notes = " ".join(read(monkeypatch, tmp_path, "jaffe").notes)
    for words in ("a palette of greys", "hold grey as RGB", "have an alpha channel", "have 16 bits"):
        assert words in notes


def test_an_awkward_stand_in_is_its_own_and_junk_does_not_make_it_anothers(tmp_path, monkeypatch):
    """The false marker's advice, to delete STAND_IN.txt, must not come for a Thumbs.db."""
    write("raf_db", tmp_path, "folders", awkward=True, small=True)
    before = read(monkeypatch, tmp_path, "raf_db")
    (tmp_path / "raf_db" / "DATASET" / "Thumbs.db").write_bytes(b"x")
    assert read(monkeypatch, tmp_path, "raf_db").fingerprint == before.fingerprint
    write("raf_db", tmp_path, small=True)
    assert read(monkeypatch, tmp_path, "raf_db").differences == ()


def test_the_editions_of_raf_db_kdef_and_fer2013_hold_the_same(tiny_shelf, monkeypatch):
    for name, edition in (("raf_db", "folders"), ("kdef", "flat"), ("fer2013", "icml")):
        official = read(monkeypatch, tiny_shelf / "official", name)
        assert read(monkeypatch, tiny_shelf / edition, name).fingerprint == official.fingerprint


def test_an_unknown_edition_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"sfew has no edition 'alined'\. Did you mean 'aligned'\? Known: official"):
        write("sfew", tmp_path, "alined")
    with pytest.raises(UsageError, match=r"mmi has no edition 'x'\. Known: official\."):
        write("mmi", tmp_path, "x")


def test_the_command_writes_an_edition_and_its_marker_says_which(tmp_path, capsys):
    asked = ["data", "stand-in", "sfew", "--edition", "aligned", "--awkward", "--small", "--to", str(tmp_path)]
    assert main(asked) == 0
    text = (tmp_path / "sfew" / "STAND_IN.txt").read_text()
    assert "`python -m fer_utils data stand-in sfew --edition aligned --awkward --small`" in text
    assert "junk lies among the files" in text and "Train: 21" in text
    assert (tmp_path / "sfew" / "Train_Aligned_Faces").is_dir()
    forget_contents(tmp_path / "sfew")


def test_the_full_aligned_faces_have_the_owners_counts():
    parts = EDITIONS["sfew"]["aligned"]().parts
    assert sum(part.path.startswith("Train_Aligned_Faces/") for part in parts) == 860 and len(parts) == 1291
    assert sum(1 for _ in EDITIONS["ck_plus"]["ckextended"]().parts) == 921
    assert set(EDITIONS) <= set(PLANS)
