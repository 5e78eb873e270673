"""The papers' own numbers: each room's ``claims.csv``, one row a claim, and the two ways to read them.

A claim's id has five parts, ``paper/table/row/column/metric``. The table ``order`` holds statements
that compare ("A beats B"): their value is the difference A minus B, taken from the paper's printed
numbers, or 0 where the paper claims only the sign.

Columns of the table, all text ("" where empty) but ``value`` and ``tolerance``:

=========  ==========================================================================================
paper      the name of a :class:`fer_utils.papers.registry.Paper`
where      the place in the paper, as the paper names it ("Table I", "Section 4.1", "abstract")
what       what is claimed, one sentence that stands alone
dataset    registry names of the data the number was measured on, space separated (for a test across
           data sets: the test data); "" where none applies
metric     ``accuracy``, ``f1``, ``auc``, ``fid``, ... ; ``*_difference`` for a difference
unit       the paper's own unit: ``%``, ``fraction``, ``% points``, ``images``, ...
printed    what the paper prints, without the unit sign after a bare number
value      float, in ``unit``; NaN where there is no single number
relation   how a measured number should lie to ``value``: one of ``RELATIONS``
tolerance  float, absolute, in ``unit``: the paper's own plus-minus, else half of the last printed
           digit; NaN where neither makes sense
ours       what we do with it: one of ``OURS``
why        the reason or the caveat; never empty for ``not testable`` and ``cited``
=========  ==========================================================================================
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd

from fer_utils.errors import UsageError, did_you_mean
from fer_utils.papers.registry import PAPERS

RELATIONS = {
    "=": "the value itself, within the tolerance",
    ">=": "the value is a lower bound",
    "<=": "the value is an upper bound",
    ">": "the value is a difference, and the claim is that it lies above zero",
    "<": "the value is a difference, and the claim is that it lies below zero",
    "~0": "the value is a difference, and the claim is that it is zero within the tolerance",
    "": "no number to hold anything against",
}

OURS = {
    "reproduce": "the authors' own experimental result: ours to run again",
    "cited": "other people's result, quoted by the authors",
    "setting": "a hyperparameter, a data set's size or a fact of the design, not a result",
    "not testable": "the authors' own statement that cannot be tested; `why` says why",
}

COLUMNS = tuple("claim paper where what dataset metric unit printed value relation tolerance ours why".split())
_NUMBERS = ("value", "tolerance")


def table_of(room: str) -> Path:
    """The file that holds a paper's claims, in UTF-8."""
    return Path(str(files(room) / "claims.csv"))


@cache
def _read() -> pd.DataFrame:
    # "N/A" is what one paper prints, so pandas must not take it for a missing value.
    parts = [pd.read_csv(table_of(paper.room), dtype=str, keep_default_na=False) for paper in PAPERS]
    table = pd.concat(parts, ignore_index=True)
    for column in _NUMBERS:
        table[column] = [float(text) if text else float("nan") for text in table[column]]
    return table.set_index("claim")


def load_claims() -> pd.DataFrame:
    """Every claim of the five papers, indexed by id, in the papers' order.

    Returns:
        A table of the columns described at the top of this module; text columns hold ``str`` with
        "" for empty, ``value`` and ``tolerance`` ``float64`` with NaN. It is the caller's own copy.
    """
    return _read().copy()


def claim(claim_id: str) -> pd.Series:
    """One claim; the series' ``name`` is the id.

    Raises:
        UsageError: there is no such claim (a ``FerError``; the message names the closest one).
    """
    table = _read()
    if claim_id not in table.index:
        raise UsageError(
            f"no claim is called {claim_id!r}.{did_you_mean(claim_id, list(table.index))} "
            f"Ids read paper/table/row/column/metric; load_claims() lists all {len(table)}."
        )
    return table.loc[claim_id].copy()
