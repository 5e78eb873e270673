"""The notebook's figures from the study's results; how they are drawn is in :mod:`fer_utils.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from fer_utils import plots
from fer_utils.gans.train import HISTORY
from fer_utils.image_quality import nearest
from fer_utils.papers.dcgan_svm.comparison import Comparison
from fer_utils.papers.dcgan_svm.features import UNTRAINED
from fer_utils.papers.dcgan_svm.outcomes import FewLabels, Recognition
from fer_utils.papers.dcgan_svm.study import Study

SHOWN = 6
"""Pictures a row; eight of generated noise. Noise compresses badly, and figures of recorded runs are kept by git."""

Gan = Mapping[str, Any]
"""What :func:`fer_utils.papers.dcgan_svm.protocol.train_gan` returns."""


def samples(study: Study) -> Figure:
    """Some faces of each role."""
    rows = {study.titles[role]: _spread(study.role_faces(role).images) for role in study.cast}
    return plots.pictures(rows, "Faces as the networks see them, by the role they play", size=0.9)


def losses(gans: Mapping[str, Gan]) -> Figure:
    """Figure 3: discriminator's and generator's loss at each step, a panel a GAN, by its title."""
    return plots.losses({title: gan["history"][:, :2] for title, gan in gans.items()}, HISTORY[:2])


def noise(gan: Gan, title: str) -> Figure:
    """What the generator makes of the same noise as its training goes on."""
    drawn = zip(gan["grid_steps"], gan["grids"], strict=True)
    rows = {f"step {step:,}": grid[:8] for step, grid in drawn}
    return plots.pictures(rows, f"The same noise while the GAN on {title} is trained", 0.8)


def generated(study: Study, gans: Mapping[str, Gan]) -> Figure:
    """Figure 4: real faces of each role and what its GAN generates."""
    rows = {}
    for role, gan in gans.items():
        rows[f"{study.titles[role]}, real"] = _spread(study.role_faces(role).images)
        rows[f"{study.titles[role]}, generated"] = gan["pictures"][:SHOWN]
    return plots.pictures(rows, "Figure 4: original and generated faces", size=0.8)


def trial_noise(trial: Mapping[str, Gan]) -> Figure:
    """What either optimiser makes of the same noise, halfway and at the end: from :meth:`Gans.trial`."""
    rows = {
        f"{title}, step {gan['grid_steps'][place]:,}": gan["grids"][place][:8]
        for title, gan in trial.items()
        for place in (len(gan["grids"]) // 2, -1)
    }
    return plots.pictures(rows, "The same noise under two optimisers", 0.8)


def copies(made: np.ndarray, real: np.ndarray) -> Figure:
    """Generated pictures above the real ones that are nearest to them: ``uint8 [N, 64, 64, 3]`` both."""
    some = made[:SHOWN]
    return plots.pictures({"generated": some, "nearest real": real[nearest(some, real)]}, "Copies?", 0.9)


def emotion_curves(results: Mapping[int, Recognition], protocol: str) -> Figure:
    """Figure 5: ROC curves of each emotion against the rest, a panel an experiment."""
    return plots.roc_curves(
        {
            f"Exp {number}, {protocol}": {
                label: (each.shown[:, code], each.scores[:, code]) for code, label in enumerate(each.classes)
            }
            for number, each in results.items()
        }
    )


def unit_areas(areas: pd.DataFrame, numbers: Sequence[int], protocol: str) -> Figure:
    """Table IV as a map: the area under each action unit's ROC curve, a column an experiment; empty: not testable.

    Args:
        areas: from :func:`fer_utils.papers.dcgan_svm.claims.table_4`.
        numbers: of the experiments, one a column.
        protocol: that the areas were made under.
    """
    values = areas.set_index("action unit")
    figure, axis = plt.subplots(figsize=(1.5 + 0.85 * values.shape[1], 5.6), layout="constrained")
    sns.heatmap(
        values, ax=axis, annot=True, fmt=".2f", cmap="viridis", vmin=0.4, vmax=1, linewidths=0.5, annot_kws={"size": 8},
        cbar_kws={"label": "area under the ROC curve"},
    )  # fmt: skip
    axis.set(title=f"Action units, {protocol}", ylabel="", xlabel="")
    axis.set_xticklabels([f"Exp {number}" for number in numbers], rotation=0)
    axis.tick_params(axis="y", rotation=0)
    return figure


def confusions(results: Mapping[int, Recognition], numbers: Sequence[int], protocol: str) -> Figure:
    """Figure 6: confusion matrices of experiments that are tested on the same pictures."""
    matrices = {f"Exp {number}, {protocol}": results[number].answers.confusion() for number in numbers}
    return plots.confusions(matrices, results[numbers[0]].classes)


def controls(comparison: Comparison, results: Mapping[str, Recognition], protocol: str) -> Figure:
    """Accuracy with its interval over people and seeds, for each kind of features: from :meth:`Comparison.controls`."""
    intervals = {comparison.way(name): each.answers.accuracy() for name, each in results.items()}
    colours = [plots.SOUND if name in comparison.study.trained else plots.OTHER for name in results]
    chance = next(iter(results.values())).answers.chance
    return plots.intervals(intervals, colours, chance, f"accuracy, %, {protocol} (95 % over people)")


def leak(comparison: Comparison, results: Mapping[str, Mapping[str, Recognition]]) -> Figure:
    """Accuracy under both protocols, a pair of lines a kind of features.

    Args:
        comparison: names the features.
        results: of each protocol, from :meth:`Comparison.controls`.
    """
    intervals, colours = {}, []
    for way in results["sound"]:
        for protocol, colour in (("published", plots.PUBLISHED), ("sound", plots.SOUND)):
            intervals[f"{comparison.way(way)}, {protocol}"] = results[protocol][way].answers.accuracy()
            colours.append(colour)
    chance = next(iter(results["sound"].values())).answers.chance
    return plots.intervals(intervals, colours, chance, "accuracy, % (95 % over people)")


def few_labels(comparison: Comparison, results: Mapping[str, FewLabels], chance: float) -> Figure:
    """Accuracy over how many people are labelled, a line a kind of features: from :meth:`Comparison.few_labels`."""
    figure, axis = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
    for place, (name, each) in enumerate(results.items()):
        found = [each.accuracy(number) for number in range(len(each.counts))]
        value, low, high = (100 * np.array([getattr(one, part) for one in found]) for part in ("value", "low", "high"))
        # Lines side by side, so that their bars can be told apart.
        counts = np.array(each.counts) * 1.03 ** (place - len(results) / 2)
        line = "-" if name in comparison.study.trained else "--"
        bars = np.abs(np.stack([low, high]) - value)
        # There are more lines than colours; what all others are held against is grey.
        colour = plots.OTHER if name == UNTRAINED else plots.COLOURS[place % len(plots.COLOURS)]
        axis.errorbar(
            counts, value, np.where(np.isfinite(bars), bars, 0), color=colour, linestyle=line, marker="o",
            markersize=4, linewidth=1.4, elinewidth=0.8, label=comparison.way(name),
        )  # fmt: skip
    axis.axhline(100 * chance, color="0.6", linestyle=":", linewidth=1, label="chance")
    axis.set_xscale("log", base=2)
    counts = next(iter(results.values())).counts
    axis.set_xticks(counts, [f"{count:,}" for count in counts])
    axis.set(xlabel="people whose labels the SVM is given", ylabel="accuracy on other people, %")
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    axis.grid(alpha=0.3)
    sns.despine(figure)
    return figure


def _spread(images: np.ndarray) -> np.ndarray:
    """:data:`SHOWN` pictures from all over a set, and not always the same of three gazes."""
    return images[np.linspace(0, len(images) - 1, SHOWN).astype(int)]
