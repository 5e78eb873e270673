"""Figures draw what they are given and label their axes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_utils.papers.landmark_ensemble import figures
from fer_utils.papers.landmark_ensemble.settings import PARTS

CROPS = np.full((2, 32, 32), 120, np.uint8)
POINTS = np.tile(np.linspace(3, 28, 68)[:, None], (2, 1, 2))


def test_faces_with_landmarks() -> None:
    figure = figures.landmarks(CROPS, POINTS, ["a", "b"], "Figure 4")
    first = figure.axes[0]
    assert [len(line.get_xdata()) for line in first.lines] == [10, 12, 9, 20, 17]
    assert len({line.get_color() for line in first.lines}) == 5
    plt.close(figure)


def test_stages_end_in_the_summed_softmax() -> None:
    answers = np.array([[0.2, 0.8]] * 5)
    figure = figures.stages({"crop": CROPS[0], "landmarks": CROPS[1]}, {"landmarks": POINTS[0]}, answers, "ab", "5")
    assert len(figure.axes) == 3 and len(figure.axes[1].lines) == 1
    widths = [bar.get_width() for bar in figure.axes[2].patches]
    assert np.isclose(sum(widths), 5) and figure.axes[2].get_xlabel() == "sum of softmax"
    plt.close(figure)


def test_landmark_changes_show_numbers() -> None:
    table = pd.DataFrame({"part": PARTS, "before %": range(1, 6), "after %": range(5), "change %": -1,
                          "training faces %": 7})  # fmt: skip
    figure = figures.landmark_changes(CROPS, POINTS, POINTS + 40, table)
    assert [bar.get_height() for bar in figure.axes[-1].patches] == [7] * 5 + [1, 2, 3, 4, 5, 0, 1, 2, 3, 4]
    # Also those that a network places beside the crop.
    assert not any(line.get_clip_on() for line in figure.axes[0].lines)
    assert "%" in figure.axes[-1].get_ylabel()
    plt.close(figure)


def test_learning_curves_stand_at_their_steps() -> None:
    curves = {"a": {"landmarks": np.array([3.0, 2]), "expressions": np.array([2.0, 1, 0.5])}}
    figure = figures.learning_curves(curves, 12, 1.5, 8)
    left, right = figure.axes
    assert left.lines[0].get_xdata().tolist() == [12, 24] and left.lines[1].get_ydata()[0] == 1.5
    assert right.lines[0].get_xdata().tolist() == [12, 24, 36] and right.lines[1].get_ydata()[0] == np.log(8)
    plt.close(figure)


def test_heatmaps_failures_and_agreement() -> None:
    figure = figures.heatmaps(CROPS, {"mouth": np.ones((2, 4, 4)), "jaw": np.zeros((2, 4, 4))}, ["a", "b"])
    assert len(figure.axes) == 6 and len(figure.axes[2].images) == 2
    plt.close(figure)
    table = pd.DataFrame({"angle": [-45, 0, 45], "all": [9.0, 2, 9]} | {part: [9.0, 2, 9] for part in PARTS})
    figure = figures.landmark_failures(table, "yaw, degrees")
    assert figure.axes[0].get_xlabel() == "yaw, degrees" and len(figure.axes[0].lines) == 6
    plt.close(figure)
    figure = figures.agreements({"EL": np.eye(5)}, {"EL": PARTS})
    assert figure.axes[0].get_title() == "EL"
    plt.close(figure)
