"""What a headline comes to, in words: it follows from the intervals and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from fer_utils.reproduce.sentence import finding


def block(value: float, half: float | None = 2.0) -> dict[str, Any]:
    return {"value": value, "ci95": None if half is None else [value - half, value + half]}


def row(published: Any, sound: Any, gap: Any, control: Any = None, unit: str = "%") -> dict[str, Any]:
    return {"run": "x", "unit": unit, "published": published, "sound": sound, "gap": gap, "control": control}


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (block(20), "Made sound it loses 20.0 points, gap [+18.0, +22.0]"),
        (block(-20), "Made sound it gains 20.0 points, gap [−22.0, −18.0]"),
        (block(1), "Published and sound cannot be told apart, gap +1.0 points [−1.0, +3.0]"),
        (block(7, None), "Published minus sound is +7.0 points, without an interval"),
    ],
)
def test_the_gap_is_told_by_its_interval(gap, words):
    assert finding(row(block(70), block(50), gap)) == f"{words}; no control was run."


def test_fractions_have_no_points():
    assert "loses 0.500, gap [+0.400, +0.600];" in finding(
        row(block(0.7), block(0.2), block(0.5, 0.1), unit="fraction")
    )


@pytest.mark.parametrize(
    ("published", "sound", "words"),
    [
        (72, 49, "overlaps it in either protocol"),
        (60, 30, "stays below it in both protocols"),
        (80, 60, "is above it in both protocols"),
        (71, 40, "overlaps it where published and stays below it where sound"),
        (None, 40, "stays below it where sound"),
        (70, None, "overlaps it where published"),
    ],
)
def test_the_control_is_told_by_whether_intervals_overlap(published, sound, words):
    control = {"name": "noise", "published": published and block(published), "sound": sound and block(sound)}
    text = finding(row(block(70), block(50), block(20), control))
    assert text.endswith(f"; the control “noise” {words}.")


def test_intervals_that_touch_overlap_and_numbers_without_one_are_points():
    control = {"name": "noise", "published": block(74), "sound": block(49, None)}
    text = finding(row(block(70), block(50, None), block(20), control))
    assert "overlaps it where published and stays below it where sound" in text


def test_what_was_not_run_is_said():
    assert finding(row(None, None, None) | {"run": None}) == "Not run yet."
    assert finding(row(block(70), None, None)) == "The sound protocol was not run; no control was run."
