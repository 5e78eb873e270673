"""Our numbers for the paper's claims, each with its leak audit; and the tables that mirror the paper's.

Where the data are not the paper's, only a direction can be judged: against 0.5 for an area, against the most frequent
class for an accuracy, against zero for a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from fer_utils.papers.dcgan_svm.experiments import (
    ACTION_UNITS,
    AU7_ONLY,
    AU_EXPERIMENTS,
    EMOTION_EXPERIMENTS,
    EMOTION_TO_UNITS,
    PAPER_NAMES,
)
from fer_utils.papers.dcgan_svm.outcomes import Detection, Recognition
from fer_utils.papers.dcgan_svm.study import Study
from fer_utils.papers.finding import Finding, Leak
from fer_utils.scores import Estimate, unpaired_difference

PAPER = "dcgan_svm"


BEST_CITED_ACCURACY, BEST_CITED_SSIM, BEST_CITED_IS = 0.9766, 0.8833, 1.6942
"""On RaFD: Table III, Yaddaden et al. 2018; Table VII, LEED and CycleGAN. Meaningful beside real RaFD faces only."""
CHANCE = 0.5
"""The area under the ROC curve of a coin."""

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

ONE_GAN = "one GAN, so no interval"


def findings(
    study: Study,
    protocol: str,
    emotions: Mapping[int, Recognition],
    units: Mapping[int, Detection],
    au7: tuple[Detection, Detection] | None = None,
    quality: Mapping[str, Mapping[str, float]] | None = None,
    space: str = "mobilenet",
) -> Iterator[Finding]:
    """Everything that one protocol's answers say about the paper's claims.

    Args:
        study: asked for its faces and leak audits.
        protocol: one of :data:`fer_utils.papers.study.PROTOCOLS`.
        emotions: from :meth:`Study.emotions`.
        units: from :meth:`Study.action_units`.
        au7: from :meth:`Study.au7_only`.
        quality: from :meth:`Study.quality`. No split has a part in it, so it is claimed once, as ``published``.
        space: whose features ``quality`` was measured in.
    """
    yield from _emotions(study, protocol, emotions)
    yield from _units(study, protocol, units)
    if au7 is not None:
        yield from _au7(study, protocol, *au7, units[1])
    if quality is not None and protocol == "published" and study.home == "frontal":
        yield from _quality(study, quality[study.home], space)


def _emotions(study: Study, protocol: str, results: Mapping[int, Recognition]) -> Iterator[Finding]:
    """Tables II and III, and what Section 4-A says of them."""
    leaks = {number: study.audit(protocol, EMOTION_EXPERIMENTS[number]) for number in results}
    for number, each in results.items():
        for code, name in enumerate(each.classes):
            # Some data sets have classes that are none of the paper's.
            if name in PAPER_NAMES:
                claim = f"table_2/{PAPER_NAMES[name]}/exp_{number}/auc"
                yield _finding(claim, each.auc(code), protocol, leaks[number], CHANCE)
        yield _finding(f"table_2/average/exp_{number}/auc", each.mean_auc(), protocol, leaks[number], CHANCE)
    for claim, number in ACCURACIES.items():
        if number in results:
            answers = results[number].answers
            chance = 100 * np.bincount(answers.truth).max() / len(answers)
            yield _finding(f"{claim}/accuracy", answers.accuracy(), protocol, leaks[number], chance, scale=100.0)
    if 5 in results:
        yield _finding("text/all_emotions/exp_5/auc", results[5].mean_auc(), protocol, leaks[5], CHANCE)
    for name, number in SINGLE_CLASSES:
        if number in results and name in results[number].classes:
            classes = results[number].classes
            share = results[number].answers.recall(classes.index(name))
            claim = f"text/{PAPER_NAMES[name]}/exp_{number}/single_class_accuracy"
            yield _finding(claim, share, protocol, leaks[number], 100 / len(classes), scale=100.0)
    for claim, (first, second) in EMOTION_ORDERS.items():
        if first in results and second in results:
            difference = unpaired_difference(results[first].mean_auc(), results[second].mean_auc())
            leak = _joint({number: leaks[number] for number in (first, second)})
            yield _finding(f"order/{claim}/auc_difference", difference, protocol, leak, 0.0)
    if 1 in results and 5 in results:
        difference = unpaired_difference(results[1].answers.accuracy(), results[5].answers.accuracy())
        claim, leak = "order/emotions.exp_1_minus_exp_5/rafd/accuracy_difference", _joint({1: leaks[1], 5: leaks[5]})
        yield _finding(claim, difference, protocol, leak, 0.0, scale=100.0)
    if 1 in results and _is_rafd(study):
        claim = "order/ours_minus_best_cited/rafd/accuracy_difference"
        difference = _less(results[1].answers.accuracy(), BEST_CITED_ACCURACY)
        yield _finding(claim, difference, protocol, leaks[1], 0.0, scale=100.0)


def _units(study: Study, protocol: str, results: Mapping[int, Detection]) -> Iterator[Finding]:
    """Table IV, and what Section 4-B says of it; nothing of a unit that could not be tested."""
    leaks = {number: study.audit(protocol, AU_EXPERIMENTS[number]) for number in results}
    for number, each in results.items():
        for unit in ACTION_UNITS:
            area = each.auc(unit)
            if np.isfinite(area.value):
                yield _finding(f"table_4/au{unit}/exp_{number}/auc", area, protocol, leaks[number], CHANCE)
        yield _finding(f"table_4/average/exp_{number}/auc", each.mean_auc(), protocol, leaks[number], CHANCE)
    for claim, (first, second) in AU_ORDERS.items():
        if first in results and second in results:
            difference = unpaired_difference(results[first].mean_auc(), results[second].mean_auc())
            leak = _joint({number: leaks[number] for number in (first, second)})
            yield _finding(f"order/{claim}/auc_difference", difference, protocol, leak, 0.0)
    if set(BETWEEN_SETS) <= set(results):
        claim = "order/action_units.transferable_minus_rest/exp_4+5+7+8/auc_difference"
        leak = _joint({number: leaks[number] for number in BETWEEN_SETS})
        yield _finding(claim, transfer(results), protocol, leak, 0.0)


def _au7(study: Study, protocol: str, tested: Detection, own: Detection, experiment_1: Detection) -> Iterator[Finding]:
    """Section 4-B1: a DCGAN that saw AU7 frames only, against experiment 1."""
    leak, resubstitution = study.audit(protocol, AU7_ONLY), Leak(remark="tested on the SVM's own training pictures")
    yield _finding("text/au7_only/test/auc", tested.auc(7), protocol, leak, CHANCE)
    yield _finding("text/au7_only/train/auc", own.auc(7), protocol, resubstitution, CHANCE)
    difference = unpaired_difference(tested.auc(7), experiment_1.auc(7))
    yield _finding("order/au7_only_minus_exp_1/enhanced_ck/auc_difference", difference, protocol, leak, 0.0)


def _quality(study: Study, quality: Mapping[str, float], space: str) -> Iterator[Finding]:
    """Table VII. The Fréchet distance only in Inception's features, as the paper's; one GAN, so no interval."""
    leak = Leak(remark="compared with the pictures that the GAN was trained on")
    emotions = Leak(remark=f"{leak.remark}; by a classifier of emotions, not ImageNet's")
    ours = {
        measure: Estimate(quality[f"generated/{measure}"], np.nan, np.nan, int(quality["generated/n"]), ONE_GAN)
        for measure in ("FID", "SSIM", "IS")
    }
    if space == "inception":
        yield _finding("table_7/ours/rafd/fid", ours["FID"], "published", leak, None)
    yield _finding("table_7/ours/rafd/ssim", ours["SSIM"], "published", leak, None)
    yield _finding("table_7/ours/rafd/inception_score", ours["IS"], "published", emotions, None)
    if _is_rafd(study):
        for measure, name, best, audit in (
            ("SSIM", "ssim", BEST_CITED_SSIM, leak),
            ("IS", "inception_score", BEST_CITED_IS, emotions),
        ):
            claim = f"order/ours_minus_best_cited/rafd/{name}_difference"
            yield _finding(claim, _less(ours[measure], best), "published", audit, 0.0)


def _finding(
    claim: str, estimate: Estimate, protocol: str, leak: Leak, reference: float | None, scale: float = 1.0
) -> Finding:
    return Finding(f"{PAPER}/{claim}", estimate, protocol, leak, reference, scale)


def _is_rafd(study: Study) -> bool:
    """Whether what other people's systems scored on RaFD may stand beside ours."""
    return study.home == "frontal" and study.faces.name == "rafd" and not study.faces.stand_in


