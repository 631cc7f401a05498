"""A step of the minimal GRU against the paper's equations, and against its form in logarithms."""

from __future__ import annotations

import numpy as np
import torch
from tests.cells.equations import assert_equal, cut, normal, sigmoid, step

import grunit
from grunit.cells import MinGRU


def test_a_step_is_the_papers():
    cell = MinGRU(3, 4, dtype=torch.float64)
    (wz, wn), (bz, bn) = cut(cell, "weight_ih", 2), cut(cell, "bias_ih", 2)
    x, h = normal(2, 3), normal(2, 4)
    z = sigmoid(x @ wz.T + bz)
    assert_equal(step(cell, x, h), [(1 - z) * h + z * (x @ wn.T + bn)])


def test_a_positive_candidate_is_g_of_the_affine_map():
    cell = MinGRU(3, 4, positive=True, dtype=torch.float64)
    (wz, wn), (bz, bn) = cut(cell, "weight_ih", 2), cut(cell, "bias_ih", 2)
    x, h = 3 * normal(5, 3), normal(5, 4)
    z, n = sigmoid(x @ wz.T + bz), x @ wn.T + bn
    assert (n > 0).any()
    assert (n < 0).any()
    assert_equal(step(cell, x, h), [(1 - z) * h + z * np.where(n >= 0, n + 0.5, sigmoid(n))])


def test_a_sequence_is_the_sum_in_logarithms_of_appendix_b():
    rnn = grunit.Recurrent(MinGRU, 3, 4, positive=True).double()
    cell = rnn.cells[0]
    x = 2 * torch.randn(20, 2, 3, dtype=torch.float64)
    gate, candidate = (x @ cell.weight_ih.T + cell.bias_ih).chunk(2, -1)
    log_keep, log_admit = -torch.nn.functional.softplus(gate), -torch.nn.functional.softplus(-gate)
    log_candidate = torch.where(
        candidate >= 0, (candidate.clamp(min=0) + 0.5).log(), -torch.nn.functional.softplus(-candidate)
    )
    kept = log_keep.cumsum(0)
    expected = (kept + (log_admit + log_candidate - kept).logcumsumexp(0)).exp()
    torch.testing.assert_close(rnn(x)[0], expected, rtol=1e-12, atol=1e-12)
