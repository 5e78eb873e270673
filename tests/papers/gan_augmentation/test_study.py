"""The whole experiment on drawn faces: sizes of the arms, what is run once, and that nothing chooses by PrivateTest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_utils import data
from fer_utils.errors import UsageError
from fer_utils.faces import FaceSet
from fer_utils.gans.train import train as train_gan
from fer_utils.gans.train import weights
from fer_utils.papers.gan_augmentation import protocol as steps
from fer_utils.papers.gan_augmentation.arms import ARMS, as_many
from fer_utils.papers.gan_augmentation.claims import results, table_1
from fer_utils.papers.gan_augmentation.settings import GANS, Settings
from fer_utils.papers.gan_augmentation.study import Row, Study
from fer_utils.papers.study import PROTOCOLS
from fer_utils.preprocess import crop_faces, to_grey
from fer_utils.store import content
from tests.papers.gan_augmentation.conftest import SETTINGS, Counting


@pytest.fixture
def study(target: FaceSet, lab: str) -> Study:
    # Batches of 14 do not divide 42 pictures and 18 more: the arms' steps differ.
    return Study(target, lab, SETTINGS.but(batch_size=14, epochs=2), [0, 1], Counting())


def test_arms_have_the_promised_pictures(study: Study) -> None:
    for protocol in PROTOCOLS:
        parts = study.parts(protocol)
        for arm in ARMS:
            row = Row("VGG-16", arm, "steps")
            extra, call = study.extra(arm), study._call(study._training(row, 0))
            # Three pictures of each of the six shared classes; none of neutral, the last.
            assert np.bincount(extra.labels, minlength=7).tolist() == ([0] * 7 if arm == "none" else [3] * 6 + [0])
            assert len(call["images"]) == len(call["labels"]) == len(parts.train) + len(extra.labels)
            assert np.array_equal(call["images"][: len(parts.train)], study.target.images[parts.train])
            removed = sum(parts.removed.values())
            assert len(call["scored"]) == len(parts.public) + len(parts.private) + removed


def test_controls_are_what_they_say(study: Study) -> None:
    images, parts = study.target.images, study.parts("sound")

    def among(made: np.ndarray, known: np.ndarray) -> bool:
        return {image.tobytes() for image in made} <= {image.tobytes() for image in known}

    mirrored = study.extra("mirrored")
    assert among(mirrored.images[:, :, ::-1], images[parts.train]) and not among(mirrored.images, images[parts.train])
    assert among(study.extra("real").images, images[parts.reserve])
    assert among(study.extra("source").images, study.source_pictures().images)
    noise = study.extra("noise")
    assert abs(noise.images.mean() - 127.5) < 2 and noise.images.std() > 70


def test_as_many_of_each_class_as_wanted() -> None:
    labels, wanted = np.repeat([0, 1, 2], [5, 2, 9]), np.repeat([0, 1, 2], 4)
    again, all_there = (as_many(wanted, labels, repeated=repeated) for repeated in (True, False))
    assert np.bincount(labels[again]).tolist() == [4, 4, 4] and len(np.unique(again)) == 10
    assert np.bincount(labels[all_there]).tolist() == [4, 2, 4] and len(np.unique(all_there)) == 10
    assert np.bincount(labels[as_many(wanted, labels[labels != 1], repeated=True)]).sum() == 8


def test_steps_of_the_protocols() -> None:
    plan = steps.schedule(1_000, 240, Settings(init="random", batch_size=50, epochs=10, evaluations=4))
    # 10 passes over 1,000 are 200 steps, over 1,240 248; evaluations at quarters, and where the smaller set ends.
    assert plan.points == (62, 124, 186, 200, 248) and plan.own == (62, 124, 186, 200) and plan.prefix
    assert steps.schedule(5, 0, Settings(init="random", batch_size=50, epochs=1, evaluations=3)).points == (1,)
    # A cycle ends with its last step, so a shorter training is another one.
    cycle = Settings(init="random", batch_size=50, epochs=10, evaluations=2, schedule="one_cycle")
    plan = steps.schedule(1_000, 240, cycle)
    assert plan.points == (124, 248) and plan.own == (100, 200) and not plan.prefix


@pytest.mark.parametrize(("schedule", "own"), [("constant", 0), ("one_cycle", 1)])
def test_every_training_is_run_once_and_serves_both_protocols(
    target: FaceSet, lab: str, schedule: str, own: int
) -> None:
    settings = SETTINGS.but(batch_size=14, epochs=2, schedule=schedule)
    study = Study(target, lab, settings, [0, 1], Counting())
    found = {name: results(study, name) for name in PROTOCOLS}
    ran = study.mapper
    # Two networks, two seeds, three arms, and a shorter baseline where it is another training; five controls for one.
    assert ran.count("train_classifier") == 2 * (2 * (3 + own) + 5)
    assert ran.count("pretrain_gan") == 2 and ran.count("train_gan") == 13 and ran.count("deep_feature_svm") == 2
    table = {name: table_1(found[name], study.settings) for name in PROTOCOLS}
    assert len(table["published"]) == 1 + 6 + 2 and len(table["sound"]) == 1 + 6 + 5
    assert set(table["sound"]["extra pictures"]) == {0, 18}
    assert table["sound"]["accuracy %"].between(0, 100).all()


def test_df_svm_is_scored_on_both_parts_as_the_paper_s_is(study: Study) -> None:
    measured = {name: results(study, name) for name in PROTOCOLS}
    both = study.parts("published")
    assert len(measured["published"].svm.answers) == len(both.public) + len(both.private)
    assert len(measured["sound"].svm.answers) == len(study.parts("sound").private)
    for name in PROTOCOLS:
        # So that it can be paired with the networks' answers.
        assert np.array_equal(measured[name].svm_private.people, measured[name].of("VGG-16", "none").people)


def test_the_plain_row_of_published_ends_earlier(target: FaceSet, lab: str) -> None:
    settings = SETTINGS.but(batch_size=14, epochs=2, schedule="constant")
    study = Study(target, lab, settings, [0, 1], Counting())
    plan = study.schedule()
    assert plan.prefix and len(plan.own) < len(plan.points)
    short, long = (study.outcome(Row("VGG-16", "none", budget), "published") for budget in ("epochs", "steps"))
    assert short.steps.max() <= plan.own[-1] < plan.points[-1]
    assert (long.answers.correct.mean(axis=1) >= short.answers.correct.mean(axis=1)).all(), (
        "more evaluations to choose from"
    )


def test_people_are_kept_together_where_they_are_known(target: FaceSet, lab: str) -> None:
    known = replace(target, table=target.table.assign(subject=[f"p{row % 4}" for row in range(len(target))]))
    people = (
        Study(known, lab, SETTINGS, [0], Counting()).outcome(Row("VGG-16", "none", "steps"), "sound").answers.people
    )
    assert len(np.unique(people)) <= 4


def test_no_control_with_real_pictures_without_a_reserve(target: FaceSet, lab: str) -> None:
    study = Study(target, lab, SETTINGS.but(train_images=None), [0], Counting())
    assert "real" not in {row.arm for row in study.rows("sound")}
    assert {"mirrored", "noise"} <= {row.arm for row in study.rows("sound")}


def test_sound_does_not_choose_by_the_scored_pictures(study: Study) -> None:
    random = np.random.default_rng(0)
    given = random.integers(0, 7, (9, 25)).astype(np.uint8), random.integers(0, 7, (9, 35)).astype(np.uint8)
    public, private = random.integers(0, 7, 25), random.integers(0, 7, 35)
    chosen = {name: steps.answers(*given, public, private, name) for name in PROTOCOLS}
    moved = {steps.answers(*given, public, random.permutation(private), "sound")[1] for _ in range(20)}
    assert moved == {chosen["sound"][1]}
    moved = {steps.answers(*given, public, random.permutation(private), "published")[1] for _ in range(20)}
    assert len(moved) > 1, "published does"
    assert np.array_equal(chosen["sound"][0], given[1][chosen["sound"][1]])


def test_no_unit_of_sound_is_given_the_scored_labels(target: FaceSet, lab: str) -> None:
    def calls(faces: FaceSet) -> list[Any]:
        mapper = Counting()
        study = Study(faces, lab, SETTINGS.but(test_images=None), [0], mapper)
        study.train(["sound"])
        study.df_svm("sound")
        return mapper.calls

    private = (target.table["split"] == "PrivateTest").to_numpy()
    moved = target.table["label"].to_numpy().copy()
    moved[private] = np.roll(moved[private], 5)
    other = replace(target, table=target.table.assign(label=moved))
    for (name, one), (_, two) in zip(calls(target), calls(other), strict=True):
        for key, value in one.items():
            assert content(value) == content(two[key]), f"{name} is given other {key}"


def test_choose_takes_the_first_of_the_best() -> None:
    predicted = np.array([[0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 2]])
    truth = np.array([0, 1, 2])
    assert steps.choose(predicted, truth) == 3 and steps.choose(predicted[:3], truth) == 1
    with pytest.raises(UsageError, match="published, sound"):
        steps.answers(predicted[:, :1], predicted[:, 1:], truth[:1], truth[1:], "both")


def test_gans_of_all_kinds(study: Study) -> None:
    for kind in GANS:
        assert list(study.gans(kind)) == (["all"] if kind == "cgan" else list(study.source.classes))
        made = study.pictures(kind)
        assert made.images.shape == (18, 48, 48) and made.images.dtype == np.uint8
        assert np.array_equal(np.bincount(made.labels, minlength=7), [3] * 6 + [0])
    quality = study.quality("mobilenet").set_index("pictures")
    assert list(quality.index)[:3] == list(GANS.values()) and np.isfinite(quality.to_numpy(float)).all()
    # Drawn stripes are no faces; their class shows in their gradients.
    assert quality["faces found %"].iloc[3] < 20 and quality["class read %"].iloc[3] > 80
    # Untrained GANs: nothing like the pictures, and less varied than they are, though patterns of noise do vary.
    assert (quality["KID"].iloc[:3] > quality["KID"].iloc[3]).all() and (quality["variety"].iloc[:3] < 1).all()


def test_real_faces_are_found_and_read_and_noise_is_not() -> None:
    """The row of the real pictures and of generated ones come out of the same code."""
    avatars = data.load("avatars_studio")
    avatars = avatars.select(avatars.table["label"].isin(["happiness", "surprise"]).to_numpy())
    avatars, _ = crop_faces(avatars, "haar", 48, when_several="best_score")
    images, labels, people = to_grey(avatars.images), avatars.labels, np.unique(avatars.subjects)
    noise = np.random.default_rng(0).normal(128, 20, images.shape).clip(0, 255).astype(np.uint8)
    call = {"real": images, "labels": labels, "half": np.isin(avatars.subjects, people[::2]), "judged": 4,
            "searched": 15, "space": "mobilenet"}  # fmt: skip
    made = {"dcgan": images, "wgan_gp": noise}
    kinds = np.repeat(list(made), len(images))
    told = steps.judge_pictures(
        **call, made=np.concatenate(list(made.values())), made_labels=np.tile(labels, 2), kinds=kinds
    )
    for row in ("real", "dcgan"):
        assert told[row]["faces found %"] > 80 and told[row]["class read %"] > 80
    assert told["wgan_gp"]["faces found %"] < 10 and told["wgan_gp"]["class read %"] < 70
    assert told["wgan_gp"]["variety"] > 0.5, "noise is varied"


def test_gans_of_a_class_go_on_from_one_of_all(target: FaceSet, lab: str) -> None:
    mapper = Counting()
    study = Study(target, lab, SETTINGS.but(dcgan_start=2, wgan_start=0, cgan_start=False), [0], mapper)
    for kind in GANS:
        study.gans(kind)
    firsts = [call for name, call in mapper.calls if name == "pretrain_gan"]
    assert len(firsts) == 1 and len(firsts[0]["images"]) == 30 and firsts[0]["settings"].steps == 2
    starts = {kind: [] for kind in GANS}
    for name, call in mapper.calls:
        if name == "train_gan":
            objective, conditional = call["settings"].objective, call["labels"] is not None
            starts["cgan" if conditional else objective].append(call["start"])
    expected = steps.pretrain_gan(**firsts[0])
    assert np.array_equal(expected.pop("history"), study.before("dcgan")) and len(study.before("dcgan")) == 2
    assert len(study.before("wgan_gp")) == len(study.before("cgan")) == 0
    assert len(starts["dcgan"]) == 6 and starts["wgan_gp"] == [None] * 6 and starts["cgan"] == [None]
    for start in starts["dcgan"]:
        assert start.keys() == expected.keys() and all(np.array_equal(start[name], expected[name]) for name in start)


def test_a_cgan_goes_on_from_the_wgan_on_all_classes(target: FaceSet, lab: str) -> None:
    mapper = Counting()
    study = Study(target, lab, SETTINGS.but(dcgan_start=0, wgan_start=2, cgan_start=True), [0], mapper)
    study.gans("cgan")
    (first,) = (call for name, call in mapper.calls if name == "pretrain_gan")
    (call,) = (call for name, call in mapper.calls if name == "train_gan")
    expected = steps.pretrain_gan(**first)
    assert np.array_equal(study.before("cgan"), expected.pop("history"))
    assert call["start"].keys() == expected.keys() and call["settings"].n_classes == 6
    assert all(np.array_equal(value, expected[name]) for name, value in call["start"].items())


def test_a_killed_gan_for_all_classes_goes_on(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    call = {"images": study.source.images, "settings": SETTINGS.gan("dcgan").but(steps=0, epochs=4), "seed": 0}
    whole = steps.pretrain_gan(**call)

    def killed(*args: Any, **kwargs: Any) -> Any:
        train_gan(*args, **kwargs, stop_after=2)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "train", killed)
        with pytest.raises(KeyboardInterrupt):
            steps.pretrain_gan(**call)
    again = steps.pretrain_gan(**call)
    assert again.keys() == whole.keys() and all(np.array_equal(again[name], whole[name]) for name in whole)


def test_a_killed_gan_goes_on(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = study.source.images[:10]
    start = weights(train_gan(study.source.images, SETTINGS.gan("wgan_gp").but(steps=1), 0))
    call = {"images": images, "labels": None, "start": start, "seed": 0, "generated": 4, "side": 48,
            "settings": SETTINGS.gan("wgan_gp").but(epochs=6, steps=0, critic_steps=1)}  # fmt: skip
    whole = steps.train_gan(**call)
    epochs = []

    def killed(*args: Any, **kwargs: Any) -> Any:
        return train_gan(*args, **kwargs, stop_after=4)

    def watched(*args: Any, **kwargs: Any) -> Any:
        epochs.append(kwargs["checkpoint"].exists())
        return train_gan(*args, **kwargs)

    monkeypatch.setattr(steps, "train", killed)
    monkeypatch.setattr(steps, "generate", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        steps.train_gan(**call)
    monkeypatch.undo()
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    left = list((tmp_path / "cache" / "gans").glob("*.npz"))
    assert len(left) == 1, "a checkpoint is left"
    monkeypatch.setattr(steps, "train", watched)
    again = steps.train_gan(**call)
    assert epochs == [True] and not left[0].exists()
    assert np.array_equal(again["pictures"], whole["pictures"]) and np.array_equal(again["history"], whole["history"])


def test_the_data_table(study: Study) -> None:
    table = study.data_table().set_index("part")
    assert table.loc["published: training", "total"] == 42
    assert table.loc["sound: training", "total"] == 42
    assert table.loc["sound: PrivateTest", "total"] == 14 - study.parts("sound").removed["PrivateTest"]
    assert (table.sum(axis=1) == 2 * table["total"]).all()
