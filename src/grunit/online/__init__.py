"""Live streams: predict now, learn when the answer arrives."""

from grunit.online.classifier import OnlineClassifier
from grunit.online.drift import DriftMonitor, PageHinkley
from grunit.online.fitted import FittedForecaster
from grunit.online.forecaster import OnlineForecaster
from grunit.online.intervals import AdaptiveInterval
from grunit.online.regressor import OnlineRegressor

__all__ = [
    "AdaptiveInterval",
    "DriftMonitor",
    "FittedForecaster",
    "OnlineClassifier",
    "OnlineForecaster",
    "OnlineRegressor",
    "PageHinkley",
]
