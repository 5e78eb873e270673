"""Scores against scikit-learn and scipy, and Table I's arithmetic against what can be worked out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from fer_utils.papers.clifer import retention
from fer_utils.papers.clifer.retention import (
    critical_h,
    curves_of,
    difference,
    f1_scores,
    forgetting,
    gains,
    kruskal,
    lost,
    order_table,
)


def test_f1_is_scikit_learn_s_and_micro_is_accuracy() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 6, 300), rng.integers(0, 6, 300)
    micro, macro = f1_scores(truth, predicted, range(6), 6)
    assert micro == pytest.approx(accuracy_score(truth, predicted)) == f1_score(truth, predicted, average="micro")
    assert macro == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_experiment_1_asks_only_about_classes_seen() -> None:
    truth, predicted = np.array([0, 0, 1, 1, 2]), np.array([0, 2, 1, 1, 2])
    micro, macro = f1_scores(truth, predicted, [0, 1], 3)
    assert micro == 0.75
    assert macro == pytest.approx((2 * 1 / (1 + 2) + 2 * 2 / (2 + 2)) / 2)


def test_no_answer_is_a_wrong_answer() -> None:
    truth = np.array([0, 1])
    assert f1_scores(truth, np.array([-1, -1]), [0, 1], 2) == (0.0, 0.0)
    assert f1_scores(truth, np.array([0, -1]), [0, 1], 2)[0] == 0.5


def test_curves_of_a_perfect_memory() -> None:
    truth, order = np.repeat(np.arange(3), 4), [2, 0, 1]
    predicted = np.stack([np.where(np.isin(truth, order[: step + 1]), truth, -1) for step in range(3)])
    rows = pd.DataFrame(curves_of(np.stack([predicted, predicted], axis=1)[None], truth, [order], 3))
    assert len(rows) == 3 * 2 * 2
    assert (rows.loc[rows["experiment"] == 1, "f1 micro"] == 1).all()
    second = rows[(rows["experiment"] == 2) & (rows["memory"] == "GDM-E")]
    np.testing.assert_allclose(second["f1 micro"], [1 / 3, 2 / 3, 1])


def test_forgetting_is_the_share_still_recalled() -> None:
    truth = np.array([0, 0, 1, 1])
    answers = np.array([[0, 0, 0, 0], [0, 1, 1, 1]])
    found = forgetting(np.stack([answers, answers], axis=1), truth, [0, 1])
    np.testing.assert_array_equal(found, [[1.0, 0.5], [np.nan, 1.0]])


def scored(people: int = 8) -> pd.DataFrame:
    """Two conditions, six orders; the first order is worse after the first class and like the others at the end."""
    rng, rows = np.random.default_rng(0), []
    for person in range(people):
        for condition, lift in (("MLP", 0.0), ("GDM", 0.2)):
            for order in range(6):
                for step in (1, 2):
                    value = 0.4 + lift + 0.01 * rng.normal() - (0.3 if order == 0 and step == 1 else 0)
                    rows.append({"person": f"p{person}", "fold": "a", "condition": condition, "order": order,
                                 "step": step, "memory": "GDM-E", "experiment": 2, "f1 micro": value})  # fmt: skip
    return pd.DataFrame(rows)


def test_gains_are_paired_differences_after_each_class_and_over_all_steps() -> None:
    table = scored()
    found = gains(table, ["GDM"], "MLP").set_index("after")
    assert list(found.index) == [0, 1, 2] and set(found["experiment"]) == {2}
    for after, row in found.iterrows():
        part = table[table["order"] == 0] if after == 0 else table[(table["order"] == 0) & (table["step"] == after)]
        wide = part.pivot_table(index="person", columns="condition", values="f1 micro")
        paired = wide["GDM"] - wide["MLP"]
        low, high = stats.t.interval(0.95, len(paired) - 1, paired.mean(), stats.sem(paired))
        assert (row["difference"], row["low"], row["high"]) == pytest.approx((paired.mean(), low, high))


def test_what_is_lost_was_learnt_first() -> None:
    recall = np.array([[1.0, 0.5, 0.2], [np.nan, 0.8, 0.8], [np.nan, np.nan, 0.3]])
    assert lost(recall) == pytest.approx((0.8 + 0.0 + 0.0) / 3)


def test_table_one_is_scipy_s_kruskal_wallis() -> None:
    table = scored()
    found = order_table(table, range(6)).set_index(["condition", "after"])
    groups = table[(table["condition"] == "GDM") & (table["step"] == 1)].groupby("order")["f1 micro"]
    expected = stats.kruskal(*[values.to_numpy() for _, values in groups])
    assert found.loc[("GDM", "first"), "H"] == pytest.approx(expected.statistic)
    assert found.loc[("GDM", "first"), "matters"] and not found.loc[("GDM", "final"), "matters"]


def test_table_one_has_the_conditions_that_learnt_all_its_orders() -> None:
    table = scored()
    once = table[(table["condition"] == "GDM") | (table["order"] == 0)]
    pd.testing.assert_frame_equal(
        order_table(once, range(6)), order_table(table, range(6)).query("condition == 'GDM'").reset_index(drop=True)
    )


def test_kruskal_wallis_by_hand_and_where_all_are_equal() -> None:
    # Ranks 1..3 against 4..6: H = 12 / (6 * 7) * (6**2 / 3 + 15**2 / 3) - 3 * 7 = 27 / 7.
    h, p = kruskal([np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])])
    assert h == pytest.approx(27 / 7) and p == pytest.approx(stats.chi2.sf(27 / 7, 1))
    assert kruskal([np.ones(4), np.ones(3)]) == (0.0, 1.0)


def test_the_critical_value_of_six_orders() -> None:
    assert critical_h(6) == pytest.approx(11.07, abs=5e-3)
    # Two of the paper's printed pairs.
    assert stats.chi2.sf(8.1, 5) == pytest.approx(0.15, abs=5e-3)
    assert stats.chi2.sf(7.7, 5) == pytest.approx(0.17, abs=5e-3)


def test_differences_are_paired_by_person() -> None:
    table = scored()
    table["f1 micro"] += table["person"].str[1:].astype(int) * 0.05
    found = difference(table, {"condition": "GDM"}, {"condition": "MLP"}, "f1 micro")
    assert found.n == 8 and found.value == pytest.approx(0.2, abs=0.01)
    assert found.low > 0.19 and found.high < 0.21


def test_no_interval_of_an_f1_leaves_zero_to_one() -> None:
    table = pd.DataFrame({"person": [*"abcd"], "f1 micro": [1.0, 1.0, 1.0, 0.9], "f1 macro": [0.0, 0.0, 0.0, 0.1]})
    micro, macro = (retention.over_people(table, metric) for metric in retention.METRICS)
    assert (micro.value, micro.high, macro.low) == (pytest.approx(0.975), 1.0, 0.0)
    assert 0.85 < micro.low < 0.95 and np.isneginf(retention.over_people(table[:1], "f1 micro").low)


def test_intervals_are_student_s_over_people() -> None:
    table = scored()
    part = table[(table["condition"] == "GDM") & (table["order"] == 3) & (table["step"] == 2)]
    found = retention.over_people(part, "f1 micro")
    values = part["f1 micro"].to_numpy()
    low, high = stats.t.interval(0.95, 7, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    curve = retention.curve_table(table, 3)
    row = curve[(curve["condition"] == "GDM") & (curve["classes learnt"] == 2)].iloc[0]
    assert (row["low"], row["high"], row["people"]) == (pytest.approx(low), pytest.approx(high), 8)
