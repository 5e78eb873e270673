"""Figures look the same whatever a user's ``matplotlibrc`` says."""

from __future__ import annotations

import matplotlib

from fer_utils.figure_style import use_house_style
from fer_utils.reproduce.run import Run

STRANGE = {"text.usetex": True, "font.size": 30.0, "figure.dpi": 300.0, "axes.grid": True, "savefig.facecolor": "red"}


def test_the_house_style_is_matplotlib_s_own():
    backend = matplotlib.rcParams["backend"]
    with matplotlib.rc_context(STRANGE):
        use_house_style()
        for name in STRANGE:
            assert matplotlib.rcParams[name] == matplotlib.rcParamsDefault[name], name
        assert matplotlib.rcParams["backend"] == backend


def test_opening_a_run_brings_the_house_style(monkeypatch):
    for name in ("FER_DEVICE", "KERAS_TORCH_DEVICE"):
        monkeypatch.setenv(name, "")
    with matplotlib.rc_context(STRANGE):
        Run("00_start_here", "smoke")
        assert matplotlib.rcParams["text.usetex"] is False
        assert matplotlib.rcParams["font.size"] == 10.0
