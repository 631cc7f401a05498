"""A step of JANET, against the paper's equations, torch's GRU without its reset gate, and torchrecurrent."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.cells import steps
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, step_of

from grunit.cells import JANET, UGRNN


@pytest.mark.parametrize("options", [{}, {"beta": 0.3}])
def test_a_step_is_the_paper_s_equations(options):
    cell = JANET(3, 4, **options, dtype=torch.float64)
    own = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    sums = x @ own["weight_ih"].T + h @ own["weight_hh"].T + own["bias_ih"] + own["bias_hh"]
    s, n = np.split(sums, 2, axis=1)
    beta = options.get("beta", 1)
    assert_close(step_of(cell, x, h), (sigmoid(s) * h + (1 - sigmoid(s - beta)) * np.tanh(n),))


def test_without_the_offset_it_is_the_update_gate_rnn():
    cell, plain = JANET(3, 4, beta=0, dtype=torch.float64), UGRNN(3, 4, dtype=torch.float64)
    plain.load_state_dict(cell.state_dict())
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), plain(x, h))


def test_a_step_equals_that_of_torchrecurrent():
    theirs = pytest.importorskip("torchrecurrent", reason="the peer of the extra bench").JANETCell(
        3, 4, dtype=torch.float64
    )
    cell = JANET(3, 4, dtype=torch.float64)
    theirs.load_state_dict({**cell.state_dict(), "beta": torch.tensor(1.0)})
    x, h = steps.noise(2, 3), steps.noise(2, 4)
    steps.assert_same(cell(x, h), theirs(x, (h, h))[:1])


def test_it_starts_with_time_scales_up_to_the_longest_dependence():
    cell = JANET(3, 500, max_time=50)
    forget = (cell.bias_ih + cell.bias_hh)[:500]
    assert forget.min() >= 0
    assert forget.max() <= math.log(49)
    # The times are uniform from 1 to 49, so their mean is 25, with a standard error of 48 / sqrt(12 * 500) = 0.62.
    assert abs(forget.exp().mean() - 25) < 4 * 0.62


def test_another_start_can_be_asked_for_and_is_taken_without_biases():
    assert JANET(3, 4, bias=False).bias_ih is None
    assert (JANET(3, 500, initializer="uniform").bias_ih[:500] < 0).any()
