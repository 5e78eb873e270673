"""The experiments end to end on drawn people: what leaks, what is kept apart, and what is tested."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.gans.train import HISTORY
from fer_utils.papers.dcgan_svm import company as room
from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.cast import Role, cast
from fer_utils.papers.dcgan_svm.experiments import (
    ACTION_UNITS,
    AU_EXPERIMENTS,
    EMOTION_EXPERIMENTS,
    Experiment,
)
from fer_utils.papers.dcgan_svm.features import CONTROLS
from fer_utils.papers.dcgan_svm.outcomes import Detection
from fer_utils.papers.dcgan_svm.study import Ask, Study
from fer_utils.papers.study import PROTOCOLS
from tests.papers.dcgan_svm.conftest import SETTINGS, run_all


@pytest.fixture
def study(played: dict[str, Role]) -> Study:
    return Study(played, SETTINGS, [0], run_all)


def test_who_can_play_what(study: Study) -> None:
    # Nobody plays multi-view RaFD, RAF-DB and SFEW.
    assert list(study.emotion_experiments()) == [1, 2, 5, 7]
    assert list(study.au_experiments()) == list(range(1, 9))
    assert list(study.train_gans()) == ["ck", "celeba", "frontal", "kdef"]
    with pytest.raises(FerError, match="nobody plays RAF-DB"):
        study.role_faces("raf")


def test_home_is_where_emotions_are_tested(played: dict[str, Role], study: Study) -> None:
    assert study.home == "frontal" and len(study.faces) == 72
    # Enhanced CK comes first in this cast, and has no emotions to compare features on.
    assert Study({"ck": Role("drawn"), "kdef": Role("drawn")}, SETTINGS, [0], run_all).home == "kdef"


def test_a_cast_without_emotions_is_refused(played: dict[str, Role]) -> None:
    with pytest.raises(FerError, match="with drawn alone"):
        Study({"ck": Role("drawn")}, SETTINGS, [0], run_all)


def test_published_folds_share_people_and_sound_folds_do_not(study: Study) -> None:
    people = study.role_faces("frontal").subjects
    shared = {
        protocol: [set(people[fold.train]) & set(people[fold.test]) for fold in study.folds("frontal", protocol)]
        for protocol in PROTOCOLS
    }
    assert all(shared["published"]) and not any(shared["sound"])
    tested = np.concatenate([fold.test for fold in study.folds("frontal", "sound")])
    assert sorted(tested) == list(range(72))


def test_every_picture_is_answered_once(study: Study) -> None:
    for protocol in PROTOCOLS:
        (found,) = study.recognise([Ask("pixels", "frontal", protocol)])
        assert np.isin(found.answers.predicted, range(4)).all() and np.isfinite(found.scores).all()
        assert found.answers.confusion().sum() == 72 and found.chosen.shape == (3, 2)
        # The mouth is drawn by class, so pixels suffice; and the class areas average to the mean area.
        assert found.answers.accuracy().value > 0.5
        areas = [found.auc(code).value for code in range(4)]
        assert math.isclose(found.mean_auc().value, np.mean(areas))
    assert len(np.unique(found.chosen)) > 0


def test_published_has_one_setting_and_it_is_the_best_on_the_scored_folds(study: Study) -> None:
    from fer_utils.papers.dcgan_svm import search, svm

    (found,) = study.recognise([Ask("pixels", "frontal", "published")])
    assert len(np.unique(found.chosen, axis=0)) == 1
    distances = svm.squared_distances(study.features(Ask("pixels", "frontal", "sound"), "frontal"))
    labels, folds = study.role_faces("frontal").labels, study.folds("frontal", "published")
    typical = svm.typical_distance(distances)

    def pooled(setting: svm.Setting) -> float:
        return svm.pooled_accuracy(svm.kernel_of(distances, setting.gamma(typical)), labels, folds, setting.C)

    tried = search.explore(pooled, SETTINGS, 0)
    assert math.isclose(found.answers.accuracy().value, max(accuracy for _, accuracy in tried))


def test_a_test_picture_changes_no_sound_choice(study: Study) -> None:
    features = study.features(Ask("pixels", "frontal", "sound"), "frontal")
    faces, folds = study.role_faces("frontal"), study.folds("frontal", "sound")
    call = {"labels": faces.labels, "groups": faces.labels * 0, "folds": folds, "protocol": "sound"}
    call |= {"groups": np.unique(faces.subjects.astype(str), return_inverse=True)[1], "settings": SETTINGS, "seed": 0}
    honest = steps.recognise(features=features, **call)
    for number, fold in enumerate(folds):
        spoilt, labels = features.copy(), faces.labels.copy()
        spoilt[fold.test] = np.random.default_rng(number).normal(0, 9, spoilt[fold.test].shape)
        labels[fold.test] = (labels[fold.test] + 1) % 4
        again = steps.recognise(features=spoilt, **{**call, "labels": labels})
        assert np.array_equal(again["chosen"][number], honest["chosen"][number])


@pytest.fixture
def trained_on(study: Study, drawn: FaceSet) -> list[list[str]]:
    """The people that each GAN of the study is trained on, in the order of training."""
    owner = {image.tobytes(): person for image, person in zip(drawn.images, drawn.subjects, strict=True)}
    people: list[list[str]] = []

    def spy(function: Any, calls: Any, stage: str) -> list[dict[str, Any]]:
        if function is steps.train_gan:
            people.extend(sorted({owner[image.tobytes()] for image in call["images"]}) for call in calls)
        return run_all(function, calls, stage)

    study.mapper = spy
    return people


def test_a_sound_gan_has_not_met_who_is_tested(study: Study, trained_on: list[list[str]]) -> None:
    parts, subjects = study.parts("frontal", "frontal", "sound"), study.role_faces("frontal").subjects
    tested = [sorted(set(subjects[np.concatenate([fold.test for fold in folds])])) for folds, _ in parts]
    (found,) = study.recognise([Ask("frontal", "frontal", "sound")])
    assert len(trained_on) == 2 and all(people for people in trained_on)
    for people, others in zip(trained_on, tested, strict=True):
        assert not set(people) & set(others) and len(people) + len(others) == 6
    assert sorted(tested[0] + tested[1]) == sorted(set(subjects))
    assert np.isin(found.answers.predicted, range(4)).all() and np.isfinite(found.scores).all()
    assert found.chosen.shape == (3, 2)


def test_published_gans_and_those_of_another_set_see_everybody(study: Study, trained_on: list[list[str]]) -> None:
    study.recognise([Ask("frontal", "frontal", "published")])
    study.cast = {**study.cast, "celeba": Role("strangers")}
    assert [unmet for _, unmet in study.parts("celeba", "frontal", "sound")] == [()]
    study.recognise([Ask("celeba", "frontal", "sound")])
    assert [len(people) for people in trained_on] == [6, 6]


def test_each_picture_is_answered_by_the_gan_that_has_not_met_it(study: Study) -> None:
    calls: list[Any] = []

    def spy(function: Any, given: Any, stage: str) -> list[dict[str, Any]]:
        stored = run_all(function, given, stage)
        calls.extend(zip(given, stored, strict=True) if function is steps.recognise else ())
        return stored

    study.mapper = spy
    (found,) = study.recognise([Ask("ck", "frontal", "sound")])
    assert len(calls) == 2 and not np.allclose(calls[0][0]["features"], calls[1][0]["features"])
    for call, answers in calls:
        for fold in call["folds"]:
            assert np.array_equal(found.scores[fold.test], answers["scores"][fold.test])


def test_action_units_too_are_asked_of_gans_that_have_not_met_the_tested(
    study: Study, trained_on: list[list[str]]
) -> None:
    tested = [set(np.asarray(unmet)) for _, unmet in study.parts("ck", "ck", "sound")]
    for number in (1, 8):
        trained_on.clear()
        (found,) = study.detect([(AU_EXPERIMENTS[number], "sound", False)])
        # Once a part and role.
        assert len(trained_on) == 2 * len({AU_EXPERIMENTS[number].train, "ck"})
        halves = trained_on[:: len(trained_on) // 2]
        assert all(not set(people) & others for people, others in zip(halves, tested, strict=True))
        assert np.isfinite(found.scores[:, ACTION_UNITS.index(12)]).all()
    trained_on.clear()
    study.au7_only("sound")
    # The last is for the answers on the SVM's own training frames.
    assert all(not set(people) & others for people, others in zip(trained_on[:2], tested, strict=True))


def test_all_gans_are_trained_at_once(study: Study, trained_on: list[list[str]]) -> None:
    assert list(study.train_gans(("published",))) == ["ck", "celeba", "frontal", "kdef"] and len(trained_on) == 4
    trained_on.clear()
    study.train_gans(("sound",))
    # All roles are played by one set here, so each of four GANs would meet whom it is tested on: twice halves of it.
    assert [len(people) for people in trained_on[:4]] == [6, 6, 6, 6]
    assert len(trained_on) > 4 and all(len(people) < 6 for people in trained_on[4:])


def test_both_optimisers_start_alike_and_take_as_many_steps(study: Study) -> None:
    tried = study.gans.trial()
    assert list(tried) == ["β1 0.9, rate 0.0002", "β1 0.5, rate 0.0002"]
    assert all(len(each["history"]) == 4 for each in tried.values())
    first, other = (dict(zip(HISTORY, each["history"].T, strict=True)) for each in tried.values())
    # The first values are those of two equal networks. The generator's first loss comes after the discriminator's
    # first step, which both rules make as long as the rate; they round it differently (1e-7 apart on one processor).
    for name in ("discriminator loss", "value of real", "value of generated"):
        assert first[name][0] == other[name][0]
    assert math.isclose(first["generator loss"][0], other["generator loss"][0], abs_tol=1e-5)
    # From the second step on the rules differ.
    assert all(abs(first[name][-1] - other[name][-1]) > 1e-3 for name in HISTORY[:2])


GOING_ON = SETTINGS.but(optimiser="radford", rate=1e-3, steps=2, start_steps=3)


def test_gans_go_on_from_one_that_has_met_nobody_tested(played: dict[str, Role], drawn: FaceSet) -> None:
    calls: list[Any] = []

    def spy(function: Any, given: Any, stage: str) -> list[dict[str, Any]]:
        calls.extend(given if function is steps.train_gan else ())
        return run_all(function, given, stage)

    strangers = Study({**played, "celeba": Role("strangers")}, GOING_ON, [0], spy)
    # The second optimiser's trial is the first GAN itself.
    assert strangers.settings.rivals["β1 0.5, rate 0.001"] == GOING_ON.first_gan
    strangers.train_gans()
    first, rival, *others = calls
    assert first["start"] is None and len(first["images"]) == 72 and first["gan"].steps == 3
    assert rival["start"] is None and rival["gan"] == GOING_ON.rivals["β1 0.9, rate 0.0002"]
    assert all(call["start"] is not None and call["gan"].steps == 2 for call in others) and len(others) > 4
    calls.clear()
    # Where all roles are played by the same people, it had met them: then each of sound's GANs starts anew.
    Study(played, GOING_ON, [0], spy).train_gans()
    anew = [call for call in calls if call["start"] is None and len(call["images"]) < 72]
    assert anew and all(call["gan"].steps == 5 for call in anew)
    assert not any(call["start"] is not None for call in calls if len(call["images"]) < 72)


def test_controls_and_gans_go_through_one_door(study: Study) -> None:
    found = study.recognise([Ask(gan, "frontal", "sound") for gan in ("ck", *CONTROLS)])
    assert all(np.isfinite(each.mean_auc().value) for each in found)
    pooled = study.recognise([Ask("ck", "frontal", "sound", feature="pooled")])[0]
    assert not np.allclose(pooled.scores, found[0].scores)


def test_action_units_within_and_between_sets(study: Study) -> None:
    within, between = study.detect([(AU_EXPERIMENTS[2], "sound", False), (AU_EXPERIMENTS[7], "sound", False)])
    assert within.shown.shape == between.shown.shape == (72, 14) == within.scores.shape
    # Nobody here is disgusted: nothing to learn, nothing to score, and no part in the mean.
    assert np.isnan(within.scores[:, ACTION_UNITS.index(9)]).all() and math.isnan(within.auc(9).value)
    areas = [within.auc(unit).value for unit in ACTION_UNITS]
    assert math.isclose(within.mean_auc().value, np.nanmean(areas))
    # By the rule 7, 23 and 24 are one label, so their machines are one machine.
    assert within.auc(7).value == within.auc(23).value == within.auc(24).value
    assert np.array_equal(within.scores[:, ACTION_UNITS.index(7)], within.scores[:, ACTION_UNITS.index(24)])


def test_the_acted_unit_is_harder_than_the_rule_s(study: Study) -> None:
    experiment = Experiment("ck", "frontal", "frontal")
    ruled, acted = study.detect([(experiment, "sound", coded) for coded in (False, True)])
    # The rule hears of brows from "surprise"; whoever acted lifted them in the second take, which no pixel shows.
    assert ruled.auc(2).value > 0.8 > 0.7 > acted.auc(2).value


def test_a_gan_that_saw_au7_only(study: Study) -> None:
    assert set(study.role_faces("au7").table["label"]) == {"anger"} and len(study.role_faces("au7")) == 18
    tested, own = study.au7_only("sound")
    # Resubstitution: the machine answers for the rows it was fitted on.
    assert own.auc(7).value >= tested.auc(7).value and np.isfinite(own.scores[:, ACTION_UNITS.index(7)]).all()


def test_enhanced_ck_needs_no_emotions(study: Study, drawn: FaceSet) -> None:
    unlabelled = FaceSet("ck", drawn.images, drawn.table.assign(label="unlabelled"), ("unlabelled",))
    study.role_faces = lambda role: unlabelled if role == "ck" else drawn
    (found,) = study.detect([(AU_EXPERIMENTS[1], "published", False)])
    assert isinstance(found, Detection) and np.isfinite(found.mean_auc().value)


def test_the_audit_finds_the_other_takes(study: Study) -> None:
    published, sound = (study.audit(protocol).reports[""] for protocol in PROTOCOLS)
    assert published.counts["subject"] == 72 and sound.counts["subject"] == 0


def test_each_number_says_what_its_own_split_leaks(study: Study) -> None:
    study.cast = {**study.cast, "celeba": Role("strangers")}
    own, other, between = EMOTION_EXPERIMENTS[5], EMOTION_EXPERIMENTS[2], AU_EXPERIMENTS[4]
    assert study.audit("published", own).text().startswith("subject 100 %")
    assert study.audit("published", own).text().endswith("; the GAN saw the tested pictures")
    assert "GAN" not in study.audit("sound", own).text() and "subject" not in study.audit("sound", own).text()
    assert study.audit("published", other).text() == study.audit("published", own).text().partition(";")[0]
    assert (
        study.audit("published", between).text() == study.audit("sound", between).text() == "SVM trained on another set"
    )


def test_a_difference_between_sets_says_so_and_whether_the_gan_met_the_tested(study: Study) -> None:
    met = AU_EXPERIMENTS[8]
    assert study.audit("published", met).text() == "SVM trained on another set; the GAN saw the tested pictures"
    assert study.audit("sound", met).text() == "SVM trained on another set"


def test_quality_of_generated_and_of_real_pictures(study: Study) -> None:
    quality = study.quality("mobilenet")
    assert list(quality) == ["ck", "celeba", "frontal", "kdef"]
    found = quality["frontal"]
    # Equal numbers on both sides: eight generated pictures, and as many of either half of the people.
    assert found["generated/n"] == found["real/n"] == 8
    assert found["generated/FID"] > found["real/FID"] > 0 and found["generated/SSIM"] < found["real/SSIM"]
    assert 1 <= found["generated/IS"] <= 4 and found["generated/copies"] == 0
    assert found["generated/faces found %"] == 0


def test_the_inception_score_asks_about_pictures_not_learnt_from(drawn: FaceSet) -> None:
    call = {"real": drawn.images, "half": np.isin(drawn.subjects, ["p0", "p2", "p4"]), "space": "mobilenet"}
    call |= {"generated": drawn.images[:8], "judged": 8, "searched": 1}
    honest = steps.judge_pictures(labels=np.array(drawn.labels), **call)
    spoilt = np.where(call["half"], drawn.labels, (drawn.labels + 1) % 4)
    assert steps.judge_pictures(labels=spoilt, **call)["real/IS"] == honest["real/IS"]
    assert math.isnan(steps.judge_pictures(labels=None, **call)["real/IS"])


def test_real_people_are_tested_with_a_gan_of_other_people(drawn: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "faces_of", lambda role: drawn)
    real = Study(cast("cmu_faces"), SETTINGS, [0], run_all)
    assert list(real.emotion_experiments()) == [2, 4, 5]
    assert list(Study(cast("fer2013"), SETTINGS, [0], run_all).emotion_experiments()) == [2, 5]
    assert real.has_met("frontal", "frontal") and not real.has_met("celeba", "frontal")
    assert EMOTION_EXPERIMENTS[2].text(real.titles) == "GAN: London, SVM: CMU frontal"
    assert EMOTION_EXPERIMENTS[3].text(real.titles) == "GAN: enhanced CK, SVM: CMU all poses"


def test_two_parts_of_one_set_have_met_where_they_share_people(played: dict[str, Role]) -> None:
    halves = {"frontal": Role("drawn", people=(0, 2)), "kdef": Role("drawn", people=(1, 2)), "ck": Role("drawn")}
    study = Study(halves, SETTINGS, [0], run_all)
    assert study.has_met("ck", "frontal") and not study.has_met("kdef", "frontal")


def test_without_enhanced_ck_the_rule_is_all_that_can_be_tested(study: Study, drawn: FaceSet) -> None:
    study.cast = {role: player for role, player in study.cast.items() if role != "ck"}
    assert list(study.au_experiments()) == [6]
    calm = drawn.table["label"].replace("neutral", "calm")
    others = FaceSet("calm", drawn.images, drawn.table.assign(label=calm), ("calm", *drawn.classes[1:]))
    study.role_faces = lambda role: others
    assert not study.au_experiments()


def test_two_people_are_too_few_to_choose_on_people_within_training(drawn: FaceSet, played: dict[str, Role]) -> None:
    study = Study({"frontal": Role("drawn", people=(0, 3))}, SETTINGS.but(folds=2), [0], run_all)
    with pytest.raises(FerError, match="at least three people"):
        study.recognise([Ask("pixels", "frontal", "sound")])
