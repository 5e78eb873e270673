"""Every figure, from plain arrays and tables; colours are Okabe & Ito's, safe for colour-blind eyes.

Each function returns a matplotlib figure; :meth:`fer_utils.reproduce.run.Run.figure` stamps it
with data and profile and records it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import roc_curve

from fer_utils.scores import Estimate, class_recalls

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
PUBLISHED, SOUND, OTHER = COLOURS[1], COLOURS[0], "0.45"


def pictures(rows: Mapping[str, np.ndarray], title: str = "", size: float = 1.3) -> Figure:
    """A grid of pictures, one labelled row an entry.

    Args:
        rows: a row's name and its ``uint8 [n, H, W]`` or ``[n, H, W, 3]`` pictures.
        title: above the grid.
        size: of one picture, in inches.
    """
    most = max(len(row) for row in rows.values())
    figure, axes = plt.subplots(
        len(rows), most, figsize=(size * most + 0.9, size * len(rows) + 0.4), squeeze=False, layout="constrained"
    )
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        line[0].set(xticks=[], yticks=[])
        line[0].set_frame_on(False)
        for axis in line[1:]:
            axis.set_axis_off()  # as empty as the first, and a layout of a hundred of them takes half as long
        for axis, picture in zip(line, row, strict=False):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    figure.suptitle(title, fontsize=11)
    return figure


def confusions(matrices: Mapping[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """Confusion matrices side by side: share of each true class in colour and number, in per cent.

    Args:
        matrices: a title and its counts ``int [K, K]``, rows the truth.
        classes: K names.
    """
    side = max(2.6, 0.62 * len(classes))
    figure, axes = plt.subplots(
        1, len(matrices), figsize=((side + 1.1) * len(matrices), side + 0.9), squeeze=False, layout="constrained"
    )
    for axis, (title, counts) in zip(axes[0], matrices.items(), strict=True):
        total = counts.sum(axis=1, keepdims=True)
        share = 100 * np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
        sns.heatmap(
            share, ax=axis, annot=True, fmt=".0f", cmap="Blues", vmin=0, vmax=100, square=True, cbar=False,
            xticklabels=list(classes), yticklabels=list(classes), linewidths=0.5,
        )  # fmt: skip
        recall = np.nanmean(class_recalls(counts))
        axis.set(title=f"{title}\nmean of classes {100 * recall:.1f} %")
        axis.set(xlabel="predicted, % of the true class", ylabel="truth")
        axis.tick_params(axis="y", rotation=0)
        axis.tick_params(axis="x", rotation=45 if len(classes) > 3 else 0)
    return figure


def intervals(estimates: Mapping[str, Estimate], colours: Sequence[str], chance: float, xlabel: str) -> Figure:
    """Values with their 95 % intervals, one line each, and a dashed line at chance.

    Args:
        estimates: a line's name and its estimate as a fraction; drawn in per cent, first on top.
        colours: one a line.
        chance: a fraction.
        xlabel: what is measured.
    """
    figure, axis = plt.subplots(figsize=(7.5, 0.42 * len(estimates) + 1.1), layout="constrained")
    for position, (estimate, colour) in enumerate(zip(estimates.values(), colours, strict=True)):
        if np.all(np.isfinite(estimate.ci95)):
            axis.plot([100 * estimate.low, 100 * estimate.high], [position] * 2, color=colour, linewidth=3, alpha=0.5)
        axis.plot(100 * estimate.value, position, "o", color=colour)
        axis.annotate(
            f"{100 * estimate.value:.1f}", (100 * estimate.value, position), (0, 6), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    axis.axvline(100 * chance, color="0.6", linestyle="--", linewidth=1)
    axis.text(100 * chance, len(estimates) - 0.45, " chance", color="0.4", fontsize=8, va="bottom")
    axis.set(
        yticks=range(len(estimates)), yticklabels=list(estimates), xlabel=xlabel, ylim=(len(estimates) - 0.4, -0.7)
    )
    axis.grid(axis="x", alpha=0.3)
    sns.despine(figure, left=True)
    return figure


def grouped_intervals(
    groups: Mapping[str, Mapping[tuple[str, str], Estimate]],
    chance: float,
    xlabel: str,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Values with their 95 % intervals, a block of lines for each group, and a dashed line at chance.

    Args:
        groups: a block's name and its estimates as fractions, drawn in per cent, by two names: the first is told by
            colour, the second by the marker's form.
        chance: a fraction.
        xlabel: what is measured.
        marks: other values to draw a line at, as fractions, by what they are.
    """
    names = [name for group in groups.values() for name in group]
    colours = dict(zip(dict.fromkeys(name for name, _ in names), cycle(COLOURS)))
    forms = dict(zip(dict.fromkeys(name for _, name in names), cycle("os^Dv")))
    figure, axis = plt.subplots(figsize=(8.2, 0.26 * len(names) + 0.34 * len(groups) + 1.2), layout="constrained")
    position, ticks = 0.0, []
    for group in groups.values():
        ticks.append(position + (len(group) - 1) / 2)
        for (first, second), estimate in group.items():
            colour, form = colours[first], forms[second]
            if np.all(np.isfinite(estimate.ci95)):
                ends = [100 * estimate.low, 100 * estimate.high]
                axis.plot(ends, [position] * 2, color=colour, linewidth=3, alpha=0.4)
            axis.plot(100 * estimate.value, position, form, color=colour, markersize=5)
            axis.text(101.5, position, f"{100 * estimate.value:.0f}", color=colour, fontsize=8, va="center")
            position += 1
        position += 0.9
        axis.axhline(position - 0.95, color="0.85", linewidth=0.8)
    for name, value in {"chance": chance, **(marks or {})}.items():
        axis.axvline(100 * value, color="0.4", linestyle="--" if name == "chance" else ":", linewidth=1)
        axis.annotate(
            name, (100 * value, 1), (0, 2), ("data", "axes fraction"), textcoords="offset points", ha="center",
            fontsize=8, color="0.4",
        )  # fmt: skip
    axis.set(yticks=ticks, yticklabels=list(groups), xlabel=xlabel, xlim=(0, 100), ylim=(position - 0.95, -0.7))
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.3)
    lines = [Line2D([], [], color=colour, linewidth=3, label=name) for name, colour in colours.items()]
    shapes = [Line2D([], [], color="0.4", marker=form, linestyle="", label=name) for name, form in forms.items()]
    figure.legend(handles=[*lines, *shapes], loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    sns.despine(figure, left=True)
    return figure


def learning_curves(curves: Mapping[str, np.ndarray], chance: float) -> Figure:
    """Test accuracy after each epoch: mean over folds and seeds, and the middle 90 % of them.

    Args:
        curves: a name and its fractions ``[epochs, folds]``.
        chance: a fraction.
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    for (name, values), colour in zip(curves.items(), cycle(COLOURS)):
        epochs = np.arange(1, len(values) + 1)
        axis.plot(epochs, 100 * values.mean(axis=1), color=colour, label=f"{name} ({values.shape[1]} runs)")
        if values.shape[1] > 1:
            low, high = 100 * np.quantile(values, [0.05, 0.95], axis=1)
            axis.fill_between(epochs, low, high, color=colour, alpha=0.12, linewidth=0)
    axis.axhline(100 * chance, color="0.6", linestyle="--", linewidth=1, label="chance")
    axis.set(xlabel="epoch", ylabel="test accuracy, %", xlim=(1, max(len(values) for values in curves.values())))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    axis.grid(alpha=0.3)
    sns.despine(figure)
    return figure


def comparison(table: pd.DataFrame, panels: Sequence[str]) -> Figure:
    """One panel a compared factor: accuracy with intervals for each level, by protocol.

    Args:
        table: columns ``factor``, ``level``, ``protocol``, ``accuracy %``, ``low %``, ``high %``.
        panels: which factors, in order.
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(2.9 * len(panels), 3.4), sharey=True, squeeze=False, layout="constrained"
    )
    names = list(dict.fromkeys(table["protocol"]))
    for axis, factor in zip(axes[0], panels, strict=True):
        part = table[table["factor"] == factor]
        levels = list(dict.fromkeys(part["level"]))
        for number, (name, colour) in enumerate(zip(names, cycle((PUBLISHED, SOUND, OTHER)))):
            mine = part[part["protocol"] == name].set_index("level").loc[levels]
            at = np.arange(len(levels)) + 0.18 * (number - (len(names) - 1) / 2)
            reach = [mine["accuracy %"] - mine["low %"], mine["high %"] - mine["accuracy %"]]
            axis.errorbar(at, mine["accuracy %"], reach, fmt="o", color=colour, capsize=3, label=f"protocol {name}")
        axis.set_xticks(range(len(levels)), levels, rotation=30, ha="right")
        axis.set(title=factor, xlim=(-0.5, len(levels) - 0.5))
        axis.grid(axis="y", alpha=0.3)
    axes[0, 0].set_ylabel("accuracy, %")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper", frameon=False, fontsize=8)
    sns.despine(figure)
    return figure


