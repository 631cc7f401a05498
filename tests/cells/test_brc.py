"""A step of the bistable cells, against the paper's equations, torchrecurrent, and what bistable means."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of

from grunit.cells import BRC, NBRC

KINDS = pytest.mark.parametrize("kind", [BRC, NBRC])


@KINDS
@pytest.mark.parametrize("bias", [True, False])
def test_a_step_is_the_paper_s_equations(kind, bias):
    cell = kind(3, 4, bias=bias, dtype=torch.float64)
    torch.nn.init.normal_(cell.weight_hh)
    own = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    ua, uz = np.split(own["weight_hh"], 2)
    of_a, of_z = (ua * h, uz * h) if kind is BRC else (h @ ua.T, h @ uz.T)
    xa, xz = np.split(x @ own["weight_ih"].T, 2, axis=1)
    ba, bz = np.split(own["bias_ih"] + own["bias_hh"] if bias else np.zeros(8), 2)
    a, z = 1 + np.tanh(xa + of_a + ba), sigmoid(xz + of_z + bz)
    n = np.tanh(x @ own["weight_candidate"].T + a * h)
    assert_close(step_of(cell, x, h), (z * h + (1 - z) * n,))


@KINDS
def test_a_step_equals_that_of_torchrecurrent(kind):
    torchrecurrent = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench")
    theirs = {BRC: torchrecurrent.BRCell, NBRC: torchrecurrent.NBRCell}[kind](3, 4, dtype=torch.float64)
    cell = kind(3, 4, dtype=torch.float64)
    weights = cell.state_dict()
    weights["weight_ih"] = torch.cat([weights["weight_ih"], weights.pop("weight_candidate")])
    # Theirs adds a bias to the candidate, which neither the paper nor its authors' code has.
    weights["bias_ih"] = torch.cat([weights["bias_ih"], torch.zeros(4, dtype=torch.float64)])
    theirs.load_state_dict(weights)
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))


@KINDS
@pytest.mark.parametrize(("bias", "latched"), [(1.0, True), (-1.0, False)])
def test_a_unit_latches_when_its_feedback_is_above_one(kind, bias, latched):
    cell = kind(1, 1, dtype=torch.float64)
    with torch.no_grad():
        for value in cell.parameters():
            value.zero_()
        cell.bias_ih[0] = bias  # feedback 1 + tanh(1) = 1.76 or 1 - tanh(1) = 0.24
    h = torch.full((1, 1), 0.1, dtype=torch.float64)
    for _ in range(500):
        (h,) = cell(torch.zeros(1, 1, dtype=torch.float64), h)
    if latched:  # at the fixed point of h = tanh(a h)
        assert h.item() > 0.5
        torch.testing.assert_close(h, torch.tanh((1 + math.tanh(1.0)) * h), rtol=1e-12, atol=0)
    else:
        assert abs(h.item()) < 1e-12


@KINDS
@pytest.mark.parametrize("initializer", ["uniform", "orthogonal", "xavier", "chrono"])
def test_every_start_can_be_asked_for(kind, initializer):
    cell = kind(3, 4, initializer=initializer)
    assert all(value.isfinite().all() for value in cell.parameters())
    if kind is BRC:
        assert (cell.weight_hh == 1).all()
