"""The leak audit counts what was planted, no more and no less."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_utils import data
from fer_utils.leak_audit import KINDS, NEAR_CORRELATION, THUMBNAIL, LeakReport, Signatures, audit, sign
from fer_utils.splits import Fold, grouped_folds, leave_one_subject_out

N, N_TRAIN = 60, 40
FOLD = Fold("planted", np.arange(N_TRAIN), np.arange(N_TRAIN, N))
CLEAN = dict.fromkeys(KINDS, 0)


def patterns(n: int, seed: int = 0) -> np.ndarray:
    """Soft random patterns, ``uint8 [n, 64, 64]``: no two alike, and a small turn hardly changes them."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (n, 6, 6), dtype=np.uint8)
    return np.stack([cv2.resize(picture, (64, 64), interpolation=cv2.INTER_CUBIC) for picture in coarse])


def clean() -> tuple[pd.DataFrame, np.ndarray]:
    rows = range(N)
    table = pd.DataFrame(
        {
            "subject": [f"person {row}" for row in rows],
            "sequence": [f"clip {row}" for row in rows],
            "source": [f"{row}.png" for row in rows],
        }
    )
    return table, patterns(N)


def compressed(image: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_UNCHANGED)


def dimmed(image: np.ndarray) -> np.ndarray:
    return np.round(0.8 * image + 15).astype(np.uint8)


def turned(image: np.ndarray, degrees: float = 2.0) -> np.ndarray:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def unchanged(image: np.ndarray) -> np.ndarray:
    return image.copy()


# A kind of leak: the column that is copied from training, or how the picture is made from one in training;
# and what the audit should count.
COLUMNS = {"subject": "subject", "clip": "sequence", "source": "source"}
PICTURES = {"exact": unchanged, "compressed": compressed, "dimmed": dimmed, "turned": turned}
COUNTED = {
    "subject": ("subject",),
    "clip": ("clip",),
    "source": ("source",),
    "exact": ("exact", "near"),
    "compressed": ("near",),
    "dimmed": ("near",),
    "turned": ("near",),
}


def plant(table: pd.DataFrame, images: np.ndarray, leak: str, test_row: int, training_row: int) -> None:
    if leak in COLUMNS:
        table.loc[test_row, COLUMNS[leak]] = table.loc[training_row, COLUMNS[leak]]
    else:
        images[test_row] = PICTURES[leak](images[training_row])


def expected(leaks: list[str]) -> dict[str, int]:
    return {kind: sum(kind in COUNTED[leak] for leak in leaks) for kind in KINDS}


def test_a_clean_split_counts_zero():
    table, images = clean()
    report = audit(table, sign(images), [FOLD])
    assert report.counts == CLEAN and report.n_test == N - N_TRAIN
    assert report.text() == "none found"


@pytest.mark.parametrize("leak", COUNTED)
def test_one_planted_leak_is_counted_once(leak):
    table, images = clean()
    plant(table, images, leak, test_row=47, training_row=5)
    assert audit(table, sign(images), [FOLD]).counts == expected([leak])


def test_planted_leaks_of_every_kind_are_all_counted():
    table, images = clean()
    leaks = [*["subject"] * 4, *["clip"] * 3, *["source"] * 5, "exact", "exact", "compressed", "dimmed", "turned"]
    for number, leak in enumerate(leaks):
        plant(table, images, leak, test_row=N_TRAIN + number, training_row=2 * number)
    counts = audit(table, sign(images), [FOLD]).counts
    assert counts == expected(leaks) == {"subject": 4, "clip": 3, "source": 5, "exact": 2, "near": 5}


def test_several_leaks_of_one_picture_count_once_in_each_kind():
    table, images = clean()
    for leak in ("subject", "clip", "turned"):
        plant(table, images, leak, test_row=50, training_row=9)
    plant(table, images, "source", test_row=50, training_row=11)
    assert audit(table, sign(images), [FOLD]).counts == {"subject": 1, "clip": 1, "source": 1, "exact": 0, "near": 1}


def test_a_sibling_of_the_same_source_is_no_look_alike_under_another_name():
    table, images = clean()
    plant(table, images, "exact", test_row=50, training_row=9)
    plant(table, images, "source", test_row=50, training_row=9)
    assert audit(table, sign(images), [FOLD]).counts == {**CLEAN, "source": 1}


def test_a_test_picture_with_many_siblings_in_training_counts_once():
    table, images = clean()
    table.loc[:20, "subject"] = "the same"
    table.loc[50, "subject"] = "the same"
    images[:20] = images[50]
    assert audit(table, sign(images), [FOLD]).counts == {**CLEAN, "subject": 1, "exact": 1, "near": 1}


