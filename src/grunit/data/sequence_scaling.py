"""Scaling of whole sequences: each feature by what the training sequences show, missing values left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from grunit.errors import InputError, suggest

KINDS = ("standard", "robust", "minmax", "none")


@dataclass(frozen=True)
class FeatureScaler:
    """``(value - center) / scale`` for each feature.

    Args:
        center, scale: ``(F,)``.

    >>> scaler = FeatureScaler.measure(np.array([[1.0, 5.0], [3.0, np.nan]]))
    >>> scaler.transform(np.array([[3.0, 5.0]])), scaler.inverse(np.array([[1.0, 0.0]]))
    (array([[1., 0.]]), array([[3., 5.]]))
    """

    center: np.ndarray
    scale: np.ndarray

    @classmethod
    def measure(cls, values: np.ndarray, kind: str = "standard") -> FeatureScaler:
        """From ``(n, F)``; NaN counts for nothing, and a feature that does not vary is only centred.

        Args:
            values: of the training sequences only.
            kind: ``"standard"`` (mean, standard deviation), ``"robust"`` (median, interquartile range), ``"minmax"``
                (to [0, 1]) or ``"none"``.

        Raises:
            InputError: an unknown kind.
        """
        if kind not in KINDS:
            raise InputError(f"unknown scaler {kind!r}: {suggest(kind, KINDS)}")
        size = values.shape[1]
        if kind == "none":
            return cls(np.zeros(size), np.ones(size))
        center, scale = np.zeros(size), np.ones(size)
        for column in range(size):
            seen = values[~np.isnan(values[:, column]), column]
            if len(seen):
                center[column], spread = _measure(seen, kind)
                # The mean of equal numbers differs from them by rounding, and so would leave a spread of that size.
                scale[column] = spread if spread > 1e-12 * max(1.0, abs(center[column])) else 1.0
        return cls(center, scale)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """``(..., F)`` scaled; NaN stays."""
        return (values - self.center) / self.scale

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """``(..., F)`` back in the units of the data."""
        return values * self.scale + self.center

    def to_json(self) -> dict[str, Any]:
        """As plain lists."""
        return {"center": self.center.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FeatureScaler:
        """What :meth:`to_json` described."""
        return cls(np.array(data["center"], dtype=float), np.array(data["scale"], dtype=float))


def _measure(seen: np.ndarray, kind: str) -> tuple[float, float]:
    if kind == "standard":
        return float(seen.mean()), float(seen.std())
    if kind == "robust":
        low, middle, high = np.percentile(seen, [25, 50, 75])
        return float(middle), float(high - low)
    return float(seen.min()), float(seen.max() - seen.min())
