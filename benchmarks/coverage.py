"""How often the intervals of a forecast hold what came: M4 Hourly, all series, the 48 hours kept for the test."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import grunit
from benchmarks.settings import Settings, data_folder, say
from benchmarks.tables import markdown, spread
from grunit.cli.timing import use_threads
from grunit.data import Panel
from grunit.tasks.backtest import Backtest, Window, backtest_baseline
from grunit.tasks.metrics import seasonal_error
from grunit.tasks.quantiles import level_quantiles

LEVELS = (80, 95)
HORIZON, SEASON = 48, 24
SEEDS = range(5)
CHOSEN: dict[str, Any] = {
    "cell": "gru",
    "hidden_size": 32,
    "input_size": 72,
    "max_epochs": 2,
    "batch_size": 256,
    "season": SEASON,
    "conformal": 7,
}
"""Settings of the forecaster; the others are its defaults."""


def measure(settings: Settings) -> dict[str, Any]:
    """One row a seed and kind of interval, and the seasonal naive forecast."""
    panel, target = read(data_folder("m4_hourly"), 6 if settings.smoke else None)
    scale = np.array([[seasonal_error(values[:, 0], SEASON)] for values in panel.values])
    times = [np.arange(len(values) + 1, len(values) + 1 + HORIZON) for values in panel.values]
    window = Window(panel, times, target, np.zeros((len(panel), HORIZON, 0)), scale)
    rows = [{"intervals": "seasonal naive", **score(backtest_baseline("seasonal_naive", [window], SEASON, LEVELS))}]
    with use_threads(1):
        for seed in range(1) if settings.smoke else SEEDS:
            say(f"coverage: seed {seed}")
            begun = time.perf_counter()
            model = grunit.Forecaster(HORIZON, level=LEVELS, seed=seed, verbose=0, **CHOSEN).fit_panel(panel)
            seconds = time.perf_counter() - begun
            measured = model.conformal_.measured
            for name in ("conformal", "as learned"):
                if name == "as learned":
                    model.conformal_ = None
                forecast = model.forecast(panel, times, window.futures)
                found = score(Backtest([window], [forecast], level_quantiles(LEVELS), pd.DataFrame()))
                rows.append({"intervals": name, "seed": seed, "seconds": seconds, "expected": measured, **found})
    return {"series": len(panel), "settings": CHOSEN, "rows": rows}


def read(folder: Path, first: int | None) -> tuple[Panel, np.ndarray]:
    """The training series as a panel, and what came after them, ``(N, 48)``."""
    train, test = (pd.read_csv(folder / f"Hourly-{part}.csv", index_col=0).iloc[:first] for part in ("train", "test"))
    values = [row[~np.isnan(row)][:, None] for row in train.to_numpy(dtype=float)]
    times = [np.arange(1, len(row) + 1) for row in values]
    return Panel([str(name) for name in train.index], times, values, freq=1), test.to_numpy(dtype=float)


def score(past: Backtest) -> dict[str, float]:
    """Coverage, width of the intervals in units of MASE, and how good the median is."""
    scores = past.scores()
    forecast, scale = past.forecasts[0], past.windows[0].scale
    width = {
        f"width-{level}": float(((forecast[..., -1 - out] - forecast[..., out]) / scale).mean())
        for out, level in enumerate(sorted(LEVELS, reverse=True))
    }
    return {name: scores[name] for name in ("coverage-80", "coverage-95", "MASE", "sMAPE", "CRPS")} | width


def tell(document: dict[str, Any]) -> str:
    """The table: mean and spread over seeds, and what the model itself had said it would cover."""
    rows, table = document["rows"], []
    columns = ["coverage-80", "coverage-95", "width-80", "width-95", "MASE", "sMAPE"]
    for name in dict.fromkeys(row["intervals"] for row in rows):
        own = [row for row in rows if row["intervals"] == name]
        line = [name, str(len(own) if "seed" in own[0] else "-")]
        for column in columns:
            line.append(spread([row[column] for row in own]))
        table.append(line)
    said = {
        level: np.mean([row["expected"][level]["after"] for row in rows if row["intervals"] == "conformal"])
        for level in ("80", "95")
    }
    chosen = ", ".join(f"{name}={value!r}" for name, value in document["settings"].items())
    seconds = np.mean([row["seconds"] for row in rows if "seconds" in row])
    return (
        f"M4 Hourly, {document['series']} series, the {HORIZON} hours kept for the test, one thread, mean and standard "
        f"deviation over seeds. Settings: {chosen}; {seconds:.0f} s a seed to train, calibration included.\n\n"
        f"{markdown(table, ['intervals', 'seeds', *columns])}\n\n"
        f"Coverage is in percent, width in units of MASE. In fitting, on windows held back, the corrected intervals of "
        f"80 and 95 % held {said['80']:.1f} and {said['95']:.1f} %."
    )
