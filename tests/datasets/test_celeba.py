"""CelebA: four lists that must agree with the pictures, one fixed cut, and people if they are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets import celeba
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from fer_utils.errors import FerError
from tests.layouts import problems_of, write_celeba


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    monkeypatch.setattr(celeba, "OFFICIAL", {"train": 7, "valid": 2, "test": 3})
    monkeypatch.setattr(celeba, "PEOPLE", 5)


@pytest.fixture
def folder(own_root) -> Path:
    write_celeba(own_root / "celeba")
    return own_root / "celeba"


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def test_the_official_counts_and_the_memory(monkeypatch):
    monkeypatch.undo()
    assert sum(celeba.OFFICIAL.values()) == 202599
    assert 202599 * celeba.SIZE[0] * celeba.SIZE[1] * 3 == pytest.approx(2.5e9, rel=0.01)


def test_splits_people_and_smiles_come_from_the_lists(folder):
    faces = load("celeba")
    assert faces.images.shape == (12, 64, 64, 3) and faces.notes == ()
    assert faces.classes == ("not smiling", "smiling") and faces.counts().iloc[0].tolist() == [8, 4, 12]
    assert faces.table["split"].value_counts().to_dict() == {"train": 7, "valid": 2, "test": 3}
    assert faces.table["subject"].nunique() == 5
    assert faces.table.iloc[2].to_dict() == {
        "label": "smiling", "subject": "103", "source": "000003.jpg", "split": "train",
    }  # fmt: skip


def test_the_middle_128_pixels_are_kept(folder):
    picture = Image.new("RGB", (178, 218))
    picture.paste((255, 255, 255), (25, 45, 153, 173))
    picture.save(folder / "img_align_celeba" / "000001.jpg", quality=100)
    assert load("celeba").images[0].min() > 200
    picture = Image.new("RGB", (178, 218), (255, 255, 255))
    picture.paste((0, 0, 0), (25, 45, 153, 173))
    picture.save(folder / "img_align_celeba" / "000001.jpg", quality=100)
    assert load("celeba").images[0].max() < 55


def test_without_the_list_of_people_each_picture_is_its_own(own_root):
    write_celeba(own_root / "celeba", identities=False)
    faces = load("celeba")
    assert (
        faces.notes == (PEOPLE_UNKNOWN, "identity_CelebA.txt is not there")
        and faces.table["subject"].tolist() == faces.table["source"].tolist()
    )


def test_the_folders_of_the_official_drive_do_as_well(folder):
    for home, name in (
        ("Img", celeba.PICTURES), ("Anno", celeba.ATTRIBUTES), ("Anno", celeba.IDENTITIES), ("Eval", celeba.PARTITION),
    ):  # fmt: skip
        (folder / home).mkdir(exist_ok=True)
        (folder / name).rename(folder / home / name)
    assert len(load("celeba")) == 12


def test_the_same_picture_in_two_splits_and_under_two_labels_is_a_note(folder):
    pictures = folder / "img_align_celeba"
    (pictures / "000012.jpg").write_bytes((pictures / "000001.jpg").read_bytes())
    assert load("celeba").notes == (
        "11 different images among 12: the others are exact duplicates",
        "also in train: 1 of test",
        "rows whose identical image has another label: 1 of train, 1 of test",
    )


def test_one_error_names_every_fault(folder):
    pictures = folder / "img_align_celeba"
    (pictures / "000006.jpg").write_bytes(b"")
    (pictures / "000007.jpg").write_bytes((pictures / "000007.jpg").read_bytes()[:-100])
    (pictures / "more").mkdir()
    Image.new("RGB", (178, 218)).save(pictures / "more" / "000003.jpg")
    edit(folder, celeba.ATTRIBUTES, "000008.jpg -1", "000008.jpg 0")
    edit(folder, celeba.PARTITION, "000009.jpg 1", "000009.jpg 3")
    edit(folder, celeba.PARTITION, "000001.jpg 0\n", "000001.jpg 0\n000001.jpg 2\n")
    edit(folder, celeba.IDENTITIES, "000004.jpg 104\n", "000004.jpg x\n")
    found = problems_of("celeba")
    expected = [
        "img_align_celeba/more/000003.jpg: the same picture is also img_align_celeba/000003.jpg",
        "img_align_celeba/000006.jpg: empty file",
        "img_align_celeba/000007.jpg: unreadable or truncated",
        "list_attr_celeba.txt, line 10: not a name and 40 values of 1 or -1",
        "list_eval_partition.txt, line 10: split '3' is not one of 0 to 2",
        "list_eval_partition.txt, line 2: 000001.jpg is listed twice, in two ways",
        "identity_CelebA.txt, line 4: person 'x' is not a number",
    ]
    for words in expected:
        assert sum(problem.startswith(words) for problem in found) == 1, (words, found)
    assert len(found) == len(expected)


def test_what_is_missing_or_unlisted_is_a_difference_and_left_out(folder):
    pictures = folder / "img_align_celeba"
    for number in (2, 3, 5):
        (pictures / celeba.file_name(number)).unlink()
    (pictures / "000004.jpg").rename(pictures / "4.jpg")
    (pictures / "000006.jpg").rename(pictures / "000006.JPG")
    Image.new("RGB", (178, 218)).save(pictures / "000013.jpg")
    edit(folder, celeba.IDENTITIES, "000009.jpg 104\n", "")
    edit(folder, celeba.PARTITION, "000008.jpg 1\n", "")
    faces = load("celeba")
    assert faces.table["source"].tolist() == [celeba.file_name(number) for number in (1, 6, 7, 10, 11, 12)]
    assert faces.differences == (
        "4 pictures missing, number 2-5",
        "1 pictures left out, for list_eval_partition.txt does not name them: number 8",
        "1 pictures left out, for identity_CelebA.txt does not name them: number 9",
        "3 people, official 5",
        "train: 3 pictures, official 7; valid: 0 pictures, official 2",
    )
    assert faces.notes == (
        "2 picture(s) ignored, not one of 000001.jpg to 000012.jpg: img_align_celeba/000013.jpg, "
        "img_align_celeba/4.jpg",
        "list_attr_celeba.txt names 4 pictures that are not there: number 2-5",
        "list_eval_partition.txt names 4 pictures that are not there: number 2-5",
        "identity_CelebA.txt names 4 pictures that are not there: number 2-5",
    )


def test_another_list_of_attributes_is_a_problem(folder):
    edit(folder, celeba.ATTRIBUTES, "Smiling", "Grinning")
    (problem,) = problems_of("celeba")
    assert problem.startswith("list_attr_celeba.txt, line 2: not the names of 40 attributes with Smiling")


def test_lists_and_pictures_are_needed(own_root):
    (own_root / "celeba").mkdir()
    words = r"lacks list_attr_celeba\.txt and list_eval_partition\.txt and img_align_celeba/\. Expected"
    with pytest.raises(FerError, match=words):
        load("celeba")


def test_another_size_is_a_difference(folder):
    Image.fromarray(np.full((100, 80, 3), 90, np.uint8)).save(folder / "img_align_celeba" / "000001.jpg")
    assert load("celeba").differences == (
        "1 picture(s) are not 178x218 pixels but 80x100 (img_align_celeba/000001.jpg)",
    )
