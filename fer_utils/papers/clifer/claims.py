"""Our numbers for the paper's claims: final F1, who beats whom, and whether the order matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fer_utils.papers.clifer.gdm import MEMORIES
from fer_utils.papers.clifer.protocol import BASELINES, MEMORY_CONDITIONS, ORACLE, TEST_CONDITIONS
from fer_utils.papers.clifer.retention import METRICS, critical_h, difference, order_table, over_people
from fer_utils.papers.clifer.study import Study
from fer_utils.papers.finding import Finding
from fer_utils.scores import Estimate

PAPER = "clifer"


PAPER_SETS = {"ravdess": "ravdess", "mmi": "mmi", "baum1": "baum-1"}
"""The sets the paper reports on, and how a claim's id writes them."""

CRITICAL_ORDERS = 6


def sets_for(dataset: str) -> list[str]:
    """Which sets' claims a data set speaks to: its own, or, for the direction only, all of the paper's."""
    return [PAPER_SETS[dataset]] if dataset in PAPER_SETS else list(PAPER_SETS.values())


def final_table(table: pd.DataFrame, order: int = 0) -> pd.DataFrame:
    """F1 after the last class, micro and macro, with t intervals over people: a row a condition and memory.

    Args:
        table: :meth:`fer_utils.papers.clifer.study.Study.scores`.
        order: number of the class order; 0 is the paper's final one.
    """
    last = _last(table, order)
    rows = []
    for condition in TEST_CONDITIONS:
        for memory in MEMORIES:
            part = last[(last["condition"] == condition) & (last["memory"] == memory)]
            found = {metric: over_people(part, metric) for metric in METRICS}
            rows.append({
                "condition": condition,
                "memory": memory,
                **{f"{metric} {name}": value for metric, one in found.items()
                   for name, value in (("mean", one.value), ("low", one.low), ("high", one.high))},
                "people": found[METRICS[0]].n,
            })  # fmt: skip
    return pd.DataFrame(rows)


def final_f1(table: pd.DataFrame, condition: str, memory: str) -> Estimate:
    """F1 (micro) after the last class of the final order."""
    last = _last(table, 0)
    return over_people(last[(last["condition"] == condition) & (last["memory"] == memory)], METRICS[0])


def _last(table: pd.DataFrame, order: int) -> pd.DataFrame:
    chosen = table[(table["order"] == order) & (table["experiment"] == 2)]
    return chosen[chosen["step"] == chosen["step"].max()]


def orderings(table: pd.DataFrame, compared: Sequence[int], neutral: Sequence[int]) -> dict[str, Estimate]:
    """Every ordering that the paper claims, as a difference of F1 (micro) paired by person.

    Where the paper names no step, it is the mean over all steps of the final order; where it names
    no memory, over both.

    Args:
        table: :meth:`fer_utils.papers.clifer.study.Study.scores`.
        compared: numbers of the orders of Table I.
        neutral: those of them that start with neutral.

    Returns:
        By the claim's row, its data set left open: ``"order/gdm_minus_mlp.exp_1/{set}/f1_difference"``.
    """
    final, metric = table[table["order"] == 0], METRICS[0]
    last = _last(table, 0)
    clifer = last[last["condition"] == "CLIFER"]
    e, s = ({"memory": memory} for memory in MEMORIES)
    found = {"gdm-e_minus_gdm-s/{set}/f1_difference": difference(clifer, e, s, metric)}
    for experiment in (1, 2):
        part = final[final["experiment"] == experiment]
        pair = ({"condition": "GDM"}, {"condition": "MLP"})
        found[f"gdm_minus_mlp.exp_{experiment}/{{set}}/f1_difference"] = difference(part, *pair, metric)
    for name, condition in (("replay", "GDM + replay"), ("clifer", "CLIFER")):
        pair = ({"condition": condition}, {"condition": "GDM"})
        found[f"{name}_minus_gdm/{{set}}/f1_difference"] = difference(final, *pair, metric)
    second = final[final["experiment"] == 2]
    pair = ({"condition": "CLIFER"}, {"condition": "GDM + replay"})
    found["clifer_minus_replay.exp_2/{set}/f1_difference"] = difference(second, *pair, metric)
    others = set(compared) - set(neutral)
    if neutral and others:
        part = table[(table["experiment"] == 2) & table["order"].isin(compared)]
        part = part[part["condition"].isin(MEMORY_CONDITIONS)]
        part = part.assign(starts=np.where(part["order"].isin(neutral), "neutral", "other"))
        pair = ({"starts": "neutral"}, {"starts": "other"})
        found["neutral_first_minus_other_orders/{set}/accuracy_difference"] = difference(part, *pair, metric)
    return {f"order/{name}": estimate for name, estimate in found.items()}


