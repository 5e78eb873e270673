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
    ("low", "high", "words"),
    [
        (46, 62, "a sample 4 times as large would tell"),  # 4 above the reference, 8 either way
        (40, 56, "a sample 16 times as large would tell"),  # as far away, below it
        (40, 60.5, "100 times as large a sample would not tell"),
        (40, 60, "100 times as large a sample would not tell"),  # at the reference itself
        (50, 50, "100 times as large a sample would not tell"),  # and nothing varies
    ],
)
def test_an_undecided_claim_says_what_would_tell(low, high, words):
    found = judge(CLAIM, number(low, high, dataset="london", reference=50.0))
    assert (found.verdict, words in found.reason) == ("undecided", True), found.reason


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


GAIN = {"value": 7.47, "tolerance": math.nan, "relation": ">", "dataset": "jaffe ck_plus", "unit": "% points"}
LOSS = GAIN | {"value": -7.47, "relation": "<"}


@pytest.mark.parametrize(
    ("claim", "low", "high", "verdict"),
    [
        (GAIN, -1.04, 1.39, "size excluded"),
        (GAIN, 0, 3.734, "size excluded"),  # an interval that ends at 0 holds it
        (GAIN, -1, 3.735, "undecided"),  # exactly half is left
        (GAIN, -1, 9, "undecided"),
        (GAIN, -9, -1, "direction fails"),
        (GAIN, 1, 3, "direction holds"),
        (GAIN, 1, 9, "direction holds"),
        (LOSS, -1.39, 1.04, "size excluded"),
        (LOSS, -3.735, 1, "undecided"),
        (LOSS, -9, 1, "undecided"),
        (LOSS, 1, 9, "direction fails"),
        (LOSS, -3, -1, "direction holds"),
        (GAIN | {"value": 0.0}, -1, 1, "undecided"),  # only the sign is claimed
        (GAIN | {"value": math.nan}, -1, 1, "undecided"),
        (GAIN | {"value": 22.0, "unit": "images"}, -1, 1, "undecided"),  # a smaller run has fewer pictures to count
        (GAIN | {"value": 0.2, "unit": "fraction"}, -0.01, 0.09, "size excluded"),
    ],
)
def test_the_size_of_an_ordering_is_excluded_where_not_even_half_of_it_is_left(claim, low, high, verdict):
    for profile in ("quick", "paper"):
        assert judge(claim, number(low, high, profile=profile)).verdict == verdict


@pytest.mark.parametrize("changes", [{"kind": "stand-in"}, {"dataset": "london"}, {"ci95": None}])
def test_a_size_is_judged_on_the_papers_own_data_with_an_interval_alone(changes):
    for low, high, verdict in ((-1, 1, "undecided"), (1, 3, "direction holds")):
        ours = number(low, high, profile="quick", **changes)
        found = judge(GAIN, ours)
        assert found.verdict == ("undecided" if ours["ci95"] is None else verdict)
        assert "excluded" not in found.reason + found.claimed


def test_an_excluded_size_names_the_papers_half_of_it_our_interval_and_all_that_limits_the_verdict():
    differs = ["173 pictures are missing", "avatars_studio: stand-in pictures"]
    found = judge(GAIN, number(-1, 2, profile="evening", changed={"epochs": 5}, differs=differs))
    assert found.reason == (
        "an ordering: claimed above 0.0, our interval is [−1.0, 2.0], wholly below 3.735, which is half of the paper's "
        "7.47: an effect of that size is excluded; no value is judged: settings changed (epochs=5); other pictures "
        "than the official release (avatars_studio: stand-in pictures and 1 more); profile evening, smaller "
        "than the paper's"
    )
    assert found.claimed == "above 0.0, by 7.47 (excluded)" and found.limit == "an ordering"
    loss = judge(LOSS, number(-2, 1)).reason
    assert "wholly above −3.735, which is half of the paper's −7.47" in loss and "no value is judged" not in loss


def test_a_direction_that_holds_says_that_the_size_is_excluded():
    small, large = (judge(GAIN, number(1, high)) for high in (3, 4))
    assert small.verdict == large.verdict == "direction holds"
    assert "half of the paper's 7.47: an effect of that size is excluded" in small.reason
    assert small.claimed == "above 0.0, by 7.47 (excluded)"
    assert "excluded" not in large.reason and large.claimed == "above 0.0"


def test_a_claim_without_a_number_is_judged_by_its_direction_at_most():
    found = judge(CLAIM | {"relation": "", "value": math.nan}, number(10, 20, reference=None))
    assert (found.verdict, found.limit) == ("not testable", "no number is claimed, so only the direction counts")


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
