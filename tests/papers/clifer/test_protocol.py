"""Who is learnt from what, in which order, and what a test frame may share with training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import protocol
from fer_utils.papers.clifer.mlp import Baseline
from fer_utils.papers.clifer.networks import count_parameters
from fer_utils.papers.clifer.protocol import (
    BASELINES,
    CLASSES,
    FINAL_ORDER,
    FIRST_CLASS_ORDERS,
    NEUTRAL_ORDERS,
    ORACLE,
    TEST_CONDITIONS,
    clips_of,
    folds_of,
    halves,
    learn_person,
    orders_of,
    people_folds,
    study_faces,
)
from fer_utils.papers.clifer.settings import MlpSettings, Settings
from tests.papers.clifer.conftest import DIMENSIONS, N_CLASSES, SETTINGS, person_codes

ORDERS = [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]]


def person_call(condition: str, person: int = 0, **more: Any) -> dict[str, Any]:
    data = person_codes(person)
    rows = np.arange(len(data["codes"]))
    return {
        "codes": data["codes"], "labels": data["labels"], "train": rows, "test": rows, "orders": ORDERS,
        "condition": condition, "settings": SETTINGS, "seed": 0, **more,
    }  # fmt: skip


# -- orders ----------------------------------------------------------------------------------------


def test_the_paper_s_orders() -> None:
    assert FINAL_ORDER == ("neutral", "happiness", "surprise", "anger", "fear", "sadness")
    assert {order[0] for order in FIRST_CLASS_ORDERS} == set(CLASSES)
    assert {order[0] for order in NEUTRAL_ORDERS} == {"neutral"} and NEUTRAL_ORDERS[0] == FINAL_ORDER
    for orders, number in ((FIRST_CLASS_ORDERS, 6), (NEUTRAL_ORDERS, 5)):
        assert len(set(orders)) == number
        assert all(sorted(order) == sorted(CLASSES) for order in orders)


def test_orders_of_four_classes_start_with_four() -> None:
    four = ("neutral", "happiness", "anger", "sadness")
    found = orders_of(four, FIRST_CLASS_ORDERS)
    assert sorted(order[0] for order in found) == sorted(four)
    assert all(sorted(order) == sorted(four) for order in found)


# -- frames ----------------------------------------------------------------------------------------


def test_only_the_paper_s_classes_and_people_who_show_them_all(drawn: FaceSet) -> None:
    table = drawn.table.copy()
    table.loc[(table["subject"] == "p1") & (table["label"] == "fear"), "label"] = "disgust"
    faces = FaceSet("drawn", drawn.images, table, (*CLASSES, "disgust"), True)
    found = study_faces(faces, SETTINGS)
    assert found.images.shape == (108, 16, 16, 3) and found.classes == CLASSES
    assert set(found.subjects) == {"p0", "p2", "p3"}


def test_a_set_without_enough_classes_is_refused(drawn: FaceSet) -> None:
    happy = drawn.select(drawn.table["label"].eq("happiness").to_numpy())
    with pytest.raises(FerError, match="fewer than two of the classes"):
        study_faces(happy, SETTINGS)
    strangers = drawn.with_images(drawn.images)
    split = replace(strangers, table=drawn.table.assign(subject=drawn.table["label"]))
    with pytest.raises(FerError, match="nobody"):
        study_faces(split, SETTINGS)


def test_all_frames_of_a_clip_are_cut_where_its_first_frame_shows_the_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of 20 x 30 pixels that hold their own coordinates; clip a has a face, clip b has none."""
    rows, columns = np.mgrid[0:20, 0:30]
    picture = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    clips = ["a", "a", "b", "a"]
    table = pd.DataFrame({"label": "fear", "subject": "p", "source": [*"stuv"], "sequence": clips})
    faces = FaceSet("grid", np.stack([picture] * 4), table, ("fear",))
    asked = []

    def found(first: FaceSet, detector: str) -> list[np.ndarray]:
        asked.append(list(first.table["source"]))
        return [np.array([[4.0, 6.0, 14.0, 16.0, 0.9]]), np.zeros((0, 5))]

    monkeypatch.setattr(protocol, "face_boxes", found)
    cut = protocol.crop_clips(faces, "ssd", 10, 0.0).images
    assert asked == [["s", "u"]]
    for row in (0, 1, 3):
        np.testing.assert_array_equal(cut[row, [0, -1], [0, -1], :2], [[6, 4], [15, 13]])
    middle = protocol.crop_clips(faces, "ssd", 20, 0.0).images[2]
    np.testing.assert_array_equal(middle, picture[:, 5:25])


