"""Estimators, one a job, and what compares them."""

from grunit.tasks.comparison import Comparison, compare
from grunit.tasks.forecaster import Forecaster
from grunit.tasks.loading import load

__all__ = ["Comparison", "Forecaster", "compare", "load"]
