"""Forecasts of a series that is coming in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.online.streams import wave

import grunit
from grunit.errors import DataError, InputError
from grunit.online import OnlineForecaster

SMALL = {"hidden_size": 8, "lr": 0.01, "lookback": 2}


@pytest.fixture(autouse=True)
def quick():
    """Thousands of steps: in C where there is a compiler, which pays for compiling."""
    with grunit.backend("auto"):
        yield


def errors_of(model: OnlineForecaster, values: list[float]) -> np.ndarray:
    """Absolute errors ``(T - h, h)`` of every forecast, made before what it is about."""
    made = []
    for value in values:
        model.learn_one(value)
        made.append(model.forecast())
    truth = np.lib.stride_tricks.sliding_window_view(np.array(values[1:]), model.h)
    return np.abs(np.array(made)[: len(truth)] - truth)


def test_untaught_it_is_the_naive_forecast():
    model = OnlineForecaster(h=3, season=4, hidden_size=8, lr=1e-12)
    for value in [1.0, 2.0, 3.0, 4.0] * 3:
        model.learn_one(value)
    model.follower_.network.weights[:] = 0
    model.follower_.network.refresh()
    model.learn_one(1.0)
    assert model.forecast(3) == [2.0, 3.0, 4.0]


def test_it_learns_to_beat_the_naive_forecast():
    values = wave(1500)
    errors = errors_of(OnlineForecaster(h=2, **SMALL), values)
    naive = np.abs(np.diff(values)).mean()
    assert errors[-300:, 0].mean() < 0.5 * naive


def test_it_learns_from_nothing_but_the_past():
    """Values still to come must not matter: a changed future leaves every earlier forecast as it was."""
    values = wave(80)
    first, second = OnlineForecaster(h=3, **SMALL), OnlineForecaster(h=3, **SMALL)
    for value in values[:60]:
        first.learn_one(value)
        second.learn_one(value)
        assert first.forecast() == second.forecast()
    second.learn_one(1000.0)
    first.learn_one(values[60])
    assert first.forecast() != second.forecast()


def test_missing_values_are_walked_over():
    model = OnlineForecaster(h=2, **SMALL, season=12, late=0)
    values = wave(400)
    for at, value in enumerate(values):
        model.learn_one(None if at % 7 == 3 else math.nan if at % 11 == 5 else value)
        assert np.isfinite(model.forecast()).all()
    errors = [abs(model.forecast()[0] - values[-12])]
    assert errors[0] < 2
    assert model.intervals_[0].count == pytest.approx(400 - 400 / 7 - 400 / 11 - 10, abs=15)


def test_a_late_value_is_learned_from():
    """Held against a model that had it in time: the forecast that waits is settled with the same error."""
    values = wave(30)
    late, timely = OnlineForecaster(h=3, **SMALL), OnlineForecaster(h=3, **SMALL)
    for at, value in enumerate(values):
        timely.learn_one(value)
        late.learn_one(None if at == 20 else value)
        if at == 26:
            assert late.intervals_[0].count < timely.intervals_[0].count
            late.correct(6, values[20])
            assert late.intervals_[0].count == timely.intervals_[0].count
    with pytest.raises(DataError, match="too late"):
        late.correct(13, 1.0)


def test_a_value_that_is_missing_for_good_counts_nowhere():
    values = wave(30)
    holed, whole = OnlineForecaster(h=1, **SMALL), OnlineForecaster(h=1, **SMALL)
    for at, value in enumerate(values):
        whole.learn_one(value)
        holed.learn_one(None if at == 20 else value)
    assert holed.intervals_[0].count == whole.intervals_[0].count - 1


def test_intervals_hold_what_they_promise():
    model = OnlineForecaster(h=2, **SMALL)
    for value in wave(2000, seed=3):
        model.learn_one(value)
    for interval in model.intervals_:
        for level in (80, 95):
            assert interval.coverage(level) == pytest.approx(level / 100, abs=0.02)
    low, high = model.intervals()[0][80]
    assert low < model.forecast()[0] < high


def test_features_help():
    """The next change is announced by a feature."""
    rng = np.random.default_rng(0)
    changes = rng.standard_normal(1500)
    values = np.cumsum(changes)
    model = OnlineForecaster(h=1, hidden_size=8, lr=0.01, lookback=1)
    errors = []
    for at in range(1400):
        if at:
            errors.append(abs(model.forecast()[0] - values[at]))
        model.learn_one(values[at], {"next": changes[at + 1]})
    assert np.mean(errors[-200:]) < 0.4 * np.abs(changes).mean()


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_a_snapshot_goes_on_to_the_last_bit(tmp_path, backend):
    values = wave(90)
    with grunit.backend(backend):
        model = OnlineForecaster(h=3, hidden_size=8, lookback=3, season=4)
        for value in [*values[:50], None, values[51]]:
            model.learn_one(value)
        model.save(tmp_path / "model")
        again = grunit.load(tmp_path / "model")
        assert model.forecast() == again.forecast()
        for value in values[52:]:
            model.learn_one(value)
            again.learn_one(value)
            assert model.forecast() == again.forecast()
            assert repr(model.intervals()) == repr(again.intervals())


@pytest.mark.parametrize("arguments", [{"h": 0}, {"season": 0}, {"late": -1}, {"h": True}])
def test_what_cannot_be_used_is_refused(arguments):
    with pytest.raises(InputError):
        OnlineForecaster(**arguments)


@pytest.mark.parametrize("horizon", [0, 4, True])
def test_no_more_steps_than_it_was_made_for(horizon):
    with pytest.raises(InputError, match="up to 3 steps"):
        OnlineForecaster(h=3).forecast(horizon)


@pytest.mark.parametrize("y", ["x", 1e300, float("inf")])
def test_a_value_that_is_no_number_is_refused(y):
    model = OnlineForecaster(h=1, **SMALL)
    with pytest.raises(DataError):
        model.learn_one(y)
    assert model.count == 0
