"""Forecasts that need no learning: what a model must beat. A history may hold NaN where nothing was observed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from grunit.errors import InputError, require, suggest
from grunit.tasks.statistical_baselines import MODELS, statistical_quantiles


def naive(history: np.ndarray, h: int, season: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The last value seen for all steps: the random walk.

    Args:
        history: ``(T,)``, T >= 2, with at least one value.
        h: steps ahead.
        season: not used.

    Returns:
        forecast ``(h,)`` and its standard deviation ``(h,)``, which grows with the square root of the step.

    Source: Hyndman & Athanasopoulos, *Forecasting: principles and practice*, 3rd ed. (2021), sections 5.2 and 5.5,
    as for the other baselines.

    >>> naive(np.array([1.0, 3.0, 2.0]), 2)[0]
    array([2., 2.])
    """
    values, places = _seen(history)
    steps = np.arange(len(history), len(history) + h) - places[-1]
    return np.full(h, float(values[-1])), _root_mean_square(_steps(values, places), 0) * np.sqrt(steps)


def seasonal_naive(history: np.ndarray, h: int, season: int) -> tuple[np.ndarray, np.ndarray]:
    """The value one season before, or more where that is missing; with a history of one season, as :func:`naive`.

    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), 3, season=2)[0]
    array([3., 4., 3.])
    """
    if len(history) <= season:
        return naive(history, h)
    steps = np.arange(h)
    # The latest value at the same point of the season, and how many seasons before.
    back = np.arange(1, len(history) // season + 2)
    before = steps[:, None] % season + len(history) - season * back
    known = np.where(before < 0, np.nan, history[np.maximum(before, 0)])
    seen = ~np.isnan(known)
    first = seen.argmax(1)
    forecast = known[np.arange(h), first].astype(float)
    missed = ~seen.any(1)
    forecast[missed] = naive(history, h)[0][missed]
    residuals = history[season:] - history[:-season]
    residuals = residuals[~np.isnan(residuals)]
    spread = _root_mean_square(residuals, 0) if len(residuals) else naive(history, 1)[1][0]
    return forecast, spread * np.sqrt(steps // season + 1 + np.where(missed, 0, first))


def drift(history: np.ndarray, h: int, season: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The straight line through the first and the last value seen.

    >>> drift(np.array([1.0, 4.0, 3.0]), 2)[0]
    array([4., 5.])
    """
    values, places = _seen(history)
    steps, differences = np.arange(len(history), len(history) + h) - places[-1], places[-1] - places[0]
    slope = (values[-1] - values[0]) / max(differences, 1)
    spread = _root_mean_square(_steps(values, places, slope), 1)
    return values[-1] + slope * steps, spread * np.sqrt(steps * (1 + steps / max(differences, 1)))


def _seen(history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that are there, and where."""
    places = np.flatnonzero(~np.isnan(history))
    return history[places], places


def _steps(values: np.ndarray, places: np.ndarray, slope: float = 0.0) -> np.ndarray:
    """From each value to the next, as large as one step of a random walk would be that took so many."""
    apart = np.diff(places)
    return (np.diff(values) - slope * apart) / np.sqrt(apart)


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
    if name in MODELS:
        return statistical_quantiles(name, history, h, season, quantiles)
    if name not in BASELINES:
        raise InputError(f"unknown baseline {name!r}: use one of {', '.join((*BASELINES, *MODELS))}")
    forecast, spread = BASELINES[name](history, h, season)
    away = np.array([NormalDist().inv_cdf(quantile) for quantile in quantiles])
    return forecast[:, None] + spread[:, None] * away


def read_baselines(names: Sequence[str], season: int) -> list[tuple[str, str, int]]:
    """Name, kind and season of each baseline that was asked for; the seasonal ones without a season are left out.

    Raises:
        InputError: a name is unknown.
        MissingExtraError: the models of statsforecast are asked for and it is not installed.

    >>> read_baselines(["naive", "seasonal_naive", "seasonal_naive:365"], 7)
    [('naive', 'naive', 7), ('seasonal_naive', 'seasonal_naive', 7), ('seasonal_naive:365', 'seasonal_naive', 365)]
    """
    if isinstance(names, str):
        raise InputError(f"baselines is {names!r}: give a list of names, such as [{names!r}]")
    read, known = [], (*BASELINES, *MODELS)
    for name in names:
        kind, _, length = name.partition(":")
        if kind not in known or (length and not (length.isdigit() and int(length))):
            hint = suggest(kind, known, f"use one of {', '.join(known)}, or seasonal_naive:365 to name a season")
            raise InputError(f"unknown baseline {name!r}: {hint}")
        if kind in MODELS:
            require("statsforecast.models", "statsforecast")
        if kind == "seasonal_naive" and not length and season == 1:
            continue
        read.append((name, kind, int(length) if length else season))
    return read
