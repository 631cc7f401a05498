"""Tables with gaps as regular panels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data import DataWarning, Scaler, read_table, season_length, to_long, to_panel
from grunit.data.frequency import infer_frequency
from grunit.data.grid import lay_on_grid
from grunit.errors import DataError


@pytest.mark.parametrize("freq", ["D", "h", "15min", "W-TUE", "MS", "ME", "QS-JAN", "YS-JAN", "B"])
def test_the_step_is_found_and_the_grid_is_whole_where_some_times_are_absent(freq):
    whole = pd.date_range("2019-01-01", periods=200, freq=freq).to_numpy()
    keep = np.ones(200, dtype=bool)
    keep[[3, 50, 51, 120]] = False
    assert infer_frequency(whole[keep]) == freq
    grid, positions = lay_on_grid(whole[keep], freq)
    if freq == "B":  # holidays are no gaps
        np.testing.assert_array_equal(grid, whole[keep])
        keep[60:70] = False
        grid, positions = lay_on_grid(whole[keep], freq)
        assert np.isin(whole[60:70], grid).all()
    else:
        np.testing.assert_array_equal(grid, whole)
    np.testing.assert_array_equal(grid[positions], whole[keep])
    assert season_length(infer_frequency(whole[keep])) == season_length(freq)


def test_the_fifteenth_of_every_month_with_gaps():
    times = (pd.date_range("2019-01-01", periods=30, freq="MS") + pd.Timedelta(days=14)).delete([4, 9]).to_numpy()
    assert infer_frequency(times) == "MS+14D"
    assert len(lay_on_grid(times, "MS+14D")[0]) == 30


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 5))
def test_whole_numbers_lie_on_the_grid_exactly_when_all_differ_by_whole_steps(steps, freq):
    times = np.concatenate([[7], 7 + np.cumsum(steps)])
    laid = lay_on_grid(times, freq)
    if any(step % freq for step in steps):
        assert laid is None
    else:
        np.testing.assert_array_equal(laid[0], np.arange(7, times[-1] + 1, freq))
        np.testing.assert_array_equal(laid[0][laid[1]], times)


def test_a_slip_in_a_time_does_not_make_millions_of_rows():
    frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3, 20_240_101], "y": 1.0})
    with pytest.raises(DataError, match="row 3: 20240101 follows 3, but the step is 1; resample"):
        to_panel(to_long(frame), missing=True)


def test_a_file_with_gaps_becomes_a_panel_with_nan(tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text("date,y,rain,sky\n2024-01-01,,1,sun\n2024-01-02,2,,\n2024-01-03,3,4,rain\n2024-01-06,5,6,sun\n")
    with pytest.raises(DataError, match="column 'y', row 1: a value is missing"):
        read_table(path)
    frame = read_table(path, missing=True, text=True)
    assert frame["sky"].tolist() == ["sun", None, "rain", "sun"]
    said = r"weather\.csv: 1 value is missing \(the first: of 'rain' in row 2\) and 2 times .*first: 2024-01-04"
    with pytest.warns(DataWarning, match=said):
        panel = to_panel(frame, categories={"sky": ["rain", "sun"]}, missing=True)
    nan = np.nan
    # The first row has no target: the series begins with the second. Absent rows have no sky, not an unknown one.
    expected = [[2, nan, 0, 0], [3, 4, 1, 0], [nan, nan, 0, 0], [nan, nan, 0, 0], [5, 6, 0, 1]]
    np.testing.assert_array_equal(panel.values[0], expected)
    assert panel.exogenous == ["rain", "sky=rain", "sky=sun"]
    with pytest.raises(DataError, match="column 'y', row 1: a value is missing"):
        to_long(frame)


def test_rows_of_unequal_series_with_gaps_inside():
    rows = pd.DataFrame({"V1": ["H1", "H2"], "V2": [1.0, 2.0], "V3": [np.nan, 3.0], "V4": [2.0, np.nan]})
    with pytest.warns(DataWarning, match="1 value is missing"):
        panel = to_panel(to_long(rows, missing=True), missing=True)
    np.testing.assert_array_equal(panel.values[0].ravel(), [1, np.nan, 2])


@pytest.mark.parametrize("kind", ["standard", "robust", "minmax", "none"])
def test_the_scaler_learns_from_what_is_there(kind):
    values = np.random.default_rng(0).normal(size=(40, 2))
    holes = values.copy()
    holes[[3, 30], 0], holes[7:19, 1] = np.nan, np.nan
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(40), "y": holes[:, 0], "x": holes[:, 1]})
    with pytest.warns(DataWarning):
        center, scale = Scaler(kind).fit(to_panel(frame, missing=True)).learned["a"]
    for column in range(2):
        seen = holes[:, column][~np.isnan(holes[:, column])]
        alone = pd.DataFrame({"unique_id": "a", "ds": np.arange(len(seen)), "y": seen})
        own_center, own_scale = Scaler(kind).fit(to_panel(alone)).learned["a"]
        assert (center[column], scale[column]) == (own_center[0], own_scale[0])
