"""Axes of the report's charts: values to pixels, straight, by factors or in places, with ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from grunit.tuning.choices import Choices, Domain, Span
from grunit.tuning.trials import show


@dataclass(frozen=True)
class Axis:
    """A map from ``low .. high`` to pixels ``start .. end``; what lies beyond is put on the edge.

    Args:
        log: by factors.
        names: what stands at 0, 1, 2, ..., where the values are no numbers.
        whole: ticks at whole numbers only.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    names: tuple[str, ...] = ()
    whole: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high, at = (math.log(max(v, 1e-300)) if self.log else v for v in (self.low, self.high, value))
        return self.start + (min(max(at, low), high) - low) * (self.end - self.start) / (high - low)

    def ticks(self, count: int = 5) -> list[tuple[float, str]]:
        """Places and what is written there."""
        if self.names:
            return [(float(place), name) for place, name in enumerate(self.names)]
        if self.log:
            return log_ticks(self.low, self.high)
        ticks = number_ticks(self.low, self.high, count)
        return [(at, f"{at:.0f}") for at, _ in ticks if abs(at - round(at)) < 1e-9] if self.whole else ticks


def number_ticks(low: float, high: float, count: int = 5) -> list[tuple[float, str]]:
    """About ``count`` ticks at multiples of 1, 2 or 5 times a power of ten.

    >>> number_ticks(0.0, 1.0, 2)
    [(0.0, '0.0'), (0.5, '0.5'), (1.0, '1.0')]
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(index * step, f"{index * step + 0.0:,.{places}f}") for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks at powers of ten, or at 1, 2 and 5 times these where there are few.

    >>> log_ticks(0.001, 0.1)
    [(0.001, '0.001'), (0.01, '0.01'), (0.1, '0.1')]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 2, 5)):
        marks = [factor * 10.0**power for power in powers for factor in factors]
        marks = [mark for mark in marks if low * 0.999 <= mark <= high * 1.001]
        if len(marks) >= 3:
            break
    keep = max(1, math.ceil(len(marks) / 6))
    return [(mark, show(float(f"{mark:.4g}"))) for mark in marks[::keep]]


def score_axis(scores: Any, start: float, end: float, direction: str) -> Axis:
    """The scale of the scores; a few very bad ones do not press all others together."""
    known = np.asarray([score for score in scores if score is not None and math.isfinite(score)], float)
    if not known.size:
        return Axis(0.0, 1.0, start, end)
    best, worst = (known.min(), known.max()) if direction == "minimize" else (known.max(), known.min())
    usual = np.quantile(known, 0.75 if direction == "minimize" else 0.25)
    reach = 2.5 * abs(usual - best) or abs(worst - best)
    far = min(best + reach, worst) if direction == "minimize" else max(best - reach, worst)
    low, high = sorted((float(best), float(far)))
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    room = 0.06 * (high - low)
    return Axis(low - room, high + room, start, end)


def value_axis(domain: Domain, start: float, end: float) -> Axis:
    """The scale of an argument's values."""
    if isinstance(domain, Span):
        room = 0.0 if domain.log else 0.04 * (domain.high - domain.low)
        return Axis(domain.low - room, domain.high + room, start, end, domain.log, whole=domain.whole)
    names = tuple(show(label) for label in domain.labels)
    return Axis(-0.5, len(names) - 0.5, start, end, names=names)


def place_of(domain: Domain, value: Any) -> float:
    """Where a value of an argument stands on its scale."""
    if isinstance(domain, Choices):
        return float(next(place for place, label in enumerate(domain.labels) if label == value))
    return float(value)