def _less(ours: Estimate, printed: float) -> Estimate:
    """Ours minus a number that is printed without an interval."""
    return replace(ours, value=ours.value - printed, low=ours.low - printed, high=ours.high - printed)


def _joint(leaks: Mapping[int, Leak]) -> Leak:
    """The leak audits of experiments that are compared, as one; experiments whose audits read alike are named together.

    Where all read alike, no experiment is named.
    """
    alike: dict[str, list[int]] = {}
    for number, leak in leaks.items():
        alike.setdefault(leak.text(), []).append(number)
    named = {"Exp " + "+".join(map(str, numbers)): leaks[numbers[0]] for numbers in alike.values()}
    if len(named) == 1:
        return next(iter(named.values()))
    reports = {title: report for title, leak in named.items() for report in leak.reports.values()}
    remarks = [f"{title}: {leak.remark}" for title, leak in named.items() if leak.remark]
    return Leak(reports, "; ".join(remarks))


def transfer(results: Mapping[int, Detection]) -> Estimate:
    """Mean area of AU1, 23, 24 and 25 minus that of the others, over the four experiments between sets.

    The bounds are means of the four experiments' bounds, as if all four erred alike.
    """
    rest = [unit for unit in ACTION_UNITS if unit not in TRANSFERABLE]
    each = [
        unpaired_difference(results[number].mean_auc(TRANSFERABLE), results[number].mean_auc(rest))
        for number in BETWEEN_SETS
    ]
    value, low, high = (float(np.mean([getattr(one, part) for one in each])) for part in ("value", "low", "high"))
    return Estimate(value, low, high, min(one.n for one in each), "means of four Newcombe intervals")


