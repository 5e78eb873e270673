"""How figures look: matplotlib's own defaults, whatever the user's ``matplotlibrc`` says.

A module of its own, since opening a run should not load every plotting library.
"""

from __future__ import annotations

import matplotlib.style


def use_house_style() -> None:
    """Set every setting of matplotlib that draws back to its default; the backend stays.

    Fonts, sizes, colours, LaTeX and resolution of a figure then come from this repository alone.
    What a notebook sets afterwards holds.
    """
    matplotlib.style.use("default")
