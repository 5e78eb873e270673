import math

import pytest

from fer_utils.reproduce.verdicts import judge

CLAIM = {"value": 85.54, "tolerance": 0.005, "relation": "=", "dataset": "jaffe", "unit": "%"}


def number(low, high, **changes):
    base = {"dataset": "jaffe", "kind": "real", "profile": "paper", "reference": 15.0}
    return {**base, "value": (low + high) / 2, "ci95": [low, high], **changes}


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (number(80, 90), "reproduced"),
        (number(85.545, 90), "reproduced"),  # within the tolerance of the interval's end
        (number(86, 90), "not reproduced"),
        (number(60, 85.5), "not reproduced"),
        (number(80, 90, profile="quick"), "direction holds"),
        (number(80, 90, kind="stand-in"), "direction holds"),
        (number(80, 90, differs=["23 pictures are missing"]), "direction holds"),
        (number(86, 90, differs=["re-encoded", "smaller"]), "direction holds"),
        (number(10, 14, differs=["re-encoded"]), "direction fails"),
        (number(80, 90, differs=[]), "reproduced"),
        (number(60, 70, dataset="london", reference=50.0), "direction holds"),
        (number(48, 60, dataset="london", reference=50.0), "undecided"),
        (number(30, 40, dataset="london", reference=50.0), "direction fails"),
        (number(60, 70, dataset="london", reference=None), "not testable"),
        (number(60, 70, dataset="london", ci95=None), "undecided"),
        (number(80, 90, ci95=None, value=85.54), "reproduced"),
        (number(80, 90, ci95=None, value=85.0), "not reproduced"),
    ],
)
def test_a_value_is_judged_on_the_papers_data_and_its_direction_elsewhere(ours, verdict):
    assert judge(CLAIM, ours).verdict == verdict


@pytest.mark.parametrize(
    ("relation", "low", "high", "verdict"),
    [
        (">=", 90, 97, "reproduced"),
        (">=", 97, 99, "reproduced"),
        (">=", 90, 95, "not reproduced"),
        ("<=", 90, 97, "reproduced"),
        ("<=", 97, 99, "not reproduced"),
    ],
)
def test_a_bound_is_met_by_any_value_beyond_it(relation, low, high, verdict):
    claim = {**CLAIM, "value": 96.0, "tolerance": math.nan, "relation": relation}
    assert judge(claim, number(low, high)).verdict == verdict


@pytest.mark.parametrize(
    ("relation", "low", "high", "verdict"),
    [
        (">", 1, 3, "direction holds"),
        (">", -3, -1, "direction fails"),
        (">", -1, 3, "undecided"),
        ("<", -3, -1, "direction holds"),
        ("<", 1, 3, "direction fails"),
    ],
)
def test_an_ordering_is_judged_against_zero_on_any_data(relation, low, high, verdict):
    claim = {**CLAIM, "value": 0.0, "relation": relation}
    for dataset in ("jaffe", "london"):
        assert judge(claim, number(low, high, dataset=dataset)).verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-4, 4, "direction holds"),
        (1, 4, "direction holds"),
        (6, 9, "direction fails"),
        (2, 9, "undecided"),
        (-9, 9, "undecided"),
    ],
)
def test_no_notable_difference_needs_an_interval_inside_the_margin(low, high, verdict):
    claim = {**CLAIM, "value": 0.0, "tolerance": 5.0, "relation": "~0"}
    assert judge(claim, number(low, high)).verdict == verdict


def test_a_costly_normalisation_claim_points_down_on_other_data():
    claim = {**CLAIM, "value": -40.0, "tolerance": math.nan, "relation": "<="}
    assert judge(claim, number(-30, -10, dataset="london", reference=0.0)).verdict == "direction holds"
    assert judge(claim, number(10, 30, dataset="london", reference=0.0)).verdict == "direction fails"
    assert judge(claim, number(-30, -10, reference=0.0)).verdict == "not reproduced"


def test_changed_settings_are_judged_by_direction_only():
    verdict = judge(CLAIM, number(80, 90, changed={"quota": 24}))
    assert verdict.verdict == "direction holds"
    assert "quota=24" in verdict.reason


def test_every_verdict_says_why():
    assert "london" in judge(CLAIM, number(60, 70, dataset="london", reference=50.0)).reason
    assert "85.54" in judge(CLAIM, number(80, 90)).reason
    assert "stand-in" in judge(CLAIM, number(80, 90, kind="stand-in")).reason


def test_the_reason_names_the_first_difference_from_the_official_release():
    reason = judge(CLAIM, number(80, 90, differs=["213 pictures are JPEG files, official TIFF", "one more"])).reason
    assert reason.startswith(
        "other pictures than the official release (213 pictures are JPEG files, official TIFF and 1"
    )
    equal = {**CLAIM, "value": 0.0, "tolerance": 2.0, "relation": "~0"}
    assert (
        "on other pictures than the official release: smaller"
        in judge(equal, number(-1, 1, differs=["smaller"])).reason
    )


@pytest.mark.parametrize(
    ("changes", "ours", "claimed", "limit"),
    [
        ({}, {}, "85.54", ""),
        ({"relation": ">="}, {}, "at least 85.54", ""),
        ({}, {"profile": "quick"}, "above 15.0", "profile quick, smaller than the paper's"),
        ({}, {"kind": "stand-in"}, "above 15.0", "stand-in pictures"),
        ({}, {"kind": "stand-in", "ci95": None}, "above 15.0", "stand-in pictures"),
        ({}, {"dataset": "london", "reference": None}, "", "other data than the paper's (london)"),
        ({"relation": "<"}, {}, "below 0.0", "an ordering"),
        ({"relation": "~0", "tolerance": 5.0}, {}, "within ±5", ""),
    ],
)  # fmt: skip
def test_a_verdict_says_in_few_words_what_it_was_held_against_and_what_limits_it(changes, ours, claimed, limit):
    found = judge({**CLAIM, **changes}, number(80, 90, **ours))
    assert (found.claimed, found.limit.removesuffix(", so only the direction counts")) == (claimed, limit)
    if claimed and found.verdict != "undecided":
        assert claimed.split()[-1].lstrip("±") in found.reason
