"""Figures: what they say on their axes, in which colours, for two classes and for seven."""

from __future__ import annotations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from fer_utils import plots
from fer_utils.faces import EMOTIONS
from fer_utils.plots import COLOURS, OTHER, PUBLISHED, SOUND
from fer_utils.scores import Estimate

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(params=[2, 7], ids=["two classes", "seven classes"])
def classes(request) -> tuple[str, ...]:
    return EMOTIONS[: request.param]


def drawn(figure: Figure) -> Figure:
    """The figure after a real drawing, so that what only fails then fails here."""
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return figure


def ticks(axis, which: str) -> list[str]:
    return [label.get_text() for label in getattr(axis, f"get_{which}ticklabels")()]


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_colours_are_okabe_and_itos():
    assert COLOURS == ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
    assert len({PUBLISHED, SOUND, OTHER}) == 3
    assert to_hex(PUBLISHED) == "#d55e00" and to_hex(SOUND) == "#0072b2"
    grey = to_hex(OTHER)
    assert grey[1:3] == grey[3:5] == grey[5:7]


def test_pictures_have_a_name_a_row(classes):
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    rows = {name: images[: 3 - number % 2] for number, name in enumerate(classes)}
    rows["in colour"] = np.stack([images] * 3, axis=3)
    figure = drawn(plots.pictures(rows, "examples"))
    lines = np.array(figure.axes).reshape(len(classes) + 1, 3)
    assert [line[0].get_ylabel() for line in lines] == list(rows)
    assert [sum(len(axis.images) for axis in line) for line in lines] == [len(row) for row in rows.values()]
    assert figure.get_suptitle() == "examples"
    # An axis that is switched off shows neither ticks nor frame, whatever its ticks would be.
    shown = [axis for axis in figure.axes if axis.axison]
    assert len(shown) == len(rows)
    assert all(len(axis.get_xticks()) == len(axis.get_yticks()) == 0 for axis in shown)


def test_dark_pictures_stay_dark():
    figure = plots.pictures({"dark": np.full((1, 4, 4), 20, np.uint8)})
    assert figure.axes[0].images[0].get_clim() == (0, 255)


def test_confusions_show_shares_of_the_true_class(classes):
    counts = 3 * np.eye(len(classes), dtype=int)
    counts[0, 1] = 1
    figure = drawn(plots.confusions({"published": counts, "sound": 2 * counts}, classes))
    assert len(figure.axes) == 2
    for axis, title in zip(figure.axes, ("published", "sound"), strict=True):
        recall = 100 * (len(classes) - 0.25) / len(classes)
        assert axis.get_title() == f"{title}\nmean of classes {recall:.1f} %"
        assert axis.get_xlabel() == "predicted, % of the true class" and axis.get_ylabel() == "truth"
        assert ticks(axis, "x") == ticks(axis, "y") == list(classes)
        cells = np.array([text.get_text() for text in axis.texts]).reshape(len(classes), -1)
        assert cells[0, :2].tolist() == ["75", "25"] and cells[1, :2].tolist() == ["0", "100"]


def test_a_confusion_without_one_class_leaves_it_out_of_the_mean():
    (axis,) = drawn(plots.confusions({"t": np.array([[1, 1], [0, 0]])}, ["a", "b"])).axes
    assert axis.get_title() == "t\nmean of classes 50.0 %"
    assert [text.get_text() for text in axis.texts] == ["50", "50", "0", "0"]


def test_intervals_are_in_per_cent_first_on_top_in_the_colours_given(classes):
    estimates = {name: Estimate(0.5 + number / 20, 0.4, 0.95, 9, "") for number, name in enumerate(classes)}
    colours = COLOURS[: len(classes)]
    (axis,) = drawn(plots.intervals(estimates, colours, 1 / len(classes), "accuracy, %")).axes
    assert axis.get_xlabel() == "accuracy, %"
    assert ticks(axis, "y") == list(classes)
    bottom, top = axis.get_ylim()
    assert bottom > top
    bars, points = axis.lines[:-1:2], axis.lines[1:-1:2]
    assert [line.get_color() for line in bars] == [line.get_color() for line in points] == list(colours)
    assert [float(line.get_xdata()[0]) for line in points] == [100 * each.value for each in estimates.values()]
    assert all(line.get_xdata() == pytest.approx([40, 95]) for line in bars)
    chance = axis.lines[-1]
    assert chance.get_xdata() == pytest.approx([100 / len(classes)] * 2) and chance.get_linestyle() == "--"


