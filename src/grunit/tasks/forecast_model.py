"""The network of a forecaster: front, recurrent core, head."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grunit.nn import Recurrent
from grunit.tasks.forecast_normalize import Normalization
from grunit.tasks.forecast_outputs import Output, QuantileOutput


class OutputHead(nn.Module):
    """The parameters of an output for each step, of a normalised series.

    Args:
        features: of the input, in the last axis.
        output: what is said of each step.
        steps: steps that one vector of features speaks of.

    >>> OutputHead(3, QuantileOutput([0.1, 0.5, 0.9]), steps=4)(torch.randn(2, 5, 3)).shape
    torch.Size([2, 20, 3])
    """

    def __init__(self, features: int, output: Output, steps: int = 1):
        super().__init__()
        self.output = output
        self.linear = nn.Linear(features, steps * output.size)

    def forward(self, features: Tensor) -> Tensor:
        """``(B, n, features)`` -> ``(B, n * steps, P)``."""
        return self.output.read(self.linear(features).reshape(len(features), -1, self.output.size))


class ForecastModel(nn.Module):
    """All horizon steps at once from the state after the last step of history.

    What the normalisation takes out of the history of ``y`` it puts back into the forecast: a level never seen in
    training is no obstacle. Each horizon step has its own context, and sees what is known of its time and the value
    one season before it.

    Args:
        cell, hidden_size, num_layers, dropout, cell_options: of the core, as in :class:`grunit.Recurrent`.
        features: columns F of the history, ``y`` first.
        horizon: steps h to forecast.
        output: what is said of each step, with P numbers (default: the median and nothing else).
        normalization: of ``y`` in each window (default: relative to the last value).
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
        output: Output | None = None,
        normalization: Normalization | None = None,
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
        self.head = OutputHead(step + hidden_size, output or QuantileOutput([0.5]))
        self.normalization = normalization or Normalization()

    def forward(
        self,
        inputs: Tensor,
        known: Tensor,
        static: Tensor,
        units: Tensor | None = None,
        series: Tensor | None = None,
    ) -> Tensor:
        """Parameters of the output for each step of the horizon, in scaled units.

        Args:
            inputs: history ``(B, L, F)``.
            known: of the horizon, ``(B, h, G)``.
            static: of the series, ``(B, S)``.
            units, series: as :class:`~grunit.tasks.forecast_normalize.Normalization` takes them.

        Returns:
            ``(B, h, P)``.
        """
        normalized, frame = self.normalization(inputs[..., :1], units, series)
        history = torch.cat([normalized, inputs[..., 1:]], -1)
        output, _ = self.core(history)
        summary = torch.cat([self.dropout(output[:, -1]), static], -1)
        steps = [self.context(summary).unflatten(-1, (self.horizon, self.CONTEXT)), known]
        if self.season > 1:
            steps.append(self._season_before(normalized))
        step = torch.cat(steps, -1)
        parameters = self.head(torch.cat([step, torch.tanh(self.hidden(step))], -1))
        return self.head.output.place(parameters, frame)

    def _season_before(self, normalized: Tensor) -> Tensor:
        """For each horizon step the latest known ``y`` at the same point of the season, ``(B, h, 1)``."""
        ahead = torch.arange(self.horizon, device=normalized.device)
        return normalized[:, normalized.shape[1] - self.season + ahead % self.season, :1]
