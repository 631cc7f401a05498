"""Baselines against the formulas of the textbook."""

from __future__ import annotations

import numpy as np
import pytest

from grunit.errors import InputError
from grunit.tasks.baselines import baseline_quantiles, drift, naive, seasonal_naive

HISTORY = np.array([4.0, 7.0, 5.0, 9.0, 6.0, 8.0])


def test_naive():
    forecast, spread = naive(HISTORY, 4)
    sigma = np.sqrt((9 + 4 + 16 + 9 + 4) / 5)
    assert forecast.tolist() == [8.0] * 4
    assert spread == pytest.approx(sigma * np.sqrt([1, 2, 3, 4]))


def test_seasonal_naive():
    forecast, spread = seasonal_naive(HISTORY, 5, season=2)
    sigma = np.sqrt((1 + 4 + 1 + 1) / 4)
    assert forecast.tolist() == [6.0, 8.0, 6.0, 8.0, 6.0]
    assert spread == pytest.approx(sigma * np.sqrt([1, 1, 2, 2, 3]))


def test_drift():
    forecast, spread = drift(HISTORY, 2)
    slope = (8 - 4) / 5
    sigma = np.sqrt(np.square(np.diff(HISTORY) - slope).sum() / 4)
    assert forecast == pytest.approx([8 + slope, 8 + 2 * slope])
    assert spread == pytest.approx(sigma * np.sqrt([1 * (1 + 1 / 5), 2 * (1 + 2 / 5)]))


def test_a_history_shorter_than_a_season_is_forecast_naively():
    assert seasonal_naive(HISTORY, 2, season=12)[0].tolist() == [8.0, 8.0]


def test_intervals_of_a_random_walk_hold_what_they_promise():
    generator = np.random.default_rng(0)
    walks = generator.normal(size=(2000, 210)).cumsum(1)
    inside = []
    for walk in walks:
        quantiles = baseline_quantiles("naive", walk[:200], 10, 1, [0.1, 0.9])
        inside.append((quantiles[:, 0] <= walk[200:]) & (walk[200:] <= quantiles[:, 1]))
    assert np.mean(inside, 0) == pytest.approx(np.full(10, 0.8), abs=0.035)


def test_an_unknown_baseline_is_refused():
    with pytest.raises(InputError, match="seasonal_naive"):
        baseline_quantiles("arima", HISTORY, 2, 1, [0.5])


def test_what_is_missing_is_passed_over():
    nan = float("nan")
    history = np.array([1.0, nan, 4.0, 3.0, nan, nan])
    forecast, spread = naive(history, 2)
    # Two steps of 3 / sqrt(2) and -1 in size; the last value was seen three steps before the first forecast.
    size = np.sqrt((9 / 2 + 1) / 2)
    np.testing.assert_allclose(forecast, [3.0, 3.0])
    np.testing.assert_allclose(spread, size * np.sqrt([3, 4]))
    np.testing.assert_allclose(drift(history, 2)[0], [3 + 3 * 2 / 3, 3 + 4 * 2 / 3])
    season = np.array([10.0, 20.0, 11.0, nan, nan, 22.0, 12.0, nan])
    np.testing.assert_allclose(seasonal_naive(season, 4, season=2)[0], [12.0, 22.0, 12.0, 22.0])
    # Seasons seen: 11 - 10 and 22 - nan, nan - 11, ...: only the first difference has both ends.
    np.testing.assert_allclose(seasonal_naive(season, 4, season=2)[1], np.sqrt([1, 2, 2, 3]))
