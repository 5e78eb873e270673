"""Table 1, the gains that follow from it, and the claims that each of our numbers belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.papers.answers import Answers, Difference
from fer_utils.papers.claims import claim as paper_claim
from fer_utils.papers.finding import Finding, Leak
from fer_utils.papers.gan_augmentation.arms import ARMS
from fer_utils.papers.gan_augmentation.settings import NETWORKS, Settings
from fer_utils.papers.gan_augmentation.study import DF_SVM, Outcome, Row, Study

PAPER = "gan_augmentation"
NAMES = {"none": "", "dcgan": "+dcgan", "wgan_gp": "+wgan"}
"""What a network's name has behind it in claim ids, by arm."""
ORDERS = {"none": "plain", "dcgan": "dcgan", "wgan_gp": "wgan"}
"""What the arms are called in the ids of statements that compare."""


@dataclass(frozen=True, eq=False)
class Results:
    """All of Table 1 under one protocol."""

    protocol: str
    svm: Outcome
    svm_private: Answers  # those about PrivateTest, which the networks are scored on
    rows: Mapping[Row, Outcome]
    leak: Leak

    def budget(self) -> str:
        """How the rows of the paper were trained here."""
        return "epochs" if self.protocol == "published" else "steps"

    def of(self, network: str, arm: str) -> Answers:
        """What the networks of one row of the paper's answer."""
        return self.rows[Row(network, arm, self.budget())].answers


def results(study: Study, protocol: str) -> Results:
    """Run what is needed of a protocol."""
    rows = {row: study.outcome(row, protocol) for row in study.rows(protocol)}
    svm = study.df_svm(protocol)[0]
    private = svm.answers.select(np.arange(len(svm.answers))[-len(study.parts(protocol).private) :])
    return Results(protocol, svm, private, rows, study.audit(protocol))


def table_1(measured: Results, settings: Settings) -> pd.DataFrame:
    """Table 1 and the controls: accuracy with both intervals, one row a line."""
    seeds = max(len(each.answers.predicted) for each in measured.rows.values())
    svm = "reduced " if settings.reduced else ""
    lines = [_line(svm + DF_SVM, measured.svm)]
    for row, outcome in measured.rows.items():
        name = row._replace(network=settings.title(row.network)).text()
        lines.append(_line(name, outcome))
    return pd.DataFrame(lines).assign(protocol=measured.protocol, **{"seeds of the CNNs": seeds})


def _line(name: str, outcome: Outcome) -> dict[str, object]:
    answers = outcome.answers
    pictures, everything = answers.over_people().percent(), answers.accuracy().percent()
    return {
        "model": name,
        "extra pictures": outcome.extra,
        **everything,
        "low, pictures only %": pictures["low %"],
        "high, pictures only %": pictures["high %"],
        "macro F1 %": 100 * answers.macro_f1(),
    }


def comparisons(measured: Results) -> Iterator[tuple[str, str, Difference]]:
    """Every arm against none, and the generated pictures against each control: network, words, gain."""
    for network in NETWORKS:
        none = measured.of(network, "none")
        longer = measured.rows.get(Row(network, "none", "steps"))
        if measured.protocol == "published" and longer is not None:
            yield network, "no pictures, but as many steps", longer.answers.minus(none)
        for arm in ARMS:
            row = Row(network, arm, measured.budget())
            if arm != "none" and row in measured.rows:
                yield network, ARMS[arm], measured.rows[row].answers.minus(none)
        for arm in ("source", "noise", "mirrored", "real"):
            row = Row(network, arm, "steps")
            if row in measured.rows:
                gain = measured.of(network, "dcgan").minus(measured.rows[row].answers)
                yield network, f"DCGAN pictures, not {ARMS[arm]}", gain


def papers_gain(network: str, arm: str) -> float:
    """What the paper's Table 1 says that generated pictures bring, in points."""
    enlarged, plain = (
        float(paper_claim(f"{PAPER}/table_1/{network.lower()}{NAMES[each]}/fer-2013/accuracy")["value"])
        for each in (arm, "none")
    )
    return enlarged - plain


def gain_table(measured: Results, settings: Settings) -> pd.DataFrame:
    """One row a comparison, in points: the gain, its interval over pictures, over seeds and over both."""
    paper = {(network, ARMS[arm]): papers_gain(network, arm) for network in NETWORKS for arm in NAMES if arm != "none"}
    rows = []
    for network, words, each in comparisons(measured):
        row: dict[str, object] = {"network": settings.title(network), "comparison": words}
        row["protocol"] = measured.protocol
        row |= {"gain": 100 * each.both.value, "low": 100 * each.both.low, "high": 100 * each.both.high}
        for name, part in (("pictures", each.people), ("seeds", each.seeds)):
            half = 100 * (part.high - part.value)
            row[f"± over {name}"] = half if np.isfinite(half) else np.nan
        rows.append(row | {"paper": paper.get((network, words), np.nan)})
    return pd.DataFrame(rows)


def findings(measured: Results) -> Iterator[Finding]:
    """Our number for each of the paper's claims. An accuracy is held against the share of the most frequent class."""

    def accuracy(model: str, answers: Answers) -> Finding:
        return Finding(
            f"{PAPER}/table_1/{model}/fer-2013/accuracy", answers.accuracy(), measured.protocol, measured.leak,
            reference=100 * answers.chance, scale=100,
        )  # fmt: skip

    def order(kind: str, what: str, first: Answers, second: Answers) -> Finding:
        gain = first.minus(second).both
        return Finding(
            f"{PAPER}/order/{kind}/{what}/accuracy_difference", gain, measured.protocol, measured.leak, scale=100
        )

    svm = measured.svm.answers
    yield accuracy("vgg13+vgg16+vgg19+svm", svm)
    for network in NETWORKS:
        arms = {arm: measured.of(network, arm) for arm in NAMES}
        name = network.lower()
        for arm, answers in arms.items():
            yield accuracy(f"{name}{NAMES[arm]}", answers)
        yield order("dcgan_minus_none", name, arms["dcgan"], arms["none"])
        yield order("wgan_minus_none", name, arms["wgan_gp"], arms["none"])
        yield order("dcgan_minus_wgan", name, arms["dcgan"], arms["wgan_gp"])
        yield order("cnn_minus_svm", name, arms["none"], measured.svm_private)
    for arm, called in ORDERS.items():
        yield order("resnet-50_minus_vgg-16", called, measured.of("ResNet-50", arm), measured.of("VGG-16", arm))
