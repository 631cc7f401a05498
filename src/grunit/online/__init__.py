"""Live streams: predict now, learn when the answer arrives."""

from typing import TYPE_CHECKING, Any

from grunit.online.classifier import OnlineClassifier
from grunit.online.drift import DriftMonitor, PageHinkley
from grunit.online.forecaster import OnlineForecaster
from grunit.online.intervals import AdaptiveInterval
from grunit.online.regressor import OnlineRegressor

if TYPE_CHECKING:
    from grunit.online.fitted import FittedForecaster

__all__ = [
    "AdaptiveInterval",
    "DriftMonitor",
    "FittedForecaster",
    "OnlineClassifier",
    "OnlineForecaster",
    "OnlineRegressor",
    "PageHinkley",
]


def __getattr__(name: str) -> Any:
    # It stands on the tasks, whose import a stream that begins from nothing need not wait for.
    if name == "FittedForecaster":
        from grunit.online.fitted import FittedForecaster

        return FittedForecaster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