def table_2(results: Mapping[int, Recognition]) -> pd.DataFrame:
    """Table II: a row an emotion and one for the mean, a column an experiment; NaN where a set lacks the class."""
    columns = {}
    for number, each in results.items():
        codes = {name: code for code, name in enumerate(each.classes)}
        areas = [each.auc(codes[name]).value if name in codes else np.nan for name in PAPER_NAMES]
        columns[f"Exp_{number}"] = [*areas, each.mean_auc().value]
    return pd.DataFrame({"emotion": [*PAPER_NAMES.values(), "average"], **columns})


def table_3(results: Mapping[int, Recognition], titles: Mapping[str, str], protocol: str) -> pd.DataFrame:
    """Accuracy in per cent with its interval over people, the mean area and chance, a row an experiment.

    Args:
        results: from :meth:`Study.emotions`.
        titles: what each role is called.
        protocol: that they were made under.
    """
    rows = []
    for number, each in results.items():
        accuracy, what = each.answers.accuracy(), EMOTION_EXPERIMENTS[number].text(titles)
        measured = {"mean AUC": each.mean_auc().value, "chance %": 100 * each.answers.chance, "people": accuracy.n}
        rows.append({"experiment": number, "what": what, "protocol": protocol, **accuracy.percent(), **measured})
    return pd.DataFrame(rows)


def table_4(results: Mapping[int, Detection]) -> pd.DataFrame:
    """Table IV: a row an action unit and one for the mean, a column an experiment; NaN where nothing can be tested."""
    columns = {
        f"Exp_{number}": [*(each.auc(unit).value for unit in ACTION_UNITS), each.mean_auc().value]
        for number, each in results.items()
    }
    return pd.DataFrame({"action unit": [*(f"AU{unit}" for unit in ACTION_UNITS), "average"], **columns})


def table_6() -> pd.DataFrame:
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
    """How well the rule predicts what was acted: a row an action unit, in per cent of pictures or of a class.

    Args:
        ruled: ``bool [N, 14]`` by Table VI.
        coded: ``bool [N, 14]`` as acted.
    """
    rows = []
    for column, unit in enumerate(ACTION_UNITS):
        predicted, acted = ruled[:, column], coded[:, column]
        both = (predicted & acted).sum()
        rows.append(
            {
                "action unit": f"AU{unit}",
                "by the rule %": 100 * predicted.mean(),
                "acted %": 100 * acted.mean(),
                "of the rule's, acted %": 100 * both / predicted.sum() if predicted.any() else np.nan,
                "of the acted, by the rule %": 100 * both / acted.sum() if acted.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)
