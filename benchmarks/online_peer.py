"""The stream of the suite ``online``, how it is timed, and deep-river on it; needs nothing of grunit.

``python benchmarks/online_peer.py COUNT TURNS`` runs in an environment of deep-river's own and prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

UNITS, FEATURES = 32, 8
WINDOWS = (1, 4)

Row = tuple[dict[str, float], float]


def make_stream(count: int) -> list[Row]:
    """Rows of standard normal features, and a target that also depends on the row before."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((count + 1, FEATURES))
    names = [f"f{i}" for i in range(FEATURES)]
    targets = values[1:, 0] - 0.5 * values[1:, 1] + 0.5 * values[:-1, 2]
    return [(dict(zip(names, map(float, row))), float(y)) for row, y in zip(values[1:], targets)]


def rounds(
    step: Callable[[dict[str, float], float], Any], stream: list[Row], count: int, turns: int
) -> dict[str, float]:
    """Updates a second over ``turns`` rounds of ``count`` rows, after one round to warm up, and the last error."""
    speeds, errors = [], []
    for turn in range(turns + 1):
        part = stream[turn * count : (turn + 1) * count]
        begun = time.perf_counter()
        said = [step(x, y) for x, y in part]
        speeds.append(count / (time.perf_counter() - begun))
        if said[-1] is not None and isinstance(said[-1], float):
            errors = [abs(one - y) for one, (_, y) in zip(said, part)]
    error = float(np.mean(errors) / np.std([y for _, y in stream])) if errors else 0.0
    return {"median": median(speeds[1:]), "best": max(speeds[1:]), "error": error}


def measure(count: int, turns: int) -> list[dict[str, Any]]:
    """deep-river's RollingRegressor, one row a window."""
    from importlib.metadata import version

    import torch
    from deep_river.regression import RollingRegressor

    class Network(torch.nn.Module):
        def __init__(self, features: int):
            super().__init__()
            self.core, self.head = torch.nn.GRU(features, UNITS), torch.nn.Linear(UNITS, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.core(x)[0][-1])

    torch.set_num_threads(1)
    versions = ", ".join(f"{name} {version(name)}" for name in ("deep-river", "river", "torch")).removeprefix(
        "deep-river "
    )
    found, stream = [], make_stream((turns + 1) * count)
    for window in WINDOWS:
        torch.manual_seed(0)
        model = RollingRegressor(Network(FEATURES), optimizer_fn="adam", lr=0.005, window_size=window)

        def step(x: dict[str, float], y: float, model: Any = model) -> float:
            prediction = model.predict_one(x)
            model.learn_one(x, y)
            return float(prediction)

        name = "deep-river RollingRegressor, gru"
        found.append({"model": name, "window": window, "versions": versions, **rounds(step, stream, count, turns)})
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
