"""Rows of a table as values for a fitted forecaster."""

from __future__ import annotations

from typing import Any

from grunit.errors import DataError
from grunit.online.fitted import FittedForecaster
from grunit.online.lines import number_of
from grunit.online.stream_parts import plain


class FittedStream:
    """A fitted forecaster fed with rows that have the columns it was fitted on."""

    kind = "fitted"

    def __init__(self, model: FittedForecaster):
        self.model = model
        self.columns = model.columns
        self.steps = 0

    def take(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The forecast after a value: one, or none while a new series is too short.

        Raises:
            DataError: the row cannot be used; nothing was learned from it.
        """
        columns = self.columns
        time = row.get(columns.ds)
        if time is None or columns.y not in row:
            missing = columns.ds if time is None else columns.y
            raise DataError(f"the column {missing!r} is missing")
        name = row.get(columns.unique_id)
        if name is None:
            if len(self.model.times) != 1:
                raise DataError(f"the column {columns.unique_id!r}, which tells series apart, is missing")
            name = next(iter(self.model.times))
        y = number_of(row, columns.y)
        x = {column: number_of(row, column) for column in self.model.exogenous}
        found = self.model.take(str(name), time, y, x)
        self.steps += 1
        if found is None:
            return []
        values = {key: [plain(one) for one in numbers] for key, numbers in found.items()}
        return [{columns.unique_id: str(name), columns.ds: time, **values}]

    def take_notes(self) -> list[str]:
        """Sentences about what was noticed."""
        return self.model.take_notes() if self.model.notes else []

    def describe(self) -> str:
        """What the stream came to, in a few words."""
        words = f"{self.steps} values"
        for level in self.model.levels:
            intervals = [one[level] for one in self.model.intervals]
            counted = sum(interval.count for interval in intervals)
            if counted:
                share = 100 * sum(interval.inside[level] for interval in intervals) / counted
                words += f"; {level:g} % intervals held {share:.1f} %"
        return words

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """State as JSON, and tensors."""
        data, tensors = self.model.snapshot()
        return {"model": data, "steps": self.steps}, tensors

    @classmethod
    def restore(cls, data: dict[str, Any], tensors: dict[str, Any]) -> FittedStream:
        """The same from :meth:`snapshot`."""
        stream = cls(FittedForecaster.restore(data["model"], tensors))
        stream.steps = data["steps"]
        return stream
