"""Which cell for my sequences: the same ones for every cell and for a linear model of summaries, several seeds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from grunit.data.sequence_scaling import FeatureScaler
from grunit.data.sequences import Sequences
from grunit.errors import DataError
from grunit.tasks.comparison import Row
from grunit.tasks.held_comparison import HELD, SEEDS, HeldComparison, Progress, choose_metric, compare_held
from grunit.tasks.sequence_arguments import (
    as_data_error,
    check_arguments,
    read_sequences,
    read_targets,
    require_targets,
    split_rows,
)
from grunit.tasks.sequence_scores import score_errors, score_shares

CLASSES, NUMBERS = ("error", "log loss"), ("MAE", "RMSE")
"""Metrics of classes and of numbers, the usual one first."""
BASELINE = "linear model of summaries"


def summarize(X: Any) -> np.ndarray:
    """What can be told of sequences without a network, ``(N, 1 + 7 F)``.

    Args:
        X: as for :meth:`SequenceClassifier.fit`.

    Returns:
        the number of steps, and of each feature the mean, standard deviation, least, greatest, first and last value and
        the mean change from one step to the next, of the values that are there; 0 where none is.

    >>> summarize([[1.0, 3.0, float("nan")]]).tolist()
    [[3.0, 2.0, 1.0, 1.0, 3.0, 1.0, 3.0, 2.0]]
    """
    sequences = Sequences.of(X.to_numpy() if hasattr(X, "to_numpy") else X)
    rows = []
    for index in range(len(sequences)):
        one = sequences[index]
        found = [float(len(one))]
        for column in one.T:
            there = column[~np.isnan(column)]
            change = float(np.diff(there).mean()) if len(there) > 1 else 0.0
            if not len(there):
                there = np.zeros(1)
            found += [there.mean(), there.std(), there.min(), there.max(), there[0], there[-1], change]
        rows.append(found)
    return np.array(rows)


def compare_sequences(
    kind: type,
    X: Any,
    y: Any,
    cells: Sequence[Any],
    *,
    metric: str | None = None,
    seeds: Sequence[int] = SEEDS,
    progress: Progress | None = None,
    keep: str | os.PathLike | None = None,
    **options: Any,
) -> HeldComparison:
    """Fit every cell with every seed on four fifths of the sequences, and judge it on the others.

    Args:
        kind: :class:`SequenceClassifier` or :class:`SequenceRegressor`.
        X, y: as for its ``fit``.
        cells: names or classes.
        metric: of classes ``"error"``, the share of wrong answers (default), or ``"log loss"``; of numbers ``"MAE"``
            (default) or ``"RMSE"``. Where each sequence has several numbers, errors of each are divided by its
            standard deviation among the sequences learnt from, so that none decides by its unit.
        seeds, progress, keep: see :func:`grunit.tasks.held_comparison.compare_held`.
        options: of the estimator.

    Raises:
        InputError: an argument.
        DataError: what ``fit`` refuses of the sequences or answers, or there are too few to judge on.
    """
    classes = issubclass(kind, ClassifierMixin)
    metric = choose_metric(metric, CLASSES if classes else NUMBERS)
    X = X.to_numpy() if hasattr(X, "to_numpy") and not hasattr(X, "iloc") else X
    answers, codes = _read(kind(**options), X, y, classes)
    summaries = summarize(X)
    if codes is not None and not codes.any():
        raise DataError(f"every sequence has the label {answers.tolist()[0]!r}: give sequences of two classes at least")
    learnt, held = split_rows(len(summaries), HELD, 0, codes)
    if not len(held):
        raise DataError(
            f"{len(summaries)} sequences are too few to hold any back: give more" + " of each class" * classes
        )
    train, test = (_take(X, rows) for rows in (learnt, held))
    truth = answers[held]
    several = not classes and answers.ndim > 1
    spread = FeatureScaler.measure(answers[learnt]).scale if several else 1.0

    def score(model: Any, given: Any = test) -> dict[str, float]:
        if classes:
            return score_shares(model.classes_, model.predict_proba(given), truth)
        return score_errors(np.asarray(model.predict(given), dtype=float), truth, spread)

    def baselines() -> list[Row]:
        linear = LogisticRegression(max_iter=1000) if classes else Ridge()
        blind = DummyClassifier(strategy="prior") if classes else DummyRegressor()
        models = {BASELINE: make_pipeline(StandardScaler(), linear), "most frequent" if classes else "mean": blind}
        given = summaries[learnt], answers[learnt]
        return [Row(name, True, [score(model.fit(*given), summaries[held])]) for name, model in models.items()]

    facts: dict[str, Any] = {"learnt from": len(learnt), "judged on": len(held)}
    facts |= {"classes": len(np.unique(answers))} if classes else {}
    facts |= {"errors in": "standard deviations of each target"} if several else {}
    return compare_held(
        kind,
        cells,
        (train, answers[learnt]),
        score,
        baselines,
        data=(X, answers.tolist()),
        metric=metric,
        facts=facts,
        seeds=seeds,
        progress=progress,
        keep=keep,
        **options,
    )


def _read(estimator: Any, X: Any, y: Any, classes: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Answers as ``fit`` reads them, before it is called for the first time, and of classes the number of each.

    A single column is no column: what answers with ``(N,)`` would else be laid against ``(N, 1)``, each against all.
    """
    check_arguments(estimator)
    rows = len(read_sequences(estimator, X, reset=True))
    if classes:
        estimator.check_class_arguments()
        require_targets(y, rows)
        _require_labels(y)
        codes = estimator.learn_classes(y)
        return estimator.classes_[codes], codes
    values = read_targets(y, rows)
    return values[:, 0] if values.ndim > 1 and values.shape[1] == 1 else values, None


def _require_labels(y: Any) -> None:
    missing = np.flatnonzero(pd.isna(as_data_error(np.asarray, y)))
    if len(missing):
        raise DataError(f"y[{missing[0]}] is missing: give every sequence its label, or leave it out")


def _take(X: Any, rows: np.ndarray) -> Any:
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return X[rows] if isinstance(X, np.ndarray) else [X[row] for row in rows]
