"""How far forecasts are from what happened; what was not observed (NaN) counts for nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grunit.tasks.quantiles import pinball

METRICS = ("MAE", "RMSE", "MASE", "sMAPE", "CRPS")
"""Names of the scores for which less is better, in the order of tables."""


def mae(target: np.ndarray, forecast: np.ndarray) -> float:
    """Mean absolute error, in the units of the data.

    >>> mae(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    1.5
    """
    return _mean(np.abs(target - forecast), target)


def rmse(target: np.ndarray, forecast: np.ndarray) -> float:
    """Root of the mean squared error, in the units of the data."""
    return float(np.sqrt(_mean(np.square(target - forecast), target)))


def smape(target: np.ndarray, forecast: np.ndarray) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; a step where both are 0 counts as 0.

    Source: the M4 competition, Makridakis et al., *International Journal of Forecasting* 36 (2020).

    >>> smape(np.array([1.0, 0.0]), np.array([3.0, 0.0]))
    50.0
    """
    total = np.abs(target) + np.abs(forecast)
    error = 2 * np.abs(target - forecast)
    return 100 * _mean(np.divide(error, total, out=np.zeros_like(total, dtype=float), where=total > 0), target)


def seasonal_error(history: np.ndarray, season: int) -> float:
    """Mean absolute error of the seasonal naive forecast within a history: the unit of MASE.

    A history that is not longer than a season is measured by the step before; one that never changes gives NaN.

    Source: Hyndman & Koehler, *Another look at measures of forecast accuracy* (2006).

    >>> seasonal_error(np.array([1.0, 2.0, 4.0]), season=1)
    1.5
    """
    lag = season if len(history) > season else 1
    steps = np.abs(history[lag:] - history[:-lag])
    scale = _mean(steps, steps) if len(history) > lag else 0.0
    return float(scale) if scale > 0 else float("nan")


def mase(target: np.ndarray, forecast: np.ndarray, scale: np.ndarray | float) -> float:
    """Mean absolute error in units of ``scale``, see :func:`seasonal_error`; forecasts without a unit are left out."""
    scaled = np.abs(target - forecast) / scale
    return float(np.nanmean(scaled)) if np.isfinite(scaled).any() else float("nan")


def crps(target: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float]) -> float:
    """Continuous ranked probability score from quantiles: twice the mean pinball loss over them.

    Args:
        target: ``(...)``.
        forecast: ``(..., Q)``.
        quantiles: ``(Q,)``.

    Source: Gneiting & Ranjan (2011), eq. 17, the integral over quantiles as a mean over those there are. With the
    median alone it is the mean absolute error.

    >>> crps(np.array([3.0]), np.array([[1.0]]), [0.5])
    2.0
    """
    return 2 * _mean(pinball(forecast, target, quantiles), target)


def coverage(target: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Percent of targets within an interval, its ends included.

    >>> coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0]))
    50.0
    """
    return 100 * _mean((low <= target) & (target <= high), target)


def all_scores(
    target: np.ndarray, quantile_forecast: np.ndarray, quantiles: Sequence[float], scale: np.ndarray | float
) -> dict[str, float]:
    """Every score by name, and ``coverage-80`` and so on for each pair of quantiles.

    Args:
        target: ``(...)``.
        quantile_forecast: ``(..., Q)``, ascending, the median in the middle.
        quantiles: ``(Q,)``.
        scale: unit of MASE, broadcast against ``target``.
    """
    middle = len(quantiles) // 2
    median = quantile_forecast[..., middle]
    result = {
        "MAE": mae(target, median),
        "RMSE": rmse(target, median),
        "MASE": mase(target, median, scale),
        "sMAPE": smape(target, median),
        "CRPS": crps(target, quantile_forecast, quantiles),
    }
    for away in range(1, middle + 1):
        low, high = quantile_forecast[..., middle - away], quantile_forecast[..., middle + away]
        level = 100 * (quantiles[middle + away] - quantiles[middle - away])
        result[f"coverage-{round(level, 6):g}"] = coverage(target, low, high)
    return result


def _mean(errors: np.ndarray, target: np.ndarray) -> float:
    """The mean of errors ``(...)`` or ``(..., Q)`` where the target ``(...)`` was observed; NaN where nothing was."""
    seen = ~np.isnan(target)
    chosen = errors if seen.all() else errors[seen]
    return float(chosen.mean()) if chosen.size else float("nan")
