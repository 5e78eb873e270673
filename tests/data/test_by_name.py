"""``load("jaffe:stand-in")``: written once into the cache, read by JAFFE's own loader, marked for ever."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fer_utils import data, datasets
from fer_utils.avatars import stand_ins
from fer_utils.errors import FerError, UsageError
from fer_utils.papers.registry import PAPERS
from fer_utils.reproduce.rounds import datasets_of


def test_a_stand_in_by_name_is_written_once_and_read_by_the_official_loader(monkeypatch, tmp_path):
    monkeypatch.delenv("FER_DATA", raising=False)
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    faces = data.load("jaffe:stand-in")
    assert (faces.name, len(faces), faces.stand_in, faces.classes) == (
        "jaffe", 213, True, datasets.dataset("jaffe").classes,
    )  # fmt: skip
    folder = data.folder_of("jaffe:stand-in")
    assert tmp_path in folder.parents and "avatars" in (folder / "STAND_IN.txt").read_text()
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert data.load("jaffe:stand-in").fingerprint == faces.fingerprint
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_results_on_a_stand_in_are_filed_apart_from_the_real_set():
    avatars = data.load("avatars_views")
    assert datasets.filed_as(avatars) == "avatars_views"
    assert datasets.filed_as(data.load("london")) == "london"
    played = type(avatars)("jaffe", avatars.images, avatars.table, avatars.classes, stand_in=True)
    assert datasets.filed_as(played) == "jaffe-stand-in"
    real = type(avatars)("jaffe", avatars.images, avatars.table, avatars.classes)
    assert datasets.filed_as(real) == "jaffe"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("jafe:stand-in", "Did you mean 'jaffe'"),
        ("london:stand-in", "shipped; it needs no stand-in"),
        ("jaffe:standin", "no data set"),
    ],
)
def test_what_has_no_stand_in_is_refused(monkeypatch, tmp_path, name, message):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match=message):
        data.load(name)


def test_every_round_can_be_run_by_somebody_who_holds_no_data():
    for paper in PAPERS:
        for name in paper.recorded:
            assert datasets.dataset(name).shipped or name.endswith(datasets.STAND_IN)
    assert datasets_of("00_start_here") == (None,)


@pytest.fixture
def stand_in_jaffe(own_root):
    stand_ins.write("jaffe", own_root)
    return own_root / "jaffe"


def test_real_pictures_under_a_stand_ins_marker_are_refused_and_never_replaced(stand_in_jaffe, own_root):
    """Unpacked over a stand-in, the real set would else pass for avatars and be published."""
    assert data.load("jaffe").stand_in
    real = stand_in_jaffe / "KA.AN1.39.tiff"
    Image.fromarray(np.zeros((256, 256), np.uint8)).save(real, compression="tiff_deflate")
    for use in (lambda: data.load("jaffe"), lambda: stand_ins.write("jaffe", own_root)):
        with pytest.raises(FerError, match=r"real pictures, delete STAND_IN\.txt"):
            use()
    assert real.exists()
    (stand_in_jaffe / "STAND_IN.txt").unlink()
    assert not data.load("jaffe").stand_in


def test_a_stand_in_may_be_written_again(stand_in_jaffe, own_root):
    before = {file.name: file.read_bytes() for file in stand_in_jaffe.iterdir()}
    stand_ins.write("jaffe", own_root)
    assert {file.name: file.read_bytes() for file in stand_in_jaffe.iterdir()} == before
