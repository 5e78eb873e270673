"""FER+: ten votes a picture beside FER-2013's csv."""

from __future__ import annotations

from fer_utils.data import load
from fer_utils.datasets.base import PEOPLE_UNKNOWN
from tests.datasets.small_fer2013 import folder, rows, small_counts
from tests.layouts import problems_of, write_ferplus

__all__ = ["folder", "rows", "small_counts"]


def test_votes_become_ten_columns(folder, rows):
    write_ferplus(folder, [split for _, split in rows])
    faces = load("fer2013")
    votes = faces.table.filter(like="votes_")
    assert votes.columns.tolist() == [
        "votes_neutral", "votes_happiness", "votes_surprise", "votes_sadness", "votes_anger", "votes_disgust",
        "votes_fear", "votes_contempt", "votes_unknown", "votes_not_a_face",
    ]  # fmt: skip
    assert (votes.sum(axis=1) == 10).all() and votes.to_numpy().argmax(axis=1).tolist() == [n % 10 for n in range(31)]
    assert faces.notes == (PEOPLE_UNKNOWN,)


def test_votes_that_cannot_be_assigned_or_read_are_problems(folder, rows):
    usage = [split for _, split in rows]
    write_ferplus(folder, usage[:-1])
    assert problems_of("fer2013") == ["fer2013new.csv: 30 rows, but fer2013.csv has 31: the votes can't be assigned"]
    write_ferplus(folder, ["PublicTest", *usage[1:]])
    votes = folder / "fer2013new.csv"
    votes.write_text(votes.read_text().replace(",9,1,", ",9,-1,"))
    first, second = problems_of("fer2013")
    assert first == "fer2013new.csv, line 2: Usage differs from fer2013.csv's"
    assert second.startswith("fer2013new.csv, line 2-9, 12-19, ") and second.endswith("whole number from 0 to 99")
    votes.write_text("Usage,neutral\n")
    assert problems_of("fer2013")[0].startswith("fer2013new.csv: without the column(s) happiness, surprise")
    votes.write_bytes(b"")
    assert problems_of("fer2013")[0].startswith("fer2013new.csv: unreadable (")


def test_votes_that_do_not_sum_to_ten_are_a_note(folder, rows):
    write_ferplus(folder, [split for _, split in rows])
    votes = folder / "fer2013new.csv"
    lines = votes.read_text().splitlines()
    lines[1] = lines[1].replace(",9,", ",8,")
    votes.write_text("\n".join(lines))
    assert "FER+: 1 row(s) whose votes do not sum to 10" in load("fer2013").notes
