"""How far apart the times of a series are, and what follows from that."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from grunit.errors import DataError

Frequency = str | int | None
"""A pandas offset alias (``"D"``, ``"h"``, ``"MS"``), one with the days after it (``"MS+14D"``: the 15th of every
month), a whole-number step, or ``None`` for fewer than two times."""

_SEASONS: tuple[tuple[type, int], ...] = (
    (pd.offsets.Second, 3600),
    (pd.offsets.Minute, 1440),
    (pd.offsets.Hour, 24),
    (pd.offsets.Day, 7),
    (pd.offsets.BusinessDay, 5),
    (pd.offsets.Week, 52),
    (pd.offsets.MonthBegin, 12),
    (pd.offsets.MonthEnd, 12),
    (pd.offsets.BusinessMonthBegin, 12),
    (pd.offsets.BusinessMonthEnd, 12),
    (pd.offsets.QuarterBegin, 4),
    (pd.offsets.QuarterEnd, 4),
)

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def infer_frequency(times: np.ndarray) -> Frequency:
    """The step of one series, or the step most of it has where some rows are off.

    Args:
        times: ``datetime64[ns]`` or ``int64``, shape ``(T,)``, rising.

    >>> infer_frequency(np.array([2000, 2004, 2008]))
    4
    >>> infer_frequency(pd.date_range("2024-01-31", periods=4, freq="ME").to_numpy())
    'ME'
    """
    if len(times) < 2:
        return None
    if times.dtype.kind != "M":
        return int(_most_common(np.diff(times)))
    index = pd.DatetimeIndex(times)
    regular = pd.infer_freq(index) if len(index) >= 3 else None
    if regular is not None:
        return regular
    if _are_trading_days(index):
        return "B"
    day = int(index.day[0])
    if len(index) >= 3 and 1 < day <= 28 and (index.day == day).all():
        first = pd.infer_freq(index - pd.Timedelta(days=day - 1))
        if first is not None and first[:2].rstrip("-") in ("MS", "QS", "YS"):
            return f"{first}+{day - 1}D"
    steps = np.diff(times)
    common = pd.Timedelta(_most_common(steps))
    if common >= pd.Timedelta(days=28) and len(index) >= 3:
        months = _months_with_gaps(index)
        if months is not None:
            return months
    if pd.Timedelta(days=28) <= common <= pd.Timedelta(days=31) and len(index) >= 3:
        if (index.is_month_start).mean() > 0.5:
            return "MS"
        if (index.is_month_end).mean() > 0.5:
            return "ME"
    if common == pd.Timedelta(days=7) and (index.dayofweek == index[0].dayofweek).all():
        return f"W-{_DAYS[index[0].dayofweek]}"
    return to_offset(common).freqstr


def _months_with_gaps(index: pd.DatetimeIndex) -> str | None:
    """The step of dates on one day of the month, or on its last, of which some are absent."""
    day = int(index.day[0])
    same = bool((index.day == day).all()) and day <= 28
    if (index != index.normalize()).any() or not (same or index.is_month_end.all()):
        return None
    numbers = (12 * index.year + index.month).to_numpy()
    apart = int(np.gcd.reduce(np.diff(numbers)))
    # A quarter or a year is named by the month it begins, or ends, with.
    names = {1: "M", 3: "Q", 12: "Y"}
    if apart not in names:
        return None
    kind = names[apart] + ("S" if same else "E")
    anchor = "" if apart == 1 else f"-{_MONTHS[index[0].month - 1]}"
    return f"{kind}{anchor}" + (f"+{day - 1}D" if same and day > 1 else "")


def part_days(freq: str) -> tuple[str, pd.Timedelta]:
    """A frequency as an alias of pandas and the time after it.

    >>> part_days("MS+14D"), part_days("h")
    (('MS', Timedelta('14 days 00:00:00')), ('h', Timedelta('0 days 00:00:00')))
    """
    alias, _, days = freq.partition("+")
    return alias, pd.Timedelta(days=int(days.removesuffix("D") or 0))


@functools.cache
def fixed_step(freq: str) -> np.timedelta64 | None:
    """The length of a step where all are equally long; None for months and the like.

    >>> str(fixed_step("2h")), fixed_step("MS")
    ('7200000000000 nanoseconds', None)
    """
    alias, after = part_days(freq)
    offset = to_offset(alias)
    if isinstance(offset, pd.offsets.Day):
        return np.timedelta64(pd.Timedelta(days=offset.n).value, "ns") if not after else None
    return np.timedelta64(offset.nanos, "ns") if isinstance(offset, pd.offsets.Tick) and not after else None


def _most_common(values: np.ndarray) -> Any:
    distinct, counts = np.unique(values, return_counts=True)
    return distinct[counts.argmax()]


def _are_trading_days(index: pd.DatetimeIndex) -> bool:
    """Dates on working days, with a holiday left out here and there."""
    if len(index) < 10 or index.dayofweek.max() > 4 or (index != index.normalize()).any():
        return False
    days = index.to_numpy().astype("datetime64[D]")
    steps = np.busday_count(days[:-1], days[1:])
    return bool((steps == 1).mean() >= 0.9)


def first_irregular(times: np.ndarray, freq: Frequency) -> int | None:
    """The position of the first time that does not follow the one before it by one step; ``None`` if all do.

    Working days (``"B"``) may skip up to four days in a row: exchanges close on holidays, and the observations on
    both sides are neighbours.

    >>> first_irregular(np.array([1, 2, 3, 5]), 1)
    3
    """
    if freq is None or len(times) < 2:
        return None
    if isinstance(freq, int):
        wrong = np.diff(times) != freq
    elif freq == "B":
        days = times.astype("datetime64[D]")
        steps = np.busday_count(days[:-1], days[1:])
        wrong = (steps < 1) | (steps > 5) | ~np.is_busday(days[1:])
    elif (step := fixed_step(freq)) is not None:
        wrong = np.diff(times) != step
    else:
        alias, after = part_days(freq)
        expected = (pd.date_range(times[0] - after, periods=len(times), freq=alias) + after).to_numpy()
        wrong = expected[1:] != times[1:]
        if expected[0] != times[0]:
            return 0
    return int(wrong.argmax()) + 1 if wrong.any() else None


def future_times(last: np.datetime64 | pd.Timestamp | int, freq: Frequency, horizon: int) -> np.ndarray:
    """The ``horizon`` times after ``last``, shape ``(horizon,)``.

    Raises:
        DataError: the frequency is unknown.

    >>> future_times(1960, 1, 3)
    array([1961, 1962, 1963])
    >>> future_times(np.datetime64("2024-01-31"), "ME", 2).astype("datetime64[D]")
    array(['2024-02-29', '2024-03-31'], dtype='datetime64[D]')
    """
    if freq is None:
        raise DataError("the step between times is unknown, because no series has two: give longer series")
    if isinstance(freq, int):
        return int(last) + freq * np.arange(1, horizon + 1)
    alias, after = part_days(freq)
    step = fixed_step(freq)
    if step is not None:
        return pd.Timestamp(last).as_unit("ns").to_datetime64() + step * np.arange(1, horizon + 1)
    start = pd.Timestamp(last) - after + to_offset(alias)
    return (pd.date_range(start, periods=horizon, freq=alias) + after).as_unit("ns").to_numpy()


def is_on(time: np.datetime64, freq: str) -> bool:
    """Whether a single time can be one of a series with this step.

    >>> is_on(np.datetime64("2024-03-15"), "MS+14D"), is_on(np.datetime64("2024-03-15"), "MS")
    (True, False)
    """
    alias, after = part_days(freq)
    return bool(to_offset(alias).is_on_offset(pd.Timestamp(time) - after))


def season_length(freq: Frequency) -> int:
    """Steps in the usual season: a day of minutes or hours, a week of days, a year of weeks, months or quarters.

    1 where the frequency has no usual season, or the season is not a whole number of steps.

    >>> [season_length(freq) for freq in ("D", "h", "MS", "ME", "QS", "W", "B", "15min", "YS", 1)]
    [7, 24, 12, 12, 4, 52, 5, 96, 1, 1]
    """
    if not isinstance(freq, str):
        return 1
    offset = to_offset(part_days(freq)[0])
    for kind, season in _SEASONS:
        if isinstance(offset, kind):
            return season // offset.n if season % offset.n == 0 else 1
    return 1
