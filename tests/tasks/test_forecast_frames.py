"""Frames of what is known ahead and of series, found row by row by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grunit.data import Columns
from grunit.errors import DataError
from grunit.tasks.forecast_frames import find_future_rows, read_static

DAYS = pd.date_range("2024-01-01", periods=6)


def ahead(days=DAYS):
    rows = [{"unique_id": name, "ds": day, "price": 10.0 * place + number}
            for place, name in enumerate("abc") for number, day in enumerate(days)]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("whole", [False, True], ids=["dates", "numbers"])
def test_the_rows_of_a_horizon_come_in_the_order_of_series_and_times(whole):
    days = np.arange(6) if whole else DAYS
    times = [np.asarray(days)[2:4], np.asarray(days)[0:2], np.asarray(days)[4:6]]
    # Series in another order than in the table, one of them twice, as with several targets.
    rows = find_future_rows(ahead(days), Columns(), ["price"], ["c", "a", "c"], times, missing=False)
    assert rows["price"].tolist() == [22.0, 23.0, 0.0, 1.0, 24.0, 25.0]


def test_a_row_that_is_absent_is_named():
    table = ahead()
    table = table[~((table["unique_id"] == "b") & (table["ds"] == DAYS[4]))]
    times = [DAYS.to_numpy()[3:6]] * 3
    with pytest.raises(DataError, match=r"futr_df: there is no row for series 'b' at 2024-01-05.*give all 3 steps"):
        find_future_rows(table, Columns(), ["price"], ["a", "b", "c"], times, missing=True)


def test_a_series_without_a_row_or_with_two_is_named():
    table = pd.DataFrame({"unique_id": ["b", "a", "c", "c"], "size": [2.0, 1.0, 3.0, 3.0]})
    assert read_static(table, Columns(), ["a", "b"])["size"].tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match="static_df: there are 2 rows for series 'c'; give one"):
        read_static(table, Columns(), ["a", "c", "d"])
    with pytest.raises(DataError, match="static_df: there are 0 rows for series 'd'; give one"):
        read_static(table, Columns(), ["a", "d", "c"])
