"""The sum under a dry run's table: who shares the cores, and who waits."""

import pandas as pd
import pytest

from fer_utils.reproduce import dry_run


def table(*rows: tuple[float, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["seconds", "count", dry_run.AT_ONCE])


def test_units_of_one_core_share_the_cores_and_others_wait():
    assert dry_run.total_seconds(table((10, 1, 1), (40, 4, 2), (20, 2, 2)), None) == 10 + (40 + 20) / 2
    # Two cores are no use to a unit of which there is one.
    assert dry_run.total_seconds(table((10, 1, 1), (40, 1, 2)), None) == 50
    assert dry_run.total_seconds(table((10, 2, 1)), None) == 10


@pytest.mark.parametrize(("workers", "seconds"), [(1, 70), (3, 10 + 20 + 10)])
def test_workers_that_are_named_share_each_kind(workers: int, seconds: float):
    assert dry_run.total_seconds(table((10, 1, 1), (40, 4, 2), (20, 2, 2)), workers) == pytest.approx(seconds)
