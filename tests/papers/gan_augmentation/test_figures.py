"""What paper 2's figures show: lines, marks and names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.papers.gan_augmentation import figures


def test_progress_has_a_panel_a_kind_and_a_line_a_class() -> None:
    lines = {"anger": np.array([1.0, 3.0, 2.0]), "fear": np.zeros(5)}
    nothing, before = np.zeros(0), np.array([4.0, 5.0])
    figure = figures.progress({"WGAN-GP": ("estimate", nothing, lines), "DCGAN": ("loss, nats", before, lines)})
    assert [axis.get_title() for axis in figure.axes] == ["WGAN-GP", "DCGAN"]
    assert figure.axes[1].get_ylabel() == "loss, nats" and figure.axes[0].get_xlabel() == "generator step"
    first, second = (axis.lines for axis in figure.axes)
    assert first[0].get_ydata().tolist() == [1, 3, 2] and first[0].get_xdata().tolist() == [1, 2, 3]
    drawn = {line.get_label(): line for line in second}
    assert drawn["all, to begin with"].get_ydata().tolist() == [4, 5]
    assert drawn["anger"].get_xdata().tolist() == [3, 4, 5], "classes go on where it ends"


def test_gains_are_drawn_with_their_intervals_and_the_paper_s() -> None:
    rows = [
        ("VGG-16", "DCGAN pictures", "published", 2.0, -1.0, 5.0, 11.45),
        ("VGG-16", "DCGAN pictures", "sound", 1.0, -3.0, 5.0, 11.45),
        ("VGG-16", "noise pictures", "sound", -1.0, -2.0, 0.5, np.nan),
        ("ResNet-50", "DCGAN pictures", "sound", 0.5, 0.0, 1.0, 7.47),
    ]
    table = pd.DataFrame(rows, columns=["network", "comparison", "protocol", "gain", "low", "high", "paper"])
    figure = figures.gains(table)
    first, second = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["VGG-16", "ResNet-50"]
    assert [text.get_text() for text in first.get_yticklabels()] == ["DCGAN pictures", "noise pictures"]
    bars = [segment for bar in first.collections for segment in bar.get_segments()]
    assert sorted(tuple(np.round(bar[:, 0], 2)) for bar in bars) == [(-3.0, 5.0), (-2.0, 0.5), (-1.0, 5.0)]
    marks = [line for axis in (first, second) for line in axis.lines if line.get_marker() == "x"]
    assert [mark.get_xdata().tolist() for mark in marks] == [[11.45], [7.47]]


def test_learning_curves_show_the_mean_of_the_seeds() -> None:
    values = np.array([[0.1, 0.3], [0.4, 0.6]])
    figure = figures.learning_curves({"reduced ResNet": {"nothing": ((10, 20), values)}}, chance=0.25)
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [10, 20] and np.allclose(line.get_ydata(), [20, 50])
    assert figure.axes[0].get_ylabel() == "accuracy on PublicTest, %"
