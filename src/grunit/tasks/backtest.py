"""Rolling windows: train before a cut, forecast after it, score against what came."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from grunit.data import DataWarning, Panel, require_length, season_length
from grunit.errors import DataError, InputError
from grunit.tasks.baselines import baseline_quantiles, read_baselines
from grunit.tasks.forecast_reading import known_columns
from grunit.tasks.forecast_targets import part_ids
from grunit.tasks.metrics import all_scores, seasonal_error
from grunit.tasks.quantiles import column_order, level_columns, level_quantiles
from grunit.tasks.statics import Statics

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster


@dataclass
class Window:
    """One cut through all series.

    Args:
        history: everything before the cut.
        times: the h times after it, one array a series.
        target: what came, ``(N, h)``; NaN where it was not observed.
        futures: columns known of the horizon, ``(N, h, G)``.
        scale: unit of MASE for each series, ``(N, 1)``, from the history before the first cut.
    """

    history: Panel
    times: list[np.ndarray]
    target: np.ndarray
    futures: np.ndarray
    scale: np.ndarray


def rolling_windows(
    panel: Panel, h: int, n_windows: int, step_size: int, known: int = 0, season: int | None = None
) -> list[Window]:
    """The last ``n_windows`` cuts, ``step_size`` apart; the last one leaves exactly ``h`` steps.

    Args:
        panel: all series; cuts are counted from the end of each.
        h: steps after a cut.
        n_windows, step_size: how many cuts, how far apart.
        known: the last so many exogenous columns are known of the future.
        season: for the unit of MASE (default: from the frequency).

    Raises:
        DataError: a series is too short, or has no value before the first cut.
    """
    for name, value in (("n_windows", n_windows), ("step_size", step_size)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise InputError(f"{name} is {value!r}: give a whole number of at least 1")
    held_out = h + step_size * (n_windows - 1)
    require_length(panel, held_out + 2, f"{n_windows} windows of {h} steps, {step_size} apart,")
    for name, values in zip(panel.ids, panel.values, strict=True):
        if np.isnan(values[:-held_out, 0]).all():
            raise DataError(
                f"series {name!r} has no value before the first window: leave it out, or ask for fewer windows"
            )
    season = season_length(panel.freq) if season is None else season
    scale = np.array([[seasonal_error(values[:-held_out, 0], season)] for values in panel.values])
    windows = []
    for index in range(n_windows):
        cut = held_out - index * step_size
        stop = None if cut == h else h - cut
        after = panel.cut(-cut, stop)
        target = np.stack([values[:, 0] for values in after.values])
        width = after.values[0].shape[1]
        futures = np.stack([values[:, width - known :] for values in after.values])
        windows.append(Window(panel.cut(None, -cut), after.times, target, futures, scale))
    return windows


@dataclass
class Backtest:
    """Forecasts of past windows.

    Args:
        windows: the cuts.
        forecasts: quantiles, one array ``(N, h, Q)`` a window.
        quantiles: ``(Q,)``.
        frame: ``unique_id, ds, cutoff, y`` and the forecast's columns, series by series.
        models: the fitted estimators, one for all windows or one each.
        seconds: spent in training.
    """

    windows: list[Window]
    forecasts: list[np.ndarray]
    quantiles: list[float]
    frame: pd.DataFrame
    models: list[Any] = field(default_factory=list)
    seconds: float = 0.0

    def scores(self, series: np.ndarray | slice = slice(None)) -> dict[str, float]:
        """Every score over all windows, steps and series, or those of them that are chosen."""
        target = np.concatenate([window.target[series] for window in self.windows])
        scale = np.concatenate([window.scale[series] for window in self.windows])
        forecasts = np.concatenate([forecast[series] for forecast in self.forecasts])
        return all_scores(target, forecasts, self.quantiles, scale)


def backtest(
    forecaster: Forecaster,
    panel: Panel,
    n_windows: int,
    step_size: int,
    refit: bool = False,
    baselines: Sequence[str] = (),
    *,
    statics: Statics | None = None,
    val_size: int = 0,
    watch: Any = None,
) -> Backtest:
    """Train clones of an estimator on what lies before the cuts, and forecast what lies after.

    With ``refit=False`` one clone is trained before the first cut and forecasts from every one.
    """
    if baselines and len(forecaster.targets) > 1:
        raise InputError("baselines beside several targets are for evaluate: leave them out of cross_validation")
    known = known_columns(forecaster, panel)
    season = season_length(panel.freq) if forecaster.season is None else forecaster.season
    asked = read_baselines(baselines, season)
    windows = rolling_windows(panel, forecaster.h, n_windows, step_size, known, season)
    models: list[Forecaster] = []
    forecasts, seconds = [], 0.0
    for window in windows:
        if refit or not models:
            started = time.perf_counter()
            models.append(clone(forecaster).fit_panel(window.history, statics, val_size, watch=watch))
            seconds += time.perf_counter() - started
        forecasts.append(models[-1].forecast(window.history, window.times, window.futures))
    name = type(forecaster).__name__
    levels = sorted(set(forecaster.level))
    beside = {label: backtest_baseline(kind, windows, length, levels).forecasts for label, kind, length in asked}
    frame = window_frame(windows, {name: forecasts, **beside}, levels)
    return Backtest(windows, forecasts, level_quantiles(forecaster.level), frame, models, seconds)


def backtest_baseline(name: str, windows: Sequence[Window], season: int, levels: Sequence[float]) -> Backtest:
    """The forecasts of a baseline on the same windows."""
    quantiles = level_quantiles(levels)
    forecasts = []
    for window in windows:
        h = window.target.shape[1]
        one = [baseline_quantiles(name, values[:, 0], h, season, quantiles) for values in window.history.values]
        forecasts.append(np.stack(one))
    return Backtest(list(windows), forecasts, quantiles, window_frame(windows, {name: forecasts}, sorted(set(levels))))


def window_frame(
    windows: Sequence[Window], forecasts: dict[str, list[np.ndarray]], levels: Sequence[float]
) -> pd.DataFrame:
    """Forecasts of windows as one long frame, sorted by series, then cut, then time."""
    order = column_order(levels)
    parts = []
    for place, window in enumerate(windows):
        h = window.target.shape[1]
        part = pd.DataFrame(
            {
                "unique_id": np.repeat(np.array(window.history.ids, dtype=object), h),
                "ds": np.concatenate(window.times),
                "cutoff": np.repeat(np.array([times[-1] for times in window.history.times]), h),
                "y": window.target.ravel(),
            }
        )
        for name, values in forecasts.items():
            for column, position in zip(level_columns(name, levels), order, strict=True):
                part[column] = values[place][..., position].ravel()
        part["series"] = np.repeat(np.arange(len(window.history)), h)
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True).sort_values("series", kind="stable", ignore_index=True)
    return frame.drop(columns="series")


def count_fresh(forecaster: Forecaster, panel: Panel) -> int:
    """Steps at the end of every series that a fitted forecaster has not learnt from."""
    context = forecaster.context_
    until = {name: times[-1] for name, times in zip(context.ids, context.times, strict=True)}
    return min(
        int((times > until[name]).sum()) if name in until else len(times) - forecaster.input_size_
        for name, times in zip(panel.ids, panel.times, strict=True)
    )


def evaluate(
    forecaster: Forecaster,
    panel: Panel,
    n_windows: int | None,
    step_size: int,
    baselines: Sequence[str] = ("naive", "seasonal_naive", "drift"),
) -> pd.DataFrame:
    """Scores of a fitted forecaster, as it is, and of the baselines, on the last windows of ``panel``."""
    h = forecaster.h
    # What one model of several has learnt from is new to none of them.
    fresh = min(count_fresh(one, panel) for one in getattr(forecaster, "parts", [forecaster]))
    if n_windows is None:
        n_windows = max(1, (fresh - h) // step_size + 1)
    if fresh < h + step_size * (n_windows - 1):
        message = f"of the {n_windows} windows scored, some lie in the training data, so the model's scores flatter it"
        warnings.warn(message, DataWarning, stacklevel=3)
    season = forecaster.season_
    windows = rolling_windows(panel, h, n_windows, step_size, known_columns(forecaster, panel), season)
    forecasts = [forecaster.forecast(window.history, window.times, window.futures) for window in windows]
    levels = sorted(set(forecaster.level))
    runs = {type(forecaster).__name__: Backtest(windows, forecasts, level_quantiles(levels), pd.DataFrame())}
    for name, kind, length in read_baselines(baselines, season):
        runs[name] = backtest_baseline(kind, windows, length, levels)
    if len(forecaster.targets) == 1:
        rows = {name: run.scores() for name, run in runs.items()}
    else:
        which = np.array(part_ids(panel.ids, forecaster.targets)[1])
        rows = {
            name: {
                f"{score}-{target}": value
                for target in forecaster.targets
                for score, value in run.scores(which == target).items()
            }
            for name, run in runs.items()
        }
    return pd.DataFrame(rows).T.rename_axis("model").reset_index()
