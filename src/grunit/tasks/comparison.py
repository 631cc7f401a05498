"""Which cell for my data: the same windows for every cell and every baseline, several seeds, a plain verdict."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from grunit.cells import get, name_of
from grunit.data import Panel, season_length
from grunit.errors import InputError
from grunit.tasks.backtest import Backtest, Window, backtest, backtest_baseline, rolling_windows, window_frame
from grunit.tasks.baselines import read_baselines
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.tasks.comparison_trials import KeptTrials, Trial, describe_data
from grunit.tasks.forecast_reading import known_columns
from grunit.tasks.forecaster import Forecaster
from grunit.tasks.metrics import METRICS
from grunit.tasks.verdict import judge
from grunit.training import DivergenceError, History


@dataclass
class Row:
    """One line of the table.

    Args:
        name: the cell or the baseline.
        is_baseline: whether it is a baseline.
        by_seed: every score by name, one dict a seed; one for a baseline.
        seconds: mean training time of a seed; None for a baseline.
        parameters: trained numbers; None for a baseline.
    """

    name: str
    is_baseline: bool
    by_seed: list[dict[str, float]]
    seconds: float | None = None
    parameters: int | None = None

    def values(self, metric: str) -> list[float]:
        """The score of every seed."""
        return [scores[metric] for scores in self.by_seed]

    def mean(self, metric: str) -> float:
        """Mean over seeds."""
        return float(np.mean(self.values(metric)))

    def spread(self, metric: str) -> float:
        """Standard deviation over seeds; 0 for a single one, and to the bit where all scores are the same."""
        values = self.values(metric)
        return float(np.std(values, ddof=1)) if len(set(values)) > 1 else 0.0

    @property
    def scores(self) -> dict[str, tuple[float, float]]:
        """Mean and spread of every score by name."""
        return {metric: (self.mean(metric), self.spread(metric)) for metric in self.by_seed[0]}

    def to_dict(self) -> dict[str, Any]:
        """The line as JSON can hold it; what is not a number is None."""
        return {
            "name": self.name,
            "is_baseline": self.is_baseline,
            "scores": {
                metric: {"mean": _finite(mean), "spread": _finite(spread)}
                for metric, (mean, spread) in self.scores.items()
            },
            "by_seed": [{metric: _finite(value) for metric, value in one.items()} for one in self.by_seed],
            "seconds": self.seconds,
            "parameters": self.parameters,
        }


@dataclass
class Comparison:
    """What a comparison found.

    Args:
        rows: cells in the order given, then baselines.
        metric: the score that decided.
        winner: the best cell if it beats every baseline by more than the spread over seeds; else None.
        best: the cell with the best mean, whether or not it wins; None where all failed.
        verdict: the answer in plain words.
        frame: ``unique_id, ds, cutoff, y`` and for every name its forecast and intervals (of the first seed).
        histories: training curves by cell, one a seed.
        models: the fitted forecaster of the first seed by cell.
        windows: the cuts that were scored.
        panel: all series.
        failures: cells whose training broke down, with the reason.
        facts: horizon, windows, step size, seeds, levels, season.
    """

    rows: list[Row]
    metric: str
    winner: str | None
    best: str | None
    verdict: str
    frame: pd.DataFrame
    histories: dict[str, list[History]]
    models: dict[str, Forecaster]
    windows: list[Window]
    panel: Panel
    failures: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self, name: str) -> Row:
        """The row of a cell or baseline."""
        return next(row for row in self.rows if row.name == name)

    def to_frame(self) -> pd.DataFrame:
        """The table: one row a name, mean and spread of every score."""
        table = []
        for row in self.rows:
            line: dict[str, Any] = {"name": row.name}
            for metric, (mean, spread) in row.scores.items():
                line[metric] = mean
                line[f"{metric} spread"] = None if row.is_baseline else spread
            table.append({**line, "seconds": row.seconds, "parameters": row.parameters})
        return pd.DataFrame(table)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, table, curves and facts as JSON can hold them; what is not a number is None."""
        return {
            "verdict": self.verdict,
            "winner": self.winner,
            "best": self.best,
            "metric": self.metric,
            "rows": [row.to_dict() for row in self.rows],
            "failures": self.failures,
            "curves": {name: [history.to_dict() for history in runs] for name, runs in self.histories.items()},
            **self.facts,
        }


