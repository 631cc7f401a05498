"""Numbers that belong to a series as a whole, scaled over the series of the training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from grunit.errors import DataError


@dataclass(frozen=True)
class Statics:
    """Scaled numbers of each series.

    Args:
        names: of the numbers; empty where there are none.
        center, scale: mean and standard deviation over the training series, each ``(S,)``.
        values: by series, unscaled, ``(S,)``.
    """

    names: list[str]
    center: np.ndarray
    scale: np.ndarray
    values: dict[str, np.ndarray]

    @classmethod
    def measure(cls, frame: pd.DataFrame | None) -> Statics:
        """From a frame indexed by series with one column a number; None for no numbers.

        >>> statics = Statics.measure(pd.DataFrame({"size": [1.0, 3.0]}, index=["a", "b"]))
        >>> statics.rows(["b", "a"])
        array([[ 1.],
               [-1.]])
        """
        if frame is None:
            return cls([], np.zeros(0), np.ones(0), {})
        values = frame.to_numpy(dtype=float)
        spread = values.std(0)
        rows = dict(zip(frame.index, values, strict=True))
        return cls(list(frame.columns), values.mean(0), np.where(spread > 0, spread, 1.0), rows)

    @property
    def size(self) -> int:
        """How many numbers a series has."""
        return len(self.names)

    def extend(self, frame: pd.DataFrame) -> Statics:
        """With the series of ``frame`` too; the scaling stays."""
        rows = dict(zip(frame.index, frame.to_numpy(dtype=float), strict=True))
        return Statics(self.names, self.center, self.scale, {**self.values, **rows})

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Scaled, ``(len(ids), S)``.

        Raises:
            DataError: a series is not known.
        """
        if not self.names:
            return np.zeros((len(ids), 0))
        for name in ids:
            if name not in self.values:
                raise DataError(f"static_df: there is no row for series {name!r}; give its {', '.join(self.names)}")
        return (np.stack([self.values[name] for name in ids]) - self.center) / self.scale

    def to_json(self) -> dict[str, Any]:
        """As plain lists."""
        return {
            "names": self.names,
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "series": {name: row.tolist() for name, row in self.values.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Statics:
        """What :meth:`to_json` described."""
        values = {name: np.array(row, dtype=float) for name, row in data["series"].items()}
        return cls(list(data["names"]), np.array(data["center"]), np.array(data["scale"], dtype=float), values)
