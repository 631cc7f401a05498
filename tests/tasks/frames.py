"""Small tables that tests of tasks share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from grunit.tasks import Forecaster

TINY: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "batch_size": 16, "verbose": 0, "device": "cpu"}


def daily(days: int = 60, series: tuple[str, ...] = ("north", "south"), seed: int = 0) -> pd.DataFrame:
    """A weekly rhythm with noise, one level a series, and a column of rain."""
    generator = np.random.default_rng(seed)
    parts = []
    for place, name in enumerate(series):
        y = 20 * place + 3 * np.sin(2 * np.pi * np.arange(days) / 7) + generator.normal(size=days)
        ds = pd.date_range("2024-01-01", periods=days, freq="D")
        parts.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": y, "rain": generator.normal(size=days)}))
    return pd.concat(parts, ignore_index=True)


def tiny(h: int = 3, **settings: Any) -> Forecaster:
    """A forecaster that trains in a moment."""
    return Forecaster(h, **{**TINY, "input_size": 8, **settings})
