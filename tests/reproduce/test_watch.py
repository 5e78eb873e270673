"""The watcher draws what the kernel says; nothing that goes wrong with the drawing reaches the run."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from fer_utils.reproduce.watch import Watch


def written(channel: Path, *lines: object) -> None:
    with channel.open("a", encoding="utf-8") as stream:
        for line in lines:
            stream.write((line if isinstance(line, str) else json.dumps(line)) + "\n")


STEP = {"stage": "training", "done": 1, "total": 4}


def test_notes_are_said_and_the_newest_step_is_kept(tmp_path: Path) -> None:
    channel, stream = tmp_path / "channel", io.StringIO()
    watch = Watch("05_toy", 3, channel, stream)
    assert watch._newest() is None, "the channel is not there yet"
    written(channel, STEP, {"note": "units/ab.npz is damaged"}, {**STEP, "done": 2}, {"note": "second"})
    assert watch._newest() == {**STEP, "done": 2}
    assert stream.getvalue() == "05_toy: note: units/ab.npz is damaged\n05_toy: note: second\n"
    assert watch._newest() is None
    written(channel, STEP)
    assert watch._newest() == STEP


def test_a_note_that_comes_last_is_said(tmp_path: Path) -> None:
    channel, stream = tmp_path / "channel", io.StringIO()
    with Watch("05_toy", 3, channel, stream) as watch:
        watch.cell(0, "Data")
        written(channel, {"note": "the last word"})
    assert stream.getvalue().count("05_toy: note: the last word\n") == 1


@pytest.mark.parametrize(
    "line", ['{"stage": "tra{"stage": "b", "done": 1}', "[]", "7", '{"stage": "x"}', "\x00", '"note"']
)
def test_a_line_that_a_full_disk_cut_short_is_passed_over(tmp_path: Path, line: str) -> None:
    channel = tmp_path / "channel"
    watch = Watch("05_toy", 3, channel, io.StringIO())
    written(channel, STEP, line)
    assert watch._newest() == STEP
    written(channel, {**STEP, "done": 3})
    assert watch._newest() == {**STEP, "done": 3}


def test_a_terminal_that_has_gone_away_ends_no_run(tmp_path: Path) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with Watch("05_toy", 3, tmp_path / "channel", Gone()) as watch:
        watch.cell(1, "Data")
        watch.live = True
        watch.cell(2, "Method")
    assert watch.done == 3
