"""A step of IndRNN, against the paper's equation, torch's RNN with a diagonal matrix, and torchrecurrent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, step_of
from torch import nn

import grunit
from grunit.cells import IndRNN
from grunit.errors import InputError


def test_a_step_is_the_paper_s_equation():
    cell = IndRNN(3, 4, dtype=torch.float64)
    own = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    total = x @ own["weight_ih"].T + own["weight_hh"] * h + own["bias_ih"] + own["bias_hh"]
    assert (total > 0).any()
    assert (total < 0).any()
    assert_close(step_of(cell, x, h), (np.maximum(total, 0),))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_torch_s_rnn_with_a_diagonal_matrix_is_the_same(activation, bias):
    rnn = grunit.Recurrent("indrnn", 3, 4, activation=activation, bias=bias).double()
    theirs = nn.RNN(3, 4, bias=bias, nonlinearity=activation, dtype=torch.float64)
    weights = rnn.cells[0].state_dict()
    weights["weight_hh"] = weights["weight_hh"].diag()
    theirs.load_state_dict({f"{name}_l0": value for name, value in weights.items()})
    x, h = steps.noise(6, 2, 3), steps.noise(1, 2, 4)
    output, (final,) = rnn(x, (h,))
    steps.assert_same((output, final), theirs(x, h))


def test_a_step_equals_that_of_torchrecurrent():
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").IndRNNCell(
        3, 4, nonlinearity="relu", dtype=torch.float64
    )
    cell = IndRNN(3, 4, dtype=torch.float64)
    weights = cell.state_dict()
    weights["vector_u"] = weights.pop("weight_hh")
    theirs.load_state_dict(weights)
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))


@pytest.mark.parametrize("initializer", ["uniform", "orthogonal", "xavier"])
def test_the_recurrent_weights_begin_where_a_memory_neither_explodes_nor_dies(initializer):
    weights = IndRNN(3, 2000, max_time=4, initializer=initializer).weight_hh
    assert weights.min() >= 0
    # Uniform up to the fourth root of 2, so the largest of 2000 is within a hundredth of it.
    assert 0.99 * 2**0.25 < weights.max() <= 2**0.25


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="max_time is 0"):
        IndRNN(3, 4, max_time=0)
    with pytest.raises(InputError, match="no gate that keeps"):
        IndRNN(3, 4, initializer="chrono")
