"""Examples held back: of every class alike, never learnt from, the same for every trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neighbors import KNeighborsClassifier

from grunit.errors import DataError, GrunitError, InputError
from grunit.tuning.labelled_validation import LabelledValidation, take
from grunit.tuning.validation import choose_validation

X = np.random.default_rng(0).normal(size=(40, 2))
LABELS = np.where(X[:, 0] + X[:, 1] > 0, "up", "down")


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers what it was given, and answers with the first class."""

    given: list[Any] = []  # noqa: RUF012 - shared by all copies on purpose

    def fit(self, X: Any, y: Any) -> Recorder:
        self.classes_ = np.unique(y)
        Recorder.given.append(list(X))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        Recorder.given.append(list(X))
        return np.eye(len(self.classes_))[np.zeros(len(X), int)]


class Mean(RegressorMixin, BaseEstimator):
    def fit(self, X: Any, y: Any) -> Mean:
        self.mean_ = np.mean(y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.full(len(X), self.mean_)


class Reader(BaseEstimator):
    """Of texts without answers."""

    def fit(self, X: Any) -> Reader:
        self.seen_ = X
        return self

    def perplexity(self, X: Any) -> float:
        return 10.0 * len(X) + len(self.seen_)


def nothing(model: Any, judge: Any) -> None:
    return None


@pytest.mark.parametrize("how", [{"holdout": 0.2}, {"folds": 4}])
def test_no_example_is_learnt_and_asked_at_once(how):
    Recorder.given = []
    labels = np.array(["a"] * 24 + ["b"] * 8)
    LabelledValidation(Recorder(), list(range(32)), labels, "accuracy", "maximize", **how).score(Recorder(), nothing)
    asked = []
    for learnt, held in zip(Recorder.given[::2], Recorder.given[1::2], strict=True):
        assert sorted(learnt + held) == list(range(32))
        assert sum(row >= 24 for row in held) * 4 == len(held) or "holdout" in how
        assert any(row >= 24 for row in held)
        asked += held
    if "folds" in how:
        assert sorted(asked) == list(range(32))


def test_the_scores_are_those_of_scikit_learn():
    ask = (LogisticRegression(), X, LABELS)
    for metric, truth in (("accuracy", accuracy_score), ("log loss", log_loss)):
        validation = choose_validation(ask[0], ask[1:], metric, None, folds=4, seed=1)
        expected = []
        for learnt, held in validation.splits:
            fitted = LogisticRegression().fit(X[learnt], LABELS[learnt])
            answers = fitted.predict(X[held]) if metric == "accuracy" else fitted.predict_proba(X[held])
            expected.append(truth(LABELS[held], answers))
        found = validation.score(ask[0], nothing)["score"]
        assert found == pytest.approx(np.mean(expected), abs=1e-12)


def test_what_does_not_look():
    numbers = np.arange(20.0)
    validation = choose_validation(Mean(), (numbers[:, None], numbers), "MAE", None, folds=5, seed=0)
    assert validation.baselines()["mean"] == pytest.approx(validation.score(Mean(), nothing)["score"])
    classes = np.array(["a"] * 30 + ["b"] * 10)
    counted = choose_validation(KNeighborsClassifier(), (X, classes), None, None, folds=5, seed=0)
    assert counted.baselines() == {"most frequent": 0.75}


def test_a_function_decides():
    def worst(model: Any, X: Any, y: Any) -> float:
        return float(np.abs(model.predict(X) - y).max())

    numbers = np.arange(20.0)
    validation = choose_validation(Mean(), (numbers[:, None], numbers), worst, "minimize", holdout=0.25, seed=0)
    learnt, held = validation.splits[0]
    assert validation.score(Mean(), nothing)["score"] == np.abs(numbers[held] - numbers[learnt].mean()).max()
    assert (validation.metric, validation.direction) == ("worst", "minimize")
    assert validation.baselines() == {}


def test_without_answers_the_end_is_held_back():
    validation = choose_validation(Reader(), (["a", "b", "c", "d"],), None, None)
    assert validation.direction == "minimize"
    assert validation.score(Reader(), nothing)["score"] == 10 * 1 + 3
    assert choose_validation(Reader(), ("abcdefgh",), None, None).score(Reader(), nothing)["score"] == 10 * 2 + 6


def test_some_of_a_collection():
    rows = np.array([0, 2])
    assert take([[1], [2, 3], [4]], rows) == [[1], [4]]
    assert take(np.arange(3), rows).tolist() == [0, 2]
    assert take(pd.Series([5, 6, 7], index=[9, 8, 7]), rows).tolist() == [5, 7]
    assert take(pd.DataFrame({"a": [5, 6, 7]}), rows).a.tolist() == [5, 7]


@pytest.mark.parametrize(
    ("data", "how", "error", "message"),
    [
        ((X,), {}, InputError, "y is missing"),
        ((), {}, InputError, "0 data came"),
        ((X, LABELS[:-1]), {}, DataError, "40 sequences and y 39 values"),
        ((X, LABELS), {"folds": 1}, InputError, "folds is 1"),
        ((X, LABELS), {"holdout": 1.0}, InputError, "holdout is 1.0"),
        ((X, LABELS), {"n_windows": 3}, InputError, "n_windows is not for"),
        ((X[:6], ["a"] * 5 + ["b"]), {"folds": 3}, DataError, "1 examples of the rarest class are too few for folds=3"),
        ((X[:1], ["a"]), {}, DataError, "too few to hold a share"),
        ((3, [1]), {}, DataError, "has no length"),
    ],
)
def test_refusals(data, how, error, message):
    with pytest.raises(error, match=message) as refusal:
        choose_validation(KNeighborsClassifier(), data, None, None, **how)
    assert isinstance(refusal.value, GrunitError)


def test_what_has_no_score_of_its_own_is_asked_for_one_before_any_trial():
    class Plain(BaseEstimator):
        def fit(self, X: Any, y: Any) -> Plain:
            return self

    with pytest.raises(InputError, match="Plain has no score of its own: give metric as a function"):
        choose_validation(Plain(), (X, LABELS), None, None)
    assert choose_validation(Plain(), (X, LABELS), lambda model, X, y: 1.0, None).direction == "maximize"


def test_folds_of_examples_without_answers_are_refused():
    from grunit.tasks import LanguageModel

    with pytest.raises(InputError, match="folds is given, but examples without answers are judged on the last"):
        choose_validation(LanguageModel(), ("to be or not to be",), None, None, folds=3)
