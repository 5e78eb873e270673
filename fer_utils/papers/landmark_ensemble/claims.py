"""Which of the paper's numbers our networks have an answer to, and with what estimate.

A stand-in stands beside the claims about the set that it plays, other pictures that the paper does not use beside
JAFFE's; of both only a direction can be judged: against chance for an accuracy, against zero for a difference. Of the
confusion matrices a stand-in answers the diagonal, against chance. The other cells, and comparisons with other people's
systems, make no sense there and are claimed on the paper's own data only. The control, Baseline at equal work, is not
the paper's and has no claim: it stands in every table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.faces import FaceSet
from fer_utils.papers.answers import Answers, Difference
from fer_utils.papers.claims import load_claims
from fer_utils.papers.finding import Finding, Leak
from fer_utils.papers.landmark_ensemble import complementarity, learnt
from fer_utils.papers.landmark_ensemble.outcome import Outcome
from fer_utils.papers.landmark_ensemble.settings import KIND_TITLES, KINDS, PARTS
from fer_utils.papers.landmark_ensemble.study import Study
from fer_utils.scores import Estimate

PAPER = "landmark_ensemble"
PLACES = {"ck_plus": "ck+", "jaffe": "jaffe", "sfew": "sfew"}
"""What the claims call the paper's data sets."""
MATRICES = {"ck_plus": "figure_7", "jaffe": "figure_8", "sfew": "figure_9"}
TITLES = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
"""What Figures 7 to 9 call a class, where it is not our name."""
PRINTED_EL = {"ck_plus": 97.31, "jaffe": 97.14, "sfew": 44.50}
BENCHMARKS = {"ck_plus": ("FaceNet2ExpNet", 96.80, 11.0), "jaffe": ("BDBN", 91.80, 2.0),
              "sfew": ("FaceNet2ExpNet", 48.19, 11.0)}  # fmt: skip
"""Table II: the system that the paper compares with, its accuracy in per cent and its million parameters."""
MEMBERS_OF_EL = {f"el-{part}": number for number, part in enumerate(PARTS)}
MOUTH = PARTS.index("mouth")
PRINTED = ("baseline", "ftl", "el")
"""The kinds of network that the paper has numbers of."""
IN_THE_PAPER = {"EL - FTL": "el_minus_ftl", "FTL - Baseline": "ftl_minus_baseline"}
"""Differences of Table I; that of EL and Baseline is the sum of the two."""


@dataclass(frozen=True)
class Sheet:
    """What the findings of one split have in common."""

    protocol: str
    leak: Leak

    def difference(self, claim: str, found: Estimate, scale: float = 100) -> Finding:
        """A finding that is compared with zero; ``scale`` brings it to the claim's unit."""
        return Finding(f"{PAPER}/{claim}", found, self.protocol, self.leak, reference=0.0, scale=scale)

    def value(self, claim: str, found: Estimate, scale: float = 100, reference: float | None = None) -> Finding:
        """A finding that is compared with ``reference``, in the claim's unit, or with nothing."""
        return Finding(f"{PAPER}/{claim}", found, self.protocol, self.leak, reference=reference, scale=scale)


def findings(study: Study, protocols: Sequence[str], cross: Study | None = None) -> Iterator[Finding]:
    """Everything that the notebook claims.

    Args:
        study: of the notebook's data set.
        protocols: one or both.
        cross: trained on another data set and tested on that of ``study``, for Table III.
    """
    for protocol in protocols:
        yield from of_one_set(study, Sheet(protocol, study.audit(protocol)))
        if cross:
            yield from across_sets(cross, study.faces, Sheet(protocol, cross.audit(protocol)))


def of_one_set(study: Study, sheet: Sheet) -> Iterator[Finding]:
    """What one data set says about Tables I and II, Figures 7 to 10 and Section V."""
    name, outcomes = place(study.faces), {kind: study.outcome(kind, sheet.protocol) for kind in KINDS}
    yield from _accuracies("table_1", name, outcomes, sheet)
    yield from _orders("", name, outcomes, sheet)
    el = outcomes["el"]
    for order, member, rival in (("mouth_minus_next_best", "mouth", max), ("nose_minus_next_worst", "nose", min)):
        yield sheet.difference(f"order/{order}/{name}/accuracy_difference", _beside_rivals(el, member, rival))
    yield sheet.difference(f"order/el_minus_mouth/{name}/accuracy_difference", _minus(el, el, MOUTH))
    if own(study.faces):
        yield from _benchmark(study.faces, el, sheet)
    if study.faces.name in PLACES:
        yield from _matrix(study, el, sheet)
    if name == "sfew" and "split" in study.faces.table:
        # Table III repeats Table I's numbers on SFEW's validation part.
        yield from _accuracies("table_3", "sfew_valid", outcomes, sheet)
    if name == "sfew" or study.faces.name not in PLACES:
        yield from _said_of_sfew(study, el, sheet)
    if "neutral" in study.classes and (name in ("ck+", "sfew") or study.faces.name not in PLACES):
        stands_beside = name if study.faces.name in PLACES else "sfew"
        yield sheet.difference(
            f"order/neutral_false_positives_minus_next/{stands_beside}/count_difference",
            neutral_excess(el.answers(), study.classes.index("neutral")),
            scale=len(np.unique(el.row)),
        )


