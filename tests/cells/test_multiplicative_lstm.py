"""A step of the multiplicative LSTM, against the paper's equations, torch's LSTM and torchrecurrent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of
from torch import nn

from grunit.cells import MultiplicativeLSTM


def test_a_step_is_the_paper_s_equations():
    cell = MultiplicativeLSTM(3, 4, dtype=torch.float64)
    x, h, c = columns(2, 3), columns(2, 4), columns(2, 4)
    own = arrays(cell)
    m = (x @ own["weight_mx"].T) * (h @ own["weight_mh"].T)
    sums = x @ own["weight_ih"].T + m @ own["weight_hh"].T + own["bias_ih"] + own["bias_hh"]
    i, f, g, o = np.split(sums, 4, axis=1)
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    assert_close(step_of(cell, x, h, c), (np.tanh(new) * sigmoid(o), new))


def test_with_an_intermediate_state_equal_to_the_state_it_is_torch_s_lstm():
    cell, theirs = MultiplicativeLSTM(3, 4, dtype=torch.float64), nn.LSTMCell(3, 4, dtype=torch.float64)
    weights = cell.state_dict()
    with torch.no_grad():
        cell.weight_mh.copy_(torch.eye(4))
        cell.weight_mx.zero_()
        cell.weight_mx[:, 0] = 1  # W x is the first feature, and that is 1
    theirs.load_state_dict({name: weights[name] for name in theirs.state_dict()})
    x, h, c = steps.noise(2, 3), steps.noise(2, 4), steps.noise(2, 4)
    x[:, 0] = 1
    steps.assert_same(cell(x, h, c), theirs(x, (h, c)))


def test_a_step_equals_that_of_torchrecurrent():
    torchrecurrent = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench")
    cell = MultiplicativeLSTM(3, 4, dtype=torch.float64)
    theirs = torchrecurrent.MultiplicativeLSTMCell(3, 4, dtype=torch.float64)
    zeros = torch.zeros(4, dtype=torch.float64)
    theirs.load_state_dict(
        {
            "weight_ih": torch.cat([cell.weight_mx, cell.weight_ih]),
            "weight_hh": cell.weight_mh,
            "weight_mh": cell.weight_hh,
            "bias_ih": torch.cat([zeros, cell.bias_ih]),  # the paper's intermediate state has no bias
            "bias_hh": zeros,
            "bias_mh": cell.bias_hh,
        }
    )
    x, h, c = steps.noise(2, 3), steps.noise(2, 4), steps.noise(2, 4)
    steps.assert_same(cell(x, h, c), theirs(x, (h, c)))
