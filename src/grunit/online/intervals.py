"""Intervals that hold their coverage while the stream drifts."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from typing import Any

from grunit.errors import InputError


class AdaptiveInterval:
    """Adaptive conformal intervals from a stream of errors.

    An interval is as wide as the quantile of recent scores; the quantile asked for moves after every answer, up when
    the answer lay outside and down when it lay inside, so that the share outside stays at ``1 - level / 100``
    whatever the errors do. With ``s`` the score of an answer, ``1 - level / 100 = alpha``:

    .. math:: alpha_{t+1} = alpha_t + gamma (alpha - [s_t > q_t])

    Args:
        levels: percent of the intervals, each above 0 and below 100.
        memory: scores that are kept.
        rate: gamma, how quickly the quantile moves.

    Source: Gibbs & Candes, *Adaptive conformal inference under distribution shift*, NeurIPS (2021), equation 2.

    >>> interval = AdaptiveInterval([80])
    >>> for t in range(300):
    ...     interval.update(37 * t % 100)
    >>> 70 <= interval.width(80) <= 90
    True
    """

    FEWEST = 5
    """Scores before there is an interval at all."""

    def __init__(self, levels: Iterable[float] = (80, 95), memory: int = 500, rate: float = 0.01):
        self.levels = check_levels(levels)
        if isinstance(memory, bool) or not isinstance(memory, int) or memory < self.FEWEST:
            raise InputError(f"an interval remembers at least {self.FEWEST} scores, got memory={memory!r}")
        if not 0 < rate < 1:
            raise InputError(f"the rate of an interval lies between 0 and 1, got {rate!r}")
        self.memory, self.rate = memory, rate
        self.alphas = {level: 1 - level / 100 for level in self.levels}
        self.inside = dict.fromkeys(self.levels, 0)
        self.count = 0
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    def width(self, level: float) -> float | None:
        """Half the interval's width for absolute errors: the score that an answer stays below; None before there are
        enough scores, and for ever-too-narrow intervals the largest score seen of late."""
        scores = self._sorted
        count = len(scores)
        if count < self.FEWEST:
            return None
        return scores[_place(self.alphas[level], count)]

    def update(self, score: float) -> None:
        """Take note of the score of an answer, for example the absolute error."""
        if not math.isfinite(score):
            return
        if len(self._sorted) >= self.FEWEST:
            self.count += 1
            rate, scores = self.rate, self._sorted
            count = len(scores)
            for level, alpha in self.alphas.items():
                inside = score <= scores[_place(alpha, count)]
                if inside:
                    self.inside[level] += 1
                alpha += rate * (1 - level / 100 - (not inside))
                # Beyond these bounds every answer would be inside, or outside, for a while whatever happens.
                self.alphas[level] = -rate if alpha < -rate else 1 + rate if alpha > 1 + rate else alpha
        self._recent.append(score)
        insort(self._sorted, score)
        if len(self._recent) > self.memory:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]

    def coverage(self, level: float) -> float:
        """The share of answers that lay inside so far; NaN before the first interval."""
        return self.inside[level] / self.count if self.count else math.nan

    def to_json(self) -> dict[str, Any]:
        """Everything, for a snapshot."""
        return {
            "levels": self.levels,
            "memory": self.memory,
            "rate": self.rate,
            "alphas": [self.alphas[level] for level in self.levels],
            "inside": [self.inside[level] for level in self.levels],
            "count": self.count,
            "recent": list(self._recent),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> AdaptiveInterval:
        """The same from :meth:`to_json`."""
        made = cls(data["levels"], data["memory"], data["rate"])
        made.alphas = dict(zip(made.levels, data["alphas"]))
        made.inside = dict(zip(made.levels, data["inside"]))
        made.count = data["count"]
        made._recent = deque(data["recent"])
        made._sorted = sorted(data["recent"])
        return made


def _place(alpha: float, count: int) -> int:
    """Where among so many ascending scores the smallest is that 1 - alpha of one more do not exceed."""
    # Less a little, for shares that are whole numbers but for rounding.
    place = math.ceil((1 - alpha) * (count + 1) - 1e-9) - 1
    return 0 if place < 0 else count - 1 if place >= count else place


def check_levels(levels: Iterable[float]) -> list[float]:
    """Percentages, ascending.

    >>> check_levels((95, 80))
    [80, 95]
    """
    try:
        found = sorted({int(level) if float(level).is_integer() else float(level) for level in levels})
    except (TypeError, ValueError):
        raise InputError(f"level is {levels!r}: give a list of percentages, such as [80, 95]") from None
    for level in found:
        if not 0 < level < 100:
            raise InputError(f"level holds {level!r}: give percentages above 0 and below 100, such as [80, 95]")
    return found
