"""Times with gaps on the regular grid they were taken from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grunit.data.frequency import Frequency, part_days

SPARSEST = 20
"""Steps for each row that was given, beyond which a gap is taken for a slip."""
SMALL = 1000
"""Steps that are laid out in any case."""


def lay_on_grid(times: np.ndarray, freq: Frequency) -> tuple[np.ndarray, np.ndarray] | None:
    """Every time from the first to the last, and where those given are among them.

    Working days (``"B"``) are filled in only where more than four in a row are absent, as exchanges close on holidays.

    Args:
        times: ``datetime64[ns]`` or ``int64``, shape ``(T,)``, rising.
        freq: the step.

    Returns:
        The grid ``(G,)`` and positions ``(T,)``; ``None`` where a time lies between two steps, or where nearly all of
        the grid would be empty.

    >>> lay_on_grid(np.array([1, 3, 4, 7]), 1)
    (array([1, 2, 3, 4, 5, 6, 7]), array([0, 2, 3, 6]))
    >>> lay_on_grid(np.array([1, 3, 4, 7]), 2) is None
    True
    """
    if freq is None or len(times) < 2:
        return times, np.arange(len(times))
    ticks = times.astype(np.int64)
    if (ticks[-1] - ticks[0]) // max(int(np.diff(ticks).min()), 1) >= max(SMALL, SPARSEST * len(times)):
        return None
    grid = _grid(times, freq)
    positions = np.searchsorted(grid, times)
    if (positions >= len(grid)).any() or (grid[positions] != times).any() or positions[0] != 0:
        return None
    return grid, positions


def _grid(times: np.ndarray, freq: str | int) -> np.ndarray:
    if isinstance(freq, int):
        return np.arange(times[0], times[-1] + 1, freq)
    if freq == "B":
        days = times.astype("datetime64[D]")
        steps = np.busday_count(days[:-1], days[1:])
        filled = [pd.bdate_range(times[i], times[i + 1]).to_numpy() for i in np.flatnonzero(steps > 5)]
        return np.unique(np.concatenate([times, *filled]).astype(times.dtype)) if _work(days) else days[:0]
    alias, after = part_days(freq)
    return (pd.date_range(times[0] - after, times[-1] - after, freq=alias) + after).as_unit("ns").to_numpy()


def _work(days: np.ndarray) -> bool:
    """Whether all are working days, the first excepted, as where nothing is missing."""
    return bool(np.is_busday(days[1:]).all())
