"""The paper's tables from our answers, and every claim that is ours to run again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.answers import Answers
from fer_utils.papers.claims import load_claims
from fer_utils.papers.dcgan_svm import claims as tables
from fer_utils.papers.dcgan_svm import company as room
from fer_utils.papers.dcgan_svm.cast import AVATARS, PAPER, Role
from fer_utils.papers.dcgan_svm.experiments import ACTION_UNITS, AU_EXPERIMENTS, EMOTION_EXPERIMENTS, PAPER_NAMES, ROLES
from fer_utils.papers.dcgan_svm.outcomes import Detection, Recognition
from fer_utils.papers.dcgan_svm.study import Study
from fer_utils.papers.finding import Finding
from fer_utils.papers.study import PROTOCOLS
from tests.papers.dcgan_svm.conftest import SETTINGS, run_all

OURS = load_claims().query("paper == 'dcgan_svm' and ours == 'reproduce'")
QUALITY = {"frontal": {"generated/FID": 30.0, "generated/SSIM": 0.4, "generated/IS": 1.5, "generated/n": 200}}


def made_up(name: str, stand_in: bool = False, classes: tuple[str, ...] = tuple(PAPER_NAMES)) -> FaceSet:
    """Six people who show each class twice; every action unit was coded."""
    rows = [
        {"label": label, "subject": f"p{person}", "source": f"{person}-{label}-{take}"}
        for person in range(6)
        for label in classes
        for take in range(2)
    ]
    units = np.random.default_rng(0).random((len(rows), len(ACTION_UNITS))) < 0.4
    coded = pd.DataFrame(units.astype(float), columns=[f"au_{unit}" for unit in ACTION_UNITS])
    images = np.random.default_rng(1).integers(0, 256, (len(rows), 64, 64, 3)).astype(np.uint8)
    return FaceSet(name, images, pd.concat([pd.DataFrame(rows), coded], axis=1), classes, stand_in=stand_in)


def study_of(cast: dict[str, Role], stand_in: bool, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study of made-up faces; sets other than RaFD have no contempt."""
    few = tuple(name for name in PAPER_NAMES if name != "contempt")

    def faces_of(role: Role) -> FaceSet:
        seven = role.dataset in ("raf_db", "kdef", "sfew") or role.without
        return made_up(role.dataset, stand_in, few if seven else tuple(PAPER_NAMES))

    monkeypatch.setattr(room, "faces_of", faces_of)
    return Study(cast, SETTINGS, [0], run_all)


def recognition(faces: FaceSet, number: int) -> Recognition:
    """Answers that get worse with the experiment's number."""
    count = len(faces.classes)
    noise = np.random.default_rng(number).normal(0, 1, (len(faces), count))
    scores = 6.0 / number * np.eye(count)[faces.labels] + noise
    answers = Answers(faces.labels, scores.argmax(axis=1)[None], faces.subjects, count)
    return Recognition(faces.classes, answers, scores, np.ones((3, 2)))


def detection(faces: FaceSet, number: int, nobody_shows: tuple[int, ...] = ()) -> Detection:
    shown = np.random.default_rng(0).random((len(faces), 14)) < 0.4
    shown[:, np.isin(ACTION_UNITS, nobody_shows)] = False
    easier = np.isin(ACTION_UNITS, tables.TRANSFERABLE)
    scores = np.random.default_rng(number).normal(shown * (0.5 + 2.0 * easier), 1.0)
    return Detection(shown, scores, faces.subjects)


def findings(study: Study, protocol: str = "published", **changed: Any) -> dict[str, Finding]:
    """What made-up answers to all the study's experiments say."""
    emotions = {
        number: recognition(study.role_faces(each.test), number) for number, each in study.emotion_experiments().items()
    }
    units = {number: detection(study.role_faces(each.test), number) for number, each in study.au_experiments().items()}
    au7 = (units[2], units[3]) if 1 in units else None
    given = {"emotions": emotions, "units": units, "au7": au7, "quality": QUALITY, "space": "inception"} | changed
    found = list(tables.findings(study, protocol, **given))
    assert len({finding.claim for finding in found}) == len(found)
    return {finding.claim: finding for finding in found}


