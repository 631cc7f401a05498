"""Forecasts that need no learning: what a model must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from grunit.errors import InputError


def naive(history: np.ndarray, h: int, season: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The last value for all steps: the random walk.

    Args:
        history: ``(T,)``, T >= 2.
        h: steps ahead.
        season: not used.

    Returns:
        forecast ``(h,)`` and its standard deviation ``(h,)``, which grows with the square root of the step.

    Source: Hyndman & Athanasopoulos, *Forecasting: principles and practice*, 3rd ed. (2021), sections 5.2 and 5.5,
    as for the other baselines.

    >>> naive(np.array([1.0, 3.0, 2.0]), 2)[0]
    array([2., 2.])
    """
    steps = np.arange(1, h + 1)
    return np.full(h, float(history[-1])), _root_mean_square(np.diff(history), 0) * np.sqrt(steps)


def seasonal_naive(history: np.ndarray, h: int, season: int) -> tuple[np.ndarray, np.ndarray]:
    """The value one season before; where the history is not longer than a season, as :func:`naive`.

    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), 3, season=2)[0]
    array([3., 4., 3.])
    """
    if len(history) <= season:
        return naive(history, h)
    steps = np.arange(h)
    forecast = history[len(history) - season + steps % season].astype(float)
    spread = _root_mean_square(history[season:] - history[:-season], 0)
    return forecast, spread * np.sqrt(steps // season + 1)


def drift(history: np.ndarray, h: int, season: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The straight line through the first and the last value.

    >>> drift(np.array([1.0, 4.0, 3.0]), 2)[0]
    array([4., 5.])
    """
    steps, differences = np.arange(1, h + 1), len(history) - 1
    slope = (history[-1] - history[0]) / max(differences, 1)
    spread = _root_mean_square(np.diff(history) - slope, 1)
    return history[-1] + slope * steps, spread * np.sqrt(steps * (1 + steps / max(differences, 1)))


def _root_mean_square(residuals: np.ndarray, fitted: int) -> float:
    """Standard deviation of residuals of a method that fitted so many numbers."""
    return float(np.sqrt(np.square(residuals).sum() / max(len(residuals) - fitted, 1)))


Baseline = Callable[[np.ndarray, int, int], tuple[np.ndarray, np.ndarray]]
BASELINES: dict[str, Baseline] = {"naive": naive, "seasonal_naive": seasonal_naive, "drift": drift}


def baseline_quantiles(name: str, history: np.ndarray, h: int, season: int, quantiles: Sequence[float]) -> np.ndarray:
    """Quantiles ``(h, Q)`` of a baseline, its errors taken as normal.

    Raises:
        InputError: the name is unknown.
    """
    if name not in BASELINES:
        raise InputError(f"unknown baseline {name!r}: use one of {', '.join(BASELINES)}")
    forecast, spread = BASELINES[name](history, h, season)
    away = np.array([NormalDist().inv_cdf(quantile) for quantile in quantiles])
    return forecast[:, None] + spread[:, None] * away
