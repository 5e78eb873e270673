"""The shipped photographs: whole, small, licensed, and packed the same way every time."""

from __future__ import annotations

import hashlib
import io
import zipfile
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_utils.data import folder_of, load
from fer_utils.datasets import dataset
from fer_utils.datasets.london import JPEG_QUALITY, SIDE, pack
from fer_utils.errors import FerError

SHIPPED = resources.files("fer_utils.datasets") / "shipped" / "london"


@pytest.fixture(scope="module")
def london():
    return load("london")


def test_every_person_has_one_neutral_and_one_happy_picture(london):
    assert len(london) == 204 and london.images.shape == (204, 320, 320, 3) and london.images.dtype == np.uint8
    per_person = pd.crosstab(london.table["subject"], london.table["label"])
    assert per_person.shape == (102, 2) and (per_person == 1).all().all()
    assert london.classes == ("neutral", "happiness") and set(london.table["label"]) == set(london.classes)
    assert (london.kind, london.notes) == ("real", ())


def test_labels_follow_the_official_names(london):
    codes = london.table["source"].str.extract(r"^(?P<subject>\d{3})_(?P<code>03|08)\.jpg$")
    assert codes["subject"].tolist() == london.table["subject"].tolist()
    assert codes["code"].map({"03": "neutral", "08": "happiness"}).tolist() == london.table["label"].tolist()
    assert london.table["source"].is_monotonic_increasing and london.table["source"].is_unique


def test_facts_about_people_are_joined_by_person(london):
    first = london.table.set_index("source").loc["001_08.jpg"]
    assert (first["age"], first["gender"], first["eth"]) == (24, "female", "white")
    both = london.table.groupby("subject")[["age", "gender", "eth"]].nunique(dropna=False)
    assert (both == 1).all().all()
    assert london.table["gender"].isin(["female", "male"]).all()


def test_pictures_are_distinct_photographs_in_colour(london):
    assert len({image.tobytes() for image in london.images}) == 204
    assert min(image.std() for image in london.images) > 20
    assert (london.images[..., 0] != london.images[..., 2]).any(axis=(1, 2)).all()


def test_loading_needs_no_folder_and_repeats(london, monkeypatch):
    monkeypatch.delenv("FER_DATA", raising=False)
    assert folder_of("london") is None
    assert load("london").fingerprint == london.fingerprint


def test_what_is_shipped_is_small_and_says_its_licence():
    archive = (SHIPPED / "london_320.zip").read_bytes()
    assert len(archive) <= 3 * 2**20
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None and len(opened.namelist()) == 204
    assert "Attribution 4.0 International" in (SHIPPED / "LICENSE.txt").read_text("utf-8")
    readme = (SHIPPED / "README.md").read_text("utf-8")
    assert hashlib.sha256(archive).hexdigest() in readme
    assert "CC BY 4.0" in readme and "10.6084/m9.figshare.5047666" in readme and "DeBruine" in readme
    assert "CC BY 4.0" in dataset("london").licence and dataset("london").publishable


# ------------------------------------------------------------------ packing


@pytest.fixture
def official(tmp_path):
    """Two people in the official layout, at a smaller size, with what lies about beside them."""
    draw = np.random.default_rng(0)
    for folder, code in (("neutral_front", "03"), ("smiling_front", "08"), ("left_profile", "01")):
        (tmp_path / "official" / folder).mkdir(parents=True)
        for person in ("007", "012"):
            coarse = draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((450, 450), Image.Resampling.BICUBIC)
            picture.save(tmp_path / "official" / folder / f"{person}_{code}.jpg", quality=95)
            (tmp_path / "official" / folder / f"{person}_{code}.tem").write_text("189 points")
    return tmp_path / "official"


def test_packing_twice_gives_identical_bytes(official, tmp_path):
    pack(official, tmp_path / "one.zip")
    for file in official.rglob("*.jpg"):
        file.touch()
    pack(official, tmp_path / "two.zip")
    digests = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("one.zip", "two.zip")}
    assert len(digests) == 1


def test_packing_takes_neutral_and_smiling_and_shrinks_them(official, tmp_path):
    pack(official, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["007_03.jpg", "012_03.jpg", "007_08.jpg", "012_08.jpg"]
        assert {entry.date_time for entry in archive.infolist()} == {(2017, 5, 30, 0, 0, 0)}
        small = np.asarray(Image.open(io.BytesIO(archive.read("012_08.jpg"))), float)
    assert small.shape == (SIDE, SIDE, 3)
    large = Image.open(official / "smiling_front" / "012_08.jpg")
    assert np.abs(small - np.asarray(large.resize((SIDE, SIDE)), float)).mean() < 3


def test_packing_is_what_made_the_shipped_file():
    """A shipped picture, decoded and encoded again at the stated quality, uses the same quantisation tables."""
    with zipfile.ZipFile(io.BytesIO((SHIPPED / "london_320.zip").read_bytes())) as archive:
        shipped = Image.open(io.BytesIO(archive.read("001_03.jpg")))
        assert {entry.date_time for entry in archive.infolist()} == {(2017, 5, 30, 0, 0, 0)}
    again = io.BytesIO()
    shipped.convert("RGB").save(again, "JPEG", quality=JPEG_QUALITY, optimize=True)
    assert shipped.quantization == Image.open(again).quantization


def test_a_broken_photograph_leaves_no_half_archive(official, tmp_path):
    (tmp_path / "one.zip").write_bytes(b"from before")
    (official / "smiling_front" / "012_08.jpg").write_bytes(b"not a picture")
    with pytest.raises(FerError, match=r"012_08\.jpg"):
        pack(official, tmp_path / "one.zip")
    assert (tmp_path / "one.zip").read_bytes() == b"from before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["official", "one.zip"]
