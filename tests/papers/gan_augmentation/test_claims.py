"""Every claim of the paper that is ours to reproduce gets a number, and the tables agree with the findings."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.leak_audit import LeakReport
from fer_utils.papers import gan_augmentation
from fer_utils.papers.answers import Answers
from fer_utils.papers.claims import claim, load_claims
from fer_utils.papers.finding import Leak
from fer_utils.papers.gan_augmentation.claims import (
    PAPER,
    Results,
    comparisons,
    findings,
    gain_table,
    papers_gain,
    table_1,
)
from fer_utils.papers.gan_augmentation.settings import NETWORKS, PROFILES
from fer_utils.papers.gan_augmentation.study import Outcome, Row
from fer_utils.papers.study import PROTOCOLS

TRUTH = np.arange(70) % 7
LEAK = Leak({"": LeakReport(70, {"subject": None, "exact": 7})})


def outcome(seeds: int, draw: int, extra: int = 0) -> Outcome:
    predicted = np.random.default_rng(draw).integers(0, 7, (seeds, len(TRUTH))).astype(np.uint8)
    return Outcome(Answers(TRUTH, predicted, np.arange(len(TRUTH)), 7), np.ones(seeds, int), extra)


def made_up(protocol: str) -> Results:
    """Random answers of two seeds for the rows of a protocol, and of one DF-SVM."""
    budget = {"published": "epochs", "sound": "steps"}[protocol]
    rows = [Row(network, arm, budget) for network in NETWORKS for arm in ("none", "dcgan", "wgan_gp")]
    if protocol == "published":
        rows += [Row(network, "none", "steps") for network in NETWORKS]
    else:
        rows += [Row("ResNet-50", arm, "steps") for arm in ("cgan", "source", "real", "mirrored", "noise")]
    filled = {row: outcome(2, number, 0 if row.arm == "none" else 18) for number, row in enumerate(rows)}
    svm = outcome(1, 99)
    return Results(protocol, svm, svm.answers, filled, LEAK)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_claim_that_is_ours_to_reproduce_gets_a_number(protocol: str) -> None:
    table = load_claims()
    ours = table[(table["paper"] == PAPER) & (table["ours"] == "reproduce")]
    # All of them are about FER-2013, the notebook's own data set.
    assert set(ours["dataset"]) == {"fer2013"}
    made = list(findings(made_up(protocol)))
    assert sorted(each.claim for each in made) == sorted(ours.index) and len(made) == 18
    assert {each.protocol for each in made} == {protocol} and {each.scale for each in made} == {100}
    assert all(each.leak.text() == "exact 10 %" for each in made)
    for each in made:
        metric = each.claim.rpartition("/")[2]
        # Chance for an accuracy; a difference is held against zero by its claim.
        assert each.reference == (pytest.approx(100 / 7) if metric == "accuracy" else None)
        assert each.estimate.low <= each.estimate.value <= each.estimate.high


def test_the_signs_of_the_orders() -> None:
    measured = made_up("sound")
    values = {each.claim.removeprefix(f"{PAPER}/"): each.estimate.value for each in findings(measured)}

    def accuracy(model: str) -> float:
        return values[f"table_1/{model}/fer-2013/accuracy"]

    svm = accuracy("vgg13+vgg16+vgg19+svm")
    for network in ("vgg-16", "resnet-50"):
        plain, dcgan, wgan = (accuracy(network + end) for end in ("", "+dcgan", "+wgan"))
        for kind, expected in {
            "dcgan_minus_none": dcgan - plain, "wgan_minus_none": wgan - plain, "dcgan_minus_wgan": dcgan - wgan,
            "cnn_minus_svm": plain - svm,
        }.items():  # fmt: skip
            assert values[f"order/{kind}/{network}/accuracy_difference"] == pytest.approx(expected)
    for arm, end in (("plain", ""), ("dcgan", "+dcgan"), ("wgan", "+wgan")):
        difference = values[f"order/resnet-50_minus_vgg-16/{arm}/accuracy_difference"]
        assert difference == pytest.approx(accuracy(f"resnet-50{end}") - accuracy(f"vgg-16{end}"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_table_of_gains(protocol: str) -> None:
    measured = made_up(protocol)
    lines = [(network, words) for network, words, _ in comparisons(measured)]
    assert len(set(lines)) == len(lines)
    gains = gain_table(measured, PROFILES["quick"])
    assert gains["paper"].notna().sum() == 4 and gains["paper"].max() == pytest.approx(11.45)
    assert np.allclose(gains["gain"], [100 * each.both.value for *_, each in comparisons(measured)])
    assert (gains["low"] <= gains["gain"]).all() and (gains["gain"] <= gains["high"]).all()


def test_table_1_has_both_intervals() -> None:
    table = table_1(made_up("published"), PROFILES["quick"])
    assert list(table["model"][:2]) == ["reduced VGG13+VGG16+VGG19+SVM", "reduced VGG-16"]
    # DF-SVM is one training: its interval is over pictures only.
    assert table["low %"][0] == table["low, pictures only %"][0]
    wider = table["low, pictures only %"][1:] - table["low %"][1:]
    assert (wider >= 0).all() and (wider > 1).sum() > 4
    assert set(table["seeds of the CNNs"]) == {2} and set(table["extra pictures"]) == {0, 18}


def test_the_paper_s_gains_are_those_of_its_claims() -> None:
    for network in NETWORKS:
        for arm, kind in (("dcgan", "dcgan"), ("wgan_gp", "wgan")):
            claimed = claim(f"{PAPER}/order/{kind}_minus_none/{network.lower()}/accuracy_difference")
            assert papers_gain(network, arm) == pytest.approx(claimed["value"])


def test_the_headline_is_a_claim_that_gets_a_number() -> None:
    assert set(gan_augmentation.HEADLINE.claims) <= {each.claim for each in findings(made_up("published"))}
