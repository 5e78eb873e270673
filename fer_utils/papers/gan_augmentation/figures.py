"""Paper 2's figures that no other paper has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_utils.plots import COLOURS, OTHER, PUBLISHED, SOUND

PAPERS_MARK = COLOURS[6]


def progress(panels: Mapping[str, tuple[str, np.ndarray, Mapping[str, np.ndarray]]]) -> Figure:
    """A quantity of the GANs during training, one panel a kind: first of the GAN on all classes, then a line a class.

    Args:
        panels: a title; what is drawn, with its unit; ``float [steps]`` of the GAN on all classes, empty where there is
            none; and ``float [steps]`` by class, of the GANs that go on from it.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(3.6 * len(panels), 3.5), squeeze=False, layout="constrained")
    tight = {"handlelength": 1.2, "columnspacing": 0.8}
    for axis, (title, (what, before, lines)) in zip(axes[0], panels.items(), strict=True):
        if len(before):
            axis.plot(np.arange(1, len(before) + 1), before, color="0.6", linewidth=0.8, label="all, to begin with")
            axis.axvline(len(before) + 0.5, color="0.6", linestyle=":", linewidth=1)
        for (name, values), colour in zip(lines.items(), cycle(COLOURS)):
            numbers = np.arange(1, len(values) + 1) + len(before)
            axis.plot(numbers, values, ".-", color=colour, linewidth=1.1, markersize=2, label=name)
        axis.axhline(0, color="0.7", linewidth=0.8)
        axis.set(title=title, xlabel="generator step", ylabel=what)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axis.grid(alpha=0.3)
        # Below, for the curves fill their panels.
        axis.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, **tight)
    sns.despine(figure)
    return figure


def gains(table: pd.DataFrame) -> Figure:
    """Gains in points with 95 % intervals: one panel a network, one line a comparison, by protocol.

    Args:
        table: columns ``network``, ``comparison``, ``protocol``, ``gain``, ``low``, ``high`` (over
            pictures and seeds) and ``paper`` (the paper's gain or NaN), in points.
    """
    networks = list(dict.fromkeys(table["network"]))
    most = max(table[table["network"] == name]["comparison"].nunique() for name in networks)
    figure, axes = plt.subplots(
        1, len(networks), figsize=(5.4 * len(networks), 0.45 * most + 1.2), squeeze=False, sharex=True,
        layout="constrained",
    )  # fmt: skip
    for axis, name in zip(axes[0], networks, strict=True):
        part = table[table["network"] == name]
        lines = list(dict.fromkeys(part["comparison"]))
        for shift, colour, protocol in ((-0.14, PUBLISHED, "published"), (0.14, SOUND, "sound")):
            mine = part[part["protocol"] == protocol]
            at = np.array([lines.index(each) for each in mine["comparison"]]) + shift
            reach = [mine["gain"] - mine["low"], mine["high"] - mine["gain"]]
            axis.errorbar(mine["gain"], at, xerr=reach, fmt="o", color=colour, capsize=3, label=f"ours, {protocol}")
        claimed = part.dropna(subset="paper").drop_duplicates("comparison")
        marks = [lines.index(each) for each in claimed["comparison"]]
        axis.plot(claimed["paper"], marks, "x", color=PAPERS_MARK, markersize=8, label="the paper")
        axis.axvline(0, color=OTHER, linestyle="--", linewidth=1)
        axis.set(yticks=range(len(lines)), yticklabels=lines, ylim=(len(lines) - 0.4, -0.6), title=name)
        axis.set_xlabel("gain in accuracy, points")
        axis.grid(axis="x", alpha=0.3)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False, fontsize=8
    )
    sns.despine(figure, left=True)
    return figure


def learning_curves(panels: Mapping[str, Mapping[str, tuple[Sequence[int], np.ndarray]]], chance: float) -> Figure:
    """Accuracy on PublicTest during training, one panel a network and one line an arm: the mean of the seeds.

    Args:
        panels: a title, and for each arm the steps ``[L]`` and accuracies ``[L, S]`` as fractions.
        chance: a fraction.
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4.6 * len(panels), 3.2), squeeze=False, sharey=True, layout="constrained"
    )
    for axis, (title, lines) in zip(axes[0], panels.items(), strict=True):
        # Where colours come again, lines are dashed.
        looks = [(style, colour) for style in ("o-", "s--") for colour in COLOURS]
        for (name, (steps, values)), (style, colour) in zip(lines.items(), looks, strict=False):
            mean = 100 * values.mean(axis=1)
            axis.plot(steps, mean, style, color=colour, linewidth=1.2, markersize=3, label=name)
        axis.axhline(100 * chance, color=OTHER, linestyle="--", linewidth=1, label="most frequent class")
        axis.set(title=title, xlabel="step")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axis.grid(alpha=0.3)
    named = max((axis.get_legend_handles_labels() for axis in axes[0]), key=lambda legend: len(legend[1]))
    figure.legend(*named, loc="outside right center", frameon=False, fontsize=8)
    axes[0, 0].set_ylabel("accuracy on PublicTest, %")
    sns.despine(figure)
    return figure
