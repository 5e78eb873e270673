"""The paper's own figures, from plain arrays; general ones are in :mod:`fer_utils.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_utils.papers.landmark_ensemble.gradcam import enlarged, scaled
from fer_utils.papers.landmark_ensemble.points import PART_POINTS
from fer_utils.papers.landmark_ensemble.settings import PARTS
from fer_utils.plots import COLOURS

PART_COLOURS = dict(zip(PARTS, ("#0072B2", "#009E73", "#56B4E9", "#D55E00", "#CC79A7"), strict=True))
"""Figure 4's blue, green, light blue, red and pink, in the colour-blind-safe palette."""


def landmarks(crops: np.ndarray, points: np.ndarray, titles: Sequence[str] | None = None, title: str = "") -> Figure:
    """Figure 4: the 68 points on each face, coloured by part.

    Args:
        crops: ``uint8 [n, S, S]``.
        points: ``float [n, 68, 2]`` in pixels.
        titles: one a face.
        title: above all.
    """
    figure, axes = plt.subplots(1, len(crops), figsize=(1.9 * len(crops), 2.5), squeeze=False, layout="constrained")
    for number, axis in enumerate(axes[0]):
        _face(axis, crops[number], titles[number] if titles else "")
        for part in PARTS:
            x, y = points[number, PART_POINTS[part]].T
            axis.plot(x, y, ".", markersize=3, color=PART_COLOURS[part], label=part, clip_on=False)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=5, fontsize=8,
                  frameon=False, markerscale=2)  # fmt: skip
    figure.suptitle(title, fontsize=11)
    return figure


def stages(pictures: Mapping[str, np.ndarray], points: Mapping[str, np.ndarray], answers: np.ndarray,
           classes: Sequence[str], title: str) -> Figure:  # fmt: skip
    """Figure 5: one face on its way through the seven stages; the last two are the networks and their answers.

    Args:
        pictures: a stage's name and its grey picture ``uint8 [H, W]``.
        points: for the stages that have them, ``float [68, 2]`` in pixels of their picture.
        answers: ``float [5, C]``, softmax of EL's five networks.
        classes: C names.
        title: above all.
    """
    n = len(pictures)
    figure, axes = plt.subplots(1, n + 1, figsize=(1.9 * n + 3.2, 2.6), layout="constrained",
                                width_ratios=[1] * n + [1.5])  # fmt: skip
    for axis, (name, picture) in zip(axes, pictures.items(), strict=False):
        _face(axis, picture, name)
        if name in points:
            axis.plot(*points[name].T, ".", markersize=2, color=COLOURS[1], clip_on=False)
    left = np.zeros(len(classes))
    for part, share in zip(PARTS, answers, strict=True):
        axes[-1].barh(range(len(classes)), share, left=left, color=PART_COLOURS[part], label=part)
        left += share
    axes[-1].set(yticks=range(len(classes)), yticklabels=list(classes), xlabel="sum of softmax",
                 title="7 networks, summed softmax")  # fmt: skip
    axes[-1].title.set_fontsize(8)
    axes[-1].invert_yaxis()
    axes[-1].legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.suptitle(title, fontsize=11)
    return figure


def landmark_changes(crops: np.ndarray, before: np.ndarray, after: np.ndarray, table: pd.DataFrame) -> Figure:
    """Figure 10: EL's landmarks before (orange) and after (blue) the extractor was tuned, and each part's mean error.

    Every point is drawn, also one that a network places beside the crop.

    Args:
        crops: ``uint8 [n, S, S]``.
        before, after: ``float [n, 68, 2]`` in pixels.
        table: from ``learnt.landmark_changes``.
    """
    n = len(crops)
    figure, axes = plt.subplots(1, n + 1, figsize=(2.1 * n + 4.4, 2.9), layout="constrained",
                                width_ratios=[1] * n + [2])  # fmt: skip
    for number, axis in enumerate(axes[:-1]):
        _face(axis, crops[number], "")
        axis.plot(*before[number].T, ".", markersize=3, color=COLOURS[1], label="before", clip_on=False)
        axis.plot(*after[number].T, ".", markersize=3, color=COLOURS[0], label="after", clip_on=False)
    at = np.arange(len(table))
    bars = {"training faces %": ("training faces, before", COLOURS[2]), "before %": ("test faces, before", COLOURS[1]),
            "after %": ("test faces, after", COLOURS[0])}  # fmt: skip
    for place, (column, (label, colour)) in enumerate(bars.items()):
        axes[-1].bar(at + 0.27 * (place - 1), table[column], 0.27, color=colour, label=label)
    axes[-1].set_xticks(at, table["part"], rotation=30)
    axes[-1].set(ylabel="mean absolute error,\n% of the crop's side")
    axes[-1].set_ylim(top=1.7 * table[list(bars)].to_numpy().max())
    axes[-1].legend(fontsize=7, frameon=False, loc="upper left")
    figure.suptitle("Figure 10: landmarks before and after fine-tuning for expressions", fontsize=11)
    sns.despine(ax=axes[-1])
    return figure


