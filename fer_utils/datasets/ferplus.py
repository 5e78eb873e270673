"""FER+ (Barsoum et al. 2016): ten people's votes on every picture of FER-2013, in ``fer2013new.csv``.

Columns ``Usage, Image name, neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, NF``
(``NF``: not a face). Its rows are in the order of ``fer2013.csv`` and nothing else ties the two together,
so votes are taken only if both files have the same rows with the same ``Usage``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fer_utils.datasets.fer2013_csv import ranges

FILE = "fer2013new.csv"
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
COLUMN_OF_VOTE = {name: "votes_" + name.replace("NF", "not_a_face") for name in VOTES}
VOTERS = 10


def read_votes(file: Path, usage: Sequence[str], problems: list[str], notes: list[str]) -> pd.DataFrame:
    """Ten integer columns ``votes_*``, one row for every row of ``fer2013.csv``.

    Args:
        file: ``fer2013new.csv``.
        usage: the split of every row of ``fer2013.csv``.
        problems: gets a line for whatever keeps the votes from being read or assigned.
        notes: gets a line where the votes of a row do not sum to ten.

    Returns:
        The votes, or an empty frame where there is a problem.
    """
    try:
        text = pd.read_csv(file, dtype=str, keep_default_na=False)
    except PermissionError:
        problems.append(f"{FILE}: no permission to read it")
        return pd.DataFrame()
    except (ValueError, OSError) as error:
        problems.append(f"{FILE}: unreadable ({error})")
        return pd.DataFrame()
    missing = [name for name in ("Usage", *VOTES) if name not in text]
    if missing:
        problems.append(f"{FILE}: without the column(s) {', '.join(missing)}")
        return pd.DataFrame()
    if len(text) != len(usage):
        problems.append(f"{FILE}: {len(text)} rows, but fer2013.csv has {len(usage)}: the votes can't be assigned")
        return pd.DataFrame()
    found = [
        (text["Usage"].to_numpy() != list(usage), "Usage differs from fer2013.csv's"),
        (~text[list(VOTES)].apply(lambda column: column.str.fullmatch(r"\d{1,2}")).all(axis=1).to_numpy(),
         "a vote is not a whole number from 0 to 99"),
    ]  # fmt: skip
    wrong = [f"{FILE}, line {ranges(list(rows.nonzero()[0] + 2))}: {words}" for rows, words in found if rows.any()]
    if wrong:
        problems += wrong
        return pd.DataFrame()
    votes = text[list(VOTES)].astype(int).rename(columns=COLUMN_OF_VOTE)
    uneven = int((votes.sum(axis=1) != VOTERS).sum())
    if uneven:
        notes.append(f"FER+: {uneven} row(s) whose votes do not sum to {VOTERS}")
    return votes
