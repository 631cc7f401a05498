"""A step of GRU-D against the paper's equations, missing values, given means, and the GRU that it becomes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.arrays import arrays, assert_close, blocks, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop
from torch import nn

import grunit
from grunit.cells import GRUD
from grunit.errors import InputError

MASK = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("mean", [None, [0.5, -1.0, 2.0]])
def test_a_step_is_that_of_the_paper(mean):
    cell = spread(GRUD(3, 4, mean=mean))
    p = arrays(cell)
    x, h, seen, dt = columns(2, 3), columns(2, 4), columns(2, 3), abs(columns(2, 3))
    m = MASK
    W, V = np.hsplit(p["weight_ih"], 2)
    (Wr, Wz, Wn), (Vr, Vz, Vn), (Ur, Uz, Un) = blocks(W, 3), blocks(V, 3), blocks(p["weight_hh"], 3)
    br, bz, bn = blocks(p["bias_ih"] + p["bias_hh"], 3)
    decay_x = np.exp(-np.maximum(0, p["weight_dx"] * dt + p["bias_dx"]))
    decay_h = np.exp(-np.maximum(0, dt @ p["weight_dh"].T + p["bias_dh"]))
    filled = m * x + (1 - m) * (decay_x * seen + (1 - decay_x) * p["mean"])  # seen: the value seen last
    decayed = decay_h * h
    r = sigmoid(filled @ Wr.T + decayed @ Ur.T + m @ Vr.T + br)
    keep = sigmoid(filled @ Wz.T + decayed @ Uz.T + m @ Vz.T + bz)
    z = 1 - keep  # the paper's gate admits
    candidate = np.tanh(filled @ Wn.T + (r * decayed) @ Un.T + m @ Vn.T + bn)
    new_h = (1 - z) * decayed + z * candidate
    new_seen = np.where(m == 1, x, seen)
    assert_close(step_of(cell, x, m, dt, h, seen - p["mean"]), [new_h, new_seen - p["mean"]])


def test_what_stands_where_nothing_was_observed_is_never_read():
    cell = spread(GRUD(3, 4))
    rest = (torch.from_numpy(MASK), torch.rand(2, 3).double(), torch.randn(2, 4).double(), torch.randn(2, 3).double())
    x = torch.randn(2, 3, dtype=torch.float64)
    broken = torch.where(rest[0] > 0, x, torch.nan).requires_grad_()
    h, last = cell(broken, *rest)
    (h.sum() + last.sum()).backward()
    assert_close(step_of(cell, x.numpy(), *(value.numpy() for value in rest)), [h.detach(), last.detach()])
    assert bool((broken.grad[MASK == 0] == 0).all())
    assert all(bool(parameter.grad.isfinite().all()) for parameter in cell.parameters())


def test_before_the_first_observation_the_mean_is_seen():
    cell = spread(GRUD(3, 4, mean=[0.5, -1.0, 2.0]))
    zero, dt = np.zeros((2, 3)), abs(columns(2, 3))
    at_mean = np.tile([0.5, -1.0, 2.0], (2, 1))
    h = np.zeros((2, 4))
    (missing, _), (observed, _) = (step_of(cell, at_mean + k, zero, dt, h, zero) for k in (0.0, 9.0))
    assert_close([missing], [observed])
    V = cell.weight_ih[:, 3:]
    with torch.no_grad():
        V.zero_()  # now being observed is no news of itself
    assert_close(step_of(cell, at_mean, zero, dt, h, zero)[:1], step_of(cell, at_mean, zero + 1, dt, h, zero)[:1])


def test_with_everything_observed_and_no_decay_it_is_torch_s_gru():
    cell = GRUD(3, 4, reset_after=True).double()
    with torch.no_grad():
        cell.bias_dh.fill_(-1.0)  # exp(-max(0, -1)) = 1
        cell.weight_dh.zero_()
    gru = nn.GRU(3, 4).double()
    with torch.no_grad():
        gru.weight_ih_l0.copy_(cell.weight_ih[:, :3])
        gru.weight_hh_l0.copy_(cell.weight_hh)
        gru.bias_ih_l0.copy_(cell.bias_ih + cell.weight_ih[:, 3:].sum(1))
        gru.bias_hh_l0.copy_(cell.bias_hh)
        rnn = grunit.Recurrent("gru_d", 3, 4, reset_after=True).double()
        rnn.cells[0].load_state_dict(cell.state_dict())
        x = torch.randn(6, 2, 3, dtype=torch.float64)
        found = rnn(x, mask=torch.ones_like(x), dt=torch.rand_like(x))[0]
        assert_close([found], [gru(x)[0]])


@pytest.mark.parametrize("options", [{}, {"mean": 0.5}, {"reset_after": True}, {"bias": False}])
def test_compiled_it_equals_the_loop(options):
    assert_equals_the_loop(GRUD(3, 4, **options), lengths=[4, 2, 0])


def test_a_given_mean_is_saved_and_not_learnt():
    cell = GRUD(3, 4, mean=0.5)
    assert "mean" in cell.state_dict()
    assert "mean" not in dict(cell.named_parameters())
    assert "mean" in dict(GRUD(3, 4).named_parameters())


@pytest.mark.parametrize("mean", [[1.0], [1.0, 2.0], [0.0, 1.0, float("nan")]])
def test_means_of_another_number_are_refused(mean):
    with pytest.raises(InputError, match="mean must be"):
        GRUD(3, 4, mean=mean)
