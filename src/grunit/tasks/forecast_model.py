"""The network of a forecaster: front, recurrent core, quantile head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from grunit.nn import Recurrent


class QuantileHead(nn.Module):
    """Quantiles that cannot cross: the median, and gaps above and below it that are never negative.

    Args:
        features: of the input, in the last axis.
        quantiles: Q of them, an odd number with the median in the middle.

    >>> head = QuantileHead(3, 5)
    >>> head(torch.randn(2, 3)).diff(dim=-1).min() >= 0
    tensor(True)
    """

    def __init__(self, features: int, quantiles: int):
        super().__init__()
        self.away = quantiles // 2
        self.linear = nn.Linear(features, quantiles)

    def forward(self, features: Tensor) -> Tensor:
        """``(..., features)`` -> ``(..., Q)``, ascending."""
        median, below, above = self.linear(features).split([1, self.away, self.away], -1)
        below = median - softplus(below).cumsum(-1)
        above = median + softplus(above).cumsum(-1)
        return torch.cat([below.flip(-1), median, above], -1)


class ForecastModel(nn.Module):
    """All horizon steps at once from the state after the last step of history.

    The history of ``y`` is taken relative to its last value, and the forecast is added to that value: a level never
    seen in training is no obstacle. Each horizon step has its own context, and sees what is known of its time and
    the value one season before it.

    Args:
        cell, hidden_size, num_layers, dropout, cell_options: of the core, as in :class:`grunit.Recurrent`.
        features: columns F of the history, ``y`` first.
        horizon: steps h to forecast.
        quantiles: Q of them, odd.
        known: columns G known of the horizon.
        static: numbers S known of a series.
        season: steps of a season; 1 for none.

    Source: the direct quantile forecaster of Wen et al., *A multi-horizon quantile recurrent forecaster* (2017).
    """

    CONTEXT = 12
    """Numbers handed to each horizon step."""

    def __init__(
        self,
        cell: Any,
        features: int,
        hidden_size: int,
        *,
        horizon: int,
        quantiles: int,
        known: int = 0,
        static: int = 0,
        season: int = 1,
        num_layers: int = 1,
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.horizon, self.season = horizon, season
        self.core = Recurrent(
            cell,
            features,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            batch_first=True,
            **(cell_options or {}),
        )
        self.dropout = nn.Dropout(dropout)
        self.context = nn.Linear(self.core.output_size + static, horizon * self.CONTEXT)
        step = self.CONTEXT + known + (season > 1)
        self.hidden = nn.Linear(step, hidden_size)
        self.head = QuantileHead(step + hidden_size, quantiles)

    def forward(self, inputs: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """History ``(B, L, F)``, horizon ``(B, h, G)``, series ``(B, S)`` -> quantiles ``(B, h, Q)``."""
        level = inputs[:, -1:, :1]
        relative = torch.cat([inputs[..., :1] - level, inputs[..., 1:]], -1)
        output, _ = self.core(relative)
        summary = torch.cat([self.dropout(output[:, -1]), static], -1)
        steps = [self.context(summary).unflatten(-1, (self.horizon, self.CONTEXT)), known]
        if self.season > 1:
            steps.append(self._season_before(relative))
        step = torch.cat(steps, -1)
        return level + self.head(torch.cat([step, torch.tanh(self.hidden(step))], -1))

    def _season_before(self, relative: Tensor) -> Tensor:
        """For each horizon step the latest known ``y`` at the same point of the season, ``(B, h, 1)``."""
        ahead = torch.arange(self.horizon, device=relative.device)
        return relative[:, relative.shape[1] - self.season + ahead % self.season, :1]


def quantile_tensor(quantiles: Sequence[float], like: Tensor) -> Tensor:
    """The quantiles ``(Q,)`` in the type and on the device of a tensor."""
    return torch.as_tensor(quantiles, dtype=like.dtype, device=like.device)
