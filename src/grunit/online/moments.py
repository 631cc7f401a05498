"""Running mean and spread of what a stream brings, in numbers that never overflow."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunit.errors import BundleError


class RunningScale:
    """Centre and scale columns by what was seen of them so far.

    Args:
        columns: n.
        memory: how many values the mean looks back on; older ones fade. None for all of them alike.

    A column that never moved has scale 1. Values that are missing (NaN) are left out of the statistics.

    Source: Welford, *Note on a method for calculating corrected sums of squares and products*, Technometrics 4 (1962);
    with a floor on the weight of a new value it is the exponentially weighted form.

    >>> scale = RunningScale(1)
    >>> for value in (1.0, 2.0, 3.0):
    ...     scale.update(np.array([value]))
    >>> scale.mean.tolist(), scale.scale().round(3).tolist()
    ([2.0], [0.816])
    """

    def __init__(self, columns: int, memory: int | None = None):
        self.memory = memory
        self.count: NDArray[Any] = np.zeros(columns)
        self.mean: NDArray[Any] = np.zeros(columns)
        self.variance: NDArray[Any] = np.zeros(columns)
        self._root: NDArray[Any] = np.ones(columns)
        self._fast: Any = None

    def update(self, values: NDArray[Any]) -> None:
        """Take note of one row ``(n,)``."""
        if len(values) == 1:
            value = float(values[0])
            if value == value:
                count = self.count[0] + 1
                weight = 1 / count if self.memory is None else max(1 / count, 1 / self.memory)
                away = value - self.mean[0]
                self.count[0] = count
                self.mean[0] += weight * away
                self.variance[0] = variance = (1 - weight) * (self.variance[0] + weight * away * away)
                self._root[0] = math.sqrt(variance) if variance > 0 else 1.0
            return
        seen = values == values
        if not seen.all():
            rows = np.flatnonzero(seen)
            self._update_some(rows, values[rows])
            return
        self.count += 1
        weight = 1 / self.count if self.memory is None else np.maximum(1 / self.count, 1 / self.memory)
        away = values - self.mean
        self.mean += weight * away
        self.variance += weight * away * away
        self.variance *= 1 - weight
        np.sqrt(self.variance, out=self._root)
        self._root[self.variance <= 0] = 1.0

    def _update_some(self, rows: NDArray[Any], values: NDArray[Any]) -> None:
        self.count[rows] += 1
        weight = 1 / self.count[rows]
        if self.memory is not None:
            weight = np.maximum(weight, 1 / self.memory)
        away = values - self.mean[rows]
        self.mean[rows] += weight * away
        self.variance[rows] = (1 - weight) * (self.variance[rows] + weight * away * away)
        self._root[rows] = np.sqrt(self.variance[rows])
        self._root[self.variance <= 0] = 1.0

    def take(self, values: NDArray[Any]) -> NDArray[Any]:
        """:meth:`update`, then :meth:`transform`."""
        if self._fast is None:
            self.update(values)
            return self.transform(values)
        function, given, held, out = self._fast
        held[:] = values
        function(*given)
        return out

    def speed_up(self, library: Any) -> None:
        """Let :meth:`take` run in C; what it returns is then overwritten by the next call."""
        held, out = np.zeros((2, len(self.mean)))
        arrays = [held, self.count, self.mean, self.variance, self._root, out]
        values, *others = (ctypes.c_void_p(array.ctypes.data) for array in arrays)
        given = ctypes.c_int64(len(self.mean)), values, ctypes.c_double(self.memory or 0), *others
        self._fast = library.grunit_scale, given, held, out

    def scale(self) -> NDArray[Any]:
        """The spread ``(n,)`` that values are divided by: their standard deviation, or 1 where there is none."""
        return self._root

    def transform(self, values: NDArray[Any]) -> NDArray[Any]:
        """Centred and scaled, ``(n,)``; what is missing becomes 0, the centre. At most 10 spreads from it."""
        scaled = (values - self.mean) / self._root
        scaled[scaled != scaled] = 0.0
        return np.minimum(np.maximum(scaled, -10.0), 10.0)

    def to_json(self) -> dict[str, Any]:
        """Everything, for a snapshot."""
        return {
            "memory": self.memory,
            "count": self.count.tolist(),
            "mean": self.mean.tolist(),
            "variance": self.variance.tolist(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunningScale:
        """The same from :meth:`to_json`."""
        made = cls(len(data["count"]), data["memory"])
        made.count[:], made.mean[:], made.variance[:] = data["count"], data["mean"], data["variance"]
        if not np.isfinite([made.count, made.mean, made.variance]).all():
            raise BundleError("a running mean is not finite: copy the model again")
        np.sqrt(made.variance, out=made._root)
        made._root[made.variance <= 0] = 1.0
        return made