def beside_the_claims(table: pd.DataFrame) -> dict[str, Estimate]:
    """Ours, as :func:`orderings`: GDM less the baseline that learns each class to the end, and what the oracle gains.

    The oracle less GDM is what perfect pictures would be worth, CLIFER less the oracle what the imagined ones lose.
    """
    final, metric = table[table["order"] == 0], METRICS[0]
    pair = ({"condition": "GDM"}, {"condition": BASELINES[1]})
    found = {
        f"gdm_minus_mlp_to_the_end.exp_{experiment}": difference(
            final[final["experiment"] == experiment], *pair, metric
        )
        for experiment in (1, 2)
    }
    oracle = {"condition": ORACLE}
    found["oracle_minus_gdm"] = difference(final, oracle, {"condition": "GDM"}, metric)
    found["clifer_minus_oracle"] = difference(final, {"condition": "CLIFER"}, oracle, metric)
    return found


def order_effects(table: pd.DataFrame, compared: Sequence[int]) -> dict[str, Estimate]:
    """Table I's claims after the final class: H less its 5 % point; only where all six orders were run.

    A test's statistic has no interval over people. The claim is the test's outcome, which its p decides: H lies
    beyond the 5 % point just where p < 0.05. The interval is therefore the value alone.
    """
    if len(compared) != CRITICAL_ORDERS:
        return {}
    found, effects = order_table(table, compared), {}
    people = table["person"].nunique()
    for row in found[found["after"] == "final"].itertuples():
        if row.condition not in MEMORY_CONDITIONS:
            continue
        name = f"{row.condition.replace(' ', '').lower()}.{row.memory.lower()}"
        value = row.H - critical_h(CRITICAL_ORDERS)
        decided = Estimate(value, value, value, people, f"the test's own outcome, p = {row.p:.2g}")
        effects[f"order/final_h_minus_critical.{name}/{{set}}/kruskal_wallis_h_difference"] = decided
    return effects


def order_tests(table: pd.DataFrame, compared: Sequence[int], neutral: Sequence[int]) -> dict[str, Estimate]:
    """Table I itself, H and p, and the two statements that sum tests up; a test's statistic has no interval.

    Args:
        table, compared: as for :func:`orderings`.
        neutral: numbers of the orders that start with neutral in V-D.2.

    Returns:
        By the claim's id without the paper, Table I's data set left open. A statement about all tests is made of the
        smallest p.
    """
    people = table["person"].nunique()

    def unbounded(value: float) -> Estimate:
        return Estimate(value, -np.inf, np.inf, people, "no interval: a test's statistic")

    tests: dict[str, Estimate] = {}
    if len(compared) == CRITICAL_ORDERS:
        for row in order_table(table, compared).itertuples():
            if row.condition in MEMORY_CONDITIONS:
                name = f"table_1/{{set}}/{row.condition.replace(' ', '').lower()}.{row.memory.lower()}.{row.after}"
                tests |= {f"{name}/kruskal_wallis_h": unbounded(row.H), f"{name}/p_value": unbounded(row.p)}
        first = order_table(table, compared, experiment=1)
        tests["order/six_orders.exp_1/all/p_value"] = unbounded(_smallest_p(first))
    if len(neutral) > 1:
        tests["order/neutral_first_orders/all/p_value"] = unbounded(_smallest_p(order_table(table, neutral)))
    return tests


def _smallest_p(tests: pd.DataFrame) -> float:
    final = tests[(tests["after"] == "final") & tests["condition"].isin(MEMORY_CONDITIONS)]
    return float(final["p"].min())


def findings(study: Study, protocol: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Our number for each of the paper's claims; on other data than the paper's, beside the claims of all its sets.

    Args:
        study: one data set.
        protocol: ``"published"`` or ``"sound"``.
        table: :meth:`~fer_utils.papers.clifer.study.Study.scores` of that protocol.
    """
    leak, chance = study.audit(protocol), float(np.bincount(study.faces.labels).max() / len(study.faces))
    effects = order_effects(table, study.compared) | orderings(table, study.compared, study.starts_neutral)
    for where in sets_for(study.faces.name):
        for memory in MEMORIES:
            claim = f"{PAPER}/abstract/{memory.lower()}/{where}/f1"
            yield Finding(claim, final_f1(table, "CLIFER", memory), protocol, leak, chance)
        for claim, effect in effects.items():
            yield Finding(f"{PAPER}/{claim.format(set=where)}", effect, protocol, leak, 0.0)
    if study.faces.name in PAPER_SETS:
        tests, (where,) = order_tests(table, study.compared, study.neutral_first), sets_for(study.faces.name)
        for claim, test in tests.items():
            yield Finding(f"{PAPER}/{claim.format(set=where)}", test, protocol, leak)
