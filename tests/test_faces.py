"""``FaceSet``: what it refuses, what it keeps together, and what its fingerprint depends on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import EMOTIONS, FaceSet

CLASSES = ("neutral", "happiness", "fear")


def a_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["fear", "neutral", "neutral", "fear"],
            "subject": ["ann", "bob", "ann", "cid"],
            "source": ["1.png", "2.png", "3.png", "4.png"],
        }
    )


def a_set(**changes) -> FaceSet:
    images = np.arange(4 * 3 * 5, dtype=np.uint8).reshape(4, 3, 5)
    given = {"name": "toy", "images": images, "table": a_table(), "classes": CLASSES}
    return FaceSet(**{**given, **changes})


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 3, 5)),
        np.zeros((4, 3, 5), np.int16),
        np.zeros((4, 15), np.uint8),
        np.zeros((4, 3, 5, 1), np.uint8),
        np.zeros((4, 3, 5, 4), np.uint8),
        np.zeros((1, 4, 3, 5, 3), np.uint8),
    ],
    ids=lambda images: f"{images.dtype} {images.shape}",
)
def test_other_shapes_and_types_are_refused_by_name(images):
    with pytest.raises(ValueError, match=r"images must be uint8 \[N,H,W\] or \[N,H,W,3\], not ") as refusal:
        a_set(images=images)
    assert str(images.dtype) in str(refusal.value) and str(list(images.shape)) in str(refusal.value)


def test_colour_images_are_welcome():
    assert a_set(images=np.zeros((4, 3, 5, 3), np.uint8)).images.shape == (4, 3, 5, 3)


def test_images_and_rows_must_be_equally_many():
    with pytest.raises(ValueError, match="4 images but 3 table rows"):
        a_set(table=a_table().head(3))


@pytest.mark.parametrize("column", ["label", "subject", "source"])
def test_each_required_column_is_asked_for(column):
    with pytest.raises(ValueError, match=rf"the table lacks the columns \['{column}'\]"):
        a_set(table=a_table().drop(columns=column))


@pytest.mark.parametrize("strange", [["joy", "fear"], ["joy", None], [3, "joy"], [None, 3]])
def test_labels_outside_the_classes_are_refused(strange):
    table = a_table().astype({"label": object})
    table.loc[[0, 1], "label"] = strange
    with pytest.raises(ValueError, match="are not among the classes") as refusal:
        a_set(table=table)
    assert all(str(label) in str(refusal.value) or label is None for label in strange if label != "fear")
    assert "'fear'" not in str(refusal.value).split("are not")[0]


def test_other_pixels_must_be_as_many():
    with pytest.raises(ValueError, match="3 images but 4 table rows"):
        a_set().with_images(np.zeros((3, 9, 9), np.uint8))


# ------------------------------------------------------------------ fingerprint


def one_pixel(faces: FaceSet) -> FaceSet:
    images = faces.images.copy()
    images[2, 1, 1] ^= 1
    return faces.with_images(images)


def one_label(faces: FaceSet) -> FaceSet:
    return replace(faces, table=faces.table.assign(label=["fear", "neutral", "neutral", "neutral"]))


@pytest.mark.parametrize(
    "change",
    [
        one_pixel,
        one_label,
        lambda faces: replace(faces, stand_in=True),
        lambda faces: replace(faces, name="other"),
        lambda faces: replace(faces, classes=CLASSES[::-1]),
        lambda faces: replace(faces, table=faces.table.assign(subject="ann")),
        lambda faces: replace(faces, table=faces.table.assign(sequence=7)),
        lambda faces: faces.select([0, 2, 1, 3]),
        lambda faces: faces.with_images(faces.images.reshape(4, 5, 3)),
    ],
    ids="pixel label stand_in name classes subject column order shape".split(),
)
def test_the_fingerprint_changes_with(change):
    assert change(a_set()).fingerprint != a_set().fingerprint


def test_the_fingerprint_stays_with_a_copy():
    faces = a_set()
    assert len(faces.fingerprint) == 16 and int(faces.fingerprint, 16) >= 0
    assert replace(faces, images=faces.images.copy(), table=faces.table.copy()).fingerprint == faces.fingerprint
    in_another_order_in_memory = np.asfortranarray(faces.images)
    assert faces.with_images(in_another_order_in_memory).fingerprint == faces.fingerprint
    renumbered = faces.table.set_index(pd.Index([9, 8, 7, 6]))
    assert replace(faces, table=renumbered).fingerprint == faces.fingerprint
    assert replace(faces, notes=("a remark",)).fingerprint == faces.fingerprint


# ------------------------------------------------------------------ selecting


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.array([3, 0, 2]), [3, 0, 2]),
        ([1, 1], [1, 1]),
        (np.array([-1]), [3]),
        (np.array([False, True, False, True]), [1, 3]),
        ([True, False, False, False], [0]),
        (pd.Series([False, False, True, True]), [2, 3]),
        ([], []),
        (np.zeros(4, bool), []),
    ],
    ids=str,
)
def test_selection_keeps_order_and_table_aligned(rows, expected):
    faces = a_set(stand_in=True, notes=("kept",))
    chosen = faces.select(rows)
    assert np.array_equal(chosen.images, faces.images[np.array(expected, int)])
    assert chosen.table["source"].tolist() == [f"{row + 1}.png" for row in expected]
    assert chosen.table.index.tolist() == list(range(len(expected)))
    assert (chosen.stand_in, chosen.notes, chosen.classes) == (True, ("kept",), CLASSES)


@pytest.mark.parametrize("rows", [np.array([True, False]), np.ones(5, bool), [4]], ids=str)
def test_rows_that_do_not_exist_are_refused(rows):
    with pytest.raises(IndexError):
        a_set().select(rows)


def test_labels_are_not_carried_over_from_before_the_selection():
    faces = a_set()
    assert faces.labels.tolist() == [2, 0, 0, 2]
    assert faces.select([1, 0]).labels.tolist() == [0, 2]
    assert faces.select([3, 1]).subjects.tolist() == ["cid", "bob"]


# ------------------------------------------------------------------ what it says


def test_codes_follow_the_order_of_the_classes():
    assert a_set().labels.dtype == np.int64
    assert a_set(classes=CLASSES[::-1]).labels.tolist() == [0, 2, 2, 0]


def test_subjects_are_text_even_when_they_are_numbers():
    assert a_set(table=a_table().assign(subject=[10, 2, 10, 3])).subjects.tolist() == ["10", "2", "10", "3"]


def test_counts_show_absent_classes_as_zero():
    counts = a_set().counts()
    assert counts.columns.tolist() == [*CLASSES, "total"]
    assert counts.loc["images"].tolist() == [2, 0, 2, 4]


def test_it_says_whether_it_is_real():
    assert repr(a_set()) == "FaceSet(toy: 4 real images (3, 5), 3 subjects, 3 classes)"
    assert a_set(stand_in=True).kind == "stand-in" and "4 stand-in images" in repr(a_set(stand_in=True))


def test_the_callers_table_is_neither_changed_nor_followed():
    table = a_table().set_index(pd.Index([9, 8, 7, 6]))
    faces = a_set(table=table)
    assert table.index.tolist() == [9, 8, 7, 6]
    table.loc[9, "label"] = "neutral"
    assert faces.table.loc[0, "label"] == "fear"


def test_shared_emotion_names_are_distinct():
    assert len(set(EMOTIONS)) == len(EMOTIONS)
