"""Numbers and times of a forecast as people and programs read them: no digits and no midnights that say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

SIGNIFICANT = 7
"""A network computes in float32, which holds about seven digits."""
OF_WIDTH = 4
"""Digits that an interval's width keeps at least, where a level is far larger than what varies."""


def round_forecast(frame: pd.DataFrame) -> pd.DataFrame:
    """Floats rounded to the digits that mean something; a row keeps enough to tell its own columns apart.

    >>> round_forecast(pd.DataFrame({"gru": [20.123456789], "gru-lo-80": [18.000000012]})).to_numpy().tolist()
    [[20.12346, 18.0]]
    >>> round_forecast(pd.DataFrame({"gru": [1e9 + 1 / 3], "gru-lo-80": [1e9]})).to_numpy().tolist()
    [[1000000000.3333, 1000000000.0]]
    """
    names = list(frame.select_dtypes("float"))
    values = frame[names].to_numpy(dtype=np.float64)
    if not values.size:
        return frame
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(values)))
        width = np.floor(np.log10(values.max(1) - values.min(1)))[:, None]
    places = np.maximum(SIGNIFICANT - 1 - size, OF_WIDTH - 1 - width)
    places = np.clip(np.where(np.isfinite(places), places, SIGNIFICANT), -290, 290).astype(int)
    rounded = [[round(number, place) for number, place in zip(*row, strict=True)] for row in _pairs(values, places)]
    result = frame.copy()
    result[names] = np.array(rounded)
    return result


def _pairs(values: np.ndarray, places: np.ndarray) -> zip:
    return zip(values.tolist(), np.broadcast_to(places, values.shape).tolist(), strict=True)


def records(frame: pd.DataFrame) -> list[dict]:
    """Rows as JSON can hold them; dates without a time of day where none has one.

    >>> records(pd.DataFrame({"ds": pd.to_datetime(["2024-01-31"])}))
    [{'ds': '2024-01-31'}]
    """
    shown = frame.copy()
    for name in frame.select_dtypes(["datetime", "datetimetz"]):
        days = bool((frame[name] == frame[name].dt.normalize()).all())
        shown[name] = frame[name].dt.strftime("%Y-%m-%d") if days else frame[name].astype(str)
    return shown.astype(object).to_dict("records")
