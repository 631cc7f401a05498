"""What is taken out of each window before the network sees it, and put back into its forecast."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from grunit.errors import InputError, suggest
from grunit.nn import Recurrent
from grunit.tasks.smoothing import ExponentialSmoothing

NORMALIZATIONS = ("last", "instance", "additive", "multiplicative", "none")
SMALLEST = 1e-5
"""Of a window's variance, so that a constant window is not divided by zero."""


@dataclass
class Frame:
    """The way back from a normalised forecast to the scaled series.

    Args:
        level: added, ``(B, 1 or h, 1)``.
        spread: multiplied before, ``(B, 1, 1)``.
        units: ``(B, 2)`` centre and scale of the series, where forecasts are logarithms of the data; else None.
    """

    level: Tensor
    spread: Tensor
    units: Tensor | None = None

    def back(self, values: Tensor) -> Tensor:
        """``(B, h, P)``, each entry by itself; greater values stay greater."""
        values = self.level + self.spread * values
        if self.units is None:
            return values
        center, scale = self.units[:, None, :1], self.units[:, None, 1:]
        return (values.exp() - center) / scale


class Normalization(nn.Module):
    """Takes the level, and more, of ``y`` out of a window.

    Args:
        kind: ``"last"``: the last value. ``"instance"``: mean and standard deviation of the window, with a factor and
            an offset that are learnt. ``"additive"``: level and season by exponential smoothing whose two rates are
            learnt for each series; ``"multiplicative"``: the same of logarithms. ``"none"``: nothing.
        season: steps S of a season, for the smoothing.
        horizon: steps h ahead.
        series: known series, each with its own rates; others have their mean.

    Source: ``"last"``: Zeng et al., *Are transformers effective for time series forecasting?* (2023), NLinear.
    ``"instance"``: Kim et al., *Reversible instance normalization* (2022), eqs. 1 to 4. Smoothing: Smyl, *A hybrid
    method of exponential smoothing and recurrent neural networks* (2020), section 3, here without a trend, the first
    season measured in each window and not learnt.

    >>> window = torch.tensor([[[1.0], [3.0]]])
    >>> normalized, frame = Normalization("last")(window)
    >>> normalized.ravel(), frame.back(torch.zeros(1, 2, 1)).ravel()
    (tensor([-2.,  0.]), tensor([3., 3.]))
    """

    def __init__(self, kind: str = "last", *, season: int = 1, horizon: int = 1, series: int = 0):
        super().__init__()
        check_normalization(kind)
        self.kind, self.season, self.horizon = kind, season, horizon
        if kind == "instance":
            # Of a positive factor: a negative one would turn quantiles round.
            self.log_factor, self.offset = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
        if self.smooths:
            self.smoothing = Recurrent(ExponentialSmoothing, 1, 1, season=season, batch_first=True)
            # Rates of 0.27 and 0.12: both follow the series slowly.
            self.rates = nn.Parameter(torch.tensor([[-1.0, -2.0]]).repeat(max(series, 1), 1))

    @property
    def smooths(self) -> bool:
        """Whether level and season are smoothed."""
        return self.kind in ("additive", "multiplicative")

    def forward(
        self, window: Tensor, units: Tensor | None = None, series: Tensor | None = None
    ) -> tuple[Tensor, Frame]:
        """Scaled ``y`` ``(B, L, 1)`` -> normalised, and the way back.

        Args:
            window: the history.
            units: ``(B, 2)`` centre and scale of each series, for logarithms.
            series: ``(B,)`` which of the known series each is, -1 for others.
        """
        one = window.new_ones(len(window), 1, 1)
        if self.kind == "none":
            return window, Frame(0 * one, one)
        if self.kind == "last":
            level = window[:, -1:]
            return window - level, Frame(level, one)
        if self.kind == "instance":
            level = window.mean(1, keepdim=True)
            spread = (window.var(1, correction=0, keepdim=True) + SMALLEST).sqrt()
            factor = self.log_factor.exp()
            normalized = (window - level) / spread * factor + self.offset
            return normalized, Frame(level - spread * self.offset / factor, spread / factor)
        return self._smooth(window, units, series)

    def _smooth(self, window: Tensor, units: Tensor | None, series: Tensor | None) -> tuple[Tensor, Frame]:
        if self.kind == "multiplicative":
            assert units is not None, "logarithms need the units of the data"
            window = (window * units[:, None, 1:] + units[:, None, :1]).log()
        first = window[:, : self.season]
        level = first.mean(1)
        rates = self._rates(series, len(window)).sigmoid()
        start = (torch.zeros_like(level), level, first[..., 0] - level)
        later = window[:, self.season :]
        rest, (_, level, season) = self.smoothing(
            later,
            tuple(part.unsqueeze(0) for part in start),
            rates=rates.unsqueeze(1).expand(-1, later.shape[1], -1),
        )
        level, season = level[0].unsqueeze(1), season[0]
        ahead = torch.arange(self.horizon, device=window.device) % self.season
        # Within the first season there is nothing but the season itself.
        rest = pad(rest - level, (0, 0, self.season, 0))
        frame = Frame(level + season[:, ahead].unsqueeze(-1), torch.ones_like(level))
        return rest, frame if self.kind == "additive" else Frame(frame.level, frame.spread, units)

    def _rates(self, series: Tensor | None, rows: int) -> Tensor:
        mean = self.rates.mean(0)
        if series is None:
            return mean.expand(rows, -1)
        return torch.where((series < 0).unsqueeze(1), mean, self.rates[series.clamp(min=0)])


def check_normalization(kind: str) -> str:
    """Refuse a name that is none.

    Raises:
        InputError: the message suggests the nearest.
    """
    if kind not in NORMALIZATIONS:
        raise InputError(f"unknown normalize {kind!r}: {suggest(kind, NORMALIZATIONS)}")
    return kind