def test_published_asks_about_the_training_frames_in_the_order_of_time(drawn: FaceSet) -> None:
    (fold,) = folds_of(drawn, "p2", "published")
    np.testing.assert_array_equal(fold.train, fold.test)
    assert set(drawn.subjects[fold.train]) == {"p2"} and len(fold.train) == 36
    mine = drawn.table.iloc[fold.train]
    for _, part in mine.groupby(["label", "sequence"]):
        assert part["frame"].is_monotonic_increasing


def test_sound_keeps_clips_apart_and_asks_about_every_frame_once(drawn: FaceSet) -> None:
    folds = folds_of(drawn, "p1", "sound")
    clips = clips_of(drawn)
    for fold in folds:
        assert not set(clips[fold.train]) & set(clips[fold.test])
        for part in (fold.train, fold.test):
            assert set(drawn.table["label"].iloc[part]) == set(CLASSES)
    asked = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(asked), np.flatnonzero(drawn.subjects == "p1"))


def test_a_clip_lies_wholly_in_one_half_with_its_neutral_frames(drawn: FaceSet) -> None:
    half = halves(drawn)
    for clip in np.unique(clips_of(drawn)):
        assert len(set(half[clips_of(drawn) == clip])) == 1
    assert half.mean() == 0.5
    alone = np.flatnonzero(drawn.subjects == "p1")[::-1]
    np.testing.assert_array_equal(halves(drawn, alone), half[alone])


def test_one_clip_of_a_class_is_too_few_for_sound(drawn: FaceSet) -> None:
    fewer = drawn.select((drawn.table["sequence"] != "p0-fear-1").to_numpy())
    with pytest.raises(FerError, match="p0 has fear in one clip only"):
        folds_of(fewer, "p0", "sound")


def test_the_imagination_model_of_sound_never_saw_the_person(drawn: FaceSet) -> None:
    folds = people_folds(drawn, 2, seed=0)
    for fold in folds:
        assert not set(drawn.subjects[fold.train]) & set(drawn.subjects[fold.test])
    everybody = np.sort(np.concatenate([fold.test for fold in folds]))
    np.testing.assert_array_equal(everybody, np.arange(len(drawn)))


# -- units -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", [name for name in TEST_CONDITIONS if name != "CLIFER"])
def test_what_a_person_s_unit_gives(condition: str) -> None:
    found = learn_person(**person_call(condition))
    assert found["predicted"].shape == (2, 6, 2, 240) and found["predicted"].dtype == np.int8
    truth = person_codes(0)["labels"]
    for number, order in enumerate(ORDERS if condition != ORACLE else []):
        seen = found["predicted"][number, 0, 0]
        # After one class there is nothing else to answer.
        assert set(seen.tolist()) <= {order[0], -1} or condition in BASELINES
    final = found["predicted"][:, -1, 0]
    right = (final == truth).mean()
    assert right > {"MLP": 0.1, "MLP to the end": 0.1, "GDM": 0.4, "GDM + replay": 0.99, ORACLE: 0.99}[condition]
    assert (found["sizes"] > 0).all() == (condition not in BASELINES)


def test_the_baseline_forgets_and_replay_remembers() -> None:
    truth = person_codes(0)["labels"]
    right = {
        condition: (learn_person(**person_call(condition))["predicted"][0, -1, 0] == truth).mean()
        for condition in (*BASELINES, "GDM + replay")
    }
    assert max(right[baseline] for baseline in BASELINES) < 0.5 < right["GDM + replay"]


@pytest.mark.parametrize("condition", [*BASELINES, "GDM + replay"])
def test_the_same_unit_gives_the_same_bits(condition: str) -> None:
    first, second = (learn_person(**person_call(condition)) for _ in range(2))
    np.testing.assert_array_equal(first["predicted"], second["predicted"])


