"""Which of the paper's numbers our networks have an answer to, and with what estimate.

Data that the paper does not use stand beside JAFFE's claims, where only a direction can be judged: against chance for
an accuracy, against zero for a difference. Counts and comparisons with other people's systems make no sense there and
are claimed on the paper's own data only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.faces import FaceSet
from fer_utils.papers.answers import Answers
from fer_utils.papers.finding import Finding, Leak
from fer_utils.papers.landmark_ensemble.protocol import Outcome
from fer_utils.papers.landmark_ensemble.settings import KINDS, PARTS
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
        yield from _on_own_data(study, outcomes, sheet)
    if name == "sfew" or not own(study.faces):
        yield from _said_of_sfew(study, el, sheet)
    if "neutral" in study.classes and (name in ("ck+", "sfew") or not own(study.faces)):
        stands_beside = name if own(study.faces) else "sfew"
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


def _accuracies(table: str, name: str, outcomes: Mapping[str, Outcome], sheet: Sheet) -> Iterator[Finding]:
    for kind in KINDS:
        members: dict[str, int | None] = {kind: None, **(MEMBERS_OF_EL if kind == "el" else {})}
        for title, member in members.items():
            answers = outcomes[kind].answers(member)
            claim = f"{table}/{name}/{title}/accuracy"
            yield sheet.value(claim, answers.accuracy(), reference=100 * answers.chance)


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


def _on_own_data(study: Study, outcomes: Mapping[str, Outcome], sheet: Sheet) -> Iterator[Finding]:
    faces, name, el = study.faces, place(study.faces), outcomes["el"].answers()
    accuracy = el.accuracy()
    yield sheet.value(f"table_2/{name}/el/accuracy", accuracy)
    if name == "sfew":
        # Table III repeats Table I's numbers on SFEW's validation part.
        yield from _accuracies("table_3", "sfew_valid", outcomes, sheet)
    ahead, low, high = (100 * one - BENCHMARKS[faces.name][1] for one in (accuracy.value, *accuracy.ci95))
    beside = Estimate(ahead, low, high, accuracy.n, f"{accuracy.how}; the benchmark's own uncertainty is not known")
    yield sheet.difference(f"order/el_minus_benchmark/{name}/accuracy_difference", beside, scale=1)
    pictures = len(np.unique(outcomes["el"].row))
    titles = [TITLES.get(label, label) for label in study.classes]
    for truth, row in enumerate(titles):
        for given, column in enumerate(titles):
            cell = scores.mean((el.truth == truth) & (el.predicted[0] == given), el.people)
            yield sheet.value(f"{MATRICES[faces.name]}/{row}/{column}/count", cell, scale=pictures)


def _said_of_sfew(study: Study, el: Outcome, sheet: Sheet) -> Iterator[Finding]:
    """What the paper says without naming its data, or of SFEW alone."""
    # Over people only: the five members are not five trainings of one network.
    ahead = el.answers().minus(el.members()).people
    yield sheet.difference("text/el_minus_mean_sub-network/all/accuracy_difference", ahead)
    yield sheet.difference("text/el_minus_mouth/all/accuracy_difference", _minus(el, el, MOUTH))
    errors = study.landmark_errors(sheet.protocol)
    change = {part: after - before for part, (before, after, _) in errors.items()}
    people = errors["nose"][2]
    for part in ("mouth", "eyes", "eyebrows", "nose"):
        claim = f"figure_10/{part}/sfew/landmark_error_difference"
        yield sheet.difference(claim, scores.mean(change[part], people), scale=1)
    gap = scores.mean(change["nose"] - change["eyebrows"], people)
    yield sheet.difference("order/nose_minus_eyebrows/sfew/landmark_error_difference", gap, scale=1)


def neutral_excess(answers: Answers, neutral: int) -> Estimate:
    """How many more images are wrongly called neutral than wrongly called the next most frequent, per test image."""
    predicted = answers.predicted[0]
    wrong = predicted != answers.truth
    calls = np.array([(wrong & (predicted == code)).sum() for code in range(answers.n_classes)])
    calls[neutral] = -1
    as_neutral, as_next = ((wrong & (predicted == code)).astype(float) for code in (neutral, int(calls.argmax())))
    return scores.mean(as_neutral - as_next, answers.people)
