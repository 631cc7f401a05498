"""A step of FastGRNN, against the paper's equations and torchrecurrent; the authors' own is in tests/conformance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of

from grunit.cells import FastGRNN
from grunit.errors import InputError


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"input_rank": 2}, {"recurrent_rank": 3, "nu": -1.0}])
def test_a_step_is_the_paper_s_equations(options):
    cell = FastGRNN(5, 4, **options, dtype=torch.float64)
    own = arrays(cell)
    x, h = columns(2, 5), columns(2, 4)
    w = own["weight_ih"] @ own.get("weight_ih_low", np.eye(5))
    u = own["weight_hh"] @ own.get("weight_hh_low", np.eye(4))
    bz, bn = np.split(own.get("bias_ih", np.zeros(8)) + own.get("bias_hh", np.zeros(8)), 2)
    z, n = sigmoid(x @ w.T + h @ u.T + bz), np.tanh(x @ w.T + h @ u.T + bn)
    zeta, nu = sigmoid(1.0), sigmoid(options.get("nu", -4.0))
    assert_close(step_of(cell, x, h), ((zeta * (1 - z) + nu) * n + z * h,))


def test_low_ranks_have_fewer_weights():
    shapes = {
        name: tuple(value.shape) for name, value in FastGRNN(50, 40, input_rank=3, recurrent_rank=2).named_parameters()
    }
    assert shapes["weight_ih"] == (40, 3)
    assert shapes["weight_ih_low"] == (3, 50)
    assert shapes["weight_hh"] == (40, 2)
    assert shapes["weight_hh_low"] == (2, 40)


def test_a_step_equals_that_of_torchrecurrent():
    # Theirs has a tanh for a gate unless told otherwise.
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").FastGRNNCell(
        3, 4, nonlinearity="sigmoid", dtype=torch.float64
    )
    cell = FastGRNN(3, 4, zeta=0.5, nu=-0.5, dtype=torch.float64)
    theirs.load_state_dict(cell.state_dict())
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))


def test_the_scalars_begin_as_they_were_given():
    cell = FastGRNN(3, 4, zeta=0.5, nu=-2.0, initializer="orthogonal", forget_bias=1.0)
    assert (cell.zeta.item(), cell.nu.item()) == (0.5, -2.0)
    assert (cell.bias_ih + cell.bias_hh).tolist() == [1.0] * 4 + [0.0] * 4
    torch.testing.assert_close(cell.weight_hh @ cell.weight_hh.T, torch.eye(4), rtol=0, atol=1e-5)


@pytest.mark.parametrize("options", [{"input_rank": 0}, {"recurrent_rank": 2.0}, {"input_rank": True}])
def test_ranks_that_cannot_be_are_refused(options):
    with pytest.raises(InputError, match=f"^{next(iter(options))} must be a whole number"):
        FastGRNN(3, 4, **options)
