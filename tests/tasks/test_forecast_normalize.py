"""What is taken out of a window comes back, and the smoothing is that of the textbook."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import grunit
from grunit.errors import InputError
from grunit.tasks.forecast_normalize import NORMALIZATIONS, Normalization

UNITS = torch.tensor([[30.0, 4.0], [50.0, 2.0]], dtype=torch.float64)


def windows(rows=2, steps=9):
    return torch.randn(rows, steps, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def smooth(series, season, alpha, gamma):
    """Additive exponential smoothing as the recurrences are written, in plain numbers."""
    level = float(np.mean(series[:season]))
    seasons = [value - level for value in series[:season]]
    rests = []
    for value in series[season:]:
        before = seasons[-season]
        rests.append(value - before)
        level = alpha * rests[-1] + (1 - alpha) * level
        seasons.append(gamma * (value - level) + (1 - gamma) * before)
    return level, seasons[-season:], rests


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
def test_smoothing_is_the_recurrence_by_hand(kind):
    normalization = Normalization(kind, season=3, horizon=5, series=2).double()
    with torch.no_grad():
        normalization.rates.copy_(torch.tensor([[0.3, -1.0], [-2.0, 0.7]]))
    window, numbers = windows(), torch.tensor([1, 0])
    normalized, frame = normalization(window, UNITS, numbers)
    forecast = frame.back(torch.zeros(2, 5, 1, dtype=torch.float64))[..., 0]
    for row in range(2):
        series = window[row, :, 0].numpy()
        if kind == "multiplicative":
            series = np.log(series * UNITS[row, 1].item() + UNITS[row, 0].item())
        rates = normalization.rates[numbers[row]].sigmoid().tolist()
        level, seasons, rests = smooth(series, 3, *rates)
        ahead = np.array([level + seasons[step % 3] for step in range(5)])
        if kind == "multiplicative":
            ahead = (np.exp(ahead) - UNITS[row, 0].item()) / UNITS[row, 1].item()
        np.testing.assert_allclose(forecast[row].detach(), ahead, rtol=1e-10)
        np.testing.assert_allclose(normalized[row, 3:, 0].detach(), np.array(rests) - level, atol=1e-12)


def test_both_backends_smooth_alike():
    normalization = Normalization("additive", season=4, horizon=3, series=2)
    window = windows(steps=12).float()
    found = {}
    for name in ("torch", "c"):
        with grunit.backend(name):
            normalized, frame = normalization(window, None, torch.tensor([0, 1]))
            (normalized.square().sum() + frame.level.square().sum()).backward()
        found[name] = (normalized.detach(), frame.level.detach(), normalization.rates.grad.clone())
        normalization.rates.grad = None
    for ours, theirs in zip(found["c"], found["torch"], strict=True):
        torch.testing.assert_close(ours, theirs)


def test_an_instance_has_mean_zero_and_deviation_one():
    normalized, frame = Normalization("instance").double()(windows())
    torch.testing.assert_close(normalized.mean(1), torch.zeros(2, 1).double())
    torch.testing.assert_close(normalized.std(1, correction=0), torch.ones(2, 1).double(), rtol=1e-4, atol=0)
    torch.testing.assert_close(frame.back(normalized), windows())


def test_what_is_learnt_of_an_instance_is_undone_and_never_turns_the_order_round():
    normalization = Normalization("instance").double()
    with torch.no_grad():
        normalization.log_factor.fill_(-3.0)
        normalization.offset.fill_(0.7)
    normalized, frame = normalization(windows())
    torch.testing.assert_close(frame.back(normalized), windows())
    assert (frame.back(torch.arange(3.0).double().expand(2, 1, 3)).diff(dim=-1) > 0).all()


@pytest.mark.parametrize("kind", ["last", "instance", "additive"])
def test_a_series_moved_is_a_forecast_moved(kind):
    normalization = Normalization(kind, season=2, horizon=3).double()
    (near, here), (far, there) = normalization(windows()), normalization(windows() + 7)
    torch.testing.assert_close(near, far)
    step = torch.randn(2, 3, 1).double()
    torch.testing.assert_close(here.back(step) + 7, there.back(step))


def test_a_series_never_seen_has_the_mean_of_the_rates():
    normalization = Normalization("additive", season=2, horizon=2, series=2)
    with torch.no_grad():
        normalization.rates.copy_(torch.tensor([[1.0, 0.0], [3.0, -4.0]]))
    same = Normalization("additive", season=2, horizon=2, series=1)
    with torch.no_grad():
        same.rates.copy_(torch.tensor([[2.0, -2.0]]))
    window = windows().float()
    expected = same(window, None, torch.zeros(2, dtype=torch.long))[1].level
    torch.testing.assert_close(normalization(window, None, torch.tensor([-1, -1]))[1].level, expected)
    torch.testing.assert_close(normalization(window)[1].level, expected)


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(InputError, match="unknown normalize 'instanse': did you mean 'instance'"):
        Normalization("instanse")
    assert set(NORMALIZATIONS) == {"last", "instance", "additive", "multiplicative", "none"}
