"""Values that are missing and times that are absent: counted, laid out on the grid, told once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from grunit.data.origin import DataWarning, Origin
from grunit.errors import DataError


class Gaps:
    """What is missing in a table of series.

    Args:
        frame: the table.
        ids: of the series.
        columns: names of the columns of values, the target first.
        zeros: those that hold zeros where nothing is known.
        begun: whether a series may begin with a value that is missing, and a column have none.
    """

    def __init__(
        self, frame: pd.DataFrame, ids: Sequence[Any], columns: Sequence[str], zeros: Sequence[str], begun: bool = False
    ):
        self.frame, self.ids, self.columns, self.begun = frame, ids, columns, begun
        self.zeros = [place for place, name in enumerate(columns) if name in zeros]
        self.source = Origin.of(frame, 0)[0]
        # Several targets are laid out as as many copies of the table, of which one counts.
        self.targets: list[str] = frame.attrs.get("grunit_targets", [])
        self.values, self.times = 0, 0
        self.first_value, self.first_time = "", ""
        self.present = np.zeros(len(columns), dtype=bool)

    def fill(
        self,
        place: int,
        rows: np.ndarray,
        times: np.ndarray,
        values: np.ndarray,
        grid: tuple[np.ndarray, np.ndarray] | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """One series with every time of the grid; NaN where there is nothing.

        Args:
            place: of the series among ``ids``.
            rows: where its rows are in the frame, ``(T,)``.
            times, values: ``(T,)`` and ``(T, columns)``.
            grid: as :func:`~grunit.data.grid.lay_on_grid` gives it; None where no time is absent.

        Raises:
            DataError: there is no target at all.
        """
        seen = ~np.isnan(values)
        if not seen[:, 0].any():
            raise DataError(
                f"{self.source}, series {self.ids[place]!r}: every value to forecast is missing; leave the series out"
            )
        begin = 0 if self.begun else int(seen[:, 0].argmax())
        rows, times, values, seen = rows[begin:], times[begin:], values[begin:], seen[begin:]
        self.present |= seen.any(0)
        counts = not self.targets or place < len(self.ids) // len(self.targets)
        unseen = ~seen[:, 1 if self.targets else 0 :]
        if counts and unseen.any():
            row, column = (int(one) for one in np.argwhere(unseen)[0])
            told = [f"of {name.removeprefix('past ')!r}" for name in self.columns[1:]]
            name = (told if self.targets else ["of the target", *told])[column]
            self.first_value = self.first_value or f"{name} in {Origin.of(self.frame, int(rows[row]))[1]}"
            self.values += int(unseen.sum())
        if grid is None:
            return times, values
        every, positions = grid[0][grid[1][begin] :], grid[1][begin:] - grid[1][begin]
        if counts and len(every) > len(times):
            name = str(self.ids[place])
            name = name.removesuffix(f":{self.targets[0]}") if self.targets else name
            absent = int(np.setdiff1d(np.arange(len(every)), positions)[0])
            self.first_time = self.first_time or f"{show_time(every[absent])} of series {name!r}"
            self.times += len(every) - len(times)
        return every, spread_rows(values, (every, positions), self.zeros)

    def tell(self) -> None:
        """Say what is missing.

        Raises:
            DataError: a column without a single value.

        Warns:
            DataWarning: how many values and times, and where the first is.
        """
        if not self.begun and not self.present.all():
            name = self.columns[int((~self.present).argmax())]
            raise DataError(f"{self.source}, column {name!r}: every value is missing; leave the column out")
        parts = []
        if self.values:
            parts.append(f"{_count(self.values, 'value')} missing (the first: {self.first_value})")
        if self.times:
            parts.append(f"{_count(self.times, 'time')} absent (the first: {self.first_time})")
        if parts:
            warnings.warn(f"{self.source}: {' and '.join(parts)}: counted as not observed", DataWarning, stacklevel=5)


def spread_rows(values: np.ndarray, grid: tuple[np.ndarray, np.ndarray], zeros: Sequence[int]) -> np.ndarray:
    """Rows at their places of a grid; in between NaN, and 0 in the columns ``zeros``.

    >>> spread_rows(np.array([[1.0, 1.0], [2.0, 1.0]]), (np.arange(3), np.array([0, 2])), [1])
    array([[ 1.,  1.],
           [nan,  0.],
           [ 2.,  1.]])
    """
    result = np.full((len(grid[0]), values.shape[1]), np.nan)
    result[:, list(zeros)] = 0.0
    result[grid[1]] = values
    return result


def _count(number: int, what: str) -> str:
    return f"1 {what} is" if number == 1 else f"{number:,} {what}s are"


def show_time(time: Any) -> str:
    """A time for a message; a date without its midnight."""
    return str(pd.Timestamp(time)).removesuffix(" 00:00:00") if isinstance(time, np.datetime64) else str(time)
