"""Results in the shape of the paper's tables, and under the ids of its claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from fer_utils.papers.dcgan_svm.experiments import (
    ACTION_UNITS,
    AU7_ONLY,
    AU_EXPERIMENTS,
    EMOTION_EXPERIMENTS,
    EMOTION_TO_UNITS,
    PAPER_NAMES,
    Experiment,
)
from fer_utils.papers.dcgan_svm.study import Detection, Recognition
from fer_utils.scores import Estimate, unpaired_difference

BEST_CITED = 97.66
"""Table III: per cent on RaFD by Yaddaden et al. 2018, on another protocol. Meaningful beside real RaFD faces only."""
CHANCE = 0.5
"""The area under the curve of a coin."""

ACCURACIES = {
    "table_3/ours/radboud": 1,
    "table_3/ours/raf": 6,
    "table_3/ours/kdef": 7,
    "table_3/ours/sfew": 8,
    "text/all_emotions/exp_1": 1,
    "text/all_emotions/exp_5": 5,
}
"""Claims of accuracy and the emotion experiment they are of."""

SINGLE_CLASSES = (
    ("sadness", 1),
    ("disgust", 1),
    ("sadness", 2),
    ("disgust", 2),
    ("happiness", 8),
    ("sadness", 8),
)
"""Section 4-A: classes and experiments whose recognition rate the text states."""

EMOTION_ORDERS = {
    "emotions.exp_2_minus_exp_1/rafd": (2, 1),
    "emotions.exp_1_minus_exp_3/rafd": (1, 3),
    "emotions.exp_5_minus_exp_4/rafd": (5, 4),
    "emotions.exp_4_minus_exp_3/rafd": (4, 3),
    "emotions.exp_6_minus_exp_5/raf-db": (6, 5),
    "emotions.exp_7_minus_exp_5/kdef": (7, 5),
    "emotions.exp_8_minus_exp_5/sfew": (8, 5),
}
AU_ORDERS = {
    "action_units.exp_2_minus_exp_1/rafd": (2, 1),
    "action_units.exp_1_minus_exp_8/enhanced_ck": (1, 8),
    "action_units.exp_2_minus_exp_7/rafd": (2, 7),
    "action_units.exp_3_minus_exp_5/enhanced_ck": (3, 5),
    "action_units.exp_6_minus_exp_4/rafd": (6, 4),
}
"""Statements that compare the mean area of two experiments: the first is the larger."""

TRANSFERABLE, BETWEEN_SETS = (1, 23, 24, 25), (4, 5, 7, 8)
"""Section 4-B3: action units said to transfer between sets, and the experiments that train on another set."""


class Finding(NamedTuple):
    """Our number for a claim.

    Attributes:
        claim: its id, without the paper.
        estimate: as a fraction.
        scale: factor to the claim's unit.
        reference: what to compare with, in the claim's unit.
        experiment: whose number it is; of a difference, the first.
    """

    claim: str
    estimate: Estimate
    scale: float
    reference: float | None
    experiment: Experiment


def emotion_areas(found: Mapping[int, Recognition]) -> pd.DataFrame:
    """Table II: a row an emotion and one for the mean, a column an experiment; NaN where a set lacks the class."""
    columns = {}
    for number, each in found.items():
        codes = {name: code for code, name in enumerate(each.faces.classes)}
        areas = [each.auc(codes[name]).value if name in codes else np.nan for name in PAPER_NAMES]
        columns[f"Exp_{number}"] = [*areas, each.mean_auc().value]
    return pd.DataFrame({"emotion": [*PAPER_NAMES.values(), "average"], **columns})


def unit_areas(found: Mapping[int, Detection]) -> pd.DataFrame:
    """Table IV: a row an action unit and one for the mean, a column an experiment; NaN where nothing can be tested."""
    columns = {
        f"Exp_{number}": [*(each.auc(unit).value for unit in ACTION_UNITS), each.mean_auc().value]
        for number, each in found.items()
    }
    return pd.DataFrame({"action unit": [*(f"AU{unit}" for unit in ACTION_UNITS), "average"], **columns})


def rule_table() -> pd.DataFrame:
    """Table VI: which emotions show each action unit by the rule, a row an action unit."""
    showing = {
        unit: " ".join(PAPER_NAMES[name] for name, units in EMOTION_TO_UNITS.items() if unit in units)
        for unit in ACTION_UNITS
    }
    alike = {
        unit: " ".join(f"AU{other}" for other in ACTION_UNITS if other != unit and showing[other] == showing[unit])
        for unit in ACTION_UNITS
    }
    rows = [[f"AU{unit}", showing[unit], alike[unit]] for unit in ACTION_UNITS]
    return pd.DataFrame(rows, columns=["action unit", "shown by", "the same label as"])


def agreement(ruled: np.ndarray, coded: np.ndarray) -> pd.DataFrame:
    """How far the rule tells what was acted: a row an action unit, in per cent of pictures or of a class.

    Args:
        ruled: ``bool [N, 14]`` by Table VI.
        coded: ``bool [N, 14]`` as acted.
    """
    rows = []
    for column, unit in enumerate(ACTION_UNITS):
        said, done = ruled[:, column], coded[:, column]
        both = (said & done).sum()
        rows.append(
            {
                "action unit": f"AU{unit}",
                "by the rule %": 100 * said.mean(),
                "acted %": 100 * done.mean(),
                "of the rule's, acted %": 100 * both / said.sum() if said.any() else np.nan,
                "of the acted, by the rule %": 100 * both / done.sum() if done.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)


def emotion_findings(found: Mapping[int, Recognition]) -> Iterator[Finding]:
    """Every claim about emotions that these experiments speak to."""
    for number, each in found.items():
        experiment = EMOTION_EXPERIMENTS[number]
        for code, name in enumerate(each.faces.classes):
            yield Finding(f"table_2/{PAPER_NAMES[name]}/exp_{number}/auc", each.auc(code), 1.0, CHANCE, experiment)
        yield Finding(f"table_2/average/exp_{number}/auc", each.mean_auc(), 1.0, CHANCE, experiment)
    for claim, number in ACCURACIES.items():
        if number in found:
            labels, experiment = found[number].faces.labels, EMOTION_EXPERIMENTS[number]
            chance = 100 * np.bincount(labels).max() / len(labels)
            yield Finding(f"{claim}/accuracy", found[number].accuracy(), 100.0, chance, experiment)
    if 5 in found:
        yield Finding("text/all_emotions/exp_5/auc", found[5].mean_auc(), 1.0, CHANCE, EMOTION_EXPERIMENTS[5])
    for name, number in SINGLE_CLASSES:
        if number in found and name in found[number].faces.classes:
            classes, experiment = found[number].faces.classes, EMOTION_EXPERIMENTS[number]
            share = found[number].class_accuracy(classes.index(name))
            claim = f"text/{PAPER_NAMES[name]}/exp_{number}/single_class_accuracy"
            yield Finding(claim, share, 100.0, 100 / len(classes), experiment)
    for claim, (first, second) in EMOTION_ORDERS.items():
        if first in found and second in found:
            difference = unpaired_difference(found[first].mean_auc(), found[second].mean_auc())
            yield Finding(f"order/{claim}/auc_difference", difference, 1.0, 0.0, EMOTION_EXPERIMENTS[first])
    if 1 in found and 5 in found:
        difference = unpaired_difference(found[1].accuracy(), found[5].accuracy())
        claim = "order/emotions.exp_1_minus_exp_5/rafd/accuracy_difference"
        yield Finding(claim, difference, 100.0, 0.0, EMOTION_EXPERIMENTS[1])
    if 1 in found and found[1].faces.name == "rafd" and not found[1].faces.stand_in:
        ours = found[1].accuracy()
        value, low, high = (bound - BEST_CITED / 100 for bound in (ours.value, *ours.ci95))
        claim = "order/ours_minus_best_cited/rafd/accuracy_difference"
        yield Finding(claim, Estimate(value, low, high, ours.n, ours.how), 100.0, 0.0, EMOTION_EXPERIMENTS[1])


def unit_findings(found: Mapping[int, Detection]) -> Iterator[Finding]:
    """Every claim about action units that these experiments speak to; none for a unit that could not be tested."""
    for number, each in found.items():
        experiment = AU_EXPERIMENTS[number]
        for unit in ACTION_UNITS:
            area = each.auc(unit)
            if np.isfinite(area.value):
                yield Finding(f"table_4/au{unit}/exp_{number}/auc", area, 1.0, CHANCE, experiment)
        yield Finding(f"table_4/average/exp_{number}/auc", each.mean_auc(), 1.0, CHANCE, experiment)
    for claim, (first, second) in AU_ORDERS.items():
        if first in found and second in found:
            difference = unpaired_difference(found[first].mean_auc(), found[second].mean_auc())
            yield Finding(f"order/{claim}/auc_difference", difference, 1.0, 0.0, AU_EXPERIMENTS[first])
    if set(BETWEEN_SETS) <= set(found):
        claim = "order/action_units.transferable_minus_rest/exp_4+5+7+8/auc_difference"
        yield Finding(claim, transfer(found), 1.0, 0.0, AU_EXPERIMENTS[BETWEEN_SETS[0]])


def au7_findings(tested: Detection, own: Detection, experiment_1: Detection) -> Iterator[Finding]:
    """The claims about a DCGAN that saw AU7 only, from :meth:`~.study.Study.au7_only` and experiment 1."""
    yield Finding("text/au7_only/test/auc", tested.auc(7), 1.0, CHANCE, AU7_ONLY)
    yield Finding("text/au7_only/train/auc", own.auc(7), 1.0, CHANCE, AU7_ONLY)
    difference = unpaired_difference(tested.auc(7), experiment_1.auc(7))
    yield Finding("order/au7_only_minus_exp_1/enhanced_ck/auc_difference", difference, 1.0, 0.0, AU7_ONLY)


def quality_findings(quality: Mapping[str, float], space: str) -> Iterator[Finding]:
    """The claims about pictures of a GAN on frontal RaFD, from :meth:`fer_utils.papers.dcgan_svm.study.Study.quality`.

    The Fréchet distance only in Inception's features, as the paper's; one GAN, so no interval.
    """
    for claim, measure in (("fid", "FID"), ("ssim", "SSIM")):
        if measure == "SSIM" or space == "inception":
            value, count = quality[f"generated/{measure}"], int(quality["generated/n"])
            estimate = Estimate(value, np.nan, np.nan, count, "one GAN, so no interval")
            yield Finding(f"table_7/ours/rafd/{claim}", estimate, 1.0, None, EMOTION_EXPERIMENTS[5])


def transfer(found: Mapping[int, Detection]) -> Estimate:
    """Mean area of AU1, 23, 24 and 25 minus that of the others, over the four experiments between sets.

    The bounds are means of the four experiments' bounds, as if all four erred alike.
    """
    rest = [unit for unit in ACTION_UNITS if unit not in TRANSFERABLE]
    each = [
        unpaired_difference(found[number].mean_auc(TRANSFERABLE), found[number].mean_auc(rest))
        for number in BETWEEN_SETS
    ]
    value, low, high = (float(np.mean([getattr(one, part) for one in each])) for part in ("value", "low", "high"))
    return Estimate(value, low, high, min(one.n for one in each), "means of four Newcombe intervals")
