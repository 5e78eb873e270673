"""Every answer has a claim to answer, with the value that a hand can compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.claims import claim
from fer_utils.papers.landmark_ensemble import judged
from fer_utils.papers.landmark_ensemble.judged import Answer, answers, cross_answers, neutral_excess, table_2
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.protocol import Outcome
from fer_utils.papers.landmark_ensemble.study import Study
from tests.papers.landmark_ensemble.conftest import TINY
from tests.papers.landmark_ensemble.test_study import CountingMapper


@pytest.fixture
def mapper(drawn_faces: Prepared) -> CountingMapper:
    return CountingMapper(drawn_faces)


def by_id(found: list[Answer]) -> dict[str, Answer]:
    """Each answer once, each to a claim that exists."""
    for answer in found:
        claim(f"landmark_ensemble/{answer.claim}")
    named = {answer.claim: answer for answer in found}
    assert len(named) == len(found)
    return named


def as_named(drawn: FaceSet, name: str, *, stand_in: bool) -> FaceSet:
    return replace(drawn, name=name, stand_in=stand_in)


def test_pictures_in_the_paper_s_place_answer_directions_only(drawn: FaceSet, mapper: CountingMapper) -> None:
    found = by_id(list(answers(Study(drawn, TINY, [0], mapper), "sound")))
    assert found["table_1/jaffe/el/accuracy"].reference == pytest.approx(100 / 3)
    assert found["order/el_minus_ftl/jaffe/accuracy_difference"].found.value > 0
    # The made-up landmark heads are a tenth of the crop worse after fine-tuning, or better where they were above.
    assert "figure_10/nose/sfew/landmark_error_difference" in found and not any("table_2" in name for name in found)
    assert not any(name.startswith(("figure_7", "figure_8", "figure_9")) for name in found)


@pytest.mark.parametrize("name", judged.PLACES)
def test_the_paper_s_own_data_answer_counts_and_benchmarks(drawn: FaceSet, mapper: CountingMapper, name: str) -> None:
    study = Study(as_named(drawn, name, stand_in=False), TINY, [0], mapper)
    found = by_id(list(answers(study, "sound")))
    counts = {key: one for key, one in found.items() if key.startswith(judged.MATRICES[name])}
    assert len(counts) == 9 and sum(one.scale * one.found.value for one in counts.values()) == pytest.approx(36)
    matrix = study.outcome("el", "sound").confusion()
    happy = counts[f"{judged.MATRICES[name]}/happy/happy/count"]
    assert happy.scale * happy.found.value == pytest.approx(matrix[1, 1])
    gap = found[f"order/el_minus_benchmark/{judged.PLACES[name]}/accuracy_difference"].found
    accuracy = study.outcome("el", "sound").accuracy()
    assert gap.value == pytest.approx(100 * accuracy.value - judged.BENCHMARKS[name][1])
    assert gap.low == pytest.approx(100 * accuracy.low - judged.BENCHMARKS[name][1])
    assert any("sfew/landmark_error" in key for key in found) == (name == "sfew")


def test_a_stand_in_for_the_paper_s_data_is_not_the_paper_s_data(drawn: FaceSet) -> None:
    assert judged.own(as_named(drawn, "jaffe", stand_in=False))
    assert not judged.own(as_named(drawn, "jaffe", stand_in=True)) and not judged.own(drawn)
    assert judged.place(drawn) == "jaffe" and judged.place(as_named(drawn, "ck_plus", stand_in=True)) == "ck+"


def test_cross_data_answers_table_3(drawn: FaceSet, mapper: CountingMapper) -> None:
    split = np.where(np.arange(36) < 20, "Train", "Val")
    wild = replace(drawn, name="sfew", table=drawn.table.assign(split=split))
    tested = replace(drawn, name="ck_plus")
    found = by_id(list(cross_answers(Study(wild, TINY, [0], mapper, tested=[tested]), tested, "sound")))
    assert sum(name.startswith("table_3/ck+/") for name in found) == 8
    assert {name for name in found if name.startswith("order")} == {
        "order/cross.el_minus_ftl/ck+/accuracy_difference",
        "order/cross.ftl_minus_baseline/ck+/accuracy_difference",
        "order/cross.el_minus_sfew_valid/ck+/accuracy_difference",
    }
    without = Study(drawn, TINY, [0], mapper, tested=[tested])
    assert not any("sfew_valid" in answer.claim for answer in cross_answers(without, tested, "sound"))


def test_table_2_sets_ours_below_the_paper_s(drawn: FaceSet, mapper: CountingMapper) -> None:
    study = Study(as_named(drawn, "sfew", stand_in=True), TINY, [0], mapper)
    table = table_2(study, ("published", "sound"))
    assert table["accuracy %"].tolist()[:2] == [48.19, 44.50] and table["parameters M"].tolist()[:2] == [11.0, 1.65]
    assert table["parameters M"].iloc[2] == study.parameters / 1e6 and pd.isna(table["low %"].iloc[1])


def test_neutral_s_excess_by_hand() -> None:
    """Of ten images three are wrongly called neutral (0) and one wrongly called 2."""
    truth = np.array([0, 0, 1, 1, 1, 1, 2, 2, 0, 2])
    given = np.array([0, 0, 0, 0, 0, 1, 2, 2, 2, 2])
    rows = np.arange(10)
    scores = np.repeat(np.eye(3, dtype=np.float32)[given][None], 5, axis=0)
    made_up = Outcome(truth, scores, rows.astype(str), rows, rows * 0, np.zeros((1, 5), int))
    assert neutral_excess(made_up, 0).value == pytest.approx((3 - 1) / 10)
    assert neutral_excess(made_up, 2).value == pytest.approx((1 - 3) / 10)
