"""The table of the suite ``throughput``, and neuralforecast on it; needs nothing of grunit.

``python benchmarks/throughput_peer.py '{...}'`` runs in an environment of neuralforecast's own and prints JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd

LEVELS = [80, 95]


def make_table(series: int, points: int) -> pd.DataFrame:
    """Noisy waves of a week, each with its own phase; days."""
    rng, steps = np.random.default_rng(0), np.arange(points)
    times = pd.date_range("2020-01-01", periods=points, freq="D")
    parts = [
        pd.DataFrame(
            {
                "unique_id": f"s{i}",
                "ds": times,
                "y": 10 + np.sin(2 * np.pi * steps / 7 + i) + 0.1 * rng.standard_normal(points),
            }
        )
        for i in range(series)
    ]
    return pd.concat(parts, ignore_index=True)


def timed(fit: Any) -> dict[str, float]:
    """Seconds by the clock and of the processor."""
    wall, own = time.perf_counter(), time.process_time()
    fit()
    return {"wall": time.perf_counter() - wall, "processor": time.process_time() - own}


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """One fit of neuralforecast, after a short one to warm up."""
    from importlib.metadata import version

    import torch
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import GRU, LSTM

    torch.set_num_threads(case["threads"])
    table = make_table(case["series"], case["points"])

    def fit(steps: int) -> None:
        model = {"gru": GRU, "lstm": LSTM}[case["cell"]](
            h=case["h"],
            input_size=case["input_size"],
            encoder_n_layers=1,
            encoder_hidden_size=case["hidden_size"],
            decoder_hidden_size=case["hidden_size"],
            loss=MQLoss(level=LEVELS),
            max_steps=steps,
            windows_batch_size=case["batch_size"],
            val_check_steps=steps,
            random_seed=case["seed"],
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
        )
        NeuralForecast([model], freq="D").fit(table)

    fit(2)
    found = timed(lambda: fit(case["steps"]))
    names = ("neuralforecast", "torch", "pytorch-lightning", "pandas", "numpy")
    return {**found, "versions": ", ".join(f"{name} {version(name)}" for name in names)}


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    for name in ("pytorch_lightning", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    print(json.dumps(measure(json.loads(sys.argv[1]))))
