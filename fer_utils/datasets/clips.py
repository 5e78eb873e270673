"""Which frames of a clip stand for its expression: the rules of CLIFER (Churamani & Gunes 2020, Section V-C).

The sets label whole clips. A rule takes a clip's number of frames and gives the positions that are kept.
"""

from __future__ import annotations

CHUNK = 15
"""Frames in a chunk: 500 ms at :data:`CHUNK_RATE` frames a second (V-C.4). The paper counts frames, and so do we."""
CHUNK_RATE = 30
FROM_CHUNK = 2
"""Frames kept of a chunk. The paper's "2 penultimate frames" are read as the last two, as in its released code."""
PEAK_FRAMES = 3
"""Frames kept from the middle of an MMI clip (V-C.3)."""


def chunk_frames(count: int) -> list[int]:
    """RAVDESS and BAUM-1: the last two frames of every whole chunk of fifteen.

    Args:
        count: frames in the clip.

    Returns:
        Positions from 0, ascending; none if the clip is shorter than a chunk. What is left after
        the last whole chunk is not used.
    """
    ends = range(CHUNK, count + 1, CHUNK)
    return [position for end in ends for position in range(end - FROM_CHUNK, end)]


def peak_frames(count: int) -> list[int]:
    """The middle three frames of a clip that goes from neutral to its expression and back.

    With an even number of frames they begin at the earlier of both places.

    Args:
        count: frames in the clip.

    Returns:
        Three positions from 0, ascending; none of fewer than three frames.
    """
    start = (count - PEAK_FRAMES) // 2
    return list(range(start, start + PEAK_FRAMES)) if start >= 0 else []


def first_and_peak_frames(count: int) -> list[int]:
    """MMI: the first frame, which counts as neutral, and the middle three, which carry the clip's label.

    Args:
        count: frames in the clip.

    Returns:
        Four positions from 0, ascending; none if the first frame would be one of the middle three
        (fewer than five frames).
    """
    peak = peak_frames(count)
    return [0, *peak] if peak and peak[0] > 0 else []
