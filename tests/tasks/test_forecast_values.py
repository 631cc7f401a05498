"""Arrays in, arrays out: the numbers of predict, whatever the model looks at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import grunit
from grunit.errors import DataError, ShapeError


def make_frame(names, rows=90, dates=True):
    rng = np.random.default_rng(0)
    parts = []
    for name in names:
        wave = np.sin(np.arange(rows) * 2 * np.pi / 7) + 0.1 * rng.standard_normal(rows)
        times = pd.date_range("2024-01-01", periods=rows, freq="D") if dates else np.arange(rows)
        parts.append(
            pd.DataFrame({"unique_id": name, "ds": times, "y": 5 * wave + 20, "rain": rng.random(rows), "plan": wave})
        )
    return pd.concat(parts, ignore_index=True)


def fit(frame, **settings):
    given = {"hidden_size": 6, "max_epochs": 1, "conformal": 8, "verbose": 0, "level": [80, 95], **settings}
    return grunit.Forecaster(3, **given).fit(frame)


@pytest.fixture(scope="module")
def several():
    """A model of two series that looks at the calendar, a column of the past and one known ahead."""
    frame = make_frame(["a", "b"])
    return frame, fit(frame, futr_exog=["plan"])


def answers(forecast):
    return forecast.iloc[:, 2:].to_numpy()


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_fitted_series_is_answered_as_by_predict(several, name, tmp_path):
    frame, forecaster = several
    forecaster = grunit.load(forecaster.save(tmp_path / "model"))
    own = frame[frame["unique_id"] == name]
    plan = np.array([0.5, 0.25, -1.0])
    ahead = pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-03-31", periods=3), "plan": plan})
    values, times = own[["y", *forecaster.exogenous_]].to_numpy(), own["ds"].to_numpy()
    found = forecaster.predict_values(values, times, series=name, futures=plan[:, None])
    assert np.array_equal(found, answers(forecaster.predict(own, ahead)))
    # Only what the model looks at counts.
    steps = forecaster.input_size_
    again = forecaster.predict_values(values[-steps:], times[-steps:], series=name, futures=plan[:, None])
    assert np.array_equal(found, again)


def test_a_series_never_seen_is_scaled_by_its_history(several):
    frame, forecaster = several
    own = frame[frame["unique_id"] == "a"].assign(unique_id="new")
    own["y"] = 1000 * own["y"]
    ahead = pd.DataFrame({"unique_id": "new", "ds": pd.date_range("2024-03-31", periods=3), "plan": 0.0})
    values = own[["y", *forecaster.exogenous_]].to_numpy()
    found = forecaster.predict_values(values, own["ds"].to_numpy(), futures=np.zeros((3, 1)))
    assert np.array_equal(found, answers(forecaster.predict(own, ahead)))
    assert found.min() > 1000


def test_the_only_series_needs_no_name_and_whole_numbers_no_times():
    frame = make_frame(["only"], dates=False)[["unique_id", "ds", "y"]]
    forecaster = fit(frame)
    expected = answers(forecaster.predict(frame))
    assert np.array_equal(forecaster.predict_values(frame["y"]), expected)
    assert np.array_equal(forecaster.predict_values(frame["y"], frame["ds"], series="only"), expected)
    assert expected.shape == (3, 5)


@pytest.mark.parametrize(
    ("change", "error", "part"),
    [
        ({"values": np.zeros(40)}, ShapeError, "values must have shape"),
        ({"values": np.zeros((5, 3))}, ShapeError, "values must have shape"),
        ({"values": np.full((40, 3), np.nan)}, DataError, "missing or infinite"),
        ({"times": None}, DataError, "calendar"),
        ({"times": np.arange(40)}, DataError, "datetime64"),
        ({"times": np.arange(39)}, ShapeError, "(40,)"),
        ({"series": "c"}, DataError, "'c' was not fitted"),
        ({"futures": None}, ShapeError, "futures must have shape (3, 1)"),
        ({"futures": np.zeros(3)}, ShapeError, "futures must have shape (3, 1)"),
    ],
)
def test_what_does_not_fit_is_refused(several, change, error, part):
    _, forecaster = several
    times = pd.date_range("2024-01-01", periods=40, freq="D").to_numpy()
    given = {"values": np.zeros((40, 3)), "times": times, "series": "a", "futures": np.zeros((3, 1)), **change}
    with pytest.raises(error) as caught:
        forecaster.predict_values(given.pop("values"), given.pop("times"), **given)
    assert part in str(caught.value)


def test_a_time_left_out_is_named(several):
    _, forecaster = several
    times = np.delete(pd.date_range("2024-01-01", periods=41, freq="D").to_numpy(), 38)
    with pytest.raises(DataError, match="2024-02-09"):
        forecaster.predict_values(np.zeros((40, 3)), times, futures=np.zeros((3, 1)))
