"""Axes of a chart: values to pixels, and ticks at round numbers and round times."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
STEPS = {"s": (1, 5, 15, 30), "m": (1, 5, 15, 30), "h": (1, 3, 6, 12), "D": (1, 2, 7, 14), "M": (1, 3, 6)}
STEPS["Y"] = (1, 2, 5, 10, 20, 50, 100)


class Tick(NamedTuple):
    """A place on an axis and what is written there."""

    at: float
    label: str


class Scale(NamedTuple):
    """A straight map from ``low .. high`` to pixels ``start .. end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, values: Any) -> np.ndarray:
        """Pixels of ``values``, any shape."""
        return self.start + (np.asarray(values, float) - self.low) * (self.end - self.start) / (self.high - self.low)


def spanning(values: Any, start: float, end: float, margin: float = 0.0) -> Scale:
    """The scale that shows all finite ``values``, with a margin as a share of their range."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    room = margin * (high - low)
    return Scale(low - room, high + room, start, end)


def as_numbers(times: Any) -> np.ndarray:
    """Time stamps as days since 1970, numbers as they are.

    >>> as_numbers(np.array(["1970-01-02T12"], "datetime64[ns]"))
    array([1.5])
    """
    times = np.asarray(times)
    if np.issubdtype(times.dtype, np.datetime64):
        return times.astype("datetime64[ns]").astype(np.int64) / 86_400e9
    return times.astype(float)


def number_ticks(low: float, high: float, count: int = 5) -> list[Tick]:
    """About ``count`` ticks at multiples of 1, 2 or 5 times a power of ten.

    >>> [tick.label for tick in number_ticks(0.0, 1.0)]
    ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [Tick(index * step, f"{index * step + 0.0:,.{places}f}") for index in range(first, last + 1)]


def time_ticks(low: float, high: float, count: int = 7) -> list[Tick]:
    """At most ``count`` ticks at round times between two days since 1970.

    >>> [tick.label for tick in time_ticks(0, 100)]
    ['1 Jan 1970', '1 Feb', '1 Mar', '1 Apr']
    """
    ends = [np.datetime64(round(edge * 86_400_000), "ms") for edge in (low, high)]
    for unit, steps in STEPS.items():
        for step in steps:
            first, last = (edge.astype(f"datetime64[{unit}]").astype(int) for edge in ends)
            if (last - first) // step > 4 * count:
                continue
            marks = np.arange(first, last + 1)
            marks = marks[marks % step == 0].astype(f"datetime64[{unit}]").astype("datetime64[ms]")
            marks = marks[(marks >= ends[0]) & (marks <= ends[1])]
            if len(marks) <= count:
                return [
                    Tick(mark.astype(int) / 86_400_000, write_time(mark, unit, index == 0))
                    for index, mark in enumerate(marks)
                ]
    return []


def write_time(mark: np.datetime64, unit: str, with_year: bool) -> str:
    """A time stamp as short as its unit allows; the first of an axis also says the year."""
    day, clock = str(mark.astype("datetime64[s]")).split("T")
    year, month, number = day.split("-")
    if unit == "Y":
        return year
    text = f"{int(number)} {MONTHS[int(month) - 1]}" + (
        f" {year}" if with_year or (unit == "M" and month == "01") else ""
    )
    return text if unit in "DM" else f"{text} {clock[: 8 if unit == 's' else 5]}"
