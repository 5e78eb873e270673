"""CLIFER's rules of which frames stand for a clip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_utils.datasets.clips import (
    CHUNK,
    CHUNK_RATE,
    FROM_CHUNK,
    chunk_frames,
    first_and_peak_frames,
    peak_frames,
)


def test_a_chunk_is_500_milliseconds():
    assert CHUNK / CHUNK_RATE == 0.5


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (14, []),
        (15, [13, 14]),
        (29, [13, 14]),
        (30, [13, 14, 28, 29]),
        (110, [13, 14, 28, 29, 43, 44, 58, 59, 73, 74, 88, 89, 103, 104]),
    ],
)
def test_the_last_two_frames_of_every_whole_chunk(count, expected):
    assert chunk_frames(count) == expected


def test_clips_of_four_to_five_seconds_give_the_papers_15_to_20_frames():
    assert [len(chunk_frames(CHUNK_RATE * seconds)) for seconds in (4, 5)] == [16, 20]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, []),
        (4, []),
        (5, [0, 1, 2, 3]),
        (6, [0, 1, 2, 3]),
        (7, [0, 2, 3, 4]),
        (9, [0, 3, 4, 5]),
        (10, [0, 3, 4, 5]),
        (101, [0, 49, 50, 51]),
    ],
)
def test_the_first_frame_and_the_middle_three(count, expected):
    assert first_and_peak_frames(count) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (2, []), (3, [0, 1, 2]), (4, [0, 1, 2]), (7, [2, 3, 4]), (10, [3, 4, 5])]
)
def test_the_middle_three_alone(count, expected):
    assert peak_frames(count) == expected


@given(st.integers(0, 5000))
def test_positions_ascend_and_lie_within_the_clip(count):
    for rule in (chunk_frames, peak_frames, first_and_peak_frames):
        kept = rule(count)
        assert kept == sorted(set(kept)) and all(0 <= position < count for position in kept)
    assert len(chunk_frames(count)) == FROM_CHUNK * (count // CHUNK)


@given(st.integers(5, 2500).map(lambda half: 2 * half + 1))
def test_the_middle_three_of_an_odd_number_are_as_far_from_both_ends(count):
    _, first, _, last = first_and_peak_frames(count)
    assert first == count - 1 - last
