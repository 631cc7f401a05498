"""Scores against their definitions."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from grunit.errors import DataError
from grunit.tasks.sequence_scores import score_classes, score_numbers


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
