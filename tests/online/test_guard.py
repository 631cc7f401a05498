"""A learning rate far too high does not ruin a model."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grunit.online.descent import Descent
from grunit.online.guard import RateGuard
from grunit.online.network import Network
from grunit.online.regressor import OnlineRegressor


def make() -> tuple[Network, RateGuard]:
    network = Network("gru", 1, 2)
    return network, RateGuard(network, Descent(network), rate=0.1, every=10)


def test_weights_come_back_and_the_rate_is_halved():
    network, guard = make()
    good = network.weights.copy()
    for _ in range(100):
        assert guard.update(0.5) == ""
    network.weights += 1000
    said = [guard.update(1e4) for _ in range(3)]
    np.testing.assert_array_equal(network.weights, good)
    assert guard.undone >= 1
    assert guard.rate < 0.1
    assert "undone" in said[0]
    assert not any(said[1:]), "said once"


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_no_number_is_an_explosion_at_once(loss):
    network, guard = make()
    good = network.weights.copy()
    network.weights[:] = np.nan
    assert "no longer a number" in guard.update(loss)
    np.testing.assert_array_equal(network.weights, good)


def test_the_rate_recovers():
    _, guard = make()
    guard.update(math.nan)
    for _ in range(200):
        guard.update(1.0)
    assert guard.rate == 0.1


def test_a_model_with_an_absurd_rate_still_predicts_numbers():
    rng = np.random.default_rng(0)
    model = OnlineRegressor(hidden_size=8, lr=1e6, optimizer="sgd", clip=None)
    for x in rng.standard_normal(400):
        row = {"a": float(x)}
        assert math.isfinite(model.predict_one(row))
        model.learn_one(row, float(2 * x))
    assert model.follower_.guard.undone > 0
    assert any("undone" in note for note in model.take_notes())
    assert np.isfinite(model.follower_.network.weights).all()
