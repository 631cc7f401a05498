"""river's own evaluations run on our models."""

from __future__ import annotations

import pytest
from tests.online.streams import rows, wave

import grunit
from grunit.online import OnlineClassifier, OnlineForecaster, OnlineRegressor

river = pytest.importorskip("river", reason="river is not installed")
SMALL = {"hidden_size": 8, "lr": 0.02, "lookback": 1}


@pytest.fixture(autouse=True)
def quick():
    """Thousands of steps: in C where there is a compiler, which pays for compiling."""
    with grunit.backend("auto"):
        yield


def test_progressive_validation_of_a_regressor():
    from river import evaluate, metrics

    metric = evaluate.progressive_val_score(rows(600), OnlineRegressor(**SMALL), metrics.MAE())
    baseline = evaluate.progressive_val_score(rows(600), _mean(), metrics.MAE())
    assert metric.get() < 0.6 * baseline.get()


def _mean():
    from river import dummy, stats

    return dummy.StatisticRegressor(stats.Mean())


def test_delayed_answers_find_their_rows():
    from river import evaluate, metrics

    model = OnlineRegressor(**SMALL)
    metric = evaluate.progressive_val_score(rows(300), model, metrics.MAE(), delay=5)
    assert model.follower_.answered == 300
    assert len(model.follower_.room) == 0
    assert metric.get() > 0


def test_behind_a_scaler_of_river():
    from river import evaluate, metrics, preprocessing

    model = OnlineRegressor(**SMALL)
    pipeline = preprocessing.StandardScaler() | model
    metric = evaluate.progressive_val_score(rows(600), pipeline, metrics.MAE())
    assert metric.get() < 1.6
    assert model.follower_.answered == 600
    assert len(model.follower_.room) == 0


def test_progressive_validation_of_a_classifier():
    from river import evaluate, metrics

    data = [(x, y > 10) for x, y in rows(600)]
    assert evaluate.progressive_val_score(data, OnlineClassifier(**SMALL), metrics.Accuracy()).get() > 0.8
    assert evaluate.progressive_val_score(data, OnlineClassifier(**SMALL), metrics.LogLoss()).get() < 0.6


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_forecasting_of_river():
    from river import metrics, time_series

    # It holds forecasts against values one step further than asked for: its own naive error is what to expect.
    data = [(None, y) for y in wave(400)]
    found = time_series.evaluate(data, OnlineForecaster(h=3, **SMALL, season=12), metrics.MAE(), horizon=3)
    assert [metric.get() < 1.5 for metric in found.metrics] == [True] * 3
