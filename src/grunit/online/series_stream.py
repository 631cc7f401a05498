"""Values of one or many series, in the order in which they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grunit.errors import DataError
from grunit.online.clock import Clock
from grunit.online.forecaster import OnlineForecaster
from grunit.online.lines import number_of
from grunit.online.stream_parts import TIMES, Columns, load_model, plain, store_model

LONGEST_GAP = 1000
"""Missing steps that are walked through; after a longer gap a series begins anew."""
MOST_SERIES = 10_000


class SeriesStream:
    """Series, each followed by a forecaster of its own that begins with its first value.

    A row is a value of a series. Where there are time stamps, steps that were left out count as missing, and a row
    that comes late is put where it belongs: forecasts that still wait for it learn from it, and nothing is printed.

    Args:
        make: makes a fresh forecaster.
        columns: which column is what.
        learn: False to forecast without learning.
        step: distance of two steps: a number, seconds for dates (default: the smallest seen).
    """

    kind = "series"

    def __init__(
        self, make: Callable[[], OnlineForecaster], columns: Columns, learn: bool = True, step: float | None = None
    ):
        self.make, self.columns, self.learn, self.step = make, columns, learn, step
        self.models: dict[str, OnlineForecaster] = {}
        self.clocks: dict[str, Clock] = {}
        self.first: OnlineForecaster | None = None
        """A model that the first series goes on with."""
        self.late = 0
        self._name_taken = ""

    def take(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The forecast after a value: one, or none for a value that comes late.

        Raises:
            DataError: the row cannot be used; nothing was learned from it.
        """
        columns = self.columns
        name, time = self._name(row), self._time(row)
        target = columns.target or "y"
        if target not in row:
            raise DataError(
                f"the column {target!r} is missing: it should hold the value, or nothing where it is missing"
            )
        value = number_of(row, target)
        x = {feature: number_of(row, feature) for feature in columns.features or ()}
        model, clock = self.models.get(name), self.clocks.get(name)
        if model is None or clock is None:
            if len(self.models) == MOST_SERIES:
                raise DataError(f"it is of the {MOST_SERIES + 1}th series: split them over several streams")
            model, clock = self.first or self.make(), Clock(self.step)
            self.first = None
        steps = 1 if time is None else clock.advance(time)
        self.models[name], self.clocks[name] = model, clock
        self._name_taken = name
        if steps < 1:
            self._correct(model, -steps, value)
            return []
        if steps > LONGEST_GAP:
            model.reset()
            model.note(f"{steps - 1} steps are missing before {time}, so the series begins anew there")
        else:
            for _ in range(steps - 1):
                model.learn_one(None, dict.fromkeys(x) if x else None)
        model.learn_one(value, x or None)
        answer: dict[str, Any] = {} if columns.identity is None else {columns.identity: name}
        if time is not None:
            answer[str(columns.time)] = time
        answer["forecast"] = [plain(one) for one in model.forecast()]
        intervals = model.intervals()
        for level in intervals[0]:
            answer[f"lo-{level:g}"] = [plain(one[level][0]) for one in intervals]
            answer[f"hi-{level:g}"] = [plain(one[level][1]) for one in intervals]
        return [answer]

    def _name(self, row: dict[str, Any]) -> str:
        columns = self.columns
        if columns.identity is None and "unique_id" in row and not self.models:
            columns.identity = "unique_id"
        if columns.identity is None:
            return ""
        name = row.get(columns.identity)
        if name is None:
            raise DataError(f"the column {columns.identity!r}, which tells series apart, is missing")
        return str(name)

    def _time(self, row: dict[str, Any]) -> Any:
        columns = self.columns
        if columns.time is None and not self.models:
            columns.time = next((name for name in TIMES if name in row), None)
        if columns.time is None:
            return None
        time = row.get(columns.time)
        if time is None:
            raise DataError(f"the column {columns.time!r}, which holds the time, is missing")
        return time

    def _correct(self, model: OnlineForecaster, steps_back: int, value: float | None) -> None:
        if value is None:
            return
        self.late += 1
        model.correct(steps_back, value)

    def take_notes(self) -> list[str]:
        """Sentences about what was noticed."""
        model = self.models.get(self._name_taken)
        if model is None or not model.notes:
            return []
        several = len(self.models) > 1
        return [f"series {self._name_taken!r}: {note}" if several else note for note in model.take_notes()]

    def describe(self) -> str:
        """What the stream came to, in a few words."""
        series = "1 series" if len(self.models) == 1 else f"{len(self.models)} series"
        words = f"{series}, {sum(model.count for model in self.models.values())} steps"
        intervals = [interval for model in self.models.values() for interval in model.intervals_]
        counted = sum(interval.count for interval in intervals)
        if counted:
            shares = [
                f"{level:g} % intervals held {100 * sum(one.inside[level] for one in intervals) / counted:.1f} %"
                for level in intervals[0].levels
            ]
            words += "; " + ", ".join(shares)
        return words + (f"; {self.late} values came late" if self.late else "")

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """State as JSON, and tensors."""
        models: list[dict[str, Any]] = []
        tensors: dict[str, Any] = {}
        for place, (name, model) in enumerate(self.models.items()):
            made, own = store_model(model, f"{place}.")
            models.append({"name": name, "model": made, "clock": self.clocks[name].to_json()})
            tensors |= own
        fresh, _ = store_model(self.make(), "")
        return {
            "columns": self.columns.to_json(),
            "learn": self.learn,
            "step": self.step,
            "late": self.late,
            "fresh": fresh,
            "models": models,
        }, tensors

    @classmethod
    def restore(cls, data: dict[str, Any], tensors: dict[str, Any]) -> SeriesStream:
        """The same from :meth:`snapshot`."""
        fresh = data["fresh"]
        stream = cls(lambda: load_model(fresh, {}, ""), Columns(**data["columns"]), data["learn"], data["step"])
        stream.late = data["late"]
        for place, one in enumerate(data["models"]):
            stream.models[one["name"]] = load_model(one["model"], tensors, f"{place}.")
            stream.clocks[one["name"]] = Clock.from_json(one["clock"])
        return stream
