"""Panels: series apart, steps regular, the calendar as pandas has it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data import future_times, read_table, require_length, season_length, to_long, to_panel
from grunit.errors import DataError

FREQUENCIES = ["D", "h", "B", "W-SUN", "W-WED", "MS", "ME", "QS-OCT", "QE-DEC", "YS-JAN", "15min", "2h", "10D", "s"]


def long_frame(*series: tuple[str, object]) -> pd.DataFrame:
    return pd.concat(
        [to_long(pd.Series(np.arange(float(len(times))), index=times, name=name)) for name, times in series],
        ignore_index=True,
    )


@pytest.mark.parametrize("freq", FREQUENCIES)
def test_the_frequency_is_found_and_continued(freq):
    times = pd.date_range("2020-01-15", periods=30, freq=freq)
    panel = to_panel(long_frame(("a", times[:20])))
    assert pd.date_range(times[0], periods=30, freq=panel.freq).equals(times)
    ahead = future_times(panel.times[0][-1], panel.freq, 10)
    np.testing.assert_array_equal(ahead, times[20:].to_numpy())
    assert ahead.dtype == "datetime64[ns]"


@given(st.integers(-1000, 1000), st.integers(1, 50), st.integers(2, 20))
def test_whole_numbers_have_a_step(start, step, length):
    times = start + step * np.arange(length)
    panel = to_panel(long_frame(("a", times)))
    assert panel.freq == step
    np.testing.assert_array_equal(future_times(times[-1], step, 3), times[-1] + step * np.arange(1, 4))


def test_rows_of_several_series_may_alternate():
    frame = pd.DataFrame({"unique_id": list("baba"), "ds": [1, 5, 2, 6], "y": [1, 2, 3, 4], "x": [5, 6, 7, 8]})
    panel = to_panel(to_long(frame))
    assert panel.ids == ["b", "a"]
    np.testing.assert_array_equal(panel.times[1], [5, 6])
    np.testing.assert_array_equal(panel.values[0], [[1, 5], [3, 7]])
    assert panel.exogenous == ["x"]
    assert panel.lengths == [2, 2]


def test_exogenous_columns_in_the_order_asked_for():
    frame = to_long(pd.DataFrame({"ds": [1, 2], "y": [1, 2], "p": [3, 4], "q": [5, 6]}))
    np.testing.assert_array_equal(to_panel(frame, ["q", "p"]).values[0], [[1, 5, 3], [2, 6, 4]])
    with pytest.raises(DataError, match="no column 'r'"):
        to_panel(frame, ["r"])


def test_panels_are_unmoved_by_the_frame_changing_later():
    frame = to_long([1.0, 2.0])
    panel = to_panel(frame)
    frame.loc[:, "y"] = 9.0
    np.testing.assert_array_equal(panel.values[0].ravel(), [1, 2])


@given(st.sampled_from(["D", "h", "MS", "W-SUN", "ME"]), st.integers(1, 28))
def test_a_missing_row_is_named(freq, gap):
    times = pd.date_range("2021-01-01", periods=30, freq=freq).delete(gap)
    with pytest.raises(DataError, match=rf"series 'a', row {gap}: .* follows .*add the missing rows"):
        to_panel(long_frame(("a", times)))


def test_a_row_too_many_is_named():
    times = pd.date_range("2021-01-01", periods=30).insert(7, pd.Timestamp("2021-01-07 12:00"))
    with pytest.raises(DataError, match="row 7: 2021-01-07 12:00:00 follows 2021-01-07, but the step is 'D'"):
        to_panel(long_frame(("a", times)))


def test_a_gap_in_the_second_series_of_a_wide_file_is_named_as_in_the_file(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("year,north,south\n" + "".join(f"{year},1,2\n" for year in range(1990, 2000) if year != 1995))
    with pytest.raises(DataError, match=r"wide\.csv, series 'north', row 6: 1996 follows 1994, but the step is 1"):
        to_panel(read_table(path))


def test_all_series_share_the_step_of_the_longest():
    days, hours = pd.date_range("2021-01-01", periods=20), pd.date_range("2021-01-01", periods=5, freq="h")
    with pytest.raises(DataError, match="series 'b'"):
        to_panel(long_frame(("a", days), ("b", hours)))


def test_trading_days_may_skip_holidays():
    days = pd.bdate_range("2024-01-01", "2024-12-31")
    holidays = pd.to_datetime(["2024-01-15", "2024-03-29", "2024-07-04", "2024-12-25"])
    panel = to_panel(long_frame(("a", days.difference(holidays))))
    assert panel.freq == "B"
    assert future_times(np.datetime64("2024-12-31", "ns"), "B", 3).astype("datetime64[D]").astype(str).tolist() == [
        "2025-01-01",
        "2025-01-02",
        "2025-01-03",
    ]


def test_trading_days_may_not_skip_weeks():
    days = pd.bdate_range("2024-01-01", "2024-12-31").delete(slice(50, 60))
    with pytest.raises(DataError, match="row 50"):
        to_panel(long_frame(("a", days)))


def test_one_row_has_no_step():
    panel = to_panel(to_long([4.0]))
    assert panel.freq is None
    with pytest.raises(DataError, match="step between times is unknown"):
        future_times(panel.times[0][-1], panel.freq, 2)


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        *[("D", 7), ("h", 24), ("MS", 12), ("ME", 12), ("QS-OCT", 4), ("QE", 4), ("W-SUN", 52), ("B", 5)],
        *[("min", 1440), ("15min", 96), ("2h", 12), ("5h", 1), ("YS", 1), (1, 1), (None, 1)],
    ],
)
def test_the_usual_season(freq, season):
    assert season_length(freq) == season


def test_too_short_a_series_is_named():
    panel = to_panel(long_frame(("long", np.arange(9)), ("short", np.arange(4))))
    require_length(panel, 4, "nothing")
    with pytest.raises(DataError, match="series 'short' has 4 rows and input_size 3 and horizon 2 needs 5"):
        require_length(panel, 5, "input_size 3 and horizon 2")
