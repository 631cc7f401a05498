"""Models of statsforecast beside ours: its own numbers, and one sentence where it is not there."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import grunit
from grunit.errors import InputError, MissingExtraError
from grunit.tasks.baselines import baseline_quantiles, read_baselines
from grunit.tasks.comparison import compare
from grunit.tasks.quantiles import level_quantiles

WAVE = 5 + np.sin(np.arange(70) * 2 * np.pi / 7) + 0.1 * np.random.default_rng(0).standard_normal(70)


@pytest.fixture
def models():
    return pytest.importorskip("statsforecast.models", reason="statsforecast is an extra of its own")


@pytest.mark.parametrize(("name", "kind"), [("auto_ets", "AutoETS"), ("auto_theta", "AutoTheta")])
def test_the_numbers_are_those_of_statsforecast(models, name, kind):
    found = baseline_quantiles(name, WAVE, 4, 7, level_quantiles([80, 97.5]))
    told = getattr(models, kind)(season_length=7).forecast(y=WAVE, h=4, level=[80, 97.5])
    columns = ["lo-97.5", "lo-80", "mean", "hi-80", "hi-97.5"]
    expected = np.stack([told.get(column, told.get(f"{column}.0")) for column in columns], -1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_gaps_and_short_histories_are_answered(models):
    gaps = WAVE.copy()
    gaps[[0, 5, 69]] = np.nan
    assert np.isfinite(baseline_quantiles("auto_ets", gaps, 3, 7, level_quantiles([80]))).all()
    assert baseline_quantiles("auto_theta", WAVE[:10], 3, 7, level_quantiles([])).shape == (3, 1)


def test_they_stand_beside_the_model(models):
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(70), "y": WAVE})
    small = {"hidden_size": 4, "max_epochs": 1, "conformal": 0, "season": 7}
    found = compare(frame, 3, ["gru"], seeds=[0], n_windows=1, baselines=["naive", "auto_ets"], **small)
    assert [row.name for row in found.rows] == ["gru", "naive", "auto_ets"]
    forecaster = grunit.Forecaster(3, verbose=0, **small).fit(frame.iloc[:-3])
    scores = forecaster.evaluate(frame, baselines=["auto_ets"])
    assert scores["model"].tolist() == ["Forecaster", "auto_ets"]
    assert scores["MAE"].tolist()[1] == pytest.approx(found.row("auto_ets").mean("MAE"))


def test_where_it_is_not_installed_the_extra_is_named_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(MissingExtraError, match=r"grunit\[statsforecast\]"):
        read_baselines(["naive", "auto_ets"], 7)


@pytest.mark.parametrize(
    ("names", "part"), [(["auto_est"], "did you mean 'auto_ets'"), ("naive", "give a list"), (["naive:x"], "unknown")]
)
def test_other_names_are_refused(names, part):
    with pytest.raises(InputError, match=part):
        read_baselines(names, 7)


def test_cross_validation_has_columns_of_baselines():
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(70), "y": WAVE})
    forecaster = grunit.Forecaster(3, hidden_size=4, max_epochs=1, conformal=0, level=[80, 95], verbose=0)
    table = forecaster.cross_validation(frame, n_windows=2, level=[80], baselines=["naive", "seasonal_naive:7"])
    assert table.columns.tolist()[-3:] == ["seasonal_naive:7", "seasonal_naive:7-lo-80", "seasonal_naive:7-hi-80"]
    assert np.array_equal(table["naive"], np.repeat(WAVE[[63, 66]], 3))
    assert np.array_equal(table["seasonal_naive:7"], WAVE[[57, 58, 59, 60, 61, 62]])
    several = grunit.Forecaster(3, hidden_size=4, max_epochs=1, target_col=["y", "z"], verbose=0)
    with pytest.raises(InputError, match="several targets"):
        several.cross_validation(frame.assign(z=frame["y"]), baselines=["naive"])
