"""How forecasts of several targets come to one score."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tasks.frames import daily, tiny

from grunit.tasks.backtest import backtest_baseline
from grunit.tuning.validation import choose_validation


def relative(frame, **how):
    forecaster = tiny(exogenous=(), target_col=["y", "rain"])
    return choose_validation(forecaster, (frame,), "relative RMSE", None, n_windows=2, **how)


def test_a_target_whose_forecast_is_no_number_is_not_left_out_of_the_mean():
    found = relative(daily())
    run = backtest_baseline("seasonal_naive", found.windows, found.season, [80, 95])
    assert found._pool(run) == pytest.approx(1.0, rel=1e-12)
    rain = [name.endswith("rain") for name in found.panel.ids]
    assert any(rain)
    for forecast in run.forecasts:
        forecast[rain] = np.nan
    assert np.isnan(found._pool(run))


@pytest.mark.filterwarnings("ignore:data. .* missing:grunit.data.DataWarning")
def test_a_target_that_was_not_observed_is_left_out():
    frame = daily()
    frame.loc[frame.groupby("unique_id").tail(6).index, "rain"] = np.nan
    found = relative(frame, refit_windows=True)
    frame.loc[frame.groupby("unique_id").tail(3).index, "rain"] = 1.0  # in the second window alone
    later = relative(frame, refit_windows=True)
    for one in (found, later):
        run = backtest_baseline("naive", one.windows[:1], one.season, [80, 95])
        both = backtest_baseline("naive", one.windows, one.season, [80, 95])
        assert np.isfinite([one._pool(run), one._pool(both)]).all()
