"""A dictionary of features as a row of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunit.errors import DataError

LARGEST = 1e100
"""Beyond this a number is a mistake: its square could not be summed up."""


class FeatureRow:
    """Turns dictionaries into rows; the first one decides which features there are.

    A feature that is missing later becomes NaN. One that was not in the first is left out, and noted in ``unknown``.

    Raises:
        DataError: a value that is no number.

    >>> row = FeatureRow()
    >>> row({"a": 1, "b": True}).tolist(), row({"b": None, "a": 2.5, "c": 7}).tolist(), sorted(row.unknown)
    ([1.0, 1.0], [2.5, nan], ['c'])
    """

    def __init__(self, names: list[str] | None = None):
        self.names = names
        self.unknown: set[str] = set()

    def __call__(self, x: Mapping[Any, Any]) -> NDArray[Any]:
        """The features in the order of the first call, ``(n,)`` float64."""
        if self.names is None:
            if not x:
                raise DataError("there are no features to look at: give at least one")
            self.names = list(x)
        try:
            # The common case first: all there, all numbers. A text would be read as a number, so not that.
            values = list(map(x.__getitem__, self.names))
            if len(values) == len(x) and str not in map(type, values):
                row = np.array(values, dtype=np.float64)
                if float(row @ row) <= LARGEST**2:
                    return row
        except (KeyError, TypeError, ValueError):
            pass
        self.unknown.update(name for name in x if name not in self.names)
        return np.array([self._number(name, x.get(name)) for name in self.names])

    def _number(self, name: Any, value: Any) -> float:
        if value is None:
            return np.nan
        if not isinstance(value, str):
            try:
                number = float(value)
                if abs(number) > LARGEST:
                    raise DataError(f"the feature {name!r} is {value!r}, which is beyond {LARGEST:g}")
                return number
            except (TypeError, ValueError):
                pass
        raise DataError(
            f"the feature {name!r} is {value!r}: give numbers (a category becomes one column of 0 and 1 for each "
            "value it can take)"
        )