def across_sets(cross: Study, tested: FaceSet, sheet: Sheet) -> Iterator[Finding]:
    """Table III: trained on ``cross.faces``, tested on ``tested``."""
    name, source = place(tested), cross.faces
    outcomes = {kind: cross.outcome(kind, sheet.protocol, tested_on=tested.name) for kind in KINDS}
    yield from _accuracies("table_3", name, outcomes, sheet)
    yield from _orders("cross.", name, outcomes, sheet)
    if "split" in source.table:
        on_itself = cross.outcome("el", sheet.protocol, tested_on=source.name).answers().accuracy()
        gap = scores.unpaired_difference(outcomes["el"].answers().accuracy(), on_itself)
        yield sheet.difference(f"order/cross.el_minus_sfew_valid/{name}/accuracy_difference", gap)


def place(faces: FaceSet) -> str:
    """Beside which data set's claims these faces stand."""
    return PLACES.get(faces.name, "jaffe")


def own(faces: FaceSet) -> bool:
    """Whether these are the paper's own data, not something in their place."""
    return faces.name in PLACES and not faces.stand_in


def table_2(study: Study, protocols: Sequence[str]) -> pd.DataFrame:
    """Table II: who, on which data, ``accuracy %`` with our interval, and million ``parameters``."""
    faces = study.faces
    paper = next(name for name, title in PLACES.items() if title == place(faces))
    rival, accuracy, size = BENCHMARKS[paper]
    printed = ((f"{rival}, as cited", accuracy, size), ("EL, the paper", PRINTED_EL[paper], 1.65))
    rows: list[dict[str, object]] = [
        {"system": who, "data": paper, "accuracy %": value, "parameters M": size} for who, value, size in printed
    ]
    for protocol in protocols:
        ours, weights = study.outcome("el", protocol).answers().accuracy().percent(), study.parameters / 1e6
        rows.append({"system": f"EL, ours, {protocol}", "data": faces.name, **ours, "parameters M": weights})
    return pd.DataFrame(rows)


def differences(study: Study, protocol: str) -> pd.DataFrame:
    """:meth:`Study.differences` with the paper's difference on the data that these stand beside, and who can see it.

    Columns besides: ``paper``, the difference of its printed numbers, and ``sees the paper's difference``: whether the
    half-width is below it.
    """
    table, claims = study.differences(protocol), load_claims()
    printed = {
        title: float(claims.loc[f"{PAPER}/order/{order}/{place(study.faces)}/accuracy_difference", "value"])
        for title, order in IN_THE_PAPER.items()
    }
    printed["EL - Baseline"] = sum(printed.values())
    # At equal work the paper has no number; ours would have to see as much as at equal last steps.
    printed |= {f"{kind} - {KIND_TITLES['control']}": printed[f"{kind} - Baseline"] for kind in ("FTL", "EL")}
    table["paper"] = table["difference"].map(printed)
    people = len(np.unique(study.outcome("el", protocol).subject))
    seen = (table["half-width"] < table["paper"]).map({True: "yes", False: f"no: {people} people"})
    table["sees the paper's difference"] = seen.where(table["paper"].notna(), "")
    return table


def on_the_same_pictures(study: Study, cross: Study, protocol: str) -> pd.DataFrame:
    """Table III beside Table I: what training on other pictures costs each kind, picture by picture.

    Columns ``network``, ``points`` (trained elsewhere minus trained on the set itself) with its interval over people
    and seeds, ``half-width``, ``pictures``.
    """
    rows = []
    for kind in KINDS:
        here, there = study.outcome(kind, protocol), cross.outcome(kind, protocol, tested_on=study.faces.name)
        ours, theirs = here.answers(), there.answers()
        known = study.position[ours.pictures], cross.position[theirs.pictures]
        _, at_ours, at_theirs = np.intersect1d(*known, return_indices=True)
        values = theirs.correct[:, at_theirs] - ours.correct[:, at_ours]
        seeds = scores.mean(values.mean(axis=1), np.arange(len(values)))
        both = Difference(scores.mean(values.mean(axis=0), ours.people[at_ours]), seeds).both
        low, high = (100 * bound for bound in both.ci95)
        rows.append({"network": KIND_TITLES[kind], "points": 100 * both.value, "low": low, "high": high,
                     "half-width": (high - low) / 2, "pictures": len(at_ours)})  # fmt: skip
    return pd.DataFrame(rows)


