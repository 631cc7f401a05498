"""What a date says about its place in the day, the week and the year."""

from __future__ import annotations

import numpy as np
import pandas as pd

_DAY = 86_400 * 10**9
_THURSDAY = 3
"""The day of the week, from Monday, on which 1970 began."""
_CYCLES = {"day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7), "year": pd.Timedelta(days=365.25)}


def calendar_cycles(times: list[np.ndarray]) -> list[str]:
    """The cycles that the times walk through and that a model can learn.

    A cycle counts when one step is at most a quarter of it and the longest series covers it twice. Times that are
    not dates have none.

    >>> calendar_cycles([pd.date_range("2024-01-01", periods=800, freq="D").to_numpy()])
    ['week', 'year']
    >>> calendar_cycles([np.arange(100)])
    []
    """
    longest = max(times, key=len)
    if longest.dtype.kind != "M" or len(longest) < 3:
        return []
    step = pd.Timedelta(int(np.median(np.diff(longest.astype("datetime64[ns]").astype(np.int64)))), unit="ns")
    span = pd.Timedelta(longest[-1] - longest[0])
    return [name for name, length in _CYCLES.items() if 4 * step <= length and span >= 1.95 * length]


def calendar_features(times: np.ndarray, cycles: list[str]) -> np.ndarray:
    """Sine and cosine of the phase in each cycle, and of twice the phase: ``(T,)`` -> ``(T, 4 * cycles)``.

    >>> calendar_features(np.array(["2024-01-01"], dtype="datetime64[ns]"), ["day"])
    array([[0., 1., 0., 1.]])
    """
    if not cycles:
        return np.zeros((len(times), 0))
    # Plain arithmetic: this runs at every forecast, and an index of pandas costs more than the whole network.
    moments = times.astype("datetime64[ns]")
    days, years = moments.astype("datetime64[D]"), moments.astype("datetime64[Y]")
    day = (moments - days).astype(np.int64) / _DAY
    first = years.astype("datetime64[D]")
    phases = {"day": day}
    if "week" in cycles:
        phases["week"] = ((days.astype(np.int64) + _THURSDAY) % 7 + day) / 7
    if "year" in cycles:
        length = ((years + 1).astype("datetime64[D]") - first).astype(np.int64)
        phases["year"] = ((days - first).astype(np.int64) + day) / length
    columns = []
    for cycle in cycles:
        for harmonic in (1, 2):
            angle = 2 * np.pi * harmonic * phases[cycle]
            columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, -1)
