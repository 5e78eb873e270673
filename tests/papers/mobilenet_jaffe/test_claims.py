"""Every claim of the paper that is ours to run again gets a number, with its leak audit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fer_utils import scores
from fer_utils.faces import FaceSet
from fer_utils.papers import mobilenet_jaffe
from fer_utils.papers.claims import load_claims
from fer_utils.papers.finding import Finding
from fer_utils.papers.mobilenet_jaffe import claims
from fer_utils.papers.mobilenet_jaffe.estimate import KINDS
from fer_utils.papers.mobilenet_jaffe.protocol import extract, train
from fer_utils.papers.mobilenet_jaffe.settings import PROFILES, READINGS, Retraining
from fer_utils.papers.mobilenet_jaffe.study import Study, comparisons
from fer_utils.papers.mobilenet_jaffe.tuning import tune
from fer_utils.papers.planning import Planner
from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.units import unit_key

CLAIMS = load_claims().query("paper == 'mobilenet_jaffe' and ours == 'reproduce'")


class MadeUp(Planner):
    """Heads answer at random, others under each condition."""

    def __init__(self) -> None:
        super().__init__(KINDS, unit_key)

    def _answer(self, kind: Any, call: Any) -> dict[str, Any]:
        result = super()._answer(kind, call)
        if kind.unit not in (train, tune):
            return result
        rng = np.random.default_rng(int(unit_key(kind.unit, call)[:8], 16))
        return {name: rng.integers(0, 7, array.shape).astype(array.dtype) for name, array in result.items()}


@pytest.fixture(scope="module")
def study(jaffe_names: FaceSet) -> Study:
    study = Study(jaffe_names, PROFILES["smoke"], [0, 1, 2], MadeUp(), "ssd", Retraining(("last_block", "all")))
    # No face can be detected in a picture of one pixel.
    study.__dict__["cropped"] = (jaffe_names.with_images(jaffe_names.images + 1), None)
    return study


@pytest.fixture(scope="module")
def made(study: Study) -> list[Finding]:
    return list(claims.findings(study, PROTOCOLS))


def test_every_id_is_emitted_under_both_protocols_and_every_reading_on_the_data_it_names(made: list[Finding]) -> None:
    assert len(CLAIMS) == 11 and set(CLAIMS["dataset"]) == {"jaffe"}
    readings = dict.fromkeys(CLAIMS.index, tuple(READINGS.values()))
    readings["mobilenet_jaffe/order/normalisation_costs/all/accuracy_difference"] = tuple(claims.NORMALISED.values())
    rate = "mobilenet_jaffe/order/learning_rate/0.01_minus_0.001/accuracy_difference"
    readings[rate] += tuple(claims.TUNED.values())
    assert sorted((one.claim, one.protocol, one.reading) for one in made) == sorted(
        (claim, protocol, reading) for claim in CLAIMS.index for protocol in PROTOCOLS for reading in readings[claim]
    )
    assert all(math.isfinite(one.estimate.value) for one in made)


def test_each_has_the_audit_of_the_split_it_was_made_on(study: Study, made: list[Finding]) -> None:
    for one in made:
        compared = "/order/" in one.claim
        split = {("published", False): "A", ("published", True): "A", ("sound", False): "C", ("sound", True): "D"}
        assert one.leak.reports == {"": study.audits[split[one.protocol, compared]]}
        assert (one.reference == 0) == compared


def test_what_each_number_is(study: Study, made: list[Finding]) -> None:
    raw, normalised = READINGS.values()
    ours = {(one.claim.removeprefix("mobilenet_jaffe/"), one.protocol, one.reading): one for one in made}
    overall = ours["text/overall_accuracy/all/accuracy", "sound", raw]
    answers = study.answers(study.settings, "C", "inner_split")
    # Over people only, whatever the number of seeds.
    assert overall.estimate == scores.accuracy(answers.correct[0], answers.people, answers.pictures)
    assert overall.scale == 100 and overall.reference == 100 * np.bincount(study.faces.labels).max() / 213
    sane = study.settings.but(normalisation="-1..1")
    fear = ours["text/single_class/fear/single_class_accuracy", "published", normalised]
    given, code = study.answers(sane, "A", "test_fold"), study.faces.classes.index("fear")
    assert fear.estimate.value == (given.predicted[0] == code)[given.truth == code].mean()
    assert fear.reference == 100 / 7
    rates = comparisons(study.settings)["learning rate"]
    first, second = (study.answers(rates[rate], "D") for rate in ("0.01", "0.001"))
    rate = "order/learning_rate/0.01_minus_0.001/accuracy_difference", "sound"
    assert ours[*rate, raw].estimate == scores.mean((first.correct - second.correct)[0], first.people)
    failed, best = (study.tuned("all", rate, "D") for rate in (1e-2, 1e-3))
    assert ours[*rate, claims.TUNED["all"]].estimate == failed.minus(best).people
    costs = "order/normalisation_costs/all/accuracy_difference", "published"
    for mode, reading in claims.NORMALISED.items():
        difference = study.answers(study.settings.but(normalisation=mode), "A").minus(
            study.answers(study.settings, "A")
        )
        assert ours[*costs, reading].estimate == difference.people
    sizes = comparisons(study.settings)["batch size"]
    # Two epochs: the last half is one, which does not vary; so the spread is zero, over three seeds.
    spread = ours["order/batch_size/smaller_minus_32/accuracy_spread", "sound", raw].estimate
    assert study.curve(sizes["8"], "D").shape == (2, 30) and (spread.value, spread.n) == (0.0, 3)


def test_the_spread_is_that_of_the_last_half_of_the_epochs() -> None:
    curve = np.array([[0.0, 1.0], [0.9, 0.1], [0.5, 0.25], [0.7, 0.75]])
    np.testing.assert_allclose(claims._spread(curve), [0.1, 0.25])


def test_only_the_protocols_asked_for(study: Study) -> None:
    assert {one.protocol for one in claims.findings(study, ["sound"])} == {"sound"}


def test_classes_that_the_paper_does_not_state_are_left_out(drawn: FaceSet) -> None:
    study = Study(drawn, PROFILES["smoke"], [0], MadeUp(), "ssd")
    study.__dict__["cropped"] = (drawn.with_images(255 - drawn.images), None)
    single = {one.claim.split("/")[3] for one in claims.findings(study, ["sound"]) if "/single_class/" in one.claim}
    assert single == {"neutral", "surprise"}


def test_the_table_of_differences_holds_the_same_numbers(study: Study, made: list[Finding]) -> None:
    table = claims.differences(study)
    assert list(table.columns) == ["difference", "reading", "protocol", "points", "low", "high", "interval"]
    ours = {
        (one.claim.split("/order/")[1].rpartition("/")[0], one.reading, one.protocol): one
        for one in made
        if "/order/" in one.claim
    }
    # Two readings of each of four, and two more of the learning rate.
    assert len(table) == len(ours) == 2 * (4 * 2 + 2)
    for row in table.itertuples():
        one = ours[row.difference, row.reading, row.protocol]
        assert row.points == one.scale * one.estimate.value and row.interval == one.estimate.how


def test_nothing_but_known_units_is_asked_for(study: Study) -> None:
    assert {extract, train, tune} < set(study.mapper.asked)


def test_the_headline_is_a_claim() -> None:
    assert set(mobilenet_jaffe.HEADLINE.claims) <= set(CLAIMS.index)
