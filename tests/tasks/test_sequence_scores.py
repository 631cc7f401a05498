"""Scores against their definitions."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from grunit.errors import DataError
from grunit.tasks.sequence_scores import score_classes, score_errors, score_numbers, score_shares


def test_scores_of_classes_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    classifier = SimpleNamespace(classes_=np.array(["a", "b"]), predict_proba=lambda X: probabilities)
    table = score_classes(classifier, [None] * 4, ["a", "a", "b", "b"])
    row = table.iloc[0]
    assert row["accuracy"] == 0.75
    assert row["balanced accuracy"] == pytest.approx((1.0 + 0.5) / 2)
    assert row["macro F1"] == pytest.approx((4 / 5 + 2 / 3) / 2)  # 2 TP / (2 TP + FP + FN)
    assert row["log loss"] == pytest.approx(-sum(math.log(p) for p in (0.9, 0.6, 0.8, 0.3)) / 4)
    blind = table.loc["most frequent"]
    assert blind["accuracy"] == 0.5
    assert blind["log loss"] == pytest.approx(math.log(2))


def test_a_label_that_was_not_learnt_is_refused():
    classifier = SimpleNamespace(classes_=np.array([1, 2]), predict_proba=lambda X: np.ones((1, 2)) / 2)
    with pytest.raises(DataError, match="the label 3 was not among those learnt"):
        score_classes(classifier, [None], [3])
    named = SimpleNamespace(classes_=np.array(["bad", "good"]), predict_proba=lambda X: np.ones((1, 2)) / 2)
    with pytest.raises(DataError, match="the label 'goodness' was not among those learnt"):
        score_classes(named, [None], ["goodness"])


def test_scores_of_numbers_by_hand():
    regressor = SimpleNamespace(predict=lambda X: np.array([1.0, 2.0, 5.0]))
    table = score_numbers(regressor, [None] * 3, [1.0, 3.0, 5.0])
    row = table.iloc[0]
    assert row["MAE"] == pytest.approx(1 / 3)
    assert row["RMSE"] == pytest.approx(math.sqrt(1 / 3))
    assert row["R2"] == pytest.approx(1 - 1 / 8)
    assert table.loc["mean", "R2"] == pytest.approx(0)


def test_a_single_column_is_no_column():
    truth = np.array([[1.0], [3.0], [5.0]])
    flat = SimpleNamespace(predict=lambda X: np.array([1.0, 2.0, 5.0]))
    for model, y in ((flat, truth), (SimpleNamespace(predict=lambda X: np.array([[1.0], [2.0], [5.0]])), truth[:, 0])):
        table = score_numbers(model, [None] * 3, y)
        assert table.iloc[0]["MAE"] == pytest.approx(1 / 3)
        assert table.loc["mean", "MAE"] == pytest.approx(4 / 3)
    shares = np.array([[0.9, 0.1], [0.6, 0.4]])
    assert score_shares(np.array([0, 1]), shares, np.array([[0], [1]]))["error"] == 0.5
    classifier = SimpleNamespace(classes_=np.array(["a", "b"]), predict_proba=lambda X: shares)
    assert score_classes(classifier, [None] * 2, [["a"], ["b"]]).iloc[0]["accuracy"] == 0.5


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"answers have shape \(3,\) and the truth \(3, 1\)"):
        score_errors(np.zeros(3), np.zeros((3, 1)))
    with pytest.raises(DataError, match="there are 1 answers and 2 labels"):
        score_shares(np.array([0, 1]), np.array([[0.5, 0.5]]), np.array([0, 1]))
    regressor = SimpleNamespace(predict=lambda X: np.zeros(2))
    with pytest.raises(DataError, match="y contains NaN"):
        score_numbers(regressor, [None] * 2, [1.0, float("nan")])
    with pytest.raises(DataError, match=r"the truth \(2, 2\)"):
        score_numbers(regressor, [None] * 2, np.zeros((2, 2)))
