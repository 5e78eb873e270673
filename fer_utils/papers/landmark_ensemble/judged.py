"""Which of the paper's numbers our networks answer, and with what estimate: ids of the claims table.

Data that the paper does not use stand beside JAFFE's claims, where only a direction can be judged: against chance for
an accuracy, against zero for a difference. Counts and comparisons with other people's systems make no sense there and
are claimed on the paper's own data only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils import scores
from fer_utils.faces import FaceSet
from fer_utils.papers.landmark_ensemble.agreement import paired
from fer_utils.papers.landmark_ensemble.protocol import Outcome
from fer_utils.papers.landmark_ensemble.settings import KINDS, PARTS
from fer_utils.papers.landmark_ensemble.study import Study
from fer_utils.scores import Estimate

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


@dataclass(frozen=True)
class Answer:
    """Our estimate for a claim, its id without ``landmark_ensemble/``; ``scale`` brings it to the claim's unit."""

    claim: str
    found: Estimate
    scale: float = 1.0
    reference: float | None = 0.0


def place(faces: FaceSet) -> str:
    """Beside which data set's claims these faces stand."""
    return PLACES.get(faces.name, "jaffe")


def own(faces: FaceSet) -> bool:
    """Whether these are the paper's own data, not something in their place."""
    return faces.name in PLACES and not faces.stand_in


def answers(study: Study, role: str) -> Iterator[Answer]:
    """Everything that one data set under one protocol says about Tables I and II, Figures 7 to 10 and Section V."""
    faces = study.sets[0]
    name, outcomes = place(faces), {kind: study.outcome(kind, role) for kind in KINDS}
    yield from _accuracies("table_1", name, outcomes)
    yield from _orders("", name, outcomes)
    el = outcomes["el"]
    yield Answer(f"order/mouth_minus_next_best/{name}/accuracy_difference", _beside_rivals(el, "mouth", best=True))
    yield Answer(f"order/nose_minus_next_worst/{name}/accuracy_difference", _beside_rivals(el, "nose", best=False))
    yield Answer(f"order/el_minus_mouth/{name}/accuracy_difference", paired(el, el, (None, PARTS.index("mouth"))))
    if own(faces):
        yield from _on_own_data(study, el)
    if name == "sfew" or not own(faces):
        yield from _said_of_sfew(study, el, role)


def cross_answers(cross: Study, tested: FaceSet, role: str) -> Iterator[Answer]:
    """Table III: trained on ``cross.sets[0]``, tested on ``tested``."""
    name = place(tested)
    outcomes = {kind: cross.outcome(kind, role, tested_on=tested.name) for kind in KINDS}
    yield from _accuracies("table_3", name, outcomes)
    yield from _orders("cross.", name, outcomes)
    source = cross.sets[0]
    if "split" in source.table:
        on_itself = cross.outcome("el", role, tested_on=source.name)
        gap = scores.unpaired_difference(outcomes["el"].accuracy(), on_itself.accuracy())
        yield Answer(f"order/cross.el_minus_sfew_valid/{name}/accuracy_difference", gap, scale=100)


def table_2(study: Study, roles: Sequence[str]) -> pd.DataFrame:
    """Table II: who, on which data, ``accuracy %`` with our interval, and million ``parameters``."""
    faces = study.sets[0]
    paper = next(name for name, title in PLACES.items() if title == place(faces))
    rival, accuracy, size = BENCHMARKS[paper]
    printed = ((f"{rival}, as cited", accuracy, size), ("EL, the paper", PRINTED_EL[paper], 1.65))
    rows = [{"system": who, "data": paper, "accuracy %": value, "parameters M": size} for who, value, size in printed]
    for role in roles:
        found, weights = study.outcome("el", role).accuracy().percent(), study.parameters / 1e6
        rows.append({"system": f"EL, ours, {role}", "data": faces.name, **found, "parameters M": weights})
    return pd.DataFrame(rows)


