"""Numbers and categories that belong to a series as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from grunit.data.categories import Known, collapse, encode, expand, learn_categories
from grunit.errors import DataError


@dataclass(frozen=True)
class Statics:
    """Numbers of each series, scaled over those of the training data, and categories as zeros and ones.

    Args:
        names: of the numbers, and one for each category, such as ``size=large``; empty where there are none.
        center, scale: mean and standard deviation over the training series, each ``(S,)``; 0 and 1 for categories.
        values: by series, unscaled, ``(S,)``.
        categories: of each column of text.
    """

    names: list[str]
    center: np.ndarray
    scale: np.ndarray
    values: dict[str, np.ndarray]
    categories: Known = field(default_factory=dict)

    @classmethod
    def measure(cls, frame: pd.DataFrame | None) -> Statics:
        """From a frame indexed by series with one column a number or a category; None for none.

        Raises:
            DataError: a column has too many categories.

        >>> statics = Statics.measure(pd.DataFrame({"size": [1.0, 3.0], "kind": ["shop", "web"]}, index=["a", "b"]))
        >>> statics.rows(["b", "a"])
        array([[ 1.,  0.,  1.],
               [-1.,  1.,  0.]])
        """
        if frame is None:
            return cls([], np.zeros(0), np.ones(0), {})
        columns = list(frame.columns)
        categories = learn_categories(frame, columns, "static_df", "leave it out, or group them")
        names = expand(columns, categories)
        values = np.asfortranarray(encode(frame, columns, categories, "static_df"))
        center, spread = values.mean(0), values.std(0)
        fixed = np.isin(names, expand(categories, categories))
        rows = dict(zip(frame.index, values, strict=True))
        center, scale = np.where(fixed, 0.0, center), np.where(fixed | (spread == 0), 1.0, spread)
        return cls(names, center, scale, rows, categories)

    @property
    def size(self) -> int:
        """How many numbers a series has."""
        return len(self.names)

    @property
    def columns(self) -> list[str]:
        """The columns they come from."""
        return collapse(self.names, self.categories)

    def extend(self, frame: pd.DataFrame) -> Statics:
        """With the series of ``frame`` too; the scaling and the categories stay."""
        values = encode(frame, self.columns, self.categories, "static_df")
        rows = dict(zip(frame.index, values, strict=True))
        return Statics(self.names, self.center, self.scale, {**self.values, **rows}, self.categories)

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Scaled, ``(len(ids), S)``.

        Raises:
            DataError: a series is not known.
        """
        if not self.names:
            return np.zeros((len(ids), 0))
        for name in ids:
            if name not in self.values:
                raise DataError(f"static_df: there is no row for series {name!r}; give its {', '.join(self.columns)}")
        return (np.stack([self.values[name] for name in ids]) - self.center) / self.scale

    def to_json(self) -> dict[str, Any]:
        """As plain lists."""
        return {
            "names": self.names,
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "series": {name: row.tolist() for name, row in self.values.items()},
            "categories": {name: list(known) for name, known in self.categories.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Statics:
        """What :meth:`to_json` described."""
        values = {name: np.array(row, dtype=float) for name, row in data["series"].items()}
        center, scale = np.array(data["center"], dtype=float), np.array(data["scale"], dtype=float)
        return cls(list(data["names"]), center, scale, values, data.get("categories", {}))