@pytest.mark.parametrize("condition", ["GDM + replay", ORACLE])
def test_test_frames_never_teach(condition: str) -> None:
    call = person_call(condition)
    rows = np.arange(240)
    call |= {"train": rows[::2], "test": rows[1::2]}
    before = learn_person(**call)
    spoilt = call | {"codes": call["codes"].copy(), "labels": call["labels"].copy()}
    spoilt["labels"][1::2] = 0
    np.testing.assert_array_equal(learn_person(**spoilt)["predicted"], before["predicted"])


def test_the_oracle_knows_every_class_after_the_first_and_shows_as_many_pictures_as_clifer() -> None:
    """Six pictures for each of a class's distinct winners, a frame of that class each, counted round."""
    call = person_call(ORACLE)
    found, truth = learn_person(**call)["predicted"][0, 0, 0], call["labels"]
    assert all((found[truth == label] == label).mean() > 0.9 for label in range(N_CLASSES))

    by_class = [call["codes"][truth == label] for label in range(N_CLASSES)]
    shown = protocol.real_faces(by_class)(np.zeros((50, DIMENSIONS)))
    assert shown.shape == (50, N_CLASSES, DIMENSIONS)
    for label, mine in enumerate(by_class):
        np.testing.assert_array_equal(shown[:40, label], mine)
        np.testing.assert_array_equal(shown[40:, label], mine[:10])


# -- the baseline ----------------------------------------------------------------------------------


def test_the_baseline_has_the_parameters_that_keras_counts() -> None:
    mlp = Baseline(DIMENSIONS, N_CLASSES, 0, epochs=1, learning_rate=2e-3, batch_size=64)
    assert count_parameters(mlp.network) == 6_262


def test_the_baseline_learns_one_class_whatever_the_last_batch_holds() -> None:
    codes = person_codes(0)["codes"]
    mlp = Baseline(DIMENSIONS, N_CLASSES, 0, epochs=20, learning_rate=2e-3, batch_size=8)
    mlp.learn_class(codes[:33], 4)
    assert (mlp.predict(codes[:33]) == 4).mean() > 0.9


def recalls(until: float | None, frames: int, most_epochs: int = 2_000) -> list[float]:
    """How much of each class is recalled right after it was learnt, last of six."""
    data = person_codes(1, frames=frames, clips=1)
    mlp = Baseline(
        DIMENSIONS, N_CLASSES, 0, epochs=20, learning_rate=2e-3, batch_size=64, until=until, most_epochs=most_epochs
    )
    found = []
    for label in range(N_CLASSES):
        mine = data["codes"][data["labels"] == label]
        mlp.learn_class(mine, label)
        found.append(float((mlp.predict(mine) == label).mean()))
    return found


@pytest.mark.parametrize("frames", [3, 20])
def test_the_second_baseline_learns_each_class_to_the_end_and_the_release_s_does_not(frames: int) -> None:
    assert min(recalls(0.95, frames)) >= 0.95
    assert min(recalls(None, frames)) == 0
    assert recalls(0.95, frames, most_epochs=20) == recalls(None, frames)


@pytest.mark.parametrize(
    "wrong", [{"until": 0.0}, {"most_epochs": 0}, {"epochs": 0}, {"batch_size": 1}, {"learning_rate": 0.0}]
)
def test_refusals_of_the_baseline(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must be a"):
        MlpSettings(**wrong)
    with pytest.raises(UsageError, match="Did you mean 'mlp'"):
        Settings().but(mpl=MlpSettings())


def test_a_long_training_leaves_no_checkpoint_behind(drawn: FaceSet, own_cache: Any) -> None:
    faces = study_faces(drawn, SETTINGS)
    call = {"faces": faces, "rows": np.arange(40), "settings": SETTINGS.imagination, "seed": 0}
    found = protocol.train_imagination(**call)
    assert found["history"].shape == (2, 8) and np.isfinite(found["history"]).all()
    assert not list(own_cache.rglob("*.npz"))
    codes = protocol.encode(faces=faces, settings=SETTINGS.imagination, weights=protocol.weights_of(found))["codes"]
    assert codes.shape == (len(faces), 50) and np.abs(codes).max() < 1
