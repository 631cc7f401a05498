"""Calendar features: the place in the cycle, and only in cycles that were walked through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grunit.tasks.calendar import calendar_cycles, calendar_features


@pytest.mark.parametrize(
    ("freq", "periods", "cycles"),
    [
        ("h", 24 * 30, ["day", "week"]),
        ("D", 60, ["week"]),
        ("D", 1461, ["week", "year"]),
        ("MS", 48, ["year"]),
        ("MS", 18, []),
        ("YS", 20, []),
        ("15min", 100, []),
    ],
)
def test_cycles_that_can_be_learned(freq, periods, cycles):
    assert calendar_cycles([pd.date_range("2020-01-01", periods=periods, freq=freq).to_numpy()]) == cycles


def test_a_week_later_looks_the_same_and_half_a_week_does_not():
    times = pd.date_range("2024-01-01", periods=15, freq="12h").to_numpy()
    features = calendar_features(times, ["week"])
    assert np.allclose(features[0], features[14])
    assert not np.allclose(features[0], features[7])
    assert np.allclose(np.square(features).reshape(15, 2, 2).sum(-1), 1)


@pytest.mark.parametrize("freq", ["7h", "D", "11min", "MS"])
@pytest.mark.parametrize("begin", ["1901-02-27 03:00", "1969-12-28", "1999-12-20 23:59:59.5", "2023-12-25 07:00"])
def test_phases_are_those_that_pandas_reads_off_a_date(begin, freq):
    index = pd.date_range(begin, periods=900, freq=freq)
    day = ((index - index.normalize()) / pd.Timedelta(days=1)).to_numpy()
    phases = [day, (index.dayofweek + day) / 7, (index.dayofyear - 1 + day) / (365 + index.is_leap_year)]
    expected = [
        wave(2 * np.pi * harmonic * phase) for phase in phases for harmonic in (1, 2) for wave in (np.sin, np.cos)
    ]
    features = calendar_features(index.to_numpy(), ["day", "week", "year"])
    assert np.array_equal(features, np.stack(expected, -1))
