"""Reading the outcome: F1 after each class, what is forgotten, and whether the order of classes matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from fer_utils import scores
from fer_utils.papers.clifer.gdm import MEMORIES

EXPERIMENTS = {1: "Experiment 1: classes seen so far", 2: "Experiment 2: all classes"}
METRICS = ("f1 micro", "f1 macro")


def f1_scores(truth: np.ndarray, predicted: np.ndarray, asked: Sequence[int], n_classes: int) -> tuple[float, float]:
    """Micro and macro F1 over the test frames of the classes ``asked``.

    With one answer a frame the micro F1, which the authors' release computes, is the accuracy; a
    frame without an answer counts as wrong. The macro F1 is the mean over the classes asked, so
    that many frames of one class cannot hide the others.

    Args:
        truth: ``int [T]``.
        predicted: ``int [T]``, -1 where there is no answer.
        asked: Experiment 1: the classes seen so far; Experiment 2: all.
        n_classes: how many there are.
    """
    kept = np.isin(truth, asked)
    truth, predicted = truth[kept], predicted[kept].astype(np.int64)
    counts = np.bincount(truth * (n_classes + 1) + predicted + 1, minlength=n_classes * (n_classes + 1))
    matrix = counts.reshape(n_classes, n_classes + 1)[:, 1:]
    hits, said, there = np.diag(matrix), matrix.sum(axis=0), np.bincount(truth, minlength=n_classes)
    f1 = 2 * hits[asked] / np.maximum(said[asked] + there[asked], 1)
    return float(hits.sum() / len(truth)), float(f1.mean())


def curves_of(
    predicted: np.ndarray, truth: np.ndarray, orders: Sequence[Sequence[int]], n_classes: int
) -> list[dict[str, object]]:
    """Both experiments of one person's answers, one row an order, step, memory and experiment.

    Args:
        predicted: ``int [orders, steps, 2, T]`` (:func:`fer_utils.papers.clifer.protocol.learn_person`).
        truth: ``int [T]``.
        orders: the classes in the order learnt.
        n_classes: how many there are.
    """
    rows = []
    for number, order in enumerate(orders):
        for step in range(len(order)):
            for memory, name in enumerate(MEMORIES):
                for experiment, asked in ((1, order[: step + 1]), (2, order)):
                    micro, macro = f1_scores(truth, predicted[number, step, memory], list(asked), n_classes)
                    told = {"f1 micro": micro, "f1 macro": macro}
                    rows.append({"order": number, "step": step + 1, "memory": name, "experiment": experiment, **told})
    return rows


def over_people(table: pd.DataFrame, metric: str) -> scores.Estimate:
    """Mean of a metric with a t interval over people, cut to [0, 1]; folds of one person are averaged first."""
    by_person = table.groupby("person", sort=True)[metric].mean()
    found = scores.mean(by_person.to_numpy(), by_person.index.to_numpy())
    return found if found.n < 2 else replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def difference(
    table: pd.DataFrame, first: Mapping[str, object], second: Mapping[str, object], metric: str
) -> scores.Estimate:
    """Mean over people of ``first - second``, paired by person.

    Args:
        table: a row a person, fold, condition, memory, order, step and experiment.
        first, second: what to select by, a column's name and its value.
        metric: one of :data:`METRICS`.
    """
    parts = []
    for chosen in (first, second):
        rows = table.loc[np.logical_and.reduce([table[name] == value for name, value in chosen.items()])]
        parts.append(rows.groupby("person", sort=True)[metric].mean())
    paired = parts[0] - parts[1]
    return scores.mean(paired.to_numpy(), paired.index.to_numpy())


def gains(table: pd.DataFrame, conditions: Sequence[str], over: str, order: int = 0) -> pd.DataFrame:
    """F1 (micro) of conditions less that of ``over``, paired by person: after each class, and the mean of all steps.

    Args:
        table: as for :func:`difference`.
        conditions: what is compared.
        over: what it is compared with.
        order: number of the class order.

    Returns:
        Columns ``experiment memory condition after difference low high``; ``after`` counts the classes learnt, 0 for
        the mean of all steps.
    """
    rows, chosen = [], table[table["order"] == order]
    for (experiment, memory), part in chosen.groupby(["experiment", "memory"], sort=False):
        for condition in conditions:
            for after in (0, *sorted(part["step"].unique())):
                at = part if after == 0 else part[part["step"] == after]
                found = difference(at, {"condition": condition}, {"condition": over}, METRICS[0])
                told = {"experiment": experiment, "memory": memory, "condition": condition, "after": after}
                rows.append({**told, "difference": found.value, "low": found.low, "high": found.high})
    return pd.DataFrame(rows)


def kruskal(groups: Sequence[np.ndarray]) -> tuple[float, float]:
    """Kruskal-Wallis H and its p (chi-squared), with the correction for ties; (0, 1) where all values are equal."""
    if np.unique(np.concatenate(groups)).size == 1:
        return 0.0, 1.0
    found = stats.kruskal(*groups)
    return float(found.statistic), float(found.pvalue)


def critical_h(n_orders: int) -> float:
    """The 5 % point: 11.07 for the six orders of Table I."""
    return float(stats.chi2.ppf(0.95, n_orders - 1))


def order_table(table: pd.DataFrame, orders: Sequence[int], experiment: int = 2) -> pd.DataFrame:
    """Table I: Kruskal-Wallis over class orders, accuracy after the first and after the final class.

    Args:
        table: as for :func:`difference`.
        orders: the numbers of the orders compared.
        experiment: Table I has Experiment 2.

    Returns:
        Columns ``condition memory after H p matters``, the last ``p < 0.05``; conditions that learnt all the orders.
    """
    rows = []
    chosen = table[(table["experiment"] == experiment) & table["order"].isin(orders)]
    last = chosen["step"].max()
    for (condition, memory), part in chosen.groupby(["condition", "memory"], sort=False):
        if not set(orders) <= set(part["order"]):
            continue
        for after, step in (("first", 1), ("final", last)):
            at = part[part["step"] == step].groupby(["order", "person"])["f1 micro"].mean()
            h, p = kruskal([at.loc[order].to_numpy() for order in orders])
            rows.append({"condition": condition, "memory": memory, "after": after, "H": h, "p": p, "matters": p < 0.05})
    return pd.DataFrame(rows)


def curve_table(table: pd.DataFrame, order: int, metric: str = "f1 micro") -> pd.DataFrame:
    """Figures 3a and 3b as numbers: mean F1 and its t interval over people after each class of one order."""
    rows = []
    chosen = table[table["order"] == order]
    for (experiment, condition, memory, step), part in chosen.groupby(
        ["experiment", "condition", "memory", "step"], sort=False
    ):
        found = over_people(part, metric)
        told = {"f1": found.value, "low": found.low, "high": found.high, "people": found.n}
        rows.append(
            {"experiment": experiment, "condition": condition, "memory": memory, "classes learnt": step, **told}
        )
    return pd.DataFrame(rows)


def forgetting(predicted: np.ndarray, truth: np.ndarray, order: Sequence[int], memory: int = 0) -> np.ndarray:
    """Share of each class recalled after each step, ``float64 [classes in order, steps]``; NaN before it was learnt."""
    steps = len(order)
    recall = np.full((steps, steps), np.nan)
    for row, label in enumerate(order):
        for step in range(row, steps):
            recall[row, step] = (predicted[step, memory][truth == label] == label).mean()
    return recall


def lost(recall: np.ndarray) -> float:
    """How much less of a class is recalled at the end than when it was just learnt, mean over classes.

    Args:
        recall: :func:`forgetting`.
    """
    return float(np.mean(np.diag(recall) - recall[:, -1]))
