"""A step of the minimal LSTM against the paper's equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.equations import assert_equal, cut, normal, sigmoid, step

from grunit.cells import MinGRU, MinLSTM


@pytest.mark.parametrize("positive", [False, True])
def test_a_step_is_the_papers(positive):
    cell = MinLSTM(3, 4, positive=positive, dtype=torch.float64)
    (wf, wi, wn), (bf, bi, bn) = cut(cell, "weight_ih", 3), cut(cell, "bias_ih", 3)
    x, h = 2 * normal(5, 3), normal(5, 4)
    f, i, n = sigmoid(x @ wf.T + bf), sigmoid(x @ wi.T + bi), x @ wn.T + bn
    if positive:
        n = np.where(n >= 0, n + 0.5, sigmoid(n))
    assert_equal(step(cell, x, h), [f / (f + i) * h + i / (f + i) * n])


def test_two_closed_gates_share_by_the_ratio_of_their_tails():
    cell = MinLSTM(1, 1)
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.bias_ih.copy_(torch.tensor([-500.0, -500.0, 8.0]))
    (h,) = cell.step(torch.zeros(1, 1), torch.tensor([[2.0]]))
    assert h.item() == 5.0  # the mean of 2 and 8: sigmoid(-500) is 0 in float32, 0 / 0 would be no number


def test_an_input_gate_that_closes_as_the_forget_gate_opens_is_the_minimal_gru():
    small, large = MinGRU(3, 4, dtype=torch.float64), MinLSTM(3, 4, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight_ih", "bias_ih"):
            gate, candidate = small.get_parameter(name).chunk(2)
            large.get_parameter(name).copy_(torch.cat([-gate, gate, candidate]))
    x, h = normal(2, 3), normal(2, 4)
    assert_equal(step(large, x, h), step(small, x, h))
