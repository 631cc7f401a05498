"""Scaling: what it learned from the training part, series by series and column by column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from grunit.data.categories import expand
from grunit.data.panel import Panel
from grunit.errors import DataError, InputError, suggest

KINDS = ("standard", "robust", "minmax", "log", "none")


class Scaler:
    """Brings every column of every series to a common scale: ``(value - center) / scale``.

    Args:
        kind: ``"standard"``: mean and standard deviation. ``"robust"``: median and interquartile range.
            ``"minmax"``: to [0, 1]. ``"log"``: ``"standard"``, of ``y`` its logarithm, for values above 0 that grow by
            factors. ``"none"``: unchanged. A column that does not vary is only centred. Values that are missing (NaN)
            count for nothing and stay missing; a column without any value in a series, which may have some later, is
            scaled by what is typical of the series it was fitted on.

    Attributes:
        columns: names of the columns it was fitted on, ``y`` first.
        categories: those that hold zeros and ones and stay so.
        learned: by series, ``(center, scale)``, each of shape ``(1 + n_exogenous,)``.
        typical: the same of all series it was fitted on together.

    >>> panel = Panel(["a"], [np.arange(3)], [np.array([[1.0], [2.0], [3.0]])], freq=1)
    >>> scaler = Scaler("minmax").fit(panel)
    >>> scaler.transform(panel).values[0].ravel()
    array([0. , 0.5, 1. ])
    >>> scaler.inverse(np.array([[0.0, 2.0]]), ["a"])
    array([[1., 5.]])
    """

    def __init__(self, kind: str = "standard"):
        if kind not in KINDS:
            raise InputError(f"unknown scaler {kind!r}: {suggest(kind, KINDS)}")
        self.kind = kind
        self.columns: list[str] = []
        self.categories: list[str] = []
        self.learned: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.typical = np.zeros(1), np.ones(1)

    def fit(self, panel: Panel) -> Scaler:
        """Learn from a panel, which must hold the training part only; returns the scaler."""
        self.columns = ["y", *panel.exogenous]
        self.categories = expand(panel.categories, panel.categories)
        found = [self._measure(values) for values in panel.values]
        self.typical = find_typical(found)
        self.learned = {name: self._complete(one) for name, one in zip(panel.ids, found, strict=True)}
        return self

    def extend(self, panel: Panel) -> Scaler:
        """A scaler that also knows the unseen series of ``panel``, fitted from the history in it; old ones stay."""
        self._check(panel)
        unseen = [pair for pair in zip(panel.ids, panel.values, strict=True) if pair[0] not in self.learned]
        if not unseen:
            return self
        wider = Scaler(self.kind)
        wider.columns, wider.categories, wider.typical = list(self.columns), list(self.categories), self.typical
        wider.learned = self.learned | {name: self._complete(self._measure(values)) for name, values in unseen}
        return wider

    def transform(self, panel: Panel) -> Panel:
        """The panel scaled. Unseen series are scaled by the history given; see :meth:`extend` to undo that later.

        Raises:
            DataError: the exogenous columns are not those it was fitted on.
        """
        known = self.learned if set(panel.ids) <= self.learned.keys() else self.extend(panel).learned
        self._check(panel)
        values = [
            (self._logged(v) - known[name][0]) / known[name][1] for name, v in zip(panel.ids, panel.values, strict=True)
        ]
        return replace(panel, values=values)

    def inverse(self, values: np.ndarray, ids: list[str]) -> np.ndarray:
        """Scaled values of ``y`` back in the units of the data.

        Args:
            values: shape ``(N,)``, ``(N, h)`` or ``(N, h, Q)``.
            ids: the series of each of the N rows.

        Raises:
            DataError: a series the scaler does not know; :meth:`extend` it first.
        """
        center, scale = self._target(ids, np.ndim(values))
        values = np.asarray(values, dtype=np.float64) * scale + center
        return np.exp(values) if self.kind == "log" else values

    def scaled(self, values: np.ndarray, ids: list[str]) -> np.ndarray:
        """Values of ``y`` alone, in the units of the data, scaled: the way back of :meth:`inverse`."""
        center, scale = self._target(ids, np.ndim(values))
        values = np.asarray(values, dtype=np.float64)
        return ((np.log(values) if self.kind == "log" else values) - center) / scale

    def _logged(self, values: np.ndarray) -> np.ndarray:
        """Values ``(T, columns)``, the first as its logarithm where that is what is scaled."""
        if self.kind != "log":
            return values
        if (values[:, 0] <= 0).any():
            raise DataError(f"y is {np.nanmin(values[:, 0]):g} somewhere, and scaler='log' needs values above 0")
        return np.concatenate([np.log(values[:, :1]), values[:, 1:]], 1)

    def _target(self, ids: list[str], axes: int) -> tuple[np.ndarray, np.ndarray]:
        """Centre and scale of ``y``, to be broadcast against values whose first axis is the series."""
        unknown = [name for name in ids if name not in self.learned]
        if unknown:
            raise DataError(f"the scaler has not seen the series {unknown[0]!r}; extend it with the series' history")
        shape = (len(ids),) + (1,) * (axes - 1)
        center = np.array([self.learned[name][0][0] for name in ids]).reshape(shape)
        return center, np.array([self.learned[name][1][0] for name in ids]).reshape(shape)

    def units(self, ids: list[str]) -> np.ndarray:
        """Centre and scale of ``y`` of each series, ``(N, 2)``; of its logarithm where that is what is scaled.

        Raises:
            DataError: a series the scaler does not know; :meth:`extend` it first.
        """
        return np.stack(self._target(ids, 1), -1)

    def to_json(self) -> dict[str, Any]:
        """What it learned, readable and exact; :meth:`from_json` gives the scaler back."""
        series = {name: {"center": c.tolist(), "scale": s.tolist()} for name, (c, s) in self.learned.items()}
        typical = dict(zip(("center", "scale"), (one.tolist() for one in self.typical), strict=True))
        found = {"kind": self.kind, "columns": self.columns, "series": series, "typical": typical}
        return found | ({"categories": self.categories} if self.categories else {})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Scaler:
        """The scaler that :meth:`to_json` described."""
        scaler = cls(data["kind"])
        scaler.columns, scaler.categories = list(data["columns"]), list(data.get("categories", []))
        for name, learned in data["series"].items():
            scaler.learned[name] = _read_pair(learned)
        known = list(scaler.learned.values())
        scaler.typical = _read_pair(data["typical"]) if "typical" in data else find_typical(known)
        return scaler

    def _check(self, panel: Panel) -> None:
        given = ["y", *panel.exogenous]
        if given != self.columns:
            raise DataError(
                f"the exogenous columns are {', '.join(given[1:]) or 'none'}, and the scaler was fitted on "
                f"{', '.join(self.columns[1:]) or 'none'}; give the same columns in the same order"
            )

    def _complete(self, measured: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What was measured, with what is typical where there was nothing to measure; 1 for a scale of 0."""
        center, scale = (np.where(np.isnan(one), usual, one) for one, usual in zip(measured, self.typical, strict=True))
        return center, np.where(scale > 0, scale, 1.0)

    def _measure(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre and scale of each column of one series; values ``(T, columns)``.

        NaN of a column without a value; the scale of one that does not vary is 0.
        """
        center, scale = self._spread(self._logged(values))
        for column in self.categories:
            place = self.columns.index(column)
            center[place], scale[place] = 0.0, 1.0
        return center, scale

    def _spread(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        width = values.shape[1]
        if self.kind == "none":
            return np.zeros(width), np.ones(width)
        if not len(values):
            return np.full(width, np.nan), np.full(width, np.nan)
        if np.isnan(values).any():
            parts = [self._spread(column[~np.isnan(column)][:, None]) for column in values.T]
            return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        low, high, spread = values.min(0), values.max(0), values.std(0)
        if self.kind in ("standard", "log"):
            center, scale = values.mean(0), spread
        elif self.kind == "minmax":
            center, scale = low, high - low
        else:
            quarter, center, three_quarters = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
            # Rain on three days of four: the quartiles agree though the column varies.
            scale = three_quarters - quarter
            scale = np.where(scale > 0, scale, spread)
        # The spread of a constant column is rounding, not zero.
        constant = high - low <= 10 * np.finfo(float).eps * np.maximum(np.abs(low), np.abs(high))
        return center, np.where(constant, 0.0, scale)


def find_typical(measured: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale, each ``(columns,)``, of values of all series together.

    The scale is that of the series and of how far their centres lie apart: of standard deviations of series of one
    length, the standard deviation of all their values. Both 0 where no series has a value.

    Args:
        measured: centre and scale of each series; NaN where it has no value.

    >>> one, other = (np.array([1.0]), np.array([2.0])), (np.array([3.0]), np.array([2.0]))
    >>> center, scale = find_typical([one, other, (np.array([np.nan]), np.array([np.nan]))])
    >>> center.tolist(), (scale**2).round(9).tolist()
    ([2.0], [5.0])
    """
    centers, scales = (np.stack(part) for part in zip(*measured, strict=True))
    there = ~np.isnan(centers)
    count = np.maximum(there.sum(0), 1)
    center = np.where(there, centers, 0).sum(0) / count
    squares = np.where(there, scales**2 + (centers - center) ** 2, 0).sum(0) / count
    return center, np.sqrt(squares)


def _read_pair(data: dict[str, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(data["center"], dtype=float), np.array(data["scale"], dtype=float)
