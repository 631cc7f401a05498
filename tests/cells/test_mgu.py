"""A step of the minimal gated unit, in both forms, against the paper's equations, torch's GRU and torchrecurrent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of
from torch import nn

from grunit.cells import GRU, MGU
from grunit.errors import InputError


def test_a_step_is_the_paper_s_equations():
    cell = MGU(3, 4, dtype=torch.float64)
    own = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    (wf, wn), (uf, un) = np.split(own["weight_ih"], 2), np.split(own["weight_hh"], 2)
    bf, bn = np.split(own["bias_ih"] + own["bias_hh"], 2)
    f = sigmoid(x @ wf.T + h @ uf.T + bf)
    n = np.tanh(x @ wn.T + (f * h) @ un.T + bn)
    assert_close(step_of(cell, x, h), ((1 - f) * h + f * n,))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
def test_a_gru_whose_gates_are_one_is_the_same(reset_after, bias):
    cell = MGU(3, 4, reset_after=reset_after, bias=bias, dtype=torch.float64)
    kind = nn.GRUCell(3, 4, bias, dtype=torch.float64)
    theirs = kind if reset_after else GRU(3, 4, reset_after=False, bias=bias, dtype=torch.float64)
    # A GRU's update gate keeps and 1 - sigmoid(a) = sigmoid(-a).
    shared = {name: value.chunk(2) for name, value in cell.state_dict().items()}
    theirs.load_state_dict({name: torch.cat([f, -f, n]) for name, (f, n) in shared.items()})
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    answer = theirs(x, h)
    steps.assert_same(cell(x, h), (answer,) if reset_after else answer)


def test_a_step_equals_that_of_torchrecurrent():
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").MGUCell(
        3, 4, dtype=torch.float64
    )
    cell = MGU(3, 4, dtype=torch.float64)
    theirs.load_state_dict(cell.state_dict())
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))


def test_no_gate_keeps_so_there_is_no_forget_bias():
    with pytest.raises(InputError, match="no gate that keeps"):
        MGU(3, 4, forget_bias=1.0)
