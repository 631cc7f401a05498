"""Forecasters are judged on rolling windows at the end of the data, which come after all they learn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from grunit.data import Panel, season_length
from grunit.data.checksum import checksum
from grunit.tasks.backtest import Backtest, Window, backtest_baseline, rolling_windows
from grunit.tasks.forecast_reading import known_columns
from grunit.tasks.forecast_targets import part_ids
from grunit.tasks.quantiles import level_quantiles
from grunit.tasks.statics import Statics

NAMES = ("naive", "seasonal_naive")
"""Baselines that stand beside the trials."""
RELATIVE = "relative "
"""Before a metric: of each target in units of what the seasonal naive forecast comes to there, and their mean."""
SEVERAL = ("MASE", "sMAPE", "relative MAE", "relative RMSE", "relative CRPS")
"""Metrics of forecasts of several targets, none of which adds up unlike units; the first is the usual."""


class ForecastValidation:
    """Rolling windows.

    Args:
        estimator: whose horizon, columns and season the windows have.
        frame: as for :meth:`grunit.Forecaster.fit`.
        metric, direction: the score that decides; with several targets one of :data:`SEVERAL`.
        n_windows, step_size, refit_windows: see :meth:`grunit.Forecaster.cross_validation`.
        static_df, val_size: as for :meth:`grunit.Forecaster.fit`; the validation that decides on early stopping lies
            before the first window.

    Raises:
        DataError: the table cannot be used, or is too short for its windows.
    """

    def __init__(
        self,
        estimator: Any,
        frame: Any,
        metric: str,
        direction: str,
        *,
        n_windows: int = 3,
        step_size: int | None = None,
        refit_windows: bool = False,
        static_df: Any = None,
        val_size: int = 0,
    ):
        self.template, self.frame, self.static_df, self.val_size = clone(estimator), frame, static_df, val_size
        self.metric, self.direction = metric, direction
        self.n_windows, self.step_size = n_windows, estimator.h if step_size is None else step_size
        self.refit_windows = refit_windows
        self._read: dict[str, tuple[Panel, Statics, list[Window]]] = {}
        self.panel, _, self.windows = self.read(self.template)
        self.season = season_length(self.panel.freq) if estimator.season is None else estimator.season
        self._units = self._learn_units() if metric.startswith(RELATIVE) else {}

    def read(self, estimator: Any) -> tuple[Panel, Statics, list[Window]]:
        """The panel with the columns that an estimator uses, and its windows; kept for the next that uses the same."""
        key = repr((estimator.exogenous, estimator.futr_exog))
        if key not in self._read:
            panel, statics = estimator.read(self.frame, self.static_df)
            known = known_columns(estimator, panel)
            # The season of the estimator given: a searched one must not change the unit of MASE.
            season = self.template.season
            windows = rolling_windows(panel, estimator.h, self.n_windows, self.step_size, known, season)
            self._read[key] = (panel, statics, windows)
        return self._read[key]

    def score(self, estimator: Any, watch: Callable[..., Any]) -> dict[str, Any]:
        """Train before the first window, or before each, and forecast all."""
        _, statics, windows = self.read(estimator)
        models: list[Any] = []
        forecasts, epochs = [], 0
        for window in windows:
            if self.refit_windows or not models:
                model = clone(estimator)
                seen = windows[:1] if self.refit_windows else windows
                observer = None if models else watch(model, lambda model=model, seen=seen: self._judge(model, seen))
                models.append(model.fit_panel(window.history, statics, self.val_size, watch=observer))
                epochs += model.history_.epochs
            forecasts.append(models[-1].forecast(window.history, window.times, window.futures))
        parameters = sum(weight.numel() for weight in models[-1].model_.parameters())
        return {"score": self._measure(windows, forecasts), "parameters": parameters, "epochs": epochs}

    def baselines(self) -> dict[str, float]:
        """Forecasts that learn nothing, on the same windows."""
        names = [name for name in NAMES if name != "seasonal_naive" or self.season > 1]
        levels = sorted(set(self.template.level))
        runs = {name: backtest_baseline(name, self.windows, self.season, levels) for name in names}
        return {name: self._pool(run) for name, run in runs.items()}

    def fit(self, estimator: Any) -> Any:
        """Learn from the whole table."""
        return estimator.fit(self.frame, self.static_df, self.val_size)

    def checksum(self) -> str:
        """Of the panel and the numbers of its series."""
        return checksum(self.panel.ids, self.panel.times, self.panel.values, self.panel.exogenous, self.static_df)

    def facts(self) -> dict[str, Any]:
        """The windows."""
        return {
            "horizon": self.template.h,
            "n_windows": self.n_windows,
            "step_size": self.step_size,
            "refit_windows": self.refit_windows,
            "val_size": self.val_size,
        }

    def _judge(self, model: Any, windows: list[Window]) -> float:
        """The score of a forecaster as it stands."""
        return self._measure(windows, [model.forecast(w.history, w.times, w.futures) for w in windows])

    def _measure(self, windows: list[Window], forecasts: list[Any]) -> float:
        return self._pool(Backtest(windows, forecasts, level_quantiles(self.template.level), pd.DataFrame()))

    def _pool(self, run: Backtest) -> float:
        """One score of all series; NaN where none can be had."""
        if not self._units:
            return run.scores()[self.metric]
        # None is left out for its forecast: one that is not finite must not make a better mean.
        found = self._by_target(run).items()
        shares = [score / self._units[target] for target, score in found if np.isfinite(self._units[target])]
        return float(np.mean(shares)) if shares else float("nan")

    def _by_target(self, run: Backtest) -> dict[str, float]:
        """The score of each target that was observed, in its own units."""
        name = self.metric.removeprefix(RELATIVE)
        which = np.array(part_ids(self.panel.ids, self.template.targets)[1])
        observed = np.any([~np.isnan(window.target).all(1) for window in run.windows], axis=0)
        seen = [target for target in self.template.targets if observed[which == target].any()]
        return {target: run.scores(which == target)[name] for target in seen}

    def _learn_units(self) -> dict[str, float]:
        """By target, what the seasonal naive forecast comes to; NaN where it is never wrong and nothing compares."""
        levels = sorted(set(self.template.level))
        name = "seasonal_naive" if self.season > 1 else "naive"
        found = self._by_target(backtest_baseline(name, self.windows, self.season, levels))
        return {target: score if score > 0 else float("nan") for target, score in found.items()}