def roc_curves(panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], columns: int = 4) -> Figure:
    """ROC curves, one panel an experiment and one line a class.

    Args:
        panels: a title, and for each class whether it is the truth ``bool [N]`` and its scores
            ``float [N]``; lines without both kinds of picture are left out.
        columns: panels in a row.
    """
    rows = -(-len(panels) // columns)
    columns = min(columns, len(panels))
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.1 * columns, 3.1 * rows), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    lines: dict[str, Line2D] = {}
    styles = [(colour, style) for style in ("-", "--") for colour in COLOURS]
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    look = dict(zip(names, cycle(styles)))
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (title, panel) in zip(axes.flat, panels.items(), strict=False):
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle=":")
        for name, (truth, score) in panel.items():
            known = np.isfinite(score)
            if 0 < truth[known].sum() < known.sum():
                false_alarms, hits, _ = roc_curve(truth[known], score[known])
                colour, style = look[name]
                (lines[name],) = axis.plot(false_alarms, hits, color=colour, linestyle=style, linewidth=1.3)
        axis.set_title(title, fontsize=8)
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    figure.supxlabel("false positive rate", fontsize=10)
    figure.supylabel("true positive rate", fontsize=10)
    shown = [name for name in names if name in lines]
    figure.legend([lines[name] for name in shown], shown, loc="outside right center", frameon=False, fontsize=8)
    return figure


def losses(histories: Mapping[str, np.ndarray], names: Sequence[str], columns: int = 4) -> Figure:
    """Loss curves of several trainings, one panel each.

    Args:
        histories: a title and its ``float [steps, len(names)]``.
        names: what the columns are.
        columns: panels in a row.
    """
    rows = -(-len(histories) // columns)
    columns = min(columns, len(histories))
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.0 * columns, 2.3 * rows), sharey=True, squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(histories) :]:
        axis.set_axis_off()
    for axis, (title, history) in zip(axes.flat, histories.items(), strict=False):
        for values, name, colour in zip(history.T, names, cycle(COLOURS)):
            axis.plot(np.arange(1, len(values) + 1), values, color=colour, linewidth=1, label=name)
        axis.set_title(title, fontsize=9)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
        axis.grid(alpha=0.3)
    figure.supxlabel("generator step", fontsize=10)
    figure.supylabel("loss, nats", fontsize=10)
    axes[0, 0].legend(frameon=False, fontsize=7)
    sns.despine(figure)
    return figure
