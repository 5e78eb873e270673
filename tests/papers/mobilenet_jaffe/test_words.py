"""Sentences are made from the numbers: the sign, the interval and the paper's words stand in them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe import claims, words
from fer_utils.papers.mobilenet_jaffe.settings import PROFILES, READINGS, Retraining
from fer_utils.papers.mobilenet_jaffe.study import Study
from fer_utils.papers.study import PROTOCOLS
from fer_utils.scores import Estimate
from tests.papers.mobilenet_jaffe.test_claims import MadeUp, study

__all__ = ["study"]


def test_each_comparison_has_a_sentence_with_its_numbers_on_both_splits(study: Study) -> None:
    lines = words.comparisons_in_words(study, PROTOCOLS)
    found = claims.compared(study, "sound")
    assert len(lines) == len(found) == 10
    for (key, reading), difference in found.items():
        what, says = words.FACTORS[key]
        (line,) = (each for each in lines if each.startswith(what.format(reading=words._short(reading)) + ": A "))
        assert f"{abs(100 * difference.value):.1f} points [" in line.partition("; D ")[2]
        assert line.endswith(f". The paper: {says}")


@pytest.mark.parametrize(
    ("low", "value", "high", "text"),
    [
        (0.27, 0.307, 0.34, "+30.7 points [27.0, 34.0]"),
        (-0.05, 0.02, 0.09, "+2.0 points [−5.0, 9.0], may be none"),
        (-0.3, -0.2, -0.1, "−20.0 points [−30.0, −10.0]"),
    ],
)
def test_an_interval_that_holds_zero_is_said_to(low: float, value: float, high: float, text: str) -> None:
    assert words._effect(Estimate(value, low, high, 10, "made up")) == text


def test_the_headline_says_whether_a_holds_the_paper_s_number(study: Study) -> None:
    """Made-up heads are right by chance, so neither reading holds 85.54."""
    lines = words.headline_in_words(study)
    assert len(lines) == len(READINGS)
    for line, base in zip(lines, study.readings.values(), strict=True):
        leaky, apart = (100 * study.answers(base, name).accuracy().value for name in "AD")
        assert (
            f": {leaky:.1f} [" in line
            and line.startswith("last epoch, ")
            and "which does not hold the paper's 85.54" in line
        )
        gone = re.search(r"\(D\), (\d+) points (less|more)$", line)
        assert gone and int(gone[1]) == round(abs(leaky - apart)) and (gone[2] == "less") == (leaky >= apart)


def test_it_holds_where_it_does(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(study.__dict__, "retraining", Retraining())
    right = study.answers(study.settings, "A")
    share = np.random.default_rng(0).random(len(right)) < 0.85
    mostly = right.truth[None] + ~share[None]
    monkeypatch.setattr(study, "answers", lambda *given: type(right)(right.truth, mostly, right.people, 8))
    assert all("which holds the paper's 85.54" in line for line in words.headline_in_words(study))


def test_where_the_classes_are_others_it_is_not_held_beside_the_paper_s(drawn: FaceSet) -> None:
    three = Study(drawn, PROFILES["smoke"], [0], MadeUp(), "ssd")
    assert not any("85.54" in line for line in words.headline_in_words(three))
