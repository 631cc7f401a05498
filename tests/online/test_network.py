"""The compiled gradient is held against autograd; steps, windows and layers against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import grunit
from grunit.errors import InputError
from grunit.online.network import Network


def pair(cell: str, **options) -> tuple[Network, Network]:
    """The same network in PyTorch and in C, with weights that make every gate matter."""
    made = []
    for backend in ("torch", "c"):
        with grunit.backend(backend):
            made.append(Network(cell, 3, 8, 2, lookback=4, dtype=torch.float64, **options))
    weights = 0.4 * np.random.default_rng(0).standard_normal(len(made[0].weights))
    for network in made:
        network.weights[:] = weights
        network.refresh()
    return made[0], made[1]


@pytest.mark.parametrize(
    ("cell", "layers", "length"), [("gru", 1, 1), ("gru", 2, 3), ("lstm", 2, 4), ("layer_norm_gru", 1, 2)]
)
def test_compiled_steps_and_gradients_are_those_of_autograd(cell, layers, length):
    reference, compiled = pair(cell, num_layers=layers)
    assert (reference.backend, compiled.backend) == ("torch", "c")
    rng = np.random.default_rng(1)
    for x in rng.standard_normal((3, 3)):
        np.testing.assert_allclose(compiled.step(x), reference.step(x), atol=1e-13)
        np.testing.assert_allclose(compiled.state, reference.state, atol=1e-13)
    start, window, gradient = reference.state.copy(), rng.standard_normal((length, 3)), rng.standard_normal(2)
    np.testing.assert_allclose(compiled.look_back(start, window), reference.look_back(start, window), atol=1e-13)
    reference.backward(gradient)
    compiled.backward(gradient)
    assert abs(reference.gradient).max() > 1e-2
    np.testing.assert_allclose(compiled.gradient, reference.gradient, atol=1e-12)


def test_gradient_is_the_slope_of_the_output():
    """By finite differences, which neither backend knows of."""
    with grunit.backend("torch"):
        network = Network("gru", 2, 3, 1, lookback=3, dtype=torch.float64)
    rng = np.random.default_rng(2)
    network.weights[:] = 0.5 * rng.standard_normal(len(network.weights))
    network.refresh()
    start, window = 0.3 * rng.standard_normal(3), rng.standard_normal((3, 2))
    network.look_back(start, window)
    network.backward(np.ones(1))
    found = network.gradient.copy()
    for place in rng.choice(len(found), 12, replace=False):
        outputs = []
        for sign in (1, -1):
            network.weights[place] += sign * 1e-6
            outputs.append(network.look_back(start, window)[0])
            network.weights[place] -= sign * 1e-6
        assert found[place] == pytest.approx((outputs[0] - outputs[1]) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_looking_back_over_steps_gives_what_the_steps_gave(backend):
    with grunit.backend(backend):
        network = Network("gru", 3, 8, 1, lookback=4, num_layers=2, dtype=torch.float64)
    window = np.random.default_rng(3).standard_normal((4, 3))
    outputs = [network.step(x) for x in window]
    after = network.state.copy()
    again = network.look_back(np.zeros_like(network.state), window)
    np.testing.assert_allclose(again, outputs[-1], atol=1e-14)
    np.testing.assert_array_equal(network.state, after)


def test_a_cell_that_wants_more_than_features_is_refused():
    with pytest.raises(InputError, match="also needs"):
        Network("phased_lstm", 2, 3)


def test_the_random_numbers_of_others_stay_as_they_are():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    Network("gru", 2, 3)
    assert torch.equal(torch.rand(1), expected)
