"""The paper's tables from our answers, and claims under ids that exist."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.claims import load_claims
from fer_utils.papers.dcgan_svm import paper_tables as tables
from fer_utils.papers.dcgan_svm.experiments import ACTION_UNITS, AU_EXPERIMENTS, EMOTION_EXPERIMENTS
from fer_utils.papers.dcgan_svm.study import Detection, Recognition


@pytest.fixture
def recognised(drawn: FaceSet) -> dict[int, Recognition]:
    """Eight experiments whose answers get worse with their number."""
    found = {}
    for number in EMOTION_EXPERIMENTS:
        random = np.random.default_rng(number)
        scores = 6.0 / number * np.eye(4)[drawn.labels] + random.normal(0, 1, (72, 4))
        found[number] = Recognition(drawn, scores.argmax(axis=1), scores, np.ones((3, 2)))
    return found


@pytest.fixture
def detected(drawn: FaceSet) -> dict[int, Detection]:
    shown = np.random.default_rng(0).random((72, 14)) < 0.4
    shown[:, ACTION_UNITS.index(9)] = False
    easier = np.isin(ACTION_UNITS, tables.TRANSFERABLE)
    scores = {
        number: np.random.default_rng(number).normal(shown * (0.5 + 2.0 * easier), 1.0) for number in AU_EXPERIMENTS
    }
    return {number: Detection(shown, values, drawn.subjects) for number, values in scores.items()}


def test_every_finding_has_a_claim_of_its_own(recognised, detected) -> None:  # type: ignore[no-untyped-def]
    claims = load_claims()
    findings = [*tables.emotion_findings(recognised), *tables.unit_findings(detected)]
    findings += tables.au7_findings(detected[2], detected[3], detected[1])
    ids = [f"dcgan_svm/{finding.claim}" for finding in findings]
    assert "dcgan_svm/order/ours_minus_best_cited/rafd/accuracy_difference" not in ids
    assert len(set(ids)) == len(ids) and set(ids) <= set(claims.index)
    assert (claims.loc[ids, "ours"] == "reproduce").all()
    for finding, name in zip(findings, ids, strict=True):
        if "table_" in name and "/exp_" in name:
            experiments = EMOTION_EXPERIMENTS if "table_2" in name else AU_EXPERIMENTS
            assert finding.experiment == experiments[int(name.split("exp_")[1][0])]
        unit = claims.loc[name, "unit"]
        assert finding.scale == (100 if unit.startswith("%") else 1)
        assert (finding.reference == 0) == ("order/" in name)


def test_the_best_cited_accuracy_is_compared_on_real_rafd_only(recognised, drawn: FaceSet) -> None:  # type: ignore[no-untyped-def]
    real = FaceSet("rafd", drawn.images, drawn.table, drawn.classes)
    first = recognised[1]
    recognised[1] = Recognition(real, first.predicted, first.scores, first.chosen)
    found = {finding.claim: finding for finding in tables.emotion_findings(recognised)}
    difference = found["order/ours_minus_best_cited/rafd/accuracy_difference"]
    assert math.isclose(100 * difference.estimate.value, 100 * first.accuracy().value - 97.66)
    assert f"dcgan_svm/{difference.claim}" in load_claims().index


def test_the_frechet_distance_is_claimed_in_the_paper_s_feature_space_only() -> None:
    quality = {"generated/FID": 30.0, "generated/SSIM": 0.4, "generated/n": 200}
    ids = [
        [finding.claim for finding in tables.quality_findings(quality, space)] for space in ("mobilenet", "inception")
    ]
    assert ids == [["table_7/ours/rafd/ssim"], ["table_7/ours/rafd/fid", "table_7/ours/rafd/ssim"]]
    assert all(f"dcgan_svm/{name}" in load_claims().index for name in ids[1])


def test_table_ii(recognised) -> None:  # type: ignore[no-untyped-def]
    table = tables.emotion_areas(recognised).set_index("emotion")
    assert list(table.columns) == [f"Exp_{number}" for number in range(1, 9)] and len(table) == 9
    assert table.loc["contemptuous"].isna().all()
    assert math.isclose(table.loc["average", "Exp_3"], np.nanmean(table["Exp_3"][:-1]))
    assert table.loc["average", "Exp_1"] > table.loc["average", "Exp_8"]


def test_table_iv_leaves_out_what_nobody_showed(detected) -> None:  # type: ignore[no-untyped-def]
    table = tables.unit_areas(detected).set_index("action unit")
    assert len(table) == 15 and table.loc["AU9"].isna().all()
    assert math.isclose(table.loc["average", "Exp_2"], np.nanmean(table["Exp_2"][:-1]))
    assert not any("au9/" in finding.claim for finding in tables.unit_findings(detected))


def test_order_claims_have_the_paper_s_sign(recognised) -> None:  # type: ignore[no-untyped-def]
    found = {finding.claim: finding.estimate for finding in tables.emotion_findings(recognised)}
    # Here a lower number is the better experiment.
    assert found["order/emotions.exp_1_minus_exp_3/rafd/auc_difference"].value > 0
    assert found["order/emotions.exp_8_minus_exp_5/sfew/auc_difference"].value < 0
    assert found["order/emotions.exp_1_minus_exp_5/rafd/accuracy_difference"].value > 0


def test_transfer_is_the_mean_over_the_four_experiments_between_sets(detected) -> None:  # type: ignore[no-untyped-def]
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
    table = tables.rule_table().set_index("action unit")
    assert table.loc["AU7", "the same label as"] == "AU23 AU24" and table.loc["AU24", "shown by"] == "angry"
    assert table.loc["AU25", "the same label as"] == "" and len(table) == 14


def test_agreement_of_rule_and_acting() -> None:
    ruled, coded = np.zeros((10, 14), bool), np.zeros((10, 14), bool)
    ruled[:4, 0], coded[2:10, 0] = True, True
    first = tables.agreement(ruled, coded).iloc[0]
    assert first.tolist()[1:] == [40.0, 80.0, 50.0, 25.0]
    assert math.isnan(tables.agreement(ruled, coded).iloc[1, 3])
