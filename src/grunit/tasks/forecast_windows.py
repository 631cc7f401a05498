"""What a forecaster learns from: windows of history with what is known of their horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from grunit.data import Panel, Scaler
from grunit.data.windows import Windows
from grunit.errors import DataError
from grunit.tasks.calendar import calendar_features
from grunit.tasks.forecast_gaps import fill_window


def with_calendar(panel: Panel, cycles: list[str]) -> Panel:
    """The panel with the calendar's columns after its own."""
    values = [
        np.concatenate([value, calendar_features(times, cycles)], -1)
        for value, times in zip(panel.values, panel.times, strict=True)
    ]
    names = [f"{cycle}_{part}" for cycle in cycles for part in ("sin", "cos", "sin2", "cos2")]
    return replace(panel, values=values, exogenous=[*panel.exogenous, *names])


class ForecastWindows:
    """Windows for :class:`grunit.training.Batches`.

    Args:
        panel: scaled, its last ``known`` columns being those known of the horizon too.
        input_size: steps L of history.
        horizon: steps h.
        known: columns G known of the horizon.
        static: ``(N, S)``, one row a series.
        units: ``(N, 2)``, centre and scale of each series.
        series: ``(N,)``, which of the fitted series each is.
        tail: only windows whose targets lie in the last so many steps.
        gaps: columns of the history that the network is told the gaps of, see
            :func:`~grunit.tasks.forecast_gaps.fill_window`.

    Raises:
        DataError: no window has a target that was observed.
    """

    def __init__(
        self,
        panel: Panel,
        input_size: int,
        horizon: int,
        known: int,
        static: Tensor,
        units: Tensor,
        series: Tensor,
        tail: int | None = None,
        gaps: Sequence[int] = (),
    ):
        self.windows = Windows(panel, input_size, horizon, tail=tail)
        self.known, self.static, self.units, self.series = known, static, units, series
        self.tensors = (self.windows.values, static)
        self.starts = np.concatenate([[0], np.cumsum(panel.lengths)[:-1]]).astype(np.int64)

        self.gaps, self.has_gaps = gaps, bool(gaps) or bool(self.windows.values.isnan().any())
        self.kept = self._observed() if self.has_gaps else None

    def __len__(self) -> int:
        return len(self.windows if self.kept is None else self.kept)

    def take(self, rows: Tensor) -> tuple[Tensor, ...]:
        """History ``(B, L, F)``, known ahead ``(B, h, G)``, static ``(B, S)``, target ``(B, h)``, units and number."""
        indices = rows.numpy() if self.kept is None else self.kept[rows.numpy()]
        inputs, target, series = self.windows.batch(indices)
        where, cuts = self.windows.locate(indices)
        ahead = torch.from_numpy((self.starts[where] + cuts)[:, None] + np.arange(self.windows.horizon))
        width = self.windows.values.shape[1]
        known = self.windows.values[ahead, width - self.known :]
        if self.has_gaps:
            inputs, known = fill_window(inputs, known, self.gaps)
        return inputs, known, self.static[series], target, self.units[series], self.series[series]

    def _observed(self) -> np.ndarray:
        """The windows that have a target to learn from."""
        seen = ~self.windows.values[:, 0].isnan().numpy()
        before = np.concatenate([[0], np.cumsum(seen)])
        where, cuts = self.windows.locate(np.arange(len(self.windows)))
        first = self.starts[where] + cuts
        kept = np.flatnonzero(before[first + self.windows.horizon] > before[first])
        if not len(kept):
            raise DataError("no window has a value to forecast that is there; give a longer history, or one with more")
        return kept


def scale_future(scaler: Scaler, ids: list[str], futures: np.ndarray) -> np.ndarray:
    """Known columns of the horizon, ``(N, h, G)`` and the last ones of the scaler, scaled like their history."""
    first = len(scaler.columns) - futures.shape[-1]
    center = np.stack([scaler.learned[name][0][first:] for name in ids])[:, None]
    scale = np.stack([scaler.learned[name][1][first:] for name in ids])[:, None]
    return (futures - center) / scale
