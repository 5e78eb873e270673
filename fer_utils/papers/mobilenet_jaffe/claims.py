"""Our numbers for the paper's claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.papers.finding import Finding, Leak
from fer_utils.papers.mobilenet_jaffe.protocol import COMPARED
from fer_utils.papers.mobilenet_jaffe.study import RATES, Study, comparisons
from fer_utils.papers.study import PROTOCOLS
from fer_utils.scores import Estimate

PAPER = "mobilenet_jaffe"

STATED = ("neutral", "fear", "anger", "sadness", "disgust", "surprise")
"""The classes whose accuracy Section 4.2 states: all but happiness."""

NORMALISING = "normalisation_costs/all"
NORMALISED = {"0-1": "normalised to 0 to 1", "-1..1": "normalised to −1 to 1"}
"""The paper says that normalising costs 40 points, and not to what: by level, how the claim is then read."""

RATE = "learning_rate/0.01_minus_0.001"

CROP = "cropping/cropped_minus_whole"

PAIRED = {
    RATE: ("learning rate", "0.01", "0.001"),
    CROP: ("face crop", "cropped face", "whole picture"),
}
"""Section 4.1: which level of a factor is compared with which other, under each reading of the input."""

SPREAD = "batch_size/smaller_minus_32"

TUNED = {"last_block": "last block trained, pixels −1 to 1", "all": "all trained, pixels −1 to 1"}
"""Readings of "the CNN is retrained" beyond the head, for the learning rate."""


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
    """Section 4.1 under both protocols: ``difference reading protocol points low high interval``."""
    rows = [
        [key, reading, protocol, 100 * found.value, *(100 * bound for bound in found.ci95), found.how]
        for protocol in PROTOCOLS
        for (key, reading), found in compared(study, protocol).items()
    ]
    return pd.DataFrame(rows, columns=["difference", "reading", "protocol", "points", "low", "high", "interval"])


def compared(study: Study, protocol: str) -> dict[tuple[str, str], Estimate]:
    """What changing one setting does under a protocol, as fractions, by the middle of the claim's id and the reading.

    Levels of one factor are scored on the same test images, so an accuracy is compared image by image, with
    an interval over people. The spread of the accuracy over the epochs has one over seeds.
    """
    name, found = COMPARED[protocol], {}
    for mode, reading in NORMALISED.items():
        raw, normalised = (
            study.answers(study.settings.compared().but(normalisation=each), name) for each in ("raw", mode)
        )
        found[NORMALISING, reading] = normalised.minus(raw).people
    for reading, base in study.readings.items():
        factors = comparisons(base)
        for key, (factor, level, other) in PAIRED.items():
            first, second = (study.answers(factors[factor][chosen], name) for chosen in (level, other))
            found[key, reading] = first.minus(second).people
        smaller, larger = (_spread(study.curve(factors["batch size"][size], name)) for size in ("8", "32"))
        # Folds share photographs and training people; only the seeds are drawn independently.
        by_seed = (smaller - larger).reshape(len(study.seeds), -1).mean(axis=1)
        found[SPREAD, reading] = scores.mean(by_seed, np.arange(len(study.seeds)))
    for depth in study.retraining.depths:
        failed, best = (study.tuned(depth, rate, name) for rate in RATES)
        found[RATE, TUNED[depth]] = failed.minus(best).people
    return found


def _accuracies(study: Study, protocol: str) -> Iterator[Finding]:
    leak, classes = study.audit(protocol), study.faces.classes
    chance = np.bincount(study.faces.labels).max() / len(study.faces)
    for reading in study.readings:
        answers = study.judged(protocol, reading)
        claim = f"{PAPER}/text/overall_accuracy/all/accuracy"
        yield Finding(claim, answers.accuracy(), protocol, leak, 100 * chance, 100, reading)
        for name in (name for name in classes if name in STATED):
            claim = f"{PAPER}/text/single_class/{name}/single_class_accuracy"
            recall = answers.recall(classes.index(name))
            yield Finding(claim, recall, protocol, leak, 100 / len(classes), 100, reading)


def _differences(study: Study, protocol: str) -> Iterator[Finding]:
    leak = Leak({"": study.audits[COMPARED[protocol]]})
    for (key, reading), found in compared(study, protocol).items():
        metric = "accuracy_spread" if key == SPREAD else "accuracy_difference"
        yield Finding(f"{PAPER}/order/{key}/{metric}", found, protocol, leak, 0.0, 100, reading)


def _spread(curve: np.ndarray) -> np.ndarray:
    """Standard deviation of each head's accuracy over its last half of epochs, ``float64 [F]``."""
    return curve[len(curve) // 2 :].std(axis=0)
