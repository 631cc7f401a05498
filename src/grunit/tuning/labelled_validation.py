"""Estimators of examples, with an answer each or without, are judged on examples held back, of every class alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import KFold, StratifiedKFold

from grunit.data.checksum import checksum
from grunit.errors import DataError, InputError
from grunit.tasks.measures import measure, measure_baselines, metrics_of
from grunit.tasks.sequence_arguments import require_targets, split_rows
from grunit.tasks.sequence_scores import score_classes, score_numbers

Split = tuple[np.ndarray, np.ndarray]


class LabelledValidation:
    """One share held back, or folds.

    Args:
        estimator: a classifier, a regressor, or anything that has ``fit`` and ``score``.
        X: examples, an array, a frame or a list.
        y: their answers; None where there are none: then the last examples are held back, as text and time go.
        metric: a name, or a function ``(estimator, X, y)``.
        direction: which way it is better.
        folds: of cross-validation; None for one share held back.
        holdout: the share.
        seed: of what is held back.

    Raises:
        DataError: too few examples, or not one answer each.
        InputError: folds or holdout out of range.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        metric: Any,
        direction: str,
        *,
        folds: int | None = None,
        holdout: float = 0.25,
        seed: int = 0,
    ):
        self.template, self.X, self.y = clone(estimator), X, y
        self.measure, self.direction = metric, direction
        self.metric = metric if isinstance(metric, str) else getattr(metric, "__name__", "score")
        self.folds, self.holdout, self.seed = folds, holdout, seed
        if not hasattr(X, "__len__"):
            raise DataError(f"X is {type(X).__name__}, which has no length: give a list, an array or a frame")
        if y is not None:
            require_targets(y, len(X))
        if folds is not None and (isinstance(folds, bool) or not isinstance(folds, int) or folds < 2):
            raise InputError(f"folds is {folds!r}: give a whole number of at least 2, or holdout for one share")
        if folds is not None and y is None:
            raise InputError(
                "folds is given, but examples without answers are judged on the last of them alone: leave folds out"
            )
        if isinstance(holdout, bool) or not isinstance(holdout, (int, float)) or not 0 < holdout < 1:
            raise InputError(f"holdout is {holdout!r}: give a share above 0 and below 1")
        self.named = isinstance(metric, str) and metric in metrics_of(estimator, X, y)
        self.watchable = "watch" in inspect.signature(estimator.fit).parameters
        self.splits = self._split()

    def score(self, estimator: Any, watch: Callable[..., Any]) -> dict[str, Any]:
        """Train on what is not held back, once a fold; the score is the mean over folds."""
        scores, epochs, parameters = [], 0, None
        for place, (learnt, held) in enumerate(self.splits):
            model, answers = clone(estimator), self._answers(held)
            examples = take(self.X, held)
            options = {}
            if self.watchable and not place:
                observer = watch(model, lambda m=model, X=examples, y=answers: self._measure(m, X, y))
                options = {} if observer is None else {"watch": observer}
            given = [] if self.y is None else [self._answers(learnt)]
            model.fit(take(self.X, learnt), *given, **options)
            scores.append(self._measure(model, examples, answers))
            epochs += getattr(getattr(model, "history_", None), "epochs", 0)
            if hasattr(model, "model_"):
                parameters = sum(weight.numel() for weight in model.model_.parameters())
        return {"score": float(np.mean(scores)), "parameters": parameters, "epochs": epochs}

    def baselines(self) -> dict[str, float]:
        """The answer that does not look: the likeliest class, the mean, the most frequent tag of each word."""
        if self.named:
            found = [
                measure_baselines(self.template, (take(self.X, learnt), self._answers(learnt)), self._held(held))
                for learnt, held in self.splits
            ]
            return {name: float(np.mean([one[name][self.metric] for one in found])) for name in found[0]}
        if not isinstance(self.measure, str) or not (is_classifier(self.template) or is_regressor(self.template)):
            return {}
        classes = is_classifier(self.template)
        scores = []
        for learnt, held in self.splits:
            blind = DummyClassifier(strategy="prior") if classes else DummyRegressor()
            blind.fit(np.zeros((len(learnt), 1)), self._answers(learnt))
            scores.append(self._measure(blind, np.zeros((len(held), 1)), self._answers(held)))
        return {"most frequent" if classes else "mean": float(np.mean(scores))}

    def fit(self, estimator: Any) -> Any:
        """Learn from all examples."""
        return estimator.fit(self.X) if self.y is None else estimator.fit(self.X, self.y)

    def checksum(self) -> str:
        """Of examples and answers."""
        return checksum(self.X, self.y)

    def facts(self) -> dict[str, Any]:
        """What is held back."""
        kind = {"holdout": self.holdout} if self.folds is None else {"folds": self.folds}
        return {**kind, "seed of what is held back": self.seed}

    def _measure(self, model: Any, X: Any, y: Any) -> float:
        if not isinstance(self.measure, str):
            return float(self.measure(model, X, y))
        if is_classifier(model):
            return float(score_classes(model, X, y)[self.metric].iloc[0])
        if is_regressor(model):
            return float(score_numbers(model, X, y)[self.metric].iloc[0])
        if self.named:
            return measure(model, X, y)[self.metric]
        method = getattr(model, self.metric)
        return float(method(X) if y is None else method(X, y))

    def _answers(self, rows: np.ndarray) -> Any:
        return None if self.y is None else take(self.y, rows)

    def _held(self, rows: np.ndarray) -> tuple[Any, Any]:
        return take(self.X, rows), self._answers(rows)

    def _split(self) -> list[Split]:
        rows = len(self.X)
        groups = np.unique(np.asarray(self.y), return_inverse=True)[1] if is_classifier(self.template) else None
        if self.y is None:
            count = max(1, round(self.holdout * rows))
            parts = [(np.arange(rows - count), np.arange(rows - count, rows))]
        elif self.folds is None:
            parts = [split_rows(rows, self.holdout, self.seed, groups)]
        else:
            fewest = rows if groups is None else int(np.bincount(groups).min())
            if fewest < self.folds:
                what = "examples" if groups is None else "examples of the rarest class"
                raise DataError(f"{fewest} {what} are too few for folds={self.folds}: give fewer folds, or holdout")
            kind = KFold if groups is None else StratifiedKFold
            parts = list(kind(self.folds, shuffle=True, random_state=self.seed).split(np.zeros(rows), groups))
        if any(not len(learnt) or not len(held) for learnt, held in parts):
            raise DataError(f"{rows} examples are too few to hold a share of {self.holdout:g} back: give more")
        return parts


def take(values: Any, rows: np.ndarray) -> Any:
    """Some examples, in the kind of collection they came in.

    >>> take(["a", "b", "c"], np.array([0, 2])), take("abc", np.array([1, 2]))
    (['a', 'c'], 'bc')
    """
    if isinstance(values, str):
        return values[int(rows[0]) : int(rows[-1]) + 1]
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if isinstance(values, np.ndarray) or hasattr(values, "to_numpy"):
        return values[rows]
    return [values[int(row)] for row in rows]
