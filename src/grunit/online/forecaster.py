"""The next values of a series that is still coming in."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunit.errors import DataError, InputError
from grunit.online.estimator import OnlineEstimator
from grunit.online.features import LARGEST, FeatureRow
from grunit.online.intervals import AdaptiveInterval
from grunit.online.moments import RunningScale
from grunit.online.waiting import Question


class OnlineForecaster(OnlineEstimator):
    """Forecasts the next ``h`` values of a series, and learns from every value that comes in.

    Each value moves a recurrent network one step; its head gives all ``h`` steps ahead, as what is to be added to the
    last value (or, with ``season``, to the value one season before each). When the ``h`` values have come, the network
    learns from them. So a network that has learned nothing yet is the naive forecast. Intervals are adaptive: as
    wide as recent errors of each step ahead ask for.

    river's conventions hold: ``learn_one(y, x)``, ``forecast(horizon, xs)``, and its ``time_series.evaluate`` runs
    on it.

    Args:
        h: steps ahead.
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers, cell_options: of the layers (default 32, 1, none).
        lr: learning rate (default 0.005).
        season: steps of a season; 1 (default) for none.
        optimizer: ``"adam"`` (default) or ``"sgd"``.
        clip: length that a gradient is cut down to (default 1).
        lookback: values that a gradient goes back, the last one included (default 4); 1 is the fastest.
        memory: values that the scaling looks back on (default 1000); None for all alike.
        level: percent of the intervals (default 80 and 95).
        late: steps that a missing value may still come late (default 10): so long a forecast with a hole waits for it.
        seed: of the start values.

    Attributes:
        intervals_: an :class:`~grunit.online.intervals.AdaptiveInterval` for each step ahead.

    >>> model = OnlineForecaster(h=2, hidden_size=8, season=4)
    >>> for t in range(60):
    ...     model.learn_one([3.0, 1.0, 4.0, 1.0][t % 4])
    >>> [round(value, 1) for value in model.forecast(2)]
    [3.0, 1.0]
    """

    kind = "OnlineForecaster"
    river_class = ("river.time_series.base", "Forecaster")

    def __init__(
        self,
        h: int = 1,
        cell: Any = "gru",
        hidden_size: int = 32,
        lr: float = 0.005,
        *,
        season: int = 1,
        num_layers: int = 1,
        optimizer: str = "adam",
        clip: float | None = 1.0,
        lookback: int = 4,
        memory: int | None = 1000,
        level: Any = (80, 95),
        late: int = 10,
        cell_options: dict[str, Any] | None = None,
        seed: int = 0,
    ):
        self.h, self.cell, self.hidden_size, self.lr, self.season = h, cell, hidden_size, lr, season
        self.num_layers, self.optimizer, self.clip, self.lookback = num_layers, optimizer, clip, lookback
        self.memory, self.level, self.late = memory, level, late
        self.cell_options, self.seed = cell_options, seed
        for name, value in (("h", h), ("season", season)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise InputError(f"{name} is {value!r}: give a whole number of at least 1")
        if isinstance(late, bool) or not isinstance(late, (int, np.integer)) or late < 0:
            raise InputError(f"late is {late!r}: give a whole number of at least 0")
        self.waiting = int(h) + int(late) + 1
        super().__init__()
        self.row_ = FeatureRow()
        self.intervals_ = [AdaptiveInterval(level) for _ in range(h)]
        self.level_ = RunningScale(1, memory)
        self.change_ = RunningScale(1, memory)
        self.features_: RunningScale | None = None
        self.count = 0
        self._with_x: bool | None = None
        self._past: deque[float] = deque(maxlen=max(season, 1))
        """The last season, holes filled with what stood there a season before."""
        self._values: dict[int, float] = {}
        """What came, by number, as long as a forecast waits for it."""
        self._latest: NDArray[Any] | None = None

    def learn_one(self, y: float | None, x: Mapping[Any, Any] | None = None) -> None:
        """The next value of the series.

        Args:
            y: the value; None or NaN where it is missing or still to come (see :meth:`correct`).
            x: features known at this step, numbers each.

        Raises:
            DataError: the value or a feature is no number.
        """
        value = _number(y)
        row = self._row(value, x)
        number, self.count = self.count, self.count + 1
        if self.follower_ is None:
            self.begin(len(row), self.h)
        assert self.follower_ is not None
        if not math.isnan(value):
            self._values[number] = value
        question = self.follower_.ask(number, row)
        self._latest = self._in_units(question)
        question.notes = {"base": self._bases(), "spread": self._spread(), "forecast": self._latest.tolist()}
        self._settle(number - self.h, patient=True)
        self._settle(number - self.h - self.late, patient=False)
        self._values.pop(number - self.h - self.late, None)

    def correct(self, steps_back: int, y: float) -> None:
        """A value that comes late: ``steps_back`` steps before the last one (0 is the last).

        Forecasts that still wait for it learn from it. It fills no hole in what the network has already read.

        Raises:
            DataError: the step lies before everything that is remembered, or the value is no number.
        """
        number = self.count - 1 - steps_back
        value = _number(y)
        if steps_back < 0 or number < 0 or steps_back >= self.h + self.late:
            raise DataError(f"the value of {steps_back} steps ago comes too late: {self.h + self.late} are waited for")
        if math.isnan(value):
            return
        self._values[number] = value
        if steps_back < len(self._past):
            self._past[len(self._past) - 1 - steps_back] = value
        for earlier in range(number - self.h, number):
            if earlier + self.h < self.count:
                self._settle(earlier, patient=True)

    def forecast(self, horizon: int | None = None, xs: Sequence[Mapping[Any, Any]] | None = None) -> list[float]:
        """The next values, the nearest first.

        Args:
            horizon: steps ahead, at most ``h`` (default: ``h``).
            xs: features of those steps; accepted because river gives them, and not looked at.

        Raises:
            InputError: more steps than the model was made for.
        """
        horizon = self.h if horizon is None else horizon
        if isinstance(horizon, bool) or not 1 <= horizon <= self.h:
            raise InputError(
                f"horizon is {horizon!r} and this model forecasts up to {self.h} steps: make it with more h"
            )
        if self._latest is None:
            return [0.0] * horizon
        return [float(value) for value in self._latest[:horizon]]

    def intervals(self, horizon: int | None = None) -> list[dict[float, tuple[float, float]]]:
        """For each step of :meth:`forecast` low and high of each level; NaN before the first few answers."""
        found = []
        for value, interval in zip(self.forecast(horizon), self.intervals_):
            widths = {level: interval.width(level) for level in interval.levels}
            aways = {level: math.nan if width is None else width for level, width in widths.items()}
            found.append({level: (value - away, value + away) for level, away in aways.items()})
        return found

    def _row(self, value: float, x: Mapping[Any, Any] | None) -> NDArray[Any]:
        """What the network reads of a step: level, change, whether the value is missing, features."""
        if self._with_x is None:
            self._with_x = bool(x)
        if bool(x) and not self._with_x:
            raise DataError("this series began without features: give them from the first value on")
        missing = math.isnan(value)
        before = self._past[0] if len(self._past) == self.season else math.nan
        last = self._past[-1] if self._past else math.nan
        if not missing:
            self.level_.update(np.array([value]))
            self.change_.update(np.array([value - before]))
        steps = [(value - last), (value - before)] if self.season > 1 else [value - last]
        spread = self._spread()
        scaled = [
            self.level_.transform(np.array([value]))[0],
            *(_bounded(step / spread) for step in steps),
            float(missing),
        ]
        kept = value if not missing else before if not math.isnan(before) else last
        if not math.isnan(kept):
            self._past.append(kept)
        if not self._with_x:
            return np.array(scaled)
        values = self.row_(x or {})
        if self.features_ is None:
            self.features_ = RunningScale(len(values), self.memory)
        self.features_.update(values)
        return np.concatenate([scaled, self.features_.transform(values)])

    def _bases(self) -> list[float]:
        """What each step ahead is relative to: the last value at the same point of the season."""
        past = self._past
        if len(past) < self.season:
            return [past[-1] if past else 0.0] * self.h
        return [past[k % self.season] for k in range(self.h)]

    def _spread(self) -> float:
        """The typical change over a season (or a step), which the head's numbers are multiples of."""
        change = self.change_
        size = math.sqrt(float(change.variance[0]) + float(change.mean[0]) ** 2)
        return size or float(self.level_.scale()[0])

    def _in_units(self, question: Question) -> NDArray[Any]:
        values = np.array(self._bases()) + self._spread() * question.output.astype(np.float64)
        return np.where(np.isfinite(values), values, self._bases())

    def _settle(self, number: int, patient: bool) -> None:
        """Learn from the values that a forecast was about; ``patient``: only where all of them have come."""
        assert self.follower_ is not None
        if number < 0:
            return
        came = np.array([self._values.get(number + 1 + step, math.nan) for step in range(self.h)])
        missing = np.isnan(came)
        if patient and missing.any() and self.late:
            return
        question = self.follower_.room.take(number)
        if question is None or missing.all():
            return
        errors = np.abs(came - np.array(question.notes["forecast"]))
        for interval, error in zip(self.intervals_, errors):
            interval.update(float(error))
        wanted = (came - np.array(question.notes["base"])) / question.notes["spread"]
        miss = self.follower_.output_now(question) - np.clip(wanted, -10, 10)
        seen = ~missing
        gradient = np.where(seen, np.clip(miss, -1, 1), 0.0) / max(int(seen.sum()), 1)
        loss = float(np.abs(miss[seen]).mean())
        self.note(self.follower_.learn(question, gradient, loss=loss, error=float(np.nanmean(errors))))

    def reset(self) -> None:
        """A new series begins: what was learned stays, what was seen of the old one is forgotten."""
        super().reset()
        self._past.clear()
        self._values.clear()
        self._latest = None

    def encode(self) -> dict[str, Any]:
        """Scales, the last season and what forecasts wait for, as JSON."""
        return {
            "names": self.row_.names,
            "features": None if self.features_ is None else self.features_.to_json(),
            "with_x": self._with_x,
            "level": self.level_.to_json(),
            "change": self.change_.to_json(),
            "intervals": [interval.to_json() for interval in self.intervals_],
            "count": self.count,
            "past": list(self._past),
            "values": [[number, value] for number, value in self._values.items()],
            "latest": None if self._latest is None else self._latest.tolist(),
        }

    def decode(self, data: dict[str, Any]) -> tuple[int, int] | None:
        """The same back."""
        self.row_ = FeatureRow(data["names"])
        self.features_ = None if data["features"] is None else RunningScale.from_json(data["features"])
        self._with_x, self.count = data["with_x"], data["count"]
        self.level_, self.change_ = RunningScale.from_json(data["level"]), RunningScale.from_json(data["change"])
        self.intervals_ = [AdaptiveInterval.from_json(one) for one in data["intervals"]]
        self._past.extend(data["past"])
        self._values = {int(number): float(value) for number, value in data["values"]}
        self._latest = None if data["latest"] is None else np.array(data["latest"])
        if not self.count:
            return None
        return 2 + (1 if self.season == 1 else 2) + len(data["names"] or []), self.h


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"the value is {value!r}: give a number") from None
    if abs(number) > LARGEST:
        raise DataError(f"the value {value!r} is beyond {LARGEST:g}: give None where there is none")
    return number


def _bounded(value: float) -> float:
    return 0.0 if math.isnan(value) else min(max(value, -10.0), 10.0)
