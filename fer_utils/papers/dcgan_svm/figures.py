"""The notebook's figures from the study's results; how they are drawn is in :mod:`fer_utils.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fer_utils import plots
from fer_utils.gans.train import HISTORY
from fer_utils.image_quality import nearest
from fer_utils.papers.dcgan_svm.experiments import ACTION_UNITS
from fer_utils.papers.dcgan_svm.outcomes import Detection, Recognition
from fer_utils.papers.dcgan_svm.settings import OPTIMISERS
from fer_utils.papers.dcgan_svm.study import Study

SHOWN = 8
"""Pictures a row; ten of generated noise."""

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
    drawn = zip(gan["grid_epochs"], gan["grids"], strict=True)
    rows = {f"epoch {epoch}": grid[:10] for epoch, grid in drawn}
    return plots.pictures(rows, f"The same noise while the GAN on {title} is trained", 0.8)


def generated(study: Study, gans: Mapping[str, Gan]) -> Figure:
    """Figure 4: real faces of each role and what its GAN generates."""
    rows = {}
    for role, gan in gans.items():
        rows[f"{study.titles[role]}, real"] = _spread(study.role_faces(role).images)
        rows[f"{study.titles[role]}, generated"] = gan["pictures"][:SHOWN]
    return plots.pictures(rows, "Figure 4: original and generated faces", size=0.8)


def trial_noise(trial: Mapping[str, Gan]) -> Figure:
    """What either beta1 makes of the same noise, from :meth:`Study.trial`; the drawing before training is left out."""
    rows = {
        f"β1 {OPTIMISERS[name]}, epoch {epoch}": grid[:10]
        for name, gan in trial.items()
        for epoch, grid in zip(gan["grid_epochs"], gan["grids"], strict=True)
        if epoch
    }
    return plots.pictures(rows, "The same noise under both β1", 0.8)


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


def unit_curves(results: Mapping[int, Detection], protocol: str) -> Figure:
    """Figure 7: ROC curves of each action unit, a panel an experiment."""
    return plots.roc_curves(
        {
            f"Exp {number}, {protocol}": {
                f"AU{unit}": (each.shown[:, column], each.scores[:, column]) for column, unit in enumerate(ACTION_UNITS)
            }
            for number, each in results.items()
        }
    )


def confusions(results: Mapping[int, Recognition], numbers: Sequence[int], protocol: str) -> Figure:
    """Figure 6: confusion matrices of experiments that are tested on the same pictures."""
    matrices = {f"Exp {number}, {protocol}": results[number].answers.confusion() for number in numbers}
    return plots.confusions(matrices, results[numbers[0]].classes)


def controls(study: Study, results: Mapping[str, Recognition], protocol: str) -> Figure:
    """Accuracy with its interval over people, for each kind of features: from :meth:`Study.controls`."""
    intervals = {study.way(name): each.answers.accuracy() for name, each in results.items()}
    colours = [plots.SOUND if name in study.trained else plots.OTHER for name in results]
    chance = next(iter(results.values())).answers.chance
    return plots.intervals(intervals, colours, chance, f"accuracy, %, {protocol} (95 % over people)")


def _spread(images: np.ndarray) -> np.ndarray:
    """:data:`SHOWN` pictures from all over a set."""
    return images[:: max(1, len(images) // SHOWN)][:SHOWN]
