"""Estimators, one a job."""

from grunit.tasks.forecaster import Forecaster
from grunit.tasks.loading import load

__all__ = ["Forecaster", "load"]
