"""The network: shapes, order of quantiles, and where the last value goes."""

from __future__ import annotations

import pytest
import torch

from grunit.cli.catalogue import CLASSIC
from grunit.tasks.forecast_model import ForecastModel
from grunit.tasks.forecast_outputs import QuantileOutput
from grunit.tasks.quantiles import level_quantiles


@pytest.mark.parametrize("cell", CLASSIC)
def test_every_cell_gives_ascending_quantiles(cell):
    output = QuantileOutput(level_quantiles([50, 80, 95]))
    model = ForecastModel(cell, 3, 4, horizon=5, output=output, known=2, static=1, season=4)
    output = model(torch.randn(6, 9, 3), torch.randn(6, 5, 2), torch.randn(6, 1))
    assert output.shape == (6, 5, 7)
    assert (output.diff(dim=-1) >= 0).all()


def test_a_shifted_history_shifts_the_forecast():
    model = ForecastModel("gru", 1, 4, horizon=3, output=QuantileOutput(level_quantiles([80])), season=2).double()
    history = torch.randn(2, 8, 1, dtype=torch.float64)
    known, static = history.new_zeros(2, 3, 0), history.new_zeros(2, 0)
    shifted = model(history + 100.0, known, static)
    assert torch.allclose(shifted, model(history, known, static) + 100.0, rtol=0, atol=1e-10)


@pytest.mark.parametrize("season", [2, 3, 8])
def test_the_season_before_is_the_value_at_the_same_point_of_the_season(season):
    model = ForecastModel("gru", 1, 4, horizon=7, output=QuantileOutput(level_quantiles([80])), season=season)
    steps = torch.arange(8.0).view(1, 8, 1)
    expected = [max(t for t in range(8) if (8 + k - t) % season == 0) for k in range(7)]
    assert model._season_before(steps).ravel().tolist() == expected
