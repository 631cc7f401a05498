"""What streams of rows and of series share: which column is what, models inside a snapshot."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from grunit.errors import BundleError

TIMES = ("ds", "time", "timestamp", "date", "datetime")
"""Names that a column of time stamps usually has."""


@dataclass
class Columns:
    """Which column is what; None to find it by its usual name, or to do without.

    Args:
        target: what is predicted (``y``).
        time: time stamps (``ds``, ``time``, ``timestamp``, ``date``, ``datetime``).
        identity: what tells series apart (``unique_id``).
        key: what an answer that comes later names its row by.
        features: columns to look at.
    """

    target: str | None = None
    time: str | None = None
    identity: str | None = None
    key: str | None = None
    features: list[str] | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


def plain(value: float) -> float | None:
    """A number with 9 digits, which are more than it is worth; None where there is none.

    >>> plain(1 / 3), plain(float("nan"))
    (0.333333333, None)
    """
    return float(f"{value:.9g}") if math.isfinite(value) else None


def store_model(model: Any, prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model of a stream as JSON and tensors, as a part of a snapshot."""
    config, tensors, encoders = model.snapshot()
    made = {"kind": model.kind, "config": config, "encoders": encoders}
    return made, {prefix + name: value for name, value in tensors.items()}


def load_model(data: dict[str, Any], tensors: dict[str, Any], prefix: str) -> Any:
    """The model that :func:`store_model` stored."""
    from grunit.online.classifier import OnlineClassifier
    from grunit.online.forecaster import OnlineForecaster
    from grunit.online.regressor import OnlineRegressor

    kinds = {kind.kind: kind for kind in (OnlineRegressor, OnlineClassifier, OnlineForecaster)}
    if data["kind"] not in kinds:
        raise BundleError(f"the snapshot holds a {data['kind']!r}, which this version cannot read; upgrade grunit")
    model = kinds[data["kind"]](**data["config"])
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    model.restore(own, data["encoders"])
    return model