def test_every_claim_is_answered_on_the_paper_s_data_or_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(PAPER, False, monkeypatch)
    answered = findings(study)
    assert set(answered) == set(OURS.index)
    for claim, finding in answered.items():
        assert finding.scale == (100 if OURS.loc[claim, "unit"].startswith("%") else 1)
        assert (finding.reference == 0) == ("/order/" in claim)
        if "/table_2/" in claim or "/table_4/" in claim:
            experiments = EMOTION_EXPERIMENTS if "/table_2/" in claim else AU_EXPERIMENTS
            experiment = experiments[int(claim.split("/exp_")[1][0])]
            assert finding.leak == study.audit("published", experiment)


def test_each_claim_is_answered_with_the_data_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(PAPER, False, monkeypatch)
    tested = {number: study.cast[each.test].dataset for number, each in EMOTION_EXPERIMENTS.items()}
    coded = {number: study.cast[each.test].dataset for number, each in AU_EXPERIMENTS.items()}
    for claim, row in OURS.iterrows():
        if "/table_2/" in claim or "/table_4/" in claim:
            number = int(claim.split("/exp_")[1][0])
            assert row["dataset"] == (tested if "/table_2/" in claim else coded)[number]


def test_stand_ins_are_compared_with_no_other_system(monkeypatch: pytest.MonkeyPatch) -> None:
    real, played = (findings(study_of(cast, cast is AVATARS, monkeypatch)) for cast in (PAPER, AVATARS))
    assert {claim.split("/")[-1] for claim in set(real) - set(played)} == {
        "accuracy_difference", "inception_score_difference", "ssim_difference",
    }  # fmt: skip
    assert not set(played) - set(real)


