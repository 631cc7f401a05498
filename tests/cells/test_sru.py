"""A step of the simple recurrent unit against the paper's equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.equations import assert_equal, cut, normal, sigmoid, step

from grunit.cells import SRU


@pytest.mark.parametrize("features", [3, 4])
@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize(("activation", "function"), [("tanh", np.tanh), ("identity", np.asarray)])
def test_a_step_is_the_papers(features, peepholes, activation, function):
    cell = SRU(features, 4, peepholes=peepholes, activation=activation, highway_scale=1.5, dtype=torch.float64)
    wc, wf, wr, *wx = cut(cell, "weight_ih", 3 if features == 4 else 4)
    bf, br = cut(cell, "bias_ih", 2)
    vf, vr = cut(cell, "weight_c", 2) if peepholes else (0, 0)
    x, h, c = normal(2, features), normal(2, 4), normal(2, 4)
    f, r = sigmoid(x @ wf.T + vf * c + bf), sigmoid(x @ wr.T + vr * c + br)
    new_c = f * c + (1 - f) * (x @ wc.T)
    highway = 1.5 * (x if features == 4 else x @ wx[0].T)
    assert_equal(step(cell, x, h, c), [r * function(new_c) + (1 - r) * highway, new_c])


def test_a_closed_reset_gate_hands_the_input_through():
    cell = SRU(4, 4, dtype=torch.float64)
    with torch.no_grad():
        cell.bias_ih[4:] = -1000.0
    x = normal(2, 4)
    assert_equal(step(cell, x, normal(2, 4), normal(2, 4))[:1], [x])
