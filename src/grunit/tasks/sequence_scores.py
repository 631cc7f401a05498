"""How good answers to sequences are, beside an answer that does not look at them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.utils import column_or_1d

from grunit.errors import DataError
from grunit.tasks.sequence_arguments import as_data_error, read_targets


def score_shares(classes: np.ndarray, probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The share of wrong answers, and the log loss, of the probability of each class ``(N, classes)``.

    Args:
        classes: sorted.
        probabilities: of each.
        truth: ``(N,)`` or ``(N, 1)``, all among the classes.

    Raises:
        DataError: they are not one label a row.

    >>> score_shares(np.array(["a", "b"]), np.array([[0.5, 0.5], [0.25, 0.75]]), np.array(["b", "b"]))["error"]
    0.5
    """
    labels = as_data_error(column_or_1d, truth)
    if len(labels) != len(probabilities):
        raise DataError(f"there are {len(probabilities)} answers and {len(labels)} labels: give one to each")
    codes = np.searchsorted(classes, labels)
    likely = probabilities[np.arange(len(codes)), codes]
    wrong = float((probabilities.argmax(1) != codes).mean())
    return {"error": wrong, "log loss": float(-np.log(np.clip(likely, 1e-15, None)).mean())}


def score_errors(answers: np.ndarray, truth: np.ndarray, spread: np.ndarray | float = 1.0) -> dict[str, float]:
    """MAE and RMSE.

    Args:
        answers, truth: of one shape, ``(N,)`` or ``(N, K)``.
        spread: ``(K,)``, what errors of each target are divided by, so that none decides by its unit.

    Raises:
        DataError: the shapes differ; they would else be laid against each other, every answer against every truth.

    >>> score_errors(np.array([[1.0, 0.0]]), np.array([[0.0, 300.0]]), np.array([1.0, 100.0]))["MAE"]
    2.0
    """
    if answers.shape != truth.shape:
        raise DataError(f"the answers have shape {answers.shape} and the truth {truth.shape}: give both alike")
    error = (answers - truth) / spread
    return {"MAE": float(np.abs(error).mean()), "RMSE": float(np.sqrt(np.square(error).mean()))}


def score_classes(classifier: Any, X: Any, y: Any) -> pd.DataFrame:
    """Accuracy, accuracy averaged over classes, F1 averaged over classes, and log loss.

    Args:
        classifier: fitted.
        X: sequences.
        y: ``(N,)`` or ``(N, 1)`` labels, all known to the classifier.

    Returns:
        a row for the classifier, and one for always answering with the likeliest of the training labels' shares, which
        here are those of ``y`` itself: the best that not looking can do.

    Raises:
        DataError: a label that the classifier does not know, or not one a sequence.
    """
    kind = classifier.classes_.dtype
    # Not the width of the known labels, to which a longer one would be cut.
    labels = as_data_error(column_or_1d, y).astype(str if kind.kind == "U" else kind)
    unknown = sorted(set(labels.tolist()) - set(classifier.classes_.tolist()))
    if unknown:
        raise DataError(f"the label {unknown[0]!r} was not among those learnt: they are {classifier.classes_.tolist()}")
    shares = np.array([(labels == label).mean() for label in classifier.classes_])
    answers = {
        type(classifier).__name__: classifier.predict_proba(X),
        "most frequent": np.broadcast_to(shares, (len(labels), len(shares))),
    }
    rows = {}
    for name, probabilities in answers.items():
        chosen = classifier.classes_[probabilities.argmax(1)]
        rows[name] = {
            "accuracy": metrics.accuracy_score(labels, chosen),
            "balanced accuracy": metrics.recall_score(labels, chosen, average="macro", zero_division=0),
            "macro F1": metrics.f1_score(labels, chosen, average="macro", zero_division=0),
            "log loss": score_shares(classifier.classes_, probabilities, labels)["log loss"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def score_numbers(regressor: Any, X: Any, y: Any) -> pd.DataFrame:
    """MAE, RMSE and R2, the latter a mean over targets.

    Args:
        regressor: fitted.
        X: sequences.
        y: numbers ``(N,)`` or ``(N, K)``; a single column and no column at all are the same.

    Returns:
        a row for the regressor, and one for always answering with the mean of ``y``: the best that not looking can do.

    Raises:
        DataError: numbers that cannot be used, or not as many a sequence as the regressor answers with.
    """
    given = np.asarray(regressor.predict(X), dtype=float)
    truth = read_targets(y, len(given))
    truth = truth.reshape(given.shape) if truth.size == given.size else truth
    answers = {type(regressor).__name__: given, "mean": np.broadcast_to(truth.mean(0), truth.shape)}
    rows = {
        name: {
            **score_errors(answer, truth),
            "R2": metrics.r2_score(truth, answer) if len(truth) > 1 else float("nan"),
        }
        for name, answer in answers.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