def test_grouped_intervals_tell_blocks_colours_and_forms_apart():
    names = [(reading, choice) for reading in ("raw", "-1..1") for choice in ("last", "best")]
    groups = {
        block: {name: Estimate(0.5 + number / 20, 0.4, 0.9, 9, "") for number, name in enumerate(names)}
        for block in ("A", "B")
    }
    figure = drawn(plots.grouped_intervals(groups, 0.25, "accuracy, %", {"the paper": 0.85}))
    (axis,) = figure.axes
    assert ticks(axis, "y") == ["A", "B"] and axis.get_xlabel() == "accuracy, %"
    points = [line for line in axis.lines if line.get_marker() in "os"]
    assert [round(float(line.get_xdata()[0])) for line in points] == [50, 55, 60, 65] * 2
    assert [line.get_color() for line in points] == [COLOURS[0], COLOURS[0], COLOURS[1], COLOURS[1]] * 2
    assert [line.get_marker() for line in points] == ["o", "s"] * 4
    # Blocks do not touch: the step from one to the next is wider than that within.
    heights = [float(line.get_ydata()[0]) for line in points]
    assert heights[4] - heights[3] > 1.5 * (heights[1] - heights[0])
    assert {text.get_text() for text in axis.texts} >= {"chance", "the paper", "50"}
    assert legend(figure) == ["raw", "-1..1", "last", "best"]


@pytest.mark.parametrize("n_runs", [1, 6])
def test_learning_curves_start_at_epoch_one_and_say_how_many_runs(classes, n_runs):
    curves = {name: np.linspace(0.1, 0.9, 5)[:, None].repeat(n_runs, axis=1) for name in classes}
    (axis,) = drawn(plots.learning_curves(curves, 1 / len(classes))).axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "test accuracy, %")
    assert axis.get_xlim() == (1, 5)
    assert legend(axis.figure) == [*(f"{name} ({n_runs} runs)" for name in classes), "chance"]
    assert [line.get_color() for line in axis.lines[:-1]] == list(COLOURS[: len(classes)])
    assert axis.lines[0].get_ydata() == pytest.approx([10, 30, 50, 70, 90])
    assert len(axis.collections) == (len(classes) if n_runs > 1 else 0)


@pytest.mark.parametrize("n_levels", [2, 7])
def test_comparison_has_a_panel_a_factor_and_a_colour_a_protocol(n_levels):
    levels = [f"level {number}" for number in range(n_levels)]
    rows = [
        {"factor": factor, "level": level, "protocol": protocol, "accuracy %": 60.0, "low %": 50.0, "high %": 80.0}
        for factor in ("pose", "eyes", "not shown")
        for level in levels
        for protocol in ("published", "sound")
    ]
    figure = drawn(plots.comparison(pd.DataFrame(rows), ["eyes", "pose"]))
    assert [axis.get_title() for axis in figure.axes] == ["eyes", "pose"]
    assert figure.axes[0].get_ylabel() == "accuracy, %"
    assert legend(figure) == ["protocol published", "protocol sound"]
    for axis in figure.axes:
        assert ticks(axis, "x") == levels
        points = [container.lines[0] for container in axis.containers]
        assert [point.get_color() for point in points] == [PUBLISHED, SOUND]
        assert all(np.array_equal(point.get_ydata(), [60.0] * n_levels) for point in points)
        # The two protocols stand side by side, not on top of each other.
        assert (points[1].get_xdata() - points[0].get_xdata() > 0.1).all()
        (bars,) = axis.containers[0].lines[2]
        assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [[50.0, 80.0]] * n_levels


def test_roc_curves_leave_out_what_has_no_curve() -> None:
    truth, score = np.arange(8) % 2 == 0, np.linspace(0, 1, 8)
    panel = {"seen": (truth, score), "never": (np.zeros(8, bool), score), "unknown": (truth, np.full(8, np.nan))}
    figure = plots.roc_curves({f"Exp {number}": panel for number in range(1, 6)}, columns=4)
    assert len(figure.axes) == 8 and not figure.axes[7].axison
    # The diagonal and the one curve there is, from corner to corner.
    _, curve = figure.axes[0].lines
    assert curve.get_xydata()[0].tolist() == [0, 0] and curve.get_xydata()[-1].tolist() == [1, 1]
    assert legend(figure) == ["seen"]


def test_losses_have_a_line_a_column() -> None:
    history = np.random.default_rng(0).random((12, 2))
    figure = plots.losses({"one": history, "two": history[:5]}, ["discriminator", "generator"])
    assert [len(axis.lines) for axis in figure.axes] == [2, 2]
    assert np.array_equal(figure.axes[1].lines[1].get_ydata(), history[:5, 1])
