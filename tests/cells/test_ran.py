"""A step of the recurrent additive network: the paper's equations, its sum over the past, and torchrecurrent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of

from grunit.cells import RAN


@pytest.mark.parametrize(("activation", "function"), [("tanh", np.tanh), ("identity", np.array)])
def test_a_step_is_the_paper_s_equations(activation, function):
    cell = RAN(3, 4, activation=activation, dtype=torch.float64)
    own = arrays(cell)
    x, h, c = columns(2, 3), columns(2, 4), columns(2, 4)
    sums = x @ own["weight_ih"].T + h @ own["weight_hh"].T + own["bias_ih"] + own["bias_hh"]
    i, f = (sigmoid(value) for value in np.split(sums, 2, axis=1))
    new = i * (x @ own["weight_candidate"].T) + f * c
    assert_close(step_of(cell, x, h, c), (function(new), new))


def test_a_step_equals_that_of_torchrecurrent():
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").RANCell(
        3, 4, dtype=torch.float64
    )
    cell = RAN(3, 4, dtype=torch.float64)
    weights = cell.state_dict()
    weights["weight_ih"] = torch.cat([weights.pop("weight_candidate"), weights["weight_ih"]])
    theirs.load_state_dict(weights)
    x, h, c = steps.noise(2, 3), steps.noise(2, 4), steps.noise(2, 4)
    steps.assert_same(cell(x, h, c), theirs(x, (h, c)))


def test_the_memory_is_a_sum_of_the_inputs_weighted_by_gates():
    import grunit

    rnn = grunit.Recurrent(RAN, 3, 4).double()
    x = steps.noise(6, 2, 3)
    gates = grunit.trace(rnn, x)
    _, (_, c) = rnn(x)
    total = torch.zeros(2, 4, dtype=torch.float64)
    for time in range(6):
        kept = gates["forget_gate"][time + 1 :].prod(0)
        total += kept * gates["input_gate"][time] * (x[time] @ rnn.cells[0].weight_candidate.T)
    steps.assert_same((c[0],), (total,))
