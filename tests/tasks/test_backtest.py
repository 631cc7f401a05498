"""Rolling windows: nothing from after a cut may matter before it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tasks.frames import daily, tiny

from grunit.data import DataWarning, to_panel
from grunit.errors import GrunitError
from grunit.tasks.backtest import rolling_windows


@given(h=st.integers(1, 6), n=st.integers(1, 4), step=st.integers(1, 5))
def test_windows_end_at_the_end_and_lie_a_step_apart(h, n, step):
    panel = to_panel(daily(), ["rain"])
    windows = rolling_windows(panel, h, n, step)
    assert len(windows) == n
    for place, window in enumerate(windows):
        cut = 60 - h - step * (n - 1 - place)
        assert window.history.lengths == [cut, cut]
        assert np.array_equal(window.target[1], panel.values[1][cut : cut + h, 0])
        assert window.times[0][0] == panel.times[0][cut]


@pytest.mark.slow
def test_cross_validation_is_fit_once_then_predict_from_each_cut():
    frame = daily()
    result = tiny().cross_validation(frame, n_windows=3, step_size=2)
    assert result.columns.tolist()[:5] == ["unique_id", "ds", "cutoff", "y", "Forecaster"]
    cutoffs = sorted(result["cutoff"].unique())
    assert len(cutoffs) == 3
    model = tiny().fit(frame[frame["ds"] <= cutoffs[0]].reset_index(drop=True))
    for cutoff in cutoffs:
        expected = model.predict(frame[frame["ds"] <= cutoff].reset_index(drop=True))
        found = result[result["cutoff"] == cutoff].drop(columns=["cutoff", "y"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)
    truth = result.merge(frame, on=["unique_id", "ds"], suffixes=("", "_given"))
    assert (truth["y"] == truth["y_given"]).all()


def test_refit_trains_anew_before_every_window():
    frame = daily()
    result = tiny().cross_validation(frame, n_windows=2, refit=True)
    last = result["cutoff"].max()
    expected = tiny().fit(frame[frame["ds"] <= last].reset_index(drop=True)).predict()
    found = result[result["cutoff"] == last].drop(columns=["cutoff", "y"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


def test_what_comes_after_the_cuts_changes_nothing_before():
    frame = daily()
    changed = frame.copy()
    late = changed.groupby("unique_id").cumcount() >= 57
    changed.loc[late, ["y", "rain"]] = 1e6
    usual, wild = (tiny().cross_validation(table, n_windows=2, step_size=1) for table in (frame, changed))
    first = usual["cutoff"] == usual["cutoff"].min()
    forecast = [name for name in usual.columns if name.startswith("Forecaster")]
    # The first window sees 56 days; its targets are changed, its forecasts must not be.
    assert not usual.loc[first, "y"].equals(wild.loc[first, "y"])
    pd.testing.assert_frame_equal(usual.loc[first, forecast], wild.loc[first, forecast])


def test_the_validation_tail_reaches_neither_scaler_nor_first_gradient():
    frame = daily()
    changed = frame.copy()
    changed.loc[changed.groupby("unique_id").cumcount() >= 50, ["y", "rain"]] += 100.0
    usual, wild = (tiny(max_epochs=1).fit(table, val_size=10) for table in (frame, changed))
    assert usual.scaler_.to_json() == wild.scaler_.to_json()
    assert usual.history_.train == wild.history_.train
    assert usual.history_.validation != wild.history_.validation


def test_evaluate_scores_new_rows_beside_the_baselines():
    frame = daily()
    model = tiny().fit(frame[frame["ds"] < "2024-02-20"].reset_index(drop=True))
    scores = model.evaluate(frame).set_index("model")
    assert scores.index.tolist() == ["Forecaster", "naive", "seasonal_naive", "drift"]
    # Ten new days hold three windows of three; the naive forecast of each is the day before its cut.
    errors = []
    for _, part in frame.groupby("unique_id"):
        y = part["y"].to_numpy()
        for cut in (51, 54, 57):
            errors.append(np.abs(y[cut : cut + 3] - y[cut - 1]))
    assert scores.loc["naive", "MAE"] == pytest.approx(np.mean(errors))


def test_evaluate_says_when_the_rows_were_learned_from():
    with pytest.warns(DataWarning, match="training data"):
        tiny().fit(daily()).evaluate(daily())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny().fit(daily(57)).evaluate(daily(60))


@pytest.mark.parametrize(("name", "value"), [("n_windows", 0), ("step_size", 0), ("n_windows", 40)])
def test_windows_that_do_not_fit_are_refused(name, value):
    with pytest.raises(GrunitError, match=f"{name} is|windows of"):
        tiny().cross_validation(daily(), **{"n_windows": 1, name: value})
