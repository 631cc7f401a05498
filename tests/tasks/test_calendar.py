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
