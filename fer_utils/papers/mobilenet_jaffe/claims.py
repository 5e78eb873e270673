"""Our numbers for the paper's claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.papers.finding import Finding, Leak
from fer_utils.papers.mobilenet_jaffe.protocol import COMPARED
from fer_utils.papers.mobilenet_jaffe.study import Study, comparisons
from fer_utils.papers.study import PROTOCOLS
from fer_utils.scores import Estimate

PAPER = "mobilenet_jaffe"

STATED = ("neutral", "fear", "anger", "sadness", "disgust", "surprise")
"""The classes whose accuracy Section 4.2 states: all but happiness."""

PAIRED = {
    "normalisation_costs/all": ("normalisation", "0-1", "raw"),
    "learning_rate/0.01_minus_0.001": ("learning rate", "0.01", "0.001"),
    "cropping/cropped_minus_whole": ("face crop", "cropped face", "whole picture"),
}
"""Section 4.1: which level of a factor is compared with which other."""

SPREAD = "batch_size/smaller_minus_32"


def findings(study: Study, protocols: Sequence[str]) -> Iterator[Finding]:
    """Every number that the study has for a claim of the paper.

    Args:
        study: its heads are trained, or fetched, as they are asked for.
        protocols: which of :data:`~fer_utils.papers.study.PROTOCOLS`.
    """
    for protocol in protocols:
        yield from _accuracies(study, protocol)
        yield from _differences(study, protocol)


def differences(study: Study) -> pd.DataFrame:
    """The comparisons of Section 4.1 under both protocols: ``difference protocol points low high interval``."""
    rows = [
        [key, protocol, 100 * found.value, *(100 * bound for bound in found.ci95), found.how]
        for protocol in PROTOCOLS
        for key, found in compared(study, protocol).items()
    ]
    return pd.DataFrame(rows, columns=["difference", "protocol", "points", "low", "high", "interval"])


def compared(study: Study, protocol: str) -> dict[str, Estimate]:
    """What changing one setting does under a protocol, as fractions, by the middle of the claim's id.

    Levels of one factor are scored on the same test images, so an accuracy is compared image by image, with
    an interval over people. The spread of the accuracy over the epochs has one over seeds.
    """
    name, factors = COMPARED[protocol], comparisons(study.settings)
    found = {}
    for key, (factor, level, base) in PAIRED.items():
        first, second = (study.answers(factors[factor][chosen], name) for chosen in (level, base))
        found[key] = first.minus(second).people
    smaller, larger = (_spread(study.curve(factors["batch size"][size], name)) for size in ("8", "32"))
    # Folds share photographs and training people; only the seeds are drawn independently.
    by_seed = (smaller - larger).reshape(len(study.seeds), -1).mean(axis=1)
    return {**found, SPREAD: scores.mean(by_seed, np.arange(len(study.seeds)))}


def _accuracies(study: Study, protocol: str) -> Iterator[Finding]:
    answers, leak, classes = study.judged(protocol), study.audit(protocol), study.faces.classes
    chance = np.bincount(study.faces.labels).max() / len(study.faces)
    claim = f"{PAPER}/text/overall_accuracy/all/accuracy"
    yield Finding(claim, answers.accuracy(), protocol, leak, reference=100 * chance, scale=100)
    for name in (name for name in classes if name in STATED):
        claim = f"{PAPER}/text/single_class/{name}/single_class_accuracy"
        recall = answers.recall(classes.index(name))
        yield Finding(claim, recall, protocol, leak, reference=100 / len(classes), scale=100)


def _differences(study: Study, protocol: str) -> Iterator[Finding]:
    leak = Leak({"": study.audits[COMPARED[protocol]]})
    for key, found in compared(study, protocol).items():
        metric = "accuracy_spread" if key == SPREAD else "accuracy_difference"
        yield Finding(f"{PAPER}/order/{key}/{metric}", found, protocol, leak, reference=0.0, scale=100)


def _spread(curve: np.ndarray) -> np.ndarray:
    """Standard deviation of each head's accuracy over its last half of epochs, ``float64 [F]``."""
    return curve[len(curve) // 2 :].std(axis=0)
