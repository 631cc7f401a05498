"""A step of the update gate RNN: the paper's equations, torch's GRU with an open reset gate, and torchrecurrent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of
from torch import nn

from grunit.cells import UGRNN


def test_a_step_is_the_paper_s_equations():
    cell = UGRNN(3, 4, dtype=torch.float64)
    own = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    sums = x @ own["weight_ih"].T + h @ own["weight_hh"].T + own["bias_ih"] + own["bias_hh"]
    z, n = np.split(sums, 2, axis=1)
    assert_close(step_of(cell, x, h), (sigmoid(z) * h + (1 - sigmoid(z)) * np.tanh(n),))


def test_torch_s_gru_with_its_reset_gate_open_is_the_same():
    cell, theirs = UGRNN(3, 4, dtype=torch.float64), nn.GRUCell(3, 4, dtype=torch.float64)
    with torch.no_grad():
        for name, value in theirs.named_parameters():
            value[4:] = cell.get_parameter(name)
        theirs.bias_ih[:4] = 1000  # the sigmoid of which is 1
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))


def test_a_step_equals_that_of_torchrecurrent():
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").UGRNNCell(
        3, 4, dtype=torch.float64
    )
    cell = UGRNN(3, 4, dtype=torch.float64)
    # Theirs has the candidate first.
    theirs.load_state_dict({name: value.roll(4, 0) for name, value in cell.state_dict().items()})
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))