def _accuracies(table: str, name: str, outcomes: Mapping[str, Outcome], sheet: Sheet) -> Iterator[Finding]:
    for kind in PRINTED:
        members: dict[str, int | None] = {kind: None, **(MEMBERS_OF_EL if kind == "el" else {})}
        for title, member in members.items():
            outcome = outcomes[kind]
            claim = f"{table}/{name}/{title}/accuracy"
            yield sheet.value(claim, outcome.fold_mean(member), reference=100 * outcome.answers(member).chance)


def _orders(prefix: str, name: str, outcomes: Mapping[str, Outcome], sheet: Sheet) -> Iterator[Finding]:
    for first, second in (("el", "ftl"), ("ftl", "baseline")):
        claim = f"order/{prefix}{first}_minus_{second}/{name}/accuracy_difference"
        yield sheet.difference(claim, _minus(outcomes[first], outcomes[second]))


def _minus(first: Outcome, second: Outcome, member: int | None = None) -> Estimate:
    """The first ensemble against the second, or against one of its networks."""
    return first.answers().minus(second.answers(member)).both


def _beside_rivals(el: Outcome, part: str, rival: Callable[..., Answers]) -> Estimate:
    """Accuracy of one part's network minus that of the best (or worst) of the other four."""
    others = [el.answers(number) for number in range(len(PARTS)) if number != PARTS.index(part)]
    return el.answers(PARTS.index(part)).minus(rival(others, key=lambda one: one.accuracy().value)).both


def _benchmark(faces: FaceSet, el: Outcome, sheet: Sheet) -> Iterator[Finding]:
    name, accuracy = place(faces), el.fold_mean()
    yield sheet.value(f"table_2/{name}/el/accuracy", accuracy)
    ahead, low, high = (100 * one - BENCHMARKS[faces.name][1] for one in (accuracy.value, *accuracy.ci95))
    beside = Estimate(ahead, low, high, accuracy.n, f"{accuracy.how}; the benchmark's own uncertainty is not known")
    yield sheet.difference(f"order/el_minus_benchmark/{name}/accuracy_difference", beside, scale=1)


def _matrix(study: Study, el: Outcome, sheet: Sheet) -> Iterator[Finding]:
    """Counts of Figures 7 to 9, mean of the seeds; of a stand-in those on the diagonal, beside what guessing gives."""
    answers, pictures = el.answers(), len(np.unique(el.row))
    titles = [TITLES.get(label, label) for label in study.classes]
    for truth, row in enumerate(titles):
        for given, column in enumerate(titles):
            if truth != given and not own(study.faces):
                continue
            cell = scores.mean(((answers.truth == truth) & (answers.predicted == given)).mean(axis=0), answers.people)
            guessed = float((answers.truth == truth).sum() / len(titles)) if truth == given else None
            claim = f"{MATRICES[study.faces.name]}/{row}/{column}/count"
            yield sheet.value(claim, cell, scale=pictures, reference=guessed)


def _said_of_sfew(study: Study, el: Outcome, sheet: Sheet) -> Iterator[Finding]:
    """What the paper says without naming its data, or of SFEW alone."""
    # Over people only: the five members are not five trainings of one network.
    ahead = scores.mean(complementarity.gain(el).mean(axis=0), el.answers().people)
    yield sheet.difference("text/el_minus_mean_sub-network/all/accuracy_difference", ahead)
    yield sheet.difference("text/el_minus_mouth/all/accuracy_difference", _minus(el, el, MOUTH))
    errors = learnt.landmark_errors(study, sheet.protocol)
    change = {part: after - before for part, (before, after, _) in errors.items()}
    people = errors["nose"][2]
    for part in ("mouth", "eyes", "eyebrows", "nose"):
        claim = f"figure_10/{part}/sfew/landmark_error_difference"
        yield sheet.difference(claim, scores.mean(change[part], people), scale=1)
    gap = scores.mean(change["nose"] - change["eyebrows"], people)
    yield sheet.difference("order/nose_minus_eyebrows/sfew/landmark_error_difference", gap, scale=1)


def neutral_excess(answers: Answers, neutral: int) -> Estimate:
    """How many more images are wrongly called neutral than wrongly called the next most frequent, per test image."""
    predicted = answers.predicted
    wrong = predicted != answers.truth
    calls = np.array([(wrong & (predicted == code)).sum() for code in range(answers.n_classes)])
    calls[neutral] = -1
    as_neutral, as_next = ((wrong & (predicted == code)).mean(axis=0) for code in (neutral, int(calls.argmax())))
    return scores.mean(as_neutral - as_next, answers.people)
