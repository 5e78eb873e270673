"""Figures of paper 1, from tables and arrays: F1 curves (3a, 3b), forgetting, and a memory that grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from fer_utils.papers.clifer.gdm import MEMORIES
from fer_utils.plots import COLOURS


def f1_curves(table: pd.DataFrame, experiment: int, classes: Sequence[str]) -> Figure:
    """Figure 3a (Experiment 1) or 3b (2): F1 after each class, one panel a memory, 95 % t intervals over people.

    Args:
        table: :func:`fer_utils.papers.clifer.retention.curve_table`.
        experiment: 1 or 2.
        classes: their names in the order learnt.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True, layout="constrained")
    chosen = table[table["experiment"] == experiment]
    conditions = list(dict.fromkeys(chosen["condition"]))
    for axis, memory in zip(axes, MEMORIES, strict=True):
        for number, (condition, colour) in enumerate(zip(conditions, COLOURS, strict=False)):
            line = chosen[(chosen["memory"] == memory) & (chosen["condition"] == condition)]
            at = line["classes learnt"] + 0.06 * (number - (len(conditions) - 1) / 2)
            reach = [line["f1"] - line["low"], line["high"] - line["f1"]]
            reach = [np.where(np.isfinite(one), one, 0) for one in reach]
            axis.errorbar(at, line["f1"], reach, fmt="o-", color=colour, capsize=2, markersize=4, label=condition)
        if experiment == 2:
            share = np.arange(1, len(classes) + 1) / len(classes)
            axis.plot(range(1, len(classes) + 1), share, color="0.6", linestyle="--", linewidth=1, label="classes seen")
        axis.set(title=memory, ylim=(-0.02, 1.02), xlabel="learnt so far")
        axis.set_xticks(range(1, len(classes) + 1), [f"+ {name}" for name in classes], rotation=30, ha="right")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("F1 (micro)")
    axes[1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    sns.despine(figure)
    return figure


def gain_curves(table: pd.DataFrame, classes: Sequence[str], over: str) -> Figure:
    """What conditions gain over another after each class: a row an experiment, a column a memory.

    Args:
        table: :func:`fer_utils.papers.clifer.retention.gains`.
        classes: their names in the order learnt.
        over: what it is compared with.
    """
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 5.2), sharex=True, sharey=True, layout="constrained")
    conditions = list(dict.fromkeys(table["condition"]))
    for line, experiment in zip(axes, (1, 2), strict=True):
        for axis, memory in zip(line, MEMORIES, strict=True):
            for number, condition in enumerate(conditions):
                part = table[(table["experiment"] == experiment) & (table["memory"] == memory) & (table["after"] > 0)]
                part = part[part["condition"] == condition]
                at = part["after"] + 0.1 * (number - (len(conditions) - 1) / 2)
                reach = [part["difference"] - part["low"], part["high"] - part["difference"]]
                reach = [np.where(np.isfinite(one), one, 0) for one in reach]
                axis.errorbar(
                    at, part["difference"], reach, fmt="o-", color=COLOURS[3 + number], capsize=2, markersize=4,
                    label=condition,
                )  # fmt: skip
            axis.axhline(0, color="0.5", linewidth=1)
            axis.set_title(f"{memory}, Experiment {experiment}", fontsize=10)
            axis.set(xlabel="learnt so far" if experiment == 2 else "")
            axis.set_xticks(range(1, len(classes) + 1), [f"+ {name}" for name in classes], rotation=30, ha="right")
            axis.grid(alpha=0.3)
        line[0].set_ylabel(f"F1 less that of {over}")
    axes[0, 1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    sns.despine(figure)
    return figure


def forgetting_curves(recalls: Mapping[str, Mapping[str, np.ndarray]], classes: Sequence[str]) -> Figure:
    """What is left of each class as others follow: a row a memory, a column a condition, a line a class.

    Args:
        recalls: a row's name, and a condition's shares ``[classes, steps]``, NaN before a class was learnt. A row may
            lack conditions; their places stay empty.
        classes: their names in the order learnt.
    """
    conditions = list(dict.fromkeys(name for row in recalls.values() for name in row))
    figure, axes = plt.subplots(
        len(recalls), len(conditions), figsize=(2.3 * len(conditions), 2.7 * len(recalls)), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for line, (memory, row) in zip(axes, recalls.items(), strict=True):
        for axis, condition in zip(line, conditions, strict=True):
            if condition not in row:
                axis.set_axis_off()
                continue
            for name, share, colour in zip(classes, row[condition], COLOURS, strict=False):
                axis.plot(range(1, len(share) + 1), 100 * share, "o-", color=colour, markersize=3, label=name)
            axis.set(title=condition, xlabel="classes learnt", ylim=(-3, 103))
            axis.tick_params(labelbottom=True)  # an empty place beneath has none
            axis.grid(alpha=0.3)
        shown = next(axis for axis, condition in zip(line, conditions, strict=True) if condition in row)
        shown.set_ylabel(f"{memory}: recalled, %")
        shown.tick_params(labelleft=True)
    axes[0, -1].legend(
        frameon=False, fontsize=8, title="class", title_fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    sns.despine(figure)
    return figure


def less(pictures: np.ndarray, other: np.ndarray, times: float = 3.0) -> np.ndarray:
    """Pictures less another, enlarged, about a middle grey: what of a face a wish has moved.

    Args:
        pictures: ``uint8 [N, S, S, 3]``.
        other: ``uint8 [S, S, 3]``.
        times: how much a difference is enlarged.

    Returns:
        ``uint8 [N, S, S, 3]``, 128 where both are equal.
    """
    return np.clip(128 + times * (pictures.astype(np.float64) - other), 0, 255).astype(np.uint8)


def growth(frames: Mapping[str, dict[str, np.ndarray]], points: np.ndarray, labels: np.ndarray) -> Figure:
    """A film strip of a memory in two dimensions: samples in grey, neurons in the colour of their label, edges.

    Args:
        frames: a title and ``weights [N, 2]``, ``labels [N]``, ``edges [E, 2]`` of that moment.
        points: ``[M, 2]``, all samples.
        labels: ``[M]``.
    """
    figure, axes = plt.subplots(
        1, len(frames), figsize=(2.5 * len(frames), 2.7), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axis, (title, frame) in zip(axes[0], frames.items(), strict=True):
        for label in np.unique(labels):
            here = points[labels == label]
            axis.scatter(*here.T, s=5, color=COLOURS[label], alpha=0.2, linewidths=0)
        for ends in frame["edges"]:
            axis.plot(*frame["weights"][ends].T, color="0.4", linewidth=0.8)
        colours = [COLOURS[label] if label >= 0 else "white" for label in frame["labels"]]
        axis.scatter(*frame["weights"].T, s=45, c=colours, edgecolors="black", linewidths=0.8, zorder=3)
        axis.set(title=title, xlabel="first dimension")
        axis.set_aspect("equal")
    axes[0, 0].set_ylabel("second dimension")
    sns.despine(figure)
    return figure