def test_what_test_pictures_share_with_each_other_is_no_leak():
    table, images = clean()
    table.loc[N_TRAIN:, :] = "the same"
    images[N_TRAIN:] = images[N_TRAIN]
    assert audit(table, sign(images), [FOLD]).counts == CLEAN


def test_counts_add_up_over_folds_and_look_only_at_their_own_training_part():
    table, images = clean()
    plant(table, images, "exact", test_row=47, training_row=5)
    with_it, without_it = FOLD, Fold("no row 5", np.arange(6, N_TRAIN), FOLD.test)
    signatures = sign(images)
    assert audit(table, signatures, [with_it, without_it]).counts == expected(["exact"])
    twice = audit(table, signatures, [with_it, with_it])
    assert twice.counts == expected(["exact"] * 2) and twice.n_test == 2 * (N - N_TRAIN)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_clips_are_not_the_same_clip(missing):
    table, images = clean()
    table["sequence"] = table["sequence"].astype(object)
    table.loc[[0, 1, 2, 45, 46], "sequence"] = missing
    plant(table, images, "clip", test_row=50, training_row=9)
    assert audit(table, sign(images), [FOLD]).counts == expected(["clip"])
    table["sequence"] = pd.Series([missing] * N, dtype=object)
    assert audit(table, sign(images), [FOLD]).counts["clip"] == 0


def test_without_clips_nothing_is_said_of_clips():
    table, images = clean()
    report = audit(table.drop(columns="sequence"), sign(images), [FOLD])
    assert report.counts["clip"] is None and report.shares()["clip"] is None
    assert report.table().set_index("shared with training")["test images"].isna().tolist() == [
        False, True, False, False, False,
    ]  # fmt: skip


def test_blank_pictures_are_near_to_nothing():
    table, images = clean()
    images[3], images[4] = 0, 255
    images[45], images[46] = 77, 128
    assert audit(table, sign(images), [FOLD]).counts == CLEAN


def test_equal_blank_pictures_are_exact_duplicates():
    table, images = clean()
    images[3] = images[45] = images[46] = 77
    assert audit(table, sign(images), [FOLD]).counts == expected(["exact"] * 2)


def test_a_negative_is_not_near():
    table, images = clean()
    images[45] = 255 - images[5]
    assert audit(table, sign(images), [FOLD]).counts == CLEAN


def test_one_pixel_makes_a_duplicate_near_but_not_exact():
    table, images = clean()
    images[45] = images[5]
    images[45, 30, 30] ^= 1
    assert audit(table, sign(images), [FOLD]).counts == {**CLEAN, "near": 1}


def test_colour_pictures_are_audited_too():
    table, grey = clean()
    colour = np.stack([grey, grey[::-1], np.roll(grey, 1, axis=0)], axis=3)
    assert audit(table, sign(colour), [FOLD]).counts == CLEAN
    for test_row, make in ((41, unchanged), (42, compressed), (43, dimmed), (44, turned)):
        colour[test_row] = make(colour[test_row - 40])
    assert audit(table, sign(colour), [FOLD]).counts == {**CLEAN, "exact": 1, "near": 4}


def test_an_empty_training_part_leaks_nothing():
    table, images = clean()
    nothing_learned = Fold("empty", np.array([], np.int64), FOLD.test)
    assert audit(table, sign(images), [nothing_learned]).counts == CLEAN


def test_folds_by_person_leak_no_person_and_random_folds_do():
    table, images = clean()
    table["subject"] = np.repeat([f"person {number}" for number in range(10)], 6)
    subjects, signatures = table["subject"].to_numpy(object), sign(images)
    by_person = [*leave_one_subject_out(subjects), *grouped_folds(subjects, 5, 0)]
    assert audit(table, signatures, by_person).counts == CLEAN
    mixed = [Fold("last of each", np.flatnonzero(np.arange(N) % 6 < 5), np.flatnonzero(np.arange(N) % 6 == 5))]
    assert audit(table, signatures, mixed).counts == {**CLEAN, "subject": 10}


def test_thumbnails_are_centred_and_of_unit_length():
    thumbnails = sign(patterns(5)).thumbnails
    assert thumbnails.shape == (5, THUMBNAIL**2) and thumbnails.dtype == np.float32
    assert np.allclose(thumbnails.mean(axis=1), 0, atol=1e-6)
    assert np.allclose(np.linalg.norm(thumbnails, axis=1), 1, atol=1e-5)


