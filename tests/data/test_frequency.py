"""Steps of one length are counted without a calendar, and come to what pandas' calendar says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grunit.data.frequency import first_irregular, fixed_step, future_times


@pytest.mark.parametrize("freq", ["D", "3D", "h", "6h", "15min", "30s", "W-SUN", "ME", "QS", "B", "MS+14D"])
@pytest.mark.parametrize("begin", ["2023-12-31", "1969-12-28"])
def test_times_ahead_are_those_of_a_longer_range(freq, begin):
    alias, _, days = freq.partition("+")
    times = (pd.date_range(begin, periods=30, freq=alias) + pd.Timedelta(days=int(days[:-1] or 0))).to_numpy()
    times = times.astype("datetime64[ns]")
    ahead = future_times(times[19], freq, 10)
    assert ahead.dtype == times.dtype
    assert np.array_equal(ahead, times[20:])
    assert np.array_equal(future_times(pd.Timestamp(times[19]), freq, 10), times[20:])


@pytest.mark.parametrize("freq", ["D", "2h", "ME"])
def test_the_first_time_off_the_step_is_found(freq):
    times = pd.date_range("2024-01-31", periods=12, freq=freq).to_numpy().astype("datetime64[ns]")
    assert first_irregular(times, freq) is None
    assert first_irregular(np.delete(times, 5), freq) == 5
    late = times.copy()
    late[7] += np.timedelta64(1, "s")
    assert first_irregular(late, freq) == 7


def test_only_steps_of_one_length_are_fixed():
    assert [fixed_step(freq) is None for freq in ("D", "h", "5min", "W", "MS", "B", "YS", "MS+3D")] == [False] * 3 + [
        True
    ] * 5
    assert fixed_step("3D") == np.timedelta64(3, "D")
