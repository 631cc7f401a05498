"""Searching the arguments of an estimator: spaces, trials, and what they showed."""

from grunit.tuning.result import Trial, Tuning
from grunit.tuning.tuner import NoTrialError, tune

__all__ = ["NoTrialError", "Trial", "Tuning", "tune"]