def learning_curves(curves: Mapping[str, Mapping[str, np.ndarray]], batches: int, mean_face: float,
                    classes: int) -> Figure:  # fmt: skip
    """Error against steps under several schedules: landmarks on the left, expressions on the right.

    Args:
        curves: from ``learnt.learning_curves``: a schedule's name and its means per epoch.
        batches: steps an epoch.
        mean_face: the error of always saying the mean training face, % of the crop's side.
        classes: how many there are; guessing costs their logarithm.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.2), layout="constrained")
    for number, (name, own) in enumerate(curves.items()):
        for axis, stage in zip(axes, ("landmarks", "expressions"), strict=True):
            steps = batches * np.arange(1, len(own[stage]) + 1)
            axis.plot(steps, own[stage], "o-", markersize=3, color=COLOURS[number], label=name)
    axes[0].axhline(mean_face, color="0.4", linestyle="--", label="the mean face")
    axes[1].axhline(np.log(classes), color="0.4", linestyle="--", label="guessing")
    axes[0].set(xlabel="steps", ylabel="error on the batch,\n% of the crop's side", title="stage 1: landmarks")
    axes[1].set(xlabel="steps", ylabel="cross-entropy on the batch, nats", title="stages 2 and 3: expressions")
    for axis in axes:
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=8, frameon=False)
        axis.grid(alpha=0.3)
    sns.despine(figure)
    return figure


def heatmaps(crops: np.ndarray, rows: Mapping[str, np.ndarray], titles: Sequence[str]) -> Figure:
    """Figure 11: Grad-CAM maps laid over faces, a row a network.

    Args:
        crops: ``uint8 [n, S, S]``.
        rows: a network's name and its maps ``float [n, h, w]``, each scaled to its own largest value.
        titles: n, above the faces.
    """
    size, n = crops.shape[1], len(crops)
    figure, axes = plt.subplots(len(rows) + 1, n, figsize=(1.5 * n + 1, 1.5 * len(rows) + 1.9), squeeze=False,
                                layout="constrained")  # fmt: skip
    for column in range(n):
        _face(axes[0, column], crops[column], titles[column])
        for line, maps in zip(axes[1:], rows.values(), strict=True):
            _face(line[column], crops[column], "")
            line[column].imshow(enlarged(scaled(maps[column : column + 1]), size)[0], cmap="viridis", alpha=0.5,
                                vmin=0, vmax=1)  # fmt: skip
    for line, name in zip(axes, ("picture", *rows), strict=True):
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    # Room for the line that names the data.
    figure.get_layout_engine().set(rect=(0, 0.02, 1, 0.98))
    figure.suptitle("Figure 11: Grad-CAM of the last convolution, each map scaled to 1", fontsize=11)
    return figure


def landmark_failures(table: pd.DataFrame, xlabel: str) -> Figure:
    """Figure 12 as a curve: dlib's landmark error by the angle of the head.

    Args:
        table: from :func:`fer_utils.papers.landmark_ensemble.study.error_by_angle`.
        xlabel: what ``angle`` is, with its unit.
    """
    figure, axis = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for part in PARTS:
        axis.plot(table["angle"], table[part], "o-", color=PART_COLOURS[part], label=part, markersize=4)
    axis.plot(table["angle"], table["all"], "k--", label="all 68")
    axis.set(xlabel=xlabel, ylabel="mean error, % of the face's height", title="Figure 12: where the landmarks fail")
    axis.set_xticks(table["angle"])
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8, frameon=False, ncols=2)
    axis.grid(alpha=0.3)
    sns.despine(figure)
    return figure


def agreements(matrices: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> Figure:
    """Share of test images on which two networks of one ensemble answer the same.

    Args:
        matrices: an ensemble's name and its ``float [5, 5]``.
        names: the same names and their five networks.
    """
    figure, axes = plt.subplots(1, len(matrices), figsize=(3.4 * len(matrices), 3.2), squeeze=False,
                                layout="constrained")  # fmt: skip
    for axis, (title, matrix) in zip(axes[0], matrices.items(), strict=True):
        labels = list(names[title])
        sns.heatmap(100 * matrix, ax=axis, annot=True, fmt=".0f", cmap="Blues", vmin=0, vmax=100, cbar=False,
                    square=True, xticklabels=labels, yticklabels=labels, linewidths=0.5)  # fmt: skip
        axis.set(title=title, xlabel="network", ylabel="network")
        axis.tick_params(axis="x", rotation=45)
        axis.tick_params(axis="y", rotation=0)
    figure.suptitle("The same answer, % of the test images", fontsize=11)
    return figure


def _face(axis: Axes, picture: np.ndarray, title: str) -> None:
    axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axis.set(xticks=[], yticks=[])
    axis.set_frame_on(False)
    axis.autoscale(False)
    axis.set_title(title, fontsize=8)
