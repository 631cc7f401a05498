"""A step of the light GRU, against the paper's equations and torchrecurrent; SpeechBrain's is in tests/conformance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of

from grunit.cells import UGRNN, LiGRU


@pytest.mark.parametrize("normalize", [False, True])
def test_a_step_is_the_paper_s_equations(normalize):
    cell = LiGRU(3, 4, normalize=normalize, dtype=torch.float64)
    if normalize:
        torch.nn.init.normal_(cell.gain)
    own = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    of_x = x @ own["weight_ih"].T
    if normalize:
        of_x = (of_x - of_x.mean(1, keepdims=True)) / np.sqrt(of_x.var(1, keepdims=True) + 1e-5) * own["gain"]
    z, n = np.split(of_x + h @ own["weight_hh"].T + own["bias_ih"] + own["bias_hh"], 2, axis=1)
    assert (n > 0).any()
    assert (n < 0).any()
    assert_close(step_of(cell, x, h), (sigmoid(z) * h + (1 - sigmoid(z)) * np.maximum(n, 0),))


def test_with_tanh_it_is_the_update_gate_rnn():
    cell, plain = LiGRU(3, 4, activation="tanh", dtype=torch.float64), UGRNN(3, 4, dtype=torch.float64)
    plain.load_state_dict(cell.state_dict())
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), plain(x, h))


def test_a_step_equals_that_of_torchrecurrent():
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").LiGRUCell(
        3, 4, dtype=torch.float64
    )
    cell = LiGRU(3, 4, dtype=torch.float64)
    theirs.load_state_dict(cell.state_dict())
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), (theirs(x, h),))


def test_the_gain_begins_at_one_and_the_shift_can_be_left_out():
    cell = LiGRU(3, 4, normalize=True, bias=False, initializer="orthogonal")
    assert (cell.gain == 1).all()
    assert cell.step(torch.ones(1, 3), torch.zeros(1, 4))[0].isfinite().all()
