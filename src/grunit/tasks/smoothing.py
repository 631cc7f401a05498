"""Exponential smoothing of level and season, as a cell."""

from __future__ import annotations

import torch
from torch import Tensor

from grunit.cells import Cell


class ExponentialSmoothing(Cell):
    r"""Level and season of a series, smoothed by two rates that come with each step.

    .. math::
        d_t &= x_t - s_{t-S} \\
        l_t &= \alpha \, d_t + (1 - \alpha) \, l_{t-1} \\
        s_t &= \gamma \, (x_t - l_t) + (1 - \gamma) \, s_{t-S}

    The output is :math:`d_t`, what is left of the series without its season. The rates are the extra input ``rates``
    ``(B, 2)``: :math:`\alpha` and :math:`\gamma`.

    Args:
        input_size: 1.
        hidden_size: 1.
        season: steps S of a season (default 1: none).

    Source: Winters, *Forecasting sales by exponentially weighted moving averages*, Management Science 6 (1960),
    without a trend, additive.

    >>> cell = ExponentialSmoothing(season=2)
    >>> rates, season = torch.tensor([[0.5, 0.0]]), torch.tensor([[1.0, -1.0]])
    >>> rest, level, season = cell.step(torch.tensor([[5.0]]), rates, torch.zeros(1, 1), torch.zeros(1, 1), season)
    >>> rest.item(), level.item(), season.tolist()
    (4.0, 2.0, [[-1.0, 1.0]])
    """

    state = ("rest", "level", "season")
    inputs = ("x", "rates")

    def __init__(self, input_size: int = 1, hidden_size: int = 1, *, season: int = 1):
        super().__init__(input_size, hidden_size)
        self.season = season

    def state_sizes(self) -> dict[str, int]:
        """``season`` has S numbers, the oldest first; the others one."""
        return {"season": self.season}

    def input_sizes(self) -> dict[str, int]:
        """Two rates."""
        return {"rates": 2}

    def step(self, x: Tensor, rates: Tensor, rest: Tensor, level: Tensor, season: Tensor) -> tuple[Tensor, ...]:
        """x ``(B, 1)``, rates ``(B, 2)``, rest and level ``(B, 1)``, season ``(B, S)`` -> new states."""
        alpha, gamma = rates[:, :1], rates[:, 1:]
        before, later = season[:, :1], season[:, 1:]
        rest = x - before
        level = alpha * rest + (1 - alpha) * level
        now = gamma * (x - level) + (1 - gamma) * before
        return rest, level, torch.cat([later, now], -1)