def compare(
    frame: Any,
    h: int,
    cells: Sequence[Any],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    n_windows: int = 4,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] = ("naive", "seasonal_naive"),
    metric: str = "MAE",
    progress: Callable[[int, int, str], None] | None = None,
    static_df: Any = None,
    val_size: int = 0,
    keep: str | os.PathLike | None = None,
    **settings: Any,
) -> Comparison:
    """Backtest cells and baselines on the same rolling windows.

    Args:
        frame: as for :meth:`grunit.Forecaster.fit`.
        h: steps ahead.
        cells: names or classes.
        seeds: each cell is trained once with each.
        n_windows, step_size, refit: of the windows, see :meth:`grunit.Forecaster.cross_validation`.
        baselines: ``"naive"``, ``"seasonal_naive"``, ``"drift"``, and with the extra ``statsforecast`` also
            ``"auto_ets"`` and ``"auto_theta"``; ``"seasonal_naive:365"`` names its season. Without a
            usual season, the seasonal naive forecast is the naive one and is left out.
        metric: the score that decides: MAE, RMSE, MASE, sMAPE or CRPS.
        progress: called with (trainings done, trainings in all, what comes next).
        static_df, val_size: as for :meth:`grunit.Forecaster.fit`.
        keep: a folder that keeps every training as it is done; the same comparison, interrupted, goes on from it, and
            removes it at the end.
        settings: every other argument of :class:`grunit.Forecaster`.

    Raises:
        DataError, InputError: as the forecaster, before any training.
    """
    if metric not in METRICS:
        raise InputError(f"unknown metric {metric!r}: use one of {', '.join(METRICS)}")
    kinds = _named(cells)
    seeds = list(seeds)
    if not seeds:
        raise InputError("seeds is empty: give at least one, such as seeds=[0]")
    template = Forecaster(h, **{"verbose": 0, **settings})
    step_size = h if step_size is None else step_size
    panel, statics = template.read(frame, static_df)
    season = season_length(panel.freq) if template.season is None else template.season
    windows = rolling_windows(panel, h, n_windows, step_size, known_columns(template, panel), season)
    levels = sorted(set(template.level))
    runs: dict[str, Backtest] = {
        name: backtest_baseline(kind, windows, length, levels)
        for name, kind, length in read_baselines(baselines, season)
    }
    rows = [Row(name, True, [run.scores()]) for name, run in runs.items()]

    forecasts = {name: run.forecasts for name, run in runs.items()}
    total, done = len(kinds) * len(seeds), 0
    told = {"h": h, "n_windows": n_windows, "step_size": step_size, "refit": refit, "val_size": val_size}
    kept = KeptTrials(keep, describe_data(panel, {**told, "settings": settings, "static": statics.to_json()}))
    histories: dict[str, list[History]] = {}
    models: dict[str, Forecaster] = {}
    failures: dict[str, str] = {}
    cell_rows = []
    for name, kind in kinds.items():
        trials: list[Trial] = []
        own = [layer for layer in (kind if isinstance(kind, (list, tuple)) else [kind]) if isinstance(layer, type)]
        for seed in seeds:
            if progress is not None:
                progress(done, total, f"{name}, seed {seed}")
            template.set_params(cell=kind, seed=seed)

            def train() -> Trial:
                past = backtest(template, panel, n_windows, step_size, refit, statics=statics, val_size=val_size)
                return Trial.of(past)

            try:
                trials.append(kept.trial(name, seed, not trials, own, train))
            except DivergenceError as error:
                failures[name] = str(error)
            done += 1
        if name in failures:
            continue
        forecasts[name] = trials[0].forecasts
        model = trials[0].model
        assert model is not None
        models[name] = model
        histories[name] = [trial.history for trial in trials]
        seconds = float(np.mean([trial.seconds for trial in trials]))
        cell_rows.append(Row(name, False, [trial.scores for trial in trials], seconds, trials[0].parameters))
    if progress is not None:
        progress(total, total, "done")
    winner, best, verdict = judge(cell_rows, rows, metric, len(seeds), failures, len(windows))
    names = dict.fromkeys(name for name in (*kinds, *forecasts) if name in forecasts)
    together = window_frame(windows, {name: forecasts[name] for name in names}, levels)
    kept.close()
    facts = {
        "horizon": h,
        "n_windows": n_windows,
        "step_size": step_size,
        "seeds": seeds,
        "level": levels,
        "season": season,
    }
    return Comparison(
        [*cell_rows, *rows],
        metric,
        winner,
        best,
        verdict,
        together,
        histories,
        models,
        windows,
        panel,
        failures,
        facts,
    )


def _named(cells: Sequence[Any]) -> dict[str, Any]:
    if isinstance(cells, (str, type)):
        cells = [cells]
    if not cells:
        raise InputError("cells is empty: name at least one, such as cells=['gru']")
    kinds = {}
    for cell in cells:
        require_plain_inputs(cell, "a forecaster")
        layers = [get(layer) for layer in (cell if isinstance(cell, (list, tuple)) else [cell])]
        kinds["+".join(name_of(layer) or layer.__name__ for layer in layers)] = cell
    return kinds


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
