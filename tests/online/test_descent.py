"""Our optimisers against torch's, over several steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import grunit
from grunit.errors import InputError
from grunit.online.descent import Descent
from grunit.online.network import Network


@pytest.mark.parametrize("backend", ["torch", "c"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_steps_are_those_of_torch(backend, optimizer):
    with grunit.backend(backend):
        network = Network("gru", 3, 8, 1, lookback=4, dtype=torch.float64)
    descent = Descent(network, optimizer, clip=1.0)
    reference = torch.tensor(network.weights.copy(), requires_grad=True)
    theirs = (
        torch.optim.Adam([reference], lr=0.01)
        if optimizer == "adam"
        else torch.optim.SGD([reference], lr=0.01, momentum=0.9)
    )
    rng = np.random.default_rng(0)
    for scale in (1.0, 0.001, 1.0, 0.01, 1.0):
        gradient = scale * rng.standard_normal(len(network.weights))
        network.gradient[:] = gradient
        assert descent.step(0.01)
        reference.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_norm_([reference], 1.0)
        theirs.step()
        # torch adds 1e-6 to the length it divides by.
        np.testing.assert_allclose(network.weights, reference.detach().numpy(), atol=1e-7)


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_a_gradient_that_is_no_number_changes_nothing(backend):
    with grunit.backend(backend):
        network = Network("gru", 3, 8, 1, lookback=4, dtype=torch.float64)
    descent, before = Descent(network), network.weights.copy()
    for bad in (np.nan, np.inf):
        network.gradient[:] = 0.1
        network.gradient[3] = bad
        assert not descent.step(0.01)
    np.testing.assert_array_equal(network.weights, before)
    np.testing.assert_array_equal(descent.moments, 0)


@pytest.mark.parametrize(("arguments", "message"), [({"optimizer": "lbfgs"}, "adam, sgd"), ({"clip": 0.0}, "above 0")])
def test_what_cannot_be_used_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Descent(Network("gru", 1, 2), **arguments)
