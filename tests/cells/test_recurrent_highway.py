"""A step of the recurrent highway network against the paper's equations, and its start values."""

from __future__ import annotations

import numpy as np
import pytest
from tests.cells.arrays import arrays, assert_close, blocks, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

from grunit.cells import RecurrentHighway
from grunit.errors import InputError


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_a_step_is_that_of_the_paper(depth, coupled, bias):
    cell = spread(RecurrentHighway(3, 4, depth=depth, coupled_gates=coupled, bias=bias))
    p = arrays(cell)
    gates = 2 if coupled else 3
    R = p["weight_hh"].reshape(depth, gates, 4, 4)
    b = p["bias_hh"].reshape(depth, gates, 4) if bias else np.zeros((depth, gates, 4))
    W = blocks(p["weight_ih"], gates)
    first = blocks(p["bias_ih"] if bias else np.zeros(4 * gates), gates)
    x, h = columns(2, 3), columns(2, 4)
    s = h
    for layer in range(depth):
        total = [s @ R[layer, k].T + b[layer, k] + (x @ W[k].T + first[k] if layer == 0 else 0) for k in range(gates)]
        t = sigmoid(total[1])
        s = np.tanh(total[0]) * t + s * (1 - t if coupled else sigmoid(total[2]))
    assert_close(step_of(cell, x, h), [s])


@pytest.mark.parametrize("options", [{}, {"depth": 1}, {"coupled_gates": False}, {"bias": False, "depth": 2}])
def test_compiled_it_equals_the_loop(options):
    assert_equals_the_loop(RecurrentHighway(3, 4, **options), lengths=[4, 2, 0])


def test_transform_gates_begin_at_their_bias_in_every_layer():
    cell = RecurrentHighway(3, 4, depth=3, transform_bias=-3.0)
    cell.reset_parameters()
    p = arrays(cell)
    assert (p["bias_hh"].reshape(3, 2, 4)[:, 1] == -3).all()
    assert (p["bias_ih"].reshape(2, 4)[1] == 0).all()
    assert not (p["bias_hh"].reshape(3, 2, 4)[:, 0] == -3).any()


@pytest.mark.parametrize("depth", [0, -1, 1.5, True])
def test_a_depth_that_is_none_is_refused(depth):
    with pytest.raises(InputError, match="depth"):
        RecurrentHighway(3, 4, depth=depth)
