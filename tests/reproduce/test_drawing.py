"""Where values lie on the drawings."""

from __future__ import annotations

import pytest

from fer_utils.reproduce.drawing import forest, lanes, paper_interval
from tests.reproduce.report_summary import SUMMARY

EL, LONDON = SUMMARY["headlines"][1], SUMMARY["headlines"][2]


def test_a_percentage_is_drawn_on_the_whole_scale():
    found = lanes(EL)
    assert [tick["text"] for tick in found["ticks"]] == ["0", "50", "100"]
    paper, published, sound = found["lanes"]
    assert paper["bar"]["at"] == pytest.approx(6 + 0.9714 * 188, abs=0.06)
    assert published["bar"]["start"] == pytest.approx(6 + 0.932 * 188, abs=0.06)
    assert published["bar"]["length"] == pytest.approx((0.986 - 0.932) * 188, abs=0.11)
    assert published["control_at"] == pytest.approx(6 + 0.812 * 188, abs=0.06) and sound["control_at"] is None
    assert found["chance_at"] == pytest.approx(6 + 0.15 * 188, abs=0.06)


def test_what_lies_outside_the_whole_scale_has_one_of_its_own():
    found = lanes(EL | {"sound": EL["sound"] | {"value": -20.0, "ci95": [-40.0, 0.0]}})
    assert found["lanes"][2]["bar"]["start"] == 6 and found["ticks"][0]["text"] == "−40.0"
    assert found["chance_at"] is not None


def test_the_paper_s_spread_is_its_interval():
    assert paper_interval({"printed": "0.98 ± 0.01"}) == pytest.approx([0.97, 0.99])
    assert paper_interval({"printed": "85.54"}) is None and paper_interval({"printed": "0.9 ± 0.1 (text)"}) is None


def test_a_paper_that_prints_its_own_unit_is_not_given_another():
    assert [lane["unit"] for lane in lanes(EL)["lanes"]] == ["%", "%", "%"]
    assert [lane["unit"] for lane in lanes(EL | {"printed": "97.14 %"})["lanes"]] == ["", "%", "%"]


def test_without_any_number_there_is_no_drawing():
    nothing = {"published": None, "sound": None, "paper_value": None, "control": None}
    assert lanes(EL | nothing) is None and forest(EL | nothing) is None


def test_a_claim_s_values_fill_their_own_scale_and_an_ordering_shows_no_difference():
    found = forest(LONDON)
    ends = [found["bars"]["published"]["start"] + found["bars"]["published"]["length"], found["paper"]]
    assert max(ends) == 95 and min(ends) == 5 and found["zero"] is None
    ordering = forest(SUMMARY["rows"][7])
    assert ordering["zero"] is not None and 5 <= ordering["zero"] <= 95
