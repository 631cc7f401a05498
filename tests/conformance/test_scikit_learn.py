"""scikit-learn's own tools on the estimators: clones, pipelines, cross-validation and both of its searches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.tasks.frames import daily

from grunit.cells import GRU
from grunit.tasks import Forecaster, SequenceClassifier, SequenceRegressor

TINY: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "verbose": 0, "device": "cpu"}
LABELS = np.array(["quick", "slow"] * 12)
PACES = np.where(LABELS == "quick", 1.0, 0.3)


def sequences(form: str) -> Any:
    """The same waves as a table, a cube, a list of unequal lengths, or a list of unequal lengths with features."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(8, 14, len(PACES)) if form.startswith("ragged") else np.full(len(PACES), 10)
    waves = [np.sin(pace * np.arange(length)) for pace, length in zip(PACES, lengths, strict=True)]
    if form == "table":
        return np.stack(waves)
    if form == "cube":
        return np.stack([np.stack([wave, -wave], 1) for wave in waves])
    return [np.stack([wave, -wave], 1) for wave in waves] if form == "ragged features" else waves


FORMS = ["table", "cube", "ragged", "ragged features"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "y"), [(SequenceClassifier, LABELS), (SequenceRegressor, PACES)])
def test_cross_validation(form, kind, y):
    X = sequences(form)
    scores = cross_val_score(kind(**TINY), X, y, cv=2, error_score="raise")
    # By hand: what scikit-learn did with the lists is what indexing does.
    rows = np.arange(len(y))
    splitter = StratifiedKFold(2) if kind is SequenceClassifier else None
    halves = list(splitter.split(rows, y)) if splitter else [(rows[12:], rows[:12]), (rows[:12], rows[12:])]
    for score, (learnt, held) in zip(scores, halves, strict=True):
        fitted = kind(**TINY).fit([X[row] for row in learnt], y[learnt])
        assert score == pytest.approx(fitted.score([X[row] for row in held], y[held]), abs=1e-9)
    assert len(cross_val_predict(kind(**TINY), X, y, cv=2)) == len(y)


@pytest.mark.parametrize("form", ["table", "ragged"])
@pytest.mark.parametrize(("kind", "y"), [(SequenceClassifier, LABELS), (SequenceRegressor, PACES)])
def test_both_searches(form, kind, y):
    X = sequences(form)
    grid = GridSearchCV(kind(**TINY), {"lr": [1e-6, 0.05], "cell": ["gru", GRU]}, cv=2, error_score="raise").fit(X, y)
    assert len(grid.cv_results_["params"]) == 4
    assert grid.best_score_ == max(grid.cv_results_["mean_test_score"])
    # The name of a cell and its class are the same cell.
    by_cell = grid.cv_results_["mean_test_score"].reshape(2, 2)
    assert (by_cell[0] == by_cell[1]).all()
    assert grid.predict(X).shape == y.shape
    drawn = RandomizedSearchCV(
        kind(**TINY), {"lr": loguniform(1e-3, 1e-1)}, n_iter=2, cv=2, random_state=0, error_score="raise"
    ).fit(X, y)
    assert len(drawn.cv_results_["params"]) == 2
    assert drawn.best_estimator_.lr == drawn.best_params_["lr"]


def test_pipelines():
    table = sequences("table")
    pipeline = make_pipeline(StandardScaler(), SequenceClassifier(**TINY)).fit(table, LABELS)
    alone = SequenceClassifier(**TINY).fit(StandardScaler().fit_transform(table), LABELS)
    assert np.array_equal(pipeline.predict_proba(table), alone.predict_proba(StandardScaler().fit_transform(table)))
    halve = FunctionTransformer(lambda X: [one[::2] for one in X])
    steps = Pipeline([("halve", halve), ("regress", SequenceRegressor(**TINY))])
    search = GridSearchCV(steps, {"regress__lr": [0.01, 0.02]}, cv=2, error_score="raise")
    assert set(search.fit(sequences("ragged"), PACES).best_params_) == {"regress__lr"}
    scaled = TransformedTargetRegressor(SequenceRegressor(**TINY), func=np.log, inverse_func=np.exp)
    assert (scaled.fit(table, PACES).predict(table) > 0).all()


@pytest.mark.parametrize("estimator", [Forecaster(3, cell=GRU, level=[80]), SequenceClassifier(), SequenceRegressor()])
def test_clones_and_parameters(estimator):
    copy = clone(estimator)
    assert copy is not estimator
    assert copy.get_params() == estimator.get_params()
    changed = copy.set_params(hidden_size=7, training_options={"averaging": "ema"})
    assert changed is copy
    assert copy.get_params()["hidden_size"] == 7
    assert estimator.get_params()["training_options"] is None
    with pytest.raises(ValueError, match="Invalid parameter 'hiden_size'"):
        copy.set_params(hiden_size=1)
    assert type(estimator)(**estimator.get_params()).get_params() == estimator.get_params()


def test_a_clone_of_a_fitted_forecaster_is_not_fitted_and_fits_to_the_same():
    frame = daily()
    fitted = Forecaster(3, input_size=8, **TINY).fit(frame)
    copy = clone(fitted)
    assert not hasattr(copy, "model_")
    assert copy.fit(frame).predict().equals(fitted.predict())
