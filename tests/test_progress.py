"""Progress: the items pass through untouched, and the words go to the right place."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from fer_utils import progress
from fer_utils.progress import CHANNEL, Clock, LineBar, note, notes_only, track


class Time:
    """A clock that moves when told to."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    time = Time()
    monkeypatch.setattr(progress, "time", time)
    return time


@pytest.fixture(autouse=True)
def no_channel(monkeypatch):
    monkeypatch.delenv(CHANNEL, raising=False)


@pytest.fixture
def in_a_log(monkeypatch):
    monkeypatch.setattr(progress, "_can_draw", lambda: False)


@pytest.mark.parametrize(
    ("seconds", "done", "total", "text"),
    [
        (9, 12, 50, "12/50  24 % after 9 s, about 28 s left"),
        (0, 0, 50, "0/50   0 % after 0 s"),
        (61, 50, 50, "50/50 100 % after 1 min 01 s"),
        (59.6, 1, 2, "1/2  50 % after 1 min 00 s, about 1 min 00 s left"),
        (3, 0, 0, "0/0  after 3 s"),
    ],
)
def test_clock_text(clock, seconds, done, total, text):
    stage = Clock()
    clock.now += seconds
    assert stage.elapsed() == seconds
    assert stage.text(done, total) == text


def test_a_log_gets_at_most_a_line_every_ten_seconds_and_one_at_the_end(clock):
    stream = io.StringIO()
    for _ in LineBar(range(50), 50, "reading", stream):
        clock.now += 1
    lines = stream.getvalue().splitlines()
    assert lines[0] == "reading: 10/50  20 % after 10 s, about 40 s left"
    assert lines[-1] == "reading: 50/50 100 % after 50 s"
    assert len(lines) == 5


def test_a_fast_loop_leaves_one_line(clock):
    stream = io.StringIO()
    assert list(LineBar("abc", 3, "reading", stream)) == ["a", "b", "c"]
    assert stream.getvalue() == "reading: 3/3 100 % after 0 s\n"


def test_items_pass_through_and_a_log_has_no_bar(in_a_log, capfd):
    assert list(track([3, 1, 2], "counting")) == [3, 1, 2]
    written = capfd.readouterr()
    assert written.err == "counting: 3/3 100 % after 0 s\n" and written.out == ""


def test_a_terminal_gets_a_bar_with_name_and_total(monkeypatch, capfd):
    seen = {}

    def bar(items, **options):
        seen.update(options)
        return items

    monkeypatch.setattr(progress, "_can_draw", lambda: True)
    monkeypatch.setattr(progress, "tqdm", bar)
    assert list(track((item for item in "ab"), "reading", total=2)) == ["a", "b"]
    assert (seen["desc"], seen["total"]) == ("reading", 2)
    assert capfd.readouterr().err == ""


def shell(kind: object) -> dict[str, object]:
    return {"ipykernel": 1, "IPython": SimpleNamespace(get_ipython=lambda: kind)}


@pytest.mark.parametrize(
    ("terminal", "modules", "draws"),
    [
        (True, {}, True),
        (False, {}, False),
        (False, shell(SimpleNamespace(kernel=1)), True),
        (False, shell(SimpleNamespace()), False),
        (False, shell(None), False),
    ],
    ids=["terminal", "log", "notebook", "IPython's own prompt", "a program that starts kernels"],
)
def test_bars_are_drawn_on_terminals_and_in_notebooks(monkeypatch, terminal, modules, draws):
    system = SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: terminal), modules=modules)
    monkeypatch.setattr(progress, "sys", system)
    assert progress._can_draw() is draws


def test_the_channel_gets_every_step_and_the_screen_nothing(tmp_path, monkeypatch, capfd):
    channel = tmp_path / "channel"
    monkeypatch.setenv(CHANNEL, str(channel))
    assert list(track("ab", "first")) == ["a", "b"]
    assert list(track(iter([7]), "second", total=1)) == [7]
    steps = [json.loads(line) for line in channel.read_text("utf-8").splitlines()]
    assert [(step["stage"], step["done"], step["total"]) for step in steps] == [
        ("first", 0, 2), ("first", 1, 2), ("first", 2, 2), ("second", 0, 1), ("second", 1, 1),
    ]  # fmt: skip
    assert capfd.readouterr() == ("", "")


def test_a_step_is_in_the_channel_before_its_work_begins(tmp_path, monkeypatch):
    channel = tmp_path / "channel"
    monkeypatch.setenv(CHANNEL, str(channel))
    for number in track(range(3), "stage"):
        assert json.loads(channel.read_text("utf-8").splitlines()[-1])["done"] == number


def test_a_loop_that_breaks_is_not_reported_as_done(tmp_path, monkeypatch):
    channel = tmp_path / "channel"
    monkeypatch.setenv(CHANNEL, str(channel))
    with pytest.raises(RuntimeError):
        for _ in track(range(3), "stage"):
            raise RuntimeError
    assert len(channel.read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize("broken", ["/dev/full", "no/such/folder/channel"])
def test_a_channel_that_cannot_be_written_ends_no_work(monkeypatch, capfd, broken):
    monkeypatch.setenv(CHANNEL, broken)
    assert list(track("abc", "stage")) == ["a", "b", "c"]
    assert capfd.readouterr() == ("", "")
    note("the cache is damaged")
    assert capfd.readouterr().err == "note: the cache is damaged\n"


def test_a_terminal_that_has_gone_away_ends_no_work(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    assert list(LineBar("abc", 3, "reading", Gone())) == ["a", "b", "c"]
    monkeypatch.setattr(progress.sys, "stderr", Gone())
    note("nobody reads this")


def test_a_note_goes_through_the_channel_once(tmp_path, monkeypatch, capfd):
    channel = tmp_path / "channel"
    monkeypatch.setenv(CHANNEL, str(channel))
    note("the cache is damaged")
    assert json.loads(channel.read_text("utf-8")) == {"note": "the cache is damaged"}
    assert capfd.readouterr() == ("", "")


def test_a_worker_draws_no_bars_and_still_says_its_notes(tmp_path, monkeypatch):
    channel = tmp_path / "channel"
    monkeypatch.setenv(CHANNEL, str(channel))
    monkeypatch.setattr(progress, "_bars", True)
    notes_only()
    assert list(track("ab", "stage")) == ["a", "b"]
    note("said")
    assert channel.read_text("utf-8") == '{"note": "said"}\n'


def test_an_unknown_length_must_be_told(in_a_log):
    with pytest.raises(TypeError):
        list(track(iter("ab"), "reading"))
