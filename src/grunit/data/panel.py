"""Many series as arrays: the shape that scaling, windows and forecasts work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from grunit.data.categories import Known, encode, expand
from grunit.data.frequency import Frequency, first_irregular, future_times, infer_frequency, is_on, season_length
from grunit.data.gaps import Gaps, show_time
from grunit.data.grid import lay_on_grid
from grunit.data.origin import Origin
from grunit.errors import DataError


@dataclass
class Panel:
    """Series side by side, each with its own length.

    Args:
        ids: names of the N series.
        times: one array ``(T_i,)`` a series, ``datetime64[ns]`` or ``int64``.
        values: one array ``(T_i, 1 + n)`` a series; column 0 is ``y``, the others are ``exogenous`` in order. NaN
            where a value is missing, or its whole row.
        exogenous: names of the n exogenous columns.
        freq: step between times: a pandas offset alias, a whole number, or ``None`` where no series has two rows.
        source: the file they were read from, for messages; ``""`` where there is none.
        categories: of the columns of text; each is an exogenous column of zeros and ones, such as ``sky=rain``.
    """

    ids: list[str]
    times: list[np.ndarray]
    values: list[np.ndarray]
    exogenous: list[str] = field(default_factory=list)
    freq: Frequency = None
    source: str = ""
    categories: Known = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> list[int]:
        """Rows of each series."""
        return [len(times) for times in self.times]

    def cut(self, start: int | None = None, stop: int | None = None) -> Panel:
        """Rows ``start:stop`` of every series, counted as in a slice; views, not copies.

        >>> panel = Panel(["a"], [np.arange(4)], [np.zeros((4, 1))], freq=1)
        >>> panel.cut(-2).times
        [array([2, 3])]
        """
        rows = slice(start, stop)
        times, values = [t[rows] for t in self.times], [v[rows] for v in self.values]
        return replace(self, times=times, values=values)


def to_panel(
    frame: pd.DataFrame,
    exogenous: Sequence[str] | None = None,
    freq: Frequency = None,
    *,
    categories: Known | None = None,
    missing: bool = False,
) -> Panel:
    """A long frame as a panel.

    Args:
        frame: as :func:`~grunit.data.to_long` or :func:`~grunit.data.read_table` returns it.
        exogenous: the exogenous columns to keep, in this order (default: all).
        freq: the step that the times must have (default: the one that the longest series has).
        categories: of the columns of text among them.
        missing: whether values may be NaN and times absent: the panel then has every time up to the last row. Without
            ``freq`` a series begins with its first value of ``y``.

    Raises:
        DataError: a column is missing, or a series skips or adds a time, or has another step than ``freq``; the row
            is named. A series without a single value, or, without ``freq``, such a column.

    Warns:
        DataWarning: how many values and times are missing, and where the first is.

    >>> frame = pd.DataFrame({"unique_id": ["a", "a", "b"], "ds": [1, 2, 1], "y": [1.0, 2.0, 3.0]})
    >>> panel = to_panel(frame)
    >>> panel.ids, panel.lengths, panel.freq
    (['a', 'b'], [2, 1], 1)
    """
    names, categories = ["unique_id", "ds", "y"], dict(categories or {})
    exogenous = [name for name in frame.columns if name not in names] if exogenous is None else list(exogenous)
    for name in [*names, *exogenous]:
        if name not in frame.columns:
            raise DataError(f"data: there is no column {name!r} (columns: {', '.join(map(str, frame.columns))})")
    if frame.empty:
        raise DataError("data: there are no rows; give at least one series")
    codes, ids = pd.factorize(frame["unique_id"])
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(ids)))[:-1]
    rows = np.split(order, ends)
    all_times = frame["ds"].to_numpy()
    told = _source(frame)
    all_values = np.concatenate(
        [frame[["y"]].to_numpy(dtype=np.float64), encode(frame, exogenous, categories, told)], 1
    )
    zeros = expand(categories, categories)
    exogenous = expand(exogenous, categories)
    times = [all_times[row] for row in rows]
    asked = freq is not None
    freq = freq if asked else infer_frequency(max(times, key=len))
    if asked and (all_times.dtype.kind == "M") != isinstance(freq, str):
        kind = "dates" if all_times.dtype.kind == "M" else "whole numbers"
        raise DataError(f"data: the times are {kind}, but the step must be {freq!r}; give times of that kind")
    gaps = Gaps(frame, list(ids), ["y", *exogenous], zeros, begun=asked) if missing else None
    values = []
    for place, (name, row, series_times) in enumerate(zip(ids, rows, times, strict=True)):
        wrong = first_irregular(series_times, freq)
        filled = None if wrong is None or gaps is None else lay_on_grid(series_times, freq)
        if filled is not None and not (asked and isinstance(freq, str) and not is_on(series_times[0], freq)):
            wrong = None
        if asked and isinstance(freq, str) and wrong is None and not is_on(series_times[0], freq):
            wrong = 0  # a single time has no step, but can lie off the grid
        if wrong is not None:
            before, here = (show_time(series_times[max(wrong - 1, 0)]), show_time(series_times[wrong]))
            what = f"{here} follows {before}" if wrong else f"{here} begins the series"
            source, where = Origin.of(frame, int(row[wrong]))
            mend = (
                "must be {!r}; give times with that step"
                if asked
                else "is {!r}; add the missing rows, or remove the extra ones"
            )
            if gaps is not None and wrong:
                mend = "must be {!r}; give times with that step, or resample the series to it"
                mend = mend if asked else "is {!r}; resample the series to times with one step"
            raise DataError(f"{source}, series {name!r}, {where}: {what}, but the step {mend.format(freq)}")
        own = all_values[row]
        if gaps is not None:
            times[place], own = gaps.fill(place, row, series_times, own, filled)
        values.append(own)
    if gaps is not None:
        gaps.tell()
    return Panel(
        [str(name) for name in ids], times, values, exogenous, freq, "" if told == "data" else told, categories
    )


def _source(frame: pd.DataFrame) -> str:
    return frame.attrs.get("grunit_origin", {}).get("source", "data")


def require_length(panel: Panel, needed: int, what: str) -> None:
    """Refuse a panel with a series shorter than ``needed``.

    Args:
        panel: the series.
        needed: rows every series must have.
        what: what needs them, for the message: ``"input_size 24 and horizon 12"``.

    Raises:
        DataError: the first series that is too short, by name.
    """
    for name, length in zip(panel.ids, panel.lengths, strict=True):
        if length < needed:
            where = f"{panel.source}, " if panel.source else ""
            raise DataError(
                f"{where}series {name!r} has {length} rows and {what} needs {needed}; "
                "give a longer series, or ask for less"
            )


__all__ = ["Panel", "future_times", "require_length", "season_length", "to_panel"]
