"""The regressor: scikit-learn's own checks, one and several targets, errors, saving."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import grunit
from grunit import SequenceRegressor
from grunit.errors import DataError, InputError


def small(**changes) -> SequenceRegressor:
    return SequenceRegressor(**{"hidden_size": 8, "max_epochs": 60, "lr": 0.02, "verbose": 0, **changes})


def walks(count: int = 30, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Noise of unequal length and its first value, in units of its own."""
    generator = np.random.default_rng(seed)
    X = [generator.normal(size=(int(generator.integers(3, 7)), 1)) for _ in range(count)]
    return X, np.array([1000 + 50 * one[0, 0] for one in X])


CHECKS = list(estimator_checks_generator(SequenceRegressor(hidden_size=16, lr=0.01, max_epochs=40, verbose=0)))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # some checks provoke the warnings of scikit-learn that they look for
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=lambda value: getattr(value, "func", type(value)).__name__)
def test_scikit_learn_is_content(estimator, check):
    check(estimator)


def test_it_learns_a_value_at_the_start_of_sequences_of_unequal_length():
    X, y = walks(60)
    regressor = small().fit(X, y)
    fresh, truth = walks(60, seed=1)
    assert regressor.score(fresh, truth) > 0.9
    assert regressor.predict(fresh).shape == (60,)


def test_several_targets_of_unlike_scale_are_learnt_together(tmp_path):
    X, y = walks(40)
    both = np.stack([y, 0.001 * (1000 - y)], 1)
    regressor = small().fit(X, both)
    assert regressor.predict(X).shape == (40, 2)
    # Both are the same up to scale and sign, so both must be learnt as well as each other.
    residual = np.square(regressor.predict(X) - both).mean(0) / both.var(0)
    assert (residual < 0.1).all()
    loaded = grunit.load(regressor.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict(X), regressor.predict(X))


def test_one_target_in_a_column_comes_back_in_a_column():
    X, y = walks(6)
    assert small(max_epochs=1).fit(X, y[:, None]).predict(X).shape == (6, 1)
    assert small(max_epochs=1).fit(X, y).predict(X).shape == (6,)


@pytest.mark.parametrize(
    ("error", "expected"),
    [("squared", (0.25 + 4.0) / 2), ("absolute", (0.5 + 2.0) / 2), ("huber", (0.5 * 0.25 + 2.0 - 0.5) / 2)],
)
def test_errors_are_as_defined(error, expected):
    """Residuals of 0.5 and 2: r^2, |r|, and r^2 / 2 below 1 but |r| - 1/2 above it (Huber, 1964)."""
    regressor = small(error=error)
    model = torch.nn.Identity()
    model.forward = lambda inputs, lengths: inputs[:, 0]  # type: ignore[method-assign]
    outputs, targets = torch.tensor([[0.5], [3.0]]), torch.tensor([[0.0], [1.0]])
    value = regressor.loss(model, (outputs.unsqueeze(1), torch.tensor([1, 1]), targets))
    assert float(value) == pytest.approx(expected)


def test_an_unknown_error_is_refused():
    with pytest.raises(InputError, match="error must be one of squared, absolute, huber"):
        small(error="cubed").fit(*walks(4))


def test_a_constant_target_is_answered_with_it():
    X, _ = walks(8)
    # A target without spread is only centred, so the scale is 1: what remains is what little the network has left.
    np.testing.assert_allclose(small().fit(X, np.full(8, 7.0)).predict(X), 7.0, atol=0.1)


@pytest.mark.parametrize(
    ("y", "message"),
    [(["a"] * 4, "could not convert"), ([1.0, np.nan, 2.0, 3.0], "NaN"), ([1.0, 2.0], "4 sequences and y 2 values")],
)
def test_targets_that_cannot_be_used_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        small().fit(walks(4)[0], y)


def test_scikit_learn_composes_it():
    X, y = walks(24)
    assert len(cross_val_score(small(max_epochs=2), X, y, cv=3)) == 3
    grid = GridSearchCV(small(max_epochs=2), {"hidden_size": [4, 8]}, cv=2).fit(X, y)
    assert grid.predict(X[:2]).shape == (2,)
    table = np.random.default_rng(0).normal(size=(40, 4))
    pipeline = make_pipeline(StandardScaler(), small()).fit(table, table[:, 0] * 3)
    assert pipeline.score(table, table[:, 0] * 3) > 0.8


def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path):
    X, y = walks(20)
    whole = small(max_epochs=3, dropout=0.2).fit(X, y)

    def stop(history):
        raise KeyboardInterrupt

    broken = small(max_epochs=3, dropout=0.2)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, y, checkpoint=tmp_path / "now", watch=stop)
    resumed = small(max_epochs=3, dropout=0.2).fit(X, y, resume=True, checkpoint=tmp_path / "now")
    assert not (tmp_path / "now").exists()
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))
