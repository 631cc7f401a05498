"""Quantiles, the levels of intervals they make, and the loss that finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from grunit.errors import InputError
from grunit.training.settings import plain


def level_quantiles(levels: Iterable[float]) -> list[float]:
    """The quantiles, ascending, whose pairs make central intervals of these levels, with the median.

    Args:
        levels: percent, each above 0 and below 100.

    >>> level_quantiles([80, 95])
    [0.025, 0.1, 0.5, 0.9, 0.975]
    """
    if isinstance(levels, str) or not isinstance(levels, Iterable):
        raise InputError(f"level is {levels!r}: give a list of percentages, such as [80, 95]")
    levels = sorted(set(plain(list(levels))))
    for level in levels:
        if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 100:
            raise InputError(f"level holds {level!r}: give percentages above 0 and below 100, such as [80, 95]")
    lower = [round((100 - level) / 200, 9) for level in levels]
    return [*reversed(lower), 0.5, *(round(1 - quantile, 9) for quantile in lower)]


def level_columns(name: str, levels: Sequence[float]) -> list[str]:
    """The columns of a forecast: its median, then low and high of each level.

    >>> level_columns("naive", [80, 97.5])
    ['naive', 'naive-lo-80', 'naive-hi-80', 'naive-lo-97.5', 'naive-hi-97.5']
    """
    return [name, *(f"{name}-{side}-{level:g}" for level in levels for side in ("lo", "hi"))]


def column_order(levels: Sequence[float]) -> list[int]:
    """Where in ascending quantiles (of ``sorted(levels)``) the columns of :func:`level_columns` are."""
    ascending = sorted(set(levels))
    middle = len(ascending)
    order = [middle]
    for level in levels:
        away = ascending.index(level) + 1
        order += [middle - away, middle + away]
    return order


def pinball_loss(forecast: Tensor, target: Tensor, quantiles: Tensor) -> Tensor:
    """Mean pinball loss over everything.

    Args:
        forecast: ``(..., Q)``, the quantiles in the last axis.
        target: ``(...)``, NaN where nothing was observed.
        quantiles: ``(Q,)``, in (0, 1).

    Source: Koenker & Bassett, *Regression quantiles*, Econometrica 46 (1978).

    >>> pinball_loss(torch.tensor([[1.0]]), torch.tensor([3.0]), torch.tensor([0.9]))
    tensor(1.8000)
    """
    # What is missing counts nothing; as a number it also leaves no NaN on the way back.
    error = target.nan_to_num().unsqueeze(-1) - forecast
    return observed_mean(torch.maximum(quantiles * error, (quantiles - 1) * error), target)


def observed_mean(losses: Tensor, target: Tensor) -> Tensor:
    """The mean of the losses of what was observed; 0 where nothing was.

    Args:
        losses: ``(...)`` or ``(..., Q)``.
        target: ``(...)``, NaN where nothing was observed.

    >>> observed_mean(torch.tensor([1.0, torch.nan]), torch.tensor([0.0, torch.nan]))
    tensor(1.)
    """
    missing = target.isnan()
    if not missing.any():
        return losses.mean()
    if losses.dim() > target.dim():
        missing = missing.unsqueeze(-1).expand_as(losses)
    return losses.masked_fill(missing, 0).sum() / (~missing).sum().clamp(min=1)


def pinball(forecast: np.ndarray, target: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Pinball loss of each quantile: forecast ``(..., Q)``, target ``(...)`` -> ``(..., Q)``."""
    error = np.asarray(target)[..., None] - forecast
    levels = np.asarray(quantiles)
    return np.maximum(levels * error, (levels - 1) * error)
