"""Estimators whose best setting is known, and that take no time to train."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from grunit.training import DivergenceError, History


class Hill(BaseEstimator):
    """Scores ``-(height - 3)^2 - steps``, reached evenly over its epochs; it diverges above 8."""

    def __init__(self, height: float = 0.0, steps: int = 0, max_epochs: int = 10, extra_options: Any = None):
        self.height = height
        self.steps = steps
        self.max_epochs = max_epochs
        self.extra_options = extra_options

    def fit(self, X: Any, y: Any = None, *, watch: Any = None) -> Hill:
        if self.height > 8:
            raise DivergenceError(f"the loss became inf at height {self.height:g}")
        self.history_ = History()
        for _ in range(self.max_epochs):
            self.history_.train.append(0.0)
            self.share_ = self.history_.epochs / self.max_epochs
            if watch is not None:
                watch(self.history_)
        self.seen_ = len(X)
        return self

    def score(self, X: Any, y: Any = None) -> float:
        return -((self.height - 3.0) ** 2) - self.steps - 100 * (1 - self.share_)


DATA = [list(range(20)), list(range(20))]
