"""The network of a forecaster that walks segments of several steps, and decodes all segments ahead at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from grunit.nn import Recurrent, SegmentFront
from grunit.tasks.forecast_model import OutputHead
from grunit.tasks.forecast_normalize import Normalization
from grunit.tasks.forecast_outputs import Output, QuantileOutput


class SegmentModel(nn.Module):
    """History in segments of w steps, each one step of the core, which then takes one step for each segment ahead.

    A long history is a short walk: 720 steps in segments of 24 are 30 steps of the core. Every segment ahead starts
    from the state that the history ends in and is told where it lies, what is known of it, and of which series it is;
    so all are one batch, and no error of one enters the next.

    Args:
        cell, hidden_size, num_layers, dropout, cell_options: of the core, as in :class:`grunit.Recurrent`; dropout also
            stands before the head.
        features: columns F of the history, ``y`` first.
        horizon: steps h to forecast.
        segment: steps w of a segment. Of a history that is no multiple of it, the first steps are left out.
        output, normalization, known, static: as in :class:`~grunit.tasks.forecast_model.ForecastModel`.

    Source: Lin et al., *SegRNN: segment recurrent neural network for long-term time series forecasting* (2023),
    sections 3.2 and 3.3, parallel multi-step forecasting.
    """

    def __init__(
        self,
        cell: Any,
        features: int,
        hidden_size: int,
        *,
        horizon: int,
        segment: int,
        output: Output | None = None,
        normalization: Normalization | None = None,
        known: int = 0,
        static: int = 0,
        num_layers: int = 1,
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.horizon, self.segment = horizon, segment
        self.front = SegmentFront(features, hidden_size, segment, batch_first=True)
        self.core = Recurrent(
            cell,
            hidden_size,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            batch_first=True,
            **(cell_options or {}),
        )
        # Where a segment lies has as many numbers as what else is known of it.
        told = segment * known + static
        about = hidden_size // 2 if told else 0
        self.position = nn.Parameter(torch.randn(-(-horizon // segment), hidden_size - about))
        self.about = nn.Linear(told, about) if told else None
        self.dropout = nn.Dropout(dropout)
        self.head = OutputHead(self.core.output_size, output or QuantileOutput([0.5]), segment)
        self.normalization = normalization or Normalization()

    def forward(
        self,
        inputs: Tensor,
        known: Tensor,
        static: Tensor,
        units: Tensor | None = None,
        series: Tensor | None = None,
    ) -> Tensor:
        """As :meth:`ForecastModel.forward <grunit.tasks.forecast_model.ForecastModel.forward>`."""
        normalized, frame = self.normalization(inputs[..., :1], units, series)
        history = torch.cat([normalized, inputs[..., 1:]], -1)
        _, state = self.core(self.front(history[:, history.shape[1] % self.segment :])[0])
        ahead = len(self.position)
        question = self._questions(known, static).flatten(0, 1).unsqueeze(1)
        state = tuple(part.repeat_interleave(ahead, 1) for part in state)
        answer = self.core(question, state)[0].reshape(len(inputs), ahead, -1)
        parameters = self.head(self.dropout(answer))[:, : self.horizon]
        return self.head.output.place(parameters, frame)

    def _questions(self, known: Tensor, static: Tensor) -> Tensor:
        """What each segment ahead is told, ``(B, segments, hidden_size)``."""
        rows, ahead = len(known), len(self.position)
        position = self.position.expand(rows, -1, -1)
        if self.about is None:
            return position
        segments = pad(known, (0, 0, 0, ahead * self.segment - self.horizon)).reshape(rows, ahead, -1)
        told = torch.cat([segments, static.unsqueeze(1).expand(-1, ahead, -1)], -1)
        return torch.cat([position, self.about(told)], -1)