def _accuracies(table: str, name: str, outcomes: dict[str, Outcome]) -> Iterator[Answer]:
    for kind in KINDS:
        members = {kind: None, **(MEMBERS_OF_EL if kind == "el" else {})}
        for title, member in members.items():
            found = outcomes[kind].accuracy(member)
            yield Answer(f"{table}/{name}/{title}/accuracy", found, scale=100, reference=100 * outcomes[kind].chance)


def _orders(prefix: str, name: str, outcomes: dict[str, Outcome]) -> Iterator[Answer]:
    for first, second in (("el", "ftl"), ("ftl", "baseline")):
        claim = f"order/{prefix}{first}_minus_{second}/{name}/accuracy_difference"
        yield Answer(claim, paired(outcomes[first], outcomes[second]))


def _beside_rivals(el: Outcome, part: str, *, best: bool) -> Estimate:
    """Accuracy of one part's network minus that of the next best (or next worst) of the other four."""
    member = PARTS.index(part)
    others = [number for number in range(len(PARTS)) if number != member]
    rival = (max if best else min)(others, key=lambda number: el.accuracy(number).value)
    return paired(el, el, (member, rival))


def _on_own_data(study: Study, el: Outcome) -> Iterator[Answer]:
    faces, found = study.sets[0], el.accuracy()
    name = place(faces)
    yield Answer(f"table_2/{name}/el/accuracy", found, scale=100, reference=None)
    rival = 100 * found.value - BENCHMARKS[faces.name][1]
    low, high = (rival + 100 * (bound - found.value) for bound in found.ci95)
    beside = Estimate(rival, low, high, found.n, f"{found.how}; the benchmark's own uncertainty is not known")
    yield Answer(f"order/el_minus_benchmark/{name}/accuracy_difference", beside)
    predicted, pictures = el.predicted(), len(np.unique(el.row))
    titles = [TITLES.get(label, label) for label in study.classes]
    for truth, row in enumerate(titles):
        for given, column in enumerate(titles):
            cell = scores.mean((el.truth == truth) & (predicted == given), el.subject)
            yield Answer(f"{MATRICES[faces.name]}/{row}/{column}/count", cell, scale=pictures, reference=None)


def _said_of_sfew(study: Study, el: Outcome, role: str) -> Iterator[Answer]:
    """What the paper says without naming its data, or of SFEW alone."""
    mean = np.mean([el.correct(member) for member in range(len(PARTS))], axis=0)
    ahead = scores.mean(100 * (el.correct() - mean), el.subject)
    yield Answer("text/el_minus_mean_sub-network/all/accuracy_difference", ahead)
    mouth = paired(el, el, (None, PARTS.index("mouth")))
    yield Answer("text/el_minus_mouth/all/accuracy_difference", mouth)
    change = {part: after - before for part, (before, after, _) in study.landmark_errors(role).items()}
    who = study.landmark_errors(role)["nose"][2]
    for part in ("mouth", "eyes", "eyebrows", "nose"):
        yield Answer(f"figure_10/{part}/sfew/landmark_error_difference", scores.mean(change[part], who))
    difference = scores.mean(change["nose"] - change["eyebrows"], who)
    yield Answer("order/nose_minus_eyebrows/sfew/landmark_error_difference", difference)
    if "neutral" in study.classes:
        excess = neutral_excess(el, study.classes.index("neutral"))
        claim = "order/neutral_false_positives_minus_next/sfew/count_difference"
        yield Answer(claim, excess, scale=len(np.unique(el.row)))


def neutral_excess(el: Outcome, neutral: int) -> Estimate:
    """How many more images are wrongly called neutral than wrongly called the next most frequent, per test image."""
    wrong = el.predicted() != el.truth
    calls = np.array([(wrong & (el.predicted() == code)).sum() for code in range(el.n_classes)])
    calls[neutral] = -1
    told = [(wrong & (el.predicted() == code)).astype(float) for code in (neutral, int(calls.argmax()))]
    return scores.mean(told[0] - told[1], el.subject)
