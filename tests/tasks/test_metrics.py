"""Scores and the quantile loss against closed forms and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error

from grunit.errors import InputError
from grunit.tasks import metrics
from grunit.tasks.quantiles import column_order, level_columns, level_quantiles, pinball, pinball_loss

numbers = st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1, max_size=20).map(np.array)


@given(numbers, st.sampled_from([0.025, 0.1, 0.5, 0.9]))
def test_losses_against_scikit_learn(pairs, quantile):
    target, forecast = pairs.T
    assert metrics.mae(target, forecast) == pytest.approx(mean_absolute_error(target, forecast))
    assert metrics.rmse(target, forecast) == pytest.approx(root_mean_squared_error(target, forecast))
    theirs = mean_pinball_loss(target, forecast, alpha=quantile)
    assert pinball(forecast[:, None], target, [quantile]).mean() == pytest.approx(theirs)
    ours = pinball_loss(
        torch.tensor(forecast)[:, None], torch.tensor(target), torch.tensor([quantile], dtype=torch.float64)
    )
    assert ours.item() == pytest.approx(theirs, abs=1e-12)


def test_the_quantile_loss_is_least_at_the_quantile():
    sample = torch.arange(1001.0)
    candidates = torch.arange(1001.0)
    losses = [pinball_loss(c.expand(1001, 1), sample, torch.tensor([0.9])) for c in candidates[800:1000]]
    assert candidates[800 + int(torch.stack(losses).argmin())] == 900


def test_crps_of_a_normal_forecast_approaches_its_closed_form():
    # Gneiting & Raftery (2007), eq. 21: CRPS(N(0, 1), y) = y (2 F(y) - 1) + 2 f(y) - 1 / sqrt(pi).
    from statistics import NormalDist

    normal, y = NormalDist(), 0.7
    exact = y * (2 * normal.cdf(y) - 1) + 2 * normal.pdf(y) - 1 / np.sqrt(np.pi)
    quantiles = (np.arange(2000) + 0.5) / 2000
    forecast = np.array([[normal.inv_cdf(quantile) for quantile in quantiles]])
    assert metrics.crps(np.array([y]), forecast, quantiles) == pytest.approx(exact, abs=1e-3)


def test_mase_of_the_seasonal_naive_forecast_within_its_history_is_one():
    history = np.random.default_rng(0).normal(size=60)
    scale = metrics.seasonal_error(history, 12)
    assert metrics.mase(history[12:], history[:-12], scale) == pytest.approx(1.0)


def test_a_history_that_never_changes_has_no_unit():
    assert np.isnan(metrics.seasonal_error(np.ones(20), 7))
    assert np.isnan(metrics.mase(np.ones(3), np.zeros(3), np.nan))


def test_smape_is_200_where_one_side_is_zero():
    assert metrics.smape(np.array([0.0, 3.0]), np.array([2.0, 0.0])) == 200.0


def test_coverage_counts_pairs_of_quantiles():
    quantiles = level_quantiles([50, 80])
    forecast = np.tile([1.0, 2.0, 3.0, 4.0, 5.0], (4, 1))
    scores = metrics.all_scores(np.array([0.0, 1.5, 3.0, 4.5]), forecast, quantiles, 1.0)
    assert scores["coverage-50"] == 25.0
    assert scores["coverage-80"] == 75.0


def test_levels_quantiles_and_columns_belong_together():
    levels = [95, 80]
    quantiles = level_quantiles(levels)
    columns = level_columns("model", levels)
    assert columns == ["model", "model-lo-95", "model-hi-95", "model-lo-80", "model-hi-80"]
    assert [quantiles[place] for place in column_order(levels)] == [0.5, 0.025, 0.975, 0.1, 0.9]
    assert level_quantiles([]) == [0.5]


@pytest.mark.parametrize("level", [0, 100, -5, "80", True])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(InputError, match="level"):
        level_quantiles([level])


def test_what_was_not_observed_counts_for_nothing():
    generator = np.random.default_rng(5)
    target, quantiles = generator.normal(size=(3, 4)), np.sort(generator.normal(size=(3, 4, 3)), -1)
    holes = target.copy()
    holes[0, 1], holes[2] = np.nan, np.nan
    seen = ~np.isnan(holes)
    levels, scale = [0.1, 0.5, 0.9], np.array([[1.0], [2.0], [3.0]])
    expected = metrics.all_scores(target[seen], quantiles[seen], levels, np.broadcast_to(scale, target.shape)[seen])
    assert metrics.all_scores(holes, quantiles, levels, scale) == pytest.approx(expected)
    assert np.isnan(list(metrics.all_scores(np.full((3, 4), np.nan), quantiles, levels, scale).values())).all()