def test_best_cited_numbers_are_the_paper_s(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(PAPER, False, monkeypatch)
    found = findings(study)
    accuracy = found["dcgan_svm/order/ours_minus_best_cited/rafd/accuracy_difference"]
    ours = found["dcgan_svm/text/all_emotions/exp_1/accuracy"].estimate
    assert math.isclose(100 * accuracy.estimate.value, 100 * ours.value - 97.66)
    assert np.allclose(accuracy.estimate.ci95, np.array(ours.ci95) - 0.9766)
    ssim = found["dcgan_svm/order/ours_minus_best_cited/rafd/ssim_difference"]
    assert math.isclose(ssim.estimate.value, 0.4 - 0.8833)


def test_quality_is_claimed_once_and_the_frechet_distance_in_the_paper_s_feature_space_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = study_of(AVATARS, True, monkeypatch)
    ids = [
        sorted(claim for claim in findings(study, space=space) if "table_7" in claim)
        for space in ("mobilenet", "inception")
    ]
    always = ["dcgan_svm/table_7/ours/rafd/inception_score", "dcgan_svm/table_7/ours/rafd/ssim"]
    assert ids == [always, ["dcgan_svm/table_7/ours/rafd/fid", *always]]
    assert not any("table_7" in claim for claim in findings(study, "sound"))


def test_a_comparison_names_the_leaks_of_all_it_compares(monkeypatch: pytest.MonkeyPatch) -> None:
    published, sound = (findings(study_of(PAPER, False, monkeypatch), protocol) for protocol in PROTOCOLS)
    between = "dcgan_svm/order/action_units.transferable_minus_rest/exp_4+5+7+8/auc_difference"
    assert sound[between].leak.text() == "SVM trained on another set"
    assert published[between].leak.text() == (
        "Exp 4+5+7: SVM trained on another set; Exp 8: SVM trained on another set; the GAN saw the tested pictures"
    )
    own = published["dcgan_svm/order/emotions.exp_1_minus_exp_5/rafd/accuracy_difference"].leak
    assert set(own.reports) == {"Exp 1", "Exp 5"}
    assert own.remark == "Exp 5: the GAN saw the tested pictures"


def test_the_svm_s_own_training_pictures_are_no_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for protocol in PROTOCOLS:
        found = findings(study_of(PAPER, False, monkeypatch), protocol)
        assert "own training" in found["dcgan_svm/text/au7_only/train/auc"].leak.text()
        assert "own training" not in found["dcgan_svm/text/au7_only/test/auc"].leak.text()


def test_a_class_that_the_paper_lacks_has_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of({"frontal": Role("ravdess")}, False, monkeypatch)
    calm = made_up("ravdess", classes=("neutral", "calm", "happiness"))
    found = findings(study, emotions={5: recognition(calm, 5)})
    assert "dcgan_svm/table_2/happy/exp_5/auc" in found and not any("calm" in claim for claim in found)


@pytest.fixture
def recognised(drawn: FaceSet) -> dict[int, Recognition]:
    return {number: recognition(drawn, number) for number in EMOTION_EXPERIMENTS}


@pytest.fixture
def detected(drawn: FaceSet) -> dict[int, Detection]:
    return {number: detection(drawn, number, nobody_shows=(9,)) for number in AU_EXPERIMENTS}


def test_table_ii(recognised: dict[int, Recognition]) -> None:
    table = tables.table_2(recognised).set_index("emotion")
    assert list(table.columns) == [f"Exp_{number}" for number in range(1, 9)] and len(table) == 9
    assert table.loc["contemptuous"].isna().all()
    assert math.isclose(table.loc["average", "Exp_3"], np.nanmean(table["Exp_3"][:-1]))
    assert table.loc["average", "Exp_1"] > table.loc["average", "Exp_8"]


def test_table_iv_leaves_out_what_nobody_showed(
    detected: dict[int, Detection], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables.table_4(detected).set_index("action unit")
    assert len(table) == 15 and table.loc["AU9"].isna().all()
    assert math.isclose(table.loc["average", "Exp_2"], np.nanmean(table["Exp_2"][:-1]))
    claimed = findings(study_of(PAPER, False, monkeypatch), units=detected)
    assert not any("/au9/" in claim for claim in claimed) and "dcgan_svm/table_4/au7/exp_1/auc" in claimed


def test_order_claims_have_the_paper_s_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        claim.partition("/")[2]: finding.estimate
        for claim, finding in findings(study_of(PAPER, False, monkeypatch)).items()
    }
    # Here a lower number is the better experiment.
    assert found["order/emotions.exp_1_minus_exp_3/rafd/auc_difference"].value > 0
    assert found["order/emotions.exp_8_minus_exp_5/sfew/auc_difference"].value < 0
    assert found["order/emotions.exp_1_minus_exp_5/rafd/accuracy_difference"].value > 0


def test_accuracies_of_every_experiment(recognised: dict[int, Recognition]) -> None:
    table = tables.table_3(recognised, ROLES, "sound").set_index("experiment")
    assert list(table.columns) == [
        "what", "protocol", "accuracy %", "low %", "high %", "mean AUC", "chance %", "people",
    ]  # fmt: skip
    assert table.loc[1, "what"] == "GAN: enhanced CK, SVM: RaFD frontal" and (table["people"] == 6).all()
    assert (table["chance %"] == 25).all() and table.loc[1, "accuracy %"] > table.loc[8, "accuracy %"]


def test_transfer_is_the_mean_over_the_four_experiments_between_sets(detected: dict[int, Detection]) -> None:
    found = tables.transfer(detected)
    rest = [unit for unit in ACTION_UNITS if unit not in tables.TRANSFERABLE]
    expected = np.mean(
        [
            np.mean([detected[n].auc(unit).value for unit in tables.TRANSFERABLE])
            - np.nanmean([detected[n].auc(unit).value for unit in rest])
            for n in (4, 5, 7, 8)
        ]
    )
    assert math.isclose(found.value, expected) and 0 < found.low < found.value < found.high


def test_table_vi_shows_which_labels_are_one() -> None:
    table = tables.table_6().set_index("action unit")
    assert table.loc["AU7", "the same label as"] == "AU23 AU24" and table.loc["AU24", "shown by"] == "angry"
    assert table.loc["AU25", "the same label as"] == "" and len(table) == 14


def test_agreement_of_rule_and_acting() -> None:
    ruled, coded = np.zeros((10, 14), bool), np.zeros((10, 14), bool)
    ruled[:4, 0], coded[2:10, 0] = True, True
    first = tables.agreement(ruled, coded).iloc[0]
    assert first.tolist()[1:] == [40.0, 80.0, 50.0, 25.0]
    assert math.isnan(tables.agreement(ruled, coded).iloc[1, 3])
