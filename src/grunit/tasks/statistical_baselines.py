"""Exponential smoothing and Theta of statsforecast, chosen by themselves for every series."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from grunit.errors import require

MODELS = {"auto_ets": "AutoETS", "auto_theta": "AutoTheta"}
"""Names here, and the class in ``statsforecast.models``."""


def statistical_quantiles(
    name: str, history: np.ndarray, h: int, season: int, quantiles: Sequence[float]
) -> np.ndarray:
    """Quantiles ``(h, Q)`` of a model of statsforecast, fitted to one series.

    Args:
        name: of :data:`MODELS`.
        history: ``(T,)``; what is missing is taken for the value last seen, as these models take no gaps.
        h: steps ahead.
        season: steps of a season; not used where the history has less than two.
        quantiles: ascending, as :func:`grunit.tasks.quantiles.level_quantiles` gives them.

    Raises:
        MissingExtraError: statsforecast is not installed; the sentence names the extra.

    Source: Hyndman & Khandakar, *Automatic time series forecasting* (2008); Fiorucci et al., *Models for optimising
    the theta method* (2016), as statsforecast implements them.
    """
    models = require("statsforecast.models", "statsforecast")
    seen = np.flatnonzero(~np.isnan(history))
    last = seen[np.maximum(np.searchsorted(seen, np.arange(len(history)), side="right") - 1, 0)]
    model = getattr(models, MODELS[name])(season_length=season if len(history) >= 2 * season else 1)
    levels = [round(100 * (1 - 2 * quantile), 6) for quantile in quantiles if quantile < 0.5]
    with warnings.catch_warnings():
        # Of optimisers that stop early, for one series among many.
        warnings.simplefilter("ignore")
        found = model.forecast(y=history[last].astype(np.float64), h=h, level=levels or None)
    columns = [found["mean"]]
    for level in levels[::-1]:
        columns = [found[f"lo-{_shown(level)}"], *columns, found[f"hi-{_shown(level)}"]]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], -1)


def _shown(level: float) -> str:
    return str(level)