def test_a_large_audit_agrees_with_a_plain_loop():
    """3,000 test pictures (more than one chunk) against 1,000, some near, some not quite, some equal."""
    draw = np.random.default_rng(0)
    n_train, n_test, n_planted, n_equal = 1000, 3000, 400, 7

    def unit(vectors: np.ndarray) -> np.ndarray:
        vectors = vectors - vectors.mean(axis=1, keepdims=True)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    training = unit(draw.normal(size=(n_train, THUMBNAIL**2)))
    testing = unit(draw.normal(size=(n_test, THUMBNAIL**2)))
    # Two unit vectors a small way apart: the correlations run from about 0.93 to 1.
    noise = unit(draw.normal(size=(n_planted, THUMBNAIL**2))) * draw.uniform(0, 0.4, (n_planted, 1))
    planted = np.sort(draw.choice(n_test, n_planted, replace=False))
    testing[planted] = unit(training[draw.integers(0, n_train, n_planted)] + noise)
    exact = np.arange(n_train + n_test, dtype=np.uint64)
    equal = np.setdiff1d(np.arange(n_test), planted)[-n_equal:]
    exact[n_train + equal] = exact[:n_equal]
    signatures = Signatures(exact, np.concatenate([training, testing]))
    rows = range(n_train + n_test)
    table = pd.DataFrame({"subject": [f"s{row}" for row in rows], "source": [f"{row}.png" for row in rows]})

    def is_near(row: int) -> bool:
        return any(float(np.dot(testing[row], other)) >= NEAR_CORRELATION for other in training)

    sample = np.sort(draw.choice(n_test, 150, replace=False))
    by_hand = sum(is_near(row) for row in sample) + sum(row in equal for row in sample if not is_near(row))
    of_sample = audit(table, signatures, [Fold("sample", np.arange(n_train), n_train + sample)])
    assert of_sample.counts["near"] == by_hand > 0

    near = (testing.astype(float) @ training.T.astype(float)).max(axis=1) >= NEAR_CORRELATION
    assert 0 < near[planted].sum() < n_planted and not near[equal].any()
    whole = audit(table, signatures, [Fold("all", np.arange(n_train), n_train + np.arange(n_test))])
    assert whole.counts == {"subject": 0, "clip": None, "source": 0, "exact": n_equal, "near": near.sum() + n_equal}


# ------------------------------------------------------------------ what it says


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.integers(1, 2_000_000), st.data())
def test_text_keeps_all_and_none_for_all_and_none(n, data):
    count = data.draw(st.one_of(st.integers(0, n), st.integers(max(0, n - 50), n), st.integers(0, min(n, 50))))
    text = LeakReport(n, {**CLEAN, "subject": count}).text()
    if count == 0:
        assert text == "none found"
        return
    shown = float(re.fullmatch(r"subject (\S+) %", text)[1])
    assert (shown == 100) == (count == n) and shown > 0
    assert shown == pytest.approx(100 * count / n, abs=0.5)


@pytest.mark.parametrize(
    ("count", "n", "text"),
    [
        (1, 3, "33 %"),
        (1, 1000, "0.1 %"),
        (1, 100, "1 %"),
        (99, 100, "99 %"),
        (995, 1000, "99.5 %"),
        (2999, 3000, "99.967 %"),
        (99_999, 100_000, "99.999 %"),
        (7, 7, "100 %"),
    ],
)
def test_text_of_a_share(count, n, text):
    assert LeakReport(n, {**CLEAN, "near": count}).text() == f"near {text}"


def test_text_names_the_kinds_in_order_and_leaves_out_what_does_not_leak():
    report = LeakReport(50, {"subject": 50, "clip": None, "source": 49, "exact": 0, "near": 1})
    assert report.text() == "subject 100 %, source 98 %, near 2 %"


def test_table_of_counts_and_shares():
    table = LeakReport(50, {"subject": 50, "clip": None, "source": 49, "exact": 0, "near": 1}).table()
    assert table["shared with training"].tolist() == list(KINDS)
    assert table["test images"].fillna(-1).tolist() == [50, -1, 49, 0, 1]
    assert table["share %"].fillna(-1).tolist() == [100, -1, 98, 0, 2]
    assert set(table["of"]) == {50}


# ------------------------------------------------------------------ the threshold, on photographs


@pytest.fixture(scope="module")
def london():
    faces = data.load("london")
    return faces, sign(faces.images).thumbnails


def test_no_two_different_people_are_near(london):
    faces, thumbnails = london
    different = faces.subjects[:, None] != faces.subjects[None]
    assert different.sum() == 204 * 202
    highest = (thumbnails @ thumbnails.T)[different].max()
    assert 0.97 < highest < NEAR_CORRELATION


@pytest.mark.parametrize(("change", "least"), [(compressed, 0.999), (dimmed, 0.999), (turned, NEAR_CORRELATION)])
def test_the_same_photograph_changed_a_little_is_near(london, change, least):
    faces, thumbnails = london
    some = np.arange(0, len(faces), 6)
    changed = sign(np.stack([change(image) for image in faces.images[some]])).thumbnails
    assert (changed * thumbnails[some]).sum(axis=1).min() >= least
