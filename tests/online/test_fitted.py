"""A fitted forecaster that goes on with its series."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from tests.online.streams import wave

from grunit import Forecaster
from grunit.errors import DataError, InputError
from grunit.online.fitted import FittedForecaster

SETTINGS = {"hidden_size": 8, "max_epochs": 3, "input_size": 12, "level": [80], "verbose": 0}


def frame(values: list[float], name: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-01-01", periods=len(values)), "y": values})


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Where a forecaster of 100 days is kept."""
    path = tmp_path_factory.mktemp("fitted") / "model"
    Forecaster(h=2, **SETTINGS).fit(frame(wave(160)[:100])).save(path)
    return path


@pytest.fixture
def forecaster(fitted):
    import grunit

    return grunit.load(fitted)


def days(first: int, count: int) -> list[str]:
    return [str(day.date()) for day in pd.date_range("2024-01-01", periods=first + count)[first:]]


def test_without_learning_a_forecast_is_that_of_predict(forecaster):
    values = wave(160)
    model = FittedForecaster(forecaster, learn_every=0)
    for day, value in zip(days(100, 5), values[100:105], strict=True):
        found = model.take("a", day, value, {})
    expected = forecaster.predict(frame(values[:105]))
    np.testing.assert_allclose(found["forecast"], expected["Forecaster"], rtol=1e-6)
    assert model.intervals[0][80].count == 0, "too few scores so far: the model's own interval stands"
    np.testing.assert_allclose(found["lo-80"], expected["Forecaster-lo-80"], rtol=1e-6)


def test_it_trains_as_values_come_and_intervals_hold(forecaster):
    before = {name: value.clone() for name, value in forecaster.model_.state_dict().items()}
    model = FittedForecaster(forecaster, learn_every=10)
    inside, found = [], None
    for day, value in zip(days(100, 60), wave(160)[100:], strict=True):
        if found is not None:
            inside.append(found["lo-80"][0] <= value <= found["hi-80"][0])
        found = model.take("a", day, value, {})
    assert any(not torch.equal(value, before[name]) for name, value in forecaster.model_.state_dict().items())
    assert np.mean(inside) == pytest.approx(0.8, abs=0.15)
    assert model.undone == 0


def test_a_snapshot_goes_on_to_the_last_bit(forecaster):
    model = FittedForecaster(forecaster, learn_every=10)
    values = list(zip(days(100, 50), wave(160)[100:150], strict=True))
    for day, value in values[:25]:
        model.take("a", day, value, {})
    data, tensors = model.snapshot()
    again = FittedForecaster.restore(json.loads(json.dumps(data)), tensors)
    for day, value in values[25:]:
        assert model.take("a", day, value, {}) == again.take("a", day, value, {})


def test_holes_late_rows_and_other_nonsense(forecaster):
    model = FittedForecaster(forecaster, learn_every=0)
    today = days(100, 20)
    model.take("a", today[0], 5.0, {})
    assert np.isfinite(model.take("a", today[1], None, {})["forecast"]).all()
    assert np.isfinite(model.take("a", today[5], 6.0, {})["forecast"]).all()
    assert len(model.waiting["a"]) == 2
    for time, message in (
        (today[3], "is not after"),
        ("2030-01-01", "a gap from"),
        ("soon", "no date"),
    ):
        with pytest.raises(DataError, match=message):
            model.take("a", time, 1.0, {})


def test_a_new_series_is_forecast_when_it_is_long_enough(forecaster):
    model = FittedForecaster(forecaster, learn_every=0)
    found = [model.take("b", day, value, {}) for day, value in zip(days(0, 14), wave(14), strict=True)]
    assert [one is None for one in found] == [True] * 11 + [False] * 3


def test_a_training_that_ruins_the_model_is_undone(forecaster):
    model = FittedForecaster(forecaster, learn_every=5, lr=1e4)
    rate = model.lr
    for day, value in zip(days(100, 60), wave(160)[100:], strict=True):
        found = model.take("a", day, value, {})
        assert np.isfinite(found["forecast"]).all()
    assert model.undone > 0
    assert model.lr < rate
    assert sum("undone" in note for note in model.take_notes()) == 1


def test_columns_of_the_future_are_refused():
    data = frame(wave(60)).assign(promotion=0.0)
    forecaster = Forecaster(h=2, futr_exog=["promotion"], **SETTINGS).fit(data)
    with pytest.raises(InputError, match="promotion"):
        FittedForecaster(forecaster)
