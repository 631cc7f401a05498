"""Forecasts from arrays: what ``predict`` answers, without the frames around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from grunit.data import Panel
from grunit.data.categories import expand
from grunit.data.frequency import first_irregular, future_times
from grunit.errors import DataError, ShapeError
from grunit.tasks.forecast_arguments import chosen_columns

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster

NEW = "y"
"""What a series without a name is called; as in ``predict``."""


def predict_values(
    forecaster: Forecaster,
    values: Any,
    times: Any = None,
    *,
    series: str | None = None,
    futures: Any = None,
) -> np.ndarray:
    """The next ``h`` steps of one series from arrays: the numbers of ``predict``, several times as fast.

    Reading and writing a frame takes longer than a small network does; this is for programs that forecast one series
    after the other as values come in.

    Args:
        values: the history of ``y``, ``(T,)``, or ``(T, 1 + n)`` with the columns of ``exogenous_`` after it, in that
            order; at least ``input_size_`` steps, of which the last are looked at. Nothing may be missing.
        times: ``(T,)``, ``datetime64``; needed where the model looks at the calendar (``cycles_``).
        series: name of a series that was fitted, whose scaling is used (default: the only one that was; where there
            were several, the history is scaled by itself, like that of a series never seen).
        futures: ``(h, n)``, the columns of ``futr_exog`` ahead, where the model uses such.

    Returns:
        ``(h, 1 + 2 * levels)``: the columns of ``predict`` after ``ds``, the median first.

    Raises:
        ShapeError: an array of another shape.
        DataError: a number or a time is missing, the series is not known, or the times have another step.

    >>> import pandas as pd, grunit
    >>> wave = pd.DataFrame({"unique_id": "wave", "ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})
    >>> forecaster = grunit.Forecaster(h=3, hidden_size=8, max_epochs=1, level=[80], verbose=0).fit(wave)
    >>> forecast = forecaster.predict_values(np.sin(np.arange(60) / 3))
    >>> forecast.shape, np.array_equal(forecast, forecaster.predict(wave).iloc[:, 2:])
    ((3, 3), True)
    """
    forecaster.check_fitted()
    steps = forecaster.input_size_
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    width = 1 + len(forecaster.exogenous_)
    if table.ndim != 2 or table.shape[1] != width or len(table) < steps:
        shape = f"({steps}, {width})" + (" or longer" if width > 1 else f", ({steps},) or longer")
        raise ShapeError(f"values must have shape {shape}, got {np.shape(values)}")
    table = table[-steps:]
    if not np.isfinite(table).all():
        raise DataError("values: a number is missing or infinite; fill it in, or give a frame to predict")
    if series is None:
        series = forecaster.series_[0] if len(forecaster.series_) == 1 else NEW
    elif series not in forecaster.scaler_.learned:
        raise DataError(f"series {series!r} was not fitted; leave the name out to scale its history by itself")
    past, ahead = _read_times(forecaster, times, len(np.asarray(values)))
    horizon = np.zeros((1, forecaster.h, 0)) if futures is None else np.asarray(futures, dtype=np.float64)[None]
    known = len(expand(forecaster.futr_exog or (), forecaster.categories_))
    if horizon.shape != (1, forecaster.h, known):
        raise ShapeError(f"futures must have shape ({forecaster.h}, {known}), got {np.shape(futures)}")
    panel = Panel([series], [past], [table], forecaster.exogenous_, forecaster.freq_)
    quantiles = forecaster.forecast(panel, [ahead], horizon)[0]
    return quantiles[:, chosen_columns(forecaster.level, sorted(set(forecaster.level)))]


def _read_times(forecaster: Forecaster, times: Any, length: int) -> tuple[np.ndarray, np.ndarray]:
    """The times of the history that is looked at, and those of the steps ahead."""
    steps, h = forecaster.input_size_, forecaster.h
    if times is None:
        if forecaster.cycles_:
            raise DataError("the model looks at the calendar: give the times of values, an array of datetime64")
        # Nothing reads them.
        return np.arange(steps), np.arange(h)
    moments = np.asarray(times)
    if moments.shape != (length,):
        raise ShapeError(f"times must have shape ({length},), as values have steps, got {moments.shape}")
    moments = moments[-steps:]
    dates = isinstance(forecaster.freq_, str)
    if moments.dtype.kind != ("M" if dates else "i"):
        kind = "datetime64" if dates else "whole numbers"
        raise DataError(f"times are {moments.dtype} and the model was fitted on {kind}: give those")
    if dates:
        moments = moments.astype("datetime64[ns]")
        if np.isnat(moments).any():
            raise DataError("times: one is missing; fill it in")
    wrong = first_irregular(moments, forecaster.freq_)
    if wrong is not None:
        raise DataError(
            f"times: {moments[wrong]} does not follow the time before it by one step, {forecaster.freq_!r}; "
            f"give times with that step"
        )
    return moments, future_times(moments[-1], forecaster.freq_, h)
