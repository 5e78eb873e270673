"""Four ways to split: what may be shared and what must not be; the audit; the units."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import audit_faces
from fer_utils.papers.mobilenet_jaffe import model
from fer_utils.papers.mobilenet_jaffe.augment import ORIGINAL, variant
from fer_utils.papers.mobilenet_jaffe.heads import initial_kernel
from fer_utils.papers.mobilenet_jaffe.protocol import Plan, by_photograph, extract, make_plan, prepare, train
from fer_utils.papers.mobilenet_jaffe.settings import PROFILES, SPLITS, Augmentation
from fer_utils.preprocess import normalise, to_rgb
from fer_utils.splits import Fold
from tests.papers.mobilenet_jaffe.conftest import SEEDS, SETTINGS


def photographs(plan: Plan, rows: np.ndarray) -> set[int]:
    """The photographs that pool rows were made from."""
    return set(plan.pool.source[rows].tolist())


def people(faces: FaceSet, plan: Plan, rows: np.ndarray) -> set[str]:
    """Who is on pool rows."""
    return set(faces.subjects[plan.pool.source[rows]])


def check_quotas(plan: Plan, n_classes: int, quota: int, inner_quota: int) -> None:
    for split in plan.splits.values():
        assert len(split.folds) == len(split.inner) == len(split.seeds)
        for folds, images in ((split.folds, quota), (split.inner, inner_quota)):
            for fold in folds:
                assert len(set(fold.train)) == len(fold.train)
                counts = np.bincount(plan.pool.label[fold.train], minlength=n_classes)
                np.testing.assert_array_equal(counts, [images] * n_classes)


# -- the folds -------------------------------------------------------------------------------------


def test_number_of_folds_and_heads(drawn: FaceSet, plan: Plan) -> None:
    folds = {name: len(split.folds) for name, split in plan.splits.items()}
    assert folds == {"A": 2, "B": 20, "C": 24, "D": 20}
    for split in plan.splits.values():
        assert len(set(split.seeds)) == len(split.seeds), "two heads of one split start alike"


def test_a_set_whose_people_are_unknown_is_refused(drawn: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_utils.papers.mobilenet_jaffe.protocol.MOST_PEOPLE", 11)
    with pytest.raises(FerError, match="one head for each of 12 people"):
        make_plan(drawn, SETTINGS, ["C"], [0])


def test_a_seed_s_heads_do_not_depend_on_what_else_is_run(drawn: FaceSet, plan: Plan) -> None:
    alone = make_plan(drawn, SETTINGS, ["D"], [1]).splits["D"]
    assert alone.seeds == plan.splits["D"].seeds[10:]
    for mine, theirs in zip(alone.folds, plan.splits["D"].folds[10:], strict=True):
        np.testing.assert_array_equal(mine.test, theirs.test)


def test_training_parts_are_equal_within_and_between_splits(plan: Plan) -> None:
    check_quotas(plan, 3, quota=216, inner_quota=194)


@given(quota=st.integers(5, 70))
@settings(max_examples=12, deadline=None)
def test_they_are_equal_for_every_quota(drawn: FaceSet, quota: int) -> None:
    plan = make_plan(drawn, SETTINGS.but(quota=quota), "ABD", [0])
    check_quotas(plan, 3, round(quota * 0.9), round(round(quota * 0.9) * 0.9))
    (published,) = plan.splits["A"].folds
    assert len(published.train) + len(published.test) == 3 * quota


def test_the_paper_s_numbers_on_jaffe(jaffe_names: FaceSet) -> None:
    plan = make_plan(jaffe_names, PROFILES["paper"], SPLITS, [0])
    check_quotas(plan, 7, quota=10_215, inner_quota=9_194)
    (published,) = plan.splits["A"].folds
    assert (len(published.train), len(published.test)) == (71_505, 7_945)
    np.testing.assert_array_equal(np.bincount(plan.pool.label[published.test]), [1_135] * 7)
    assert photographs(plan, published.train) == photographs(plan, published.test) == set(range(213))
    assert [len(split.folds) for split in plan.splits.values()] == [1, 10, 10, 10]


def test_a_tests_on_other_variants_of_the_same_photographs(drawn: FaceSet, plan: Plan) -> None:
    for fold in plan.splits["A"].folds:
        assert not set(fold.train) & set(fold.test)
        assert len(fold.test) == 3 * 24 and (plan.pool.variant[fold.test] != ORIGINAL).all()
        assert photographs(plan, fold.test) <= photographs(plan, fold.train) == set(range(72))
    first, second = (set(fold.test) for fold in plan.splits["A"].folds)
    assert first != second


def test_b_keeps_photographs_apart_and_lets_people_meet(drawn: FaceSet, plan: Plan) -> None:
    shared = 0
    for fold in plan.splits["B"].folds:
        assert photographs(plan, fold.train) == set(range(72)) - photographs(plan, fold.test)
        shared += bool(people(drawn, plan, fold.train) & people(drawn, plan, fold.test))
    assert shared == 20


@pytest.mark.parametrize("name", ["C", "D"])
def test_c_and_d_keep_people_apart(drawn: FaceSet, plan: Plan, name: str) -> None:
    for fold in plan.splits[name].folds:
        trained, tested = people(drawn, plan, fold.train), people(drawn, plan, fold.test)
        assert not trained & tested and len(trained | tested) == 12
        assert len(tested) == 1 if name == "C" else len(tested) in (1, 2)


@pytest.mark.parametrize("name", ["B", "C", "D"])
def test_each_photograph_is_tested_once_a_seed_and_untouched(plan: Plan, name: str) -> None:
    folds = plan.splits[name].folds
    for part in np.split(np.arange(len(folds)), 2):
        tested = np.concatenate([folds[number].test for number in part])
        np.testing.assert_array_equal(np.sort(plan.pool.source[tested]), np.arange(72))
        assert (plan.pool.variant[tested] == ORIGINAL).all()
    for fold in folds:
        assert (plan.pool.variant[fold.train] != ORIGINAL).all()


@pytest.mark.parametrize("name", SPLITS)
def test_inner_folds_stay_within_training_and_part_people(drawn: FaceSet, plan: Plan, name: str) -> None:
    split = plan.splits[name]
    for fold, inner in zip(split.folds, split.inner, strict=True):
        assert photographs(plan, inner.train) | photographs(plan, inner.test) <= photographs(plan, fold.train)
        fitted, chosen_on = people(drawn, plan, inner.train), people(drawn, plan, inner.test)
        assert chosen_on and not fitted & chosen_on
        # No image that is tested is fitted or chosen on: in A neither the test variants themselves.
        assert not (set(inner.train) | set(inner.test)) & set(fold.test)


def test_seeds_draw_other_folds_and_a_plan_can_be_made_again(drawn: FaceSet, plan: Plan) -> None:
    again = make_plan(drawn, SETTINGS, SPLITS, SEEDS)
    for name in SPLITS:
        for kind in ("folds", "inner"):
            for first, second in zip(getattr(plan.splits[name], kind), getattr(again.splits[name], kind), strict=True):
                np.testing.assert_array_equal(first.train, second.train)
                np.testing.assert_array_equal(first.test, second.test)
    for name in "BD":
        folds = plan.splits[name].folds
        assert any(set(first.test) != set(second.test) for first, second in zip(folds[:10], folds[10:], strict=True))


def test_refusals(drawn: FaceSet) -> None:
    with pytest.raises(UsageError, match="split must be one of A, B, C, D"):
        make_plan(drawn, SETTINGS, ["E"], [0])
    alone = drawn.select(drawn.subjects == "p03")
    with pytest.raises(FerError, match="subjects"):
        make_plan(alone, SETTINGS, ["C"], [0])
    nine = drawn.select(np.isin(drawn.subjects, sorted(set(drawn.subjects))[:9]))
    with pytest.raises(FerError, match="at least 10 groups"):
        make_plan(nine, SETTINGS, ["D"], [0])
    # Only one person is ever surprised.
    rare = drawn.select((drawn.table["label"] != "surprise").to_numpy() | (drawn.subjects == "p00"))
    with pytest.raises(FerError, match="no photograph of class 2; use fewer folds"):
        make_plan(rare, SETTINGS, ["C"], [0])


# -- the audit -------------------------------------------------------------------------------------


def audited(faces: FaceSet, plan: Plan, name: str) -> dict[str, Any]:
    return audit_faces(faces=faces, folds=by_photograph(plan.pool, plan.splits[name].folds))


def test_the_audit_tells_the_splits_apart(drawn: FaceSet, plan: Plan) -> None:
    found = {name: audited(drawn, plan, name) for name in SPLITS}
    # Ten variants of each photograph: one without a training sibling has a chance of 0.1^9.
    assert found["A"] == {
        "n_test": 144,
        "counts": {"subject": 144, "clip": None, "source": 144, "exact": 0, "near": 144},
    }
    assert found["B"]["n_test"] == 144
    assert found["B"]["counts"]["subject"] == 144
    assert found["B"]["counts"]["source"] == found["B"]["counts"]["exact"] == 0
    # The two takes of one person and class differ by noise alone.
    assert found["B"]["counts"]["near"] > 100
    for name in "CD":
        counts = {"subject": 0, "clip": None, "source": 0, "exact": 0, "near": 0}
        assert found[name] == {"n_test": 144, "counts": counts}


def test_a_variant_is_audited_as_its_photograph(drawn: FaceSet, plan: Plan) -> None:
    """Trained on one variant of photograph 0; tested on another of it, of her second take, and of someone else."""

    def row(photograph: int, number: int) -> int:
        return int(np.flatnonzero((plan.pool.source == photograph) & (plan.pool.variant == number))[0])

    fold = Fold("by hand", np.array([row(0, 0)]), np.array([row(0, 3), row(1, 0), row(30, 0)]))
    counts = {"subject": 2, "clip": None, "source": 1, "exact": 0, "near": 1}
    assert audit_faces(faces=drawn, folds=by_photograph(plan.pool, [fold])) == {"n_test": 3, "counts": counts}


def test_a_planted_duplicate_is_found_under_its_other_name(drawn: FaceSet) -> None:
    images = drawn.images.copy()
    images[40] = images[3]  # p06's picture is a copy of p00's
    planted = drawn.with_images(images)
    assert planted.table.loc[40, "source"] != planted.table.loc[3, "source"]
    plan = make_plan(planted, SETTINGS, ["C"], [0])
    counts = audited(planted, plan, "C")["counts"]
    assert counts["exact"] == 2 and counts["near"] >= 2 and counts["source"] == counts["subject"] == 0


# -- units -----------------------------------------------------------------------------------------


SMALL = {"augmentation": Augmentation(), "image_size": 40, "normalisation": "-1..1", "weights": "shipped"}


@pytest.fixture(scope="module")
def small_plan(drawn: FaceSet) -> Plan:
    return make_plan(drawn, SETTINGS.but(quota=24), ["D"], [0])


@pytest.fixture(scope="module")
def extracted(drawn: FaceSet, small_plan: Plan) -> dict[str, np.ndarray]:
    return extract(faces=drawn, pool=small_plan.pool, trainable="head", **SMALL)


def test_features_are_those_of_the_whole_classifier(
    drawn: FaceSet, small_plan: Plan, extracted: dict[str, np.ndarray]
) -> None:
    """``extract`` against drawing, resizing and running single images through the whole network by hand."""
    pool, found = small_plan.pool, extracted["activations"]
    assert found.shape == (len(pool), 1_280) and found.dtype == np.float32

    network = model.classifier(model.backbone(40, "shipped"), 3)
    kernel, bias = initial_kernel(1_280, 3, 0), np.array([0.1, 0.0, -0.1], np.float32)
    network.get_layer("head").set_weights([kernel, bias])
    small = prepare(drawn, 40).images
    rows = [0, 71, 75, 101, len(pool) - 1]
    images = np.stack([variant(small[pool.source[row]], pool.source[row], pool.variant[row], Augmentation())
                       for row in rows])  # fmt: skip
    expected = model.run_frozen(network, normalise(to_rgb(images), "-1..1"))
    np.testing.assert_allclose(softmax(found[rows] @ kernel + bias, axis=1), expected, atol=2e-5)
    assert np.ptp(expected, axis=0).max() > 1e-2


def test_units_give_plain_arrays_and_json(drawn: FaceSet, small_plan: Plan, extracted: dict[str, np.ndarray]) -> None:
    split = small_plan.splits["D"]
    trained = train(
        features=extracted["activations"], pool=small_plan.pool, folds=split.folds, seeds=split.seeds, n_classes=3,
        learning_rate=1e-3, batch_size=32, epochs=2,
    )  # fmt: skip
    for result in (extracted, trained, audited(drawn, small_plan, "D")):
        for name, value in result.items():
            assert isinstance(name, str)
            if isinstance(value, np.ndarray):
                assert value.dtype.kind in "fi"
            else:
                assert json.loads(json.dumps(value)) == value
