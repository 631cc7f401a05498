"""Layouts and spellings that tables have as they lie."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grunit.data import DataWarning, future_times, read_table, season_length, to_long, to_panel
from grunit.errors import DataError


@pytest.fixture
def write(tmp_path):
    def call(text: str) -> Path:
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return call


@pytest.mark.parametrize(
    ("start", "freq", "ahead", "season"),
    [("2023-01-15", "MS", ["2024-01-15", "2024-02-15"], 12), ("2023-02-28", "MS", ["2024-02-28", "2024-03-28"], 12)],
)
def test_months_may_be_given_by_any_day_they_all_have(start, freq, ahead, season):
    times = [pd.Timestamp(start) + pd.DateOffset(months=month) for month in range(12)]
    panel = to_panel(to_long(pd.DataFrame({"ds": times, "y": np.arange(12.0)})))
    assert future_times(panel.times[0][-1], panel.freq, 2).astype("datetime64[D]").astype(str).tolist() == ahead
    assert season_length(panel.freq) == season
    again = to_panel(to_long(pd.DataFrame({"ds": times[3:5], "y": [1.0, 2.0]})), freq=panel.freq)
    assert again.lengths == [2]
    with pytest.raises(DataError, match="step"):
        to_panel(to_long(pd.DataFrame({"ds": times[:5] + times[6:], "y": np.arange(11.0)})))
    moved = pd.DataFrame({"ds": [times[0] - pd.Timedelta(days=1)], "y": [1.0]})
    with pytest.raises(DataError, match="begins the series"):
        to_panel(to_long(moved), freq=panel.freq)


@pytest.mark.parametrize("spelling", ["2005Q{}", "2005-Q{}", "2005 q{}"])
def test_quarters_are_times(write, spelling):
    path = write("quarter,y\n" + "".join(f"{spelling.format(quarter)},{quarter}\n" for quarter in range(1, 5)))
    frame = read_table(path)
    assert frame["ds"].tolist() == [pd.Timestamp(2005, month, 1) for month in (1, 4, 7, 10)]
    panel = to_panel(frame)
    assert season_length(panel.freq) == 4
    assert future_times(panel.times[0][-1], panel.freq, 1)[0] == np.datetime64("2006-01-01")


def test_a_time_zone_is_left_out_with_a_note(write):
    rows = [f"2024-01-01 {hour:02}:00:00+05:30,{hour}" for hour in range(5)]
    with pytest.warns(DataWarning, match=r"table\.csv, column 'ds'.*time zone.*left out"):
        frame = read_table(write("ds,y\n" + "\n".join(rows)))
    assert frame["ds"][0] == pd.Timestamp("2024-01-01 00:00")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_table(write("ds,y\n" + "\n".join(rows).replace("+05:30", "Z")))


def test_a_row_may_be_a_series(write):
    frame = read_table(write('"V1","V2","V3","V4"\n"H1","1","2","3"\n"H2","4","5",\n'))
    assert frame.to_dict("list") == {"unique_id": ["H1"] * 3 + ["H2"] * 2, "ds": [1, 2, 3, 1, 2], "y": [1, 2, 3, 4, 5]}
    with pytest.raises(DataError, match="column 'V2', row 2: a value is missing"):
        read_table(write("V1,V2,V3\nH1,1,2\nH2,,5\n"))


def test_a_very_wide_table_is_refused_in_a_short_sentence(write):
    names = [f"n{place}" for place in range(900)]
    with pytest.raises(DataError, match="and 888 more") as caught:
        read_table(write(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n"))
    assert len(str(caught.value)) < 250


def test_m4_is_read_as_it_lies():
    folder = os.environ.get("GRUNIT_DATA")
    if folder is None:
        pytest.skip("GRUNIT_DATA is not set")
    frame = read_table(Path(folder) / "m4_hourly" / "Hourly-train.csv")
    lengths = frame.groupby("unique_id").size()
    assert len(lengths) == 414
    assert set(lengths) == {700, 960}
    assert frame["y"][0] == 605.0


def test_columns_of_unlike_size_hint_at_a_target():
    frame = pd.DataFrame({"ds": np.arange(5), "volume": [1e6] * 5, "price": [10.0] * 5})
    with pytest.warns(DataWarning, match="--target"):
        to_long(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_long(frame.assign(volume=20.0))
