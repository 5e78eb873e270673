"""iCV-MEFED: the second code is the class, huge pictures are read small, and file names can be described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import icv_mefed
from fer_utils.datasets.findings import Findings
from fer_utils.datasets.pictures import read_pictures
from fer_utils.errors import FerError
from tests.layouts import problems_of, write_icv_mefed


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(icv_mefed, "PEOPLE", 2)
    monkeypatch.setattr(icv_mefed, "LABELS_OF_EMOTION", 1)
    monkeypatch.setattr(icv_mefed, "LABELS", 8)
    monkeypatch.setattr(icv_mefed, "TAKES", 2)
    monkeypatch.setattr(icv_mefed, "NATIVE_SIZES", ((64, 96),))
    monkeypatch.setattr(icv_mefed, "SIZE", (16, 16))


@pytest.fixture
def folder(own_root) -> Path:
    write_icv_mefed(own_root / "icv_mefed")
    return own_root / "icv_mefed"


def test_the_official_counts_are_the_published_ones(monkeypatch):
    monkeypatch.undo()
    counts = icv_mefed.official_pictures()
    assert sum(counts.values()) == 31250 == icv_mefed.PEOPLE * icv_mefed.LABELS * icv_mefed.TAKES
    assert counts["anger"] == 4375 and counts["neutral"] == 625 and len(counts) == 8
    assert 31250 * icv_mefed.SIZE[0] * icv_mefed.SIZE[1] * 3 == pytest.approx(2.9e9, rel=0.01)


def test_the_dominant_emotion_is_the_class(folder):
    faces = load("icv_mefed")
    assert faces.images.shape == (32, 16, 16, 3) and faces.notes == ()
    assert faces.counts().iloc[0].tolist() == [4] * 8 + [32]
    assert faces.table["subject"].value_counts().to_dict() == {"001": 16, "002": 16}
    assert faces.table.set_index("source").loc["001/1_7_2.jpg"].to_dict() == {
        "label": "surprise", "subject": "001", "compound": "1_7", "complementary": "anger",
    }  # fmt: skip


def test_other_names_are_read_by_a_described_pattern(folder):
    for file in sorted(folder.rglob("*.jpg")):
        subject, (a, b, take) = file.parent.name, file.stem.split("_")
        target = folder / f"{b} after {a}" / f"P{subject} IMG_{take}.jpg"
        target.parent.mkdir(exist_ok=True)
        file.rename(target)
    found = problems_of("icv_mefed")
    assert len(found) == 3 and all("not a path like 012/1_7_3.jpg" in problem for problem in found)
    pattern = r"(?P<dominant>.) after (?P<complementary>.)/P(?P<subject>\d+) img_\d\.jpg"
    (folder / "name_pattern.txt").write_text(pattern + "\n")
    faces = load("icv_mefed")
    assert faces.table.iloc[0][["label", "subject", "compound"]].tolist() == ["anger", "001", "1_1"]
    (folder / "name_pattern.txt").write_text(pattern.replace("(?P<dominant>.)", "(?P<dominant>)."))
    found = problems_of("icv_mefed")
    assert len(found) == 3 and all("codes are 1 to 7 and N" in problem for problem in found)


def test_a_single_code_is_the_dominant_emotion():
    pattern = icv_mefed.compile_pattern("(?P<subject>[0-9]+) (?:(?P<complementary>.) on )?(?P<dominant>.)")
    assert icv_mefed.parse_path("12 n", pattern) == icv_mefed.Picture("12", "N", "N")
    assert icv_mefed.parse_path("12 1 on 7", pattern) == icv_mefed.Picture("12", "1", "7")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?P<subject>[0-9]+", r"name_pattern\.txt: not a regular expression"),
        ("(?P<subject>[0-9]+)", r"name_pattern\.txt: without the group\(s\) complementary, dominant"),
    ],
)
def test_a_wrong_pattern_is_said(folder, pattern, words):
    (folder / "name_pattern.txt").write_text(pattern)
    with pytest.raises(FerError, match=words):
        load("icv_mefed")


def test_one_error_names_every_fault(folder):
    (folder / "001" / "1_2_1.jpg").write_bytes(b"")
    whole = (folder / "001" / "1_3_1.jpg").read_bytes()
    (folder / "001" / "1_3_1.jpg").write_bytes(whole[:-100])
    (folder / "001" / "1_4_1.jpg").rename(folder / "001" / "1_8_1.jpg")
    Image.new("RGB", (96, 64)).save(folder / "001_1_5_1.jpg")
    found = problems_of("icv_mefed")
    expected = [
        "001/1_2_1.jpg: empty file",
        "001/1_3_1.jpg: unreadable or truncated",
        "001/1_8_1.jpg: not a path like",
        "001_1_5_1.jpg: there is another picture of this name, 001/1_5_1.jpg, which differs",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_other_counts_are_differences(folder):
    (folder / "001" / "1_1_1.jpg").unlink()
    (folder / "001" / "1_5_1.jpg").rename(folder / "003_2_5_1.JPEG")
    Image.new("RGB", (30, 20)).save(folder / "001" / "1_6_1.jpg")
    assert load("icv_mefed").differences == (
        "anger: 3 pictures, official 4",
        "3 people, official 2",
        "9 labels, official 8",
        "1 picture(s) are not 96x64 pixels but 30x20 (001/1_6_1.jpg)",
    )


def test_huge_pictures_are_decoded_small_and_look_the_same(tmp_path):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(60, 200, (9, 14, 3), dtype=np.uint8))
    small.resize((2592, 1728), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=95)
    found = Findings("x", tmp_path)
    read = [
        read_pictures([tmp_path / "a.jpg"], found, (176, 176), "RGB", ((1728, 2592),), draft=draft)
        for draft in (True, False)
    ]
    assert found.differences == [], "the size that counts is the file's, not the decoded one"
    difference = np.abs(read[0].astype(int) - read[1].astype(int))
    assert difference.mean() < 1.5 and difference.max() < 20


def test_a_picture_on_its_side_is_turned_by_its_exif_data(tmp_path):
    picture = Image.new("RGB", (64, 32))
    picture.paste((255, 255, 255), (0, 0, 32, 32))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    found = Findings("x", tmp_path)
    images = read_pictures([tmp_path / "a.jpg"], found, (32, 16), "RGB", ((64, 32),), draft=True)
    assert found.differences == [] and "turned upright" in found.notes[0]
    assert images[0, :12].min() > 200 and images[0, -12:].max() < 50
