"""A step of the mogrifier, against the paper's equations and torch's LSTM; a public one is in tests/conformance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.arrays import arrays, columns, sigmoid
from tests.cells.steps import assert_same
from torch import nn

from grunit.cells import LSTM, MogrifierLSTM
from grunit.errors import InputError


def plain_step(cell, x, h, c):
    """What torch's LSTM makes of an input and a state that have gated each other, given as arrays."""
    plain = nn.LSTMCell(3, 4, dtype=torch.float64)
    plain.load_state_dict({name: cell.state_dict()[name] for name in plain.state_dict()})
    return plain(torch.from_numpy(x), (torch.from_numpy(h), torch.from_numpy(c)))


def test_four_rounds_are_the_paper_s_equations():
    cell = MogrifierLSTM(3, 4, rounds=4, dtype=torch.float64)
    own = arrays(cell)
    x, h, c = columns(2, 3), columns(2, 4), columns(2, 4)
    x1 = 2 * sigmoid(h @ own["weight_q1"].T) * x
    h2 = 2 * sigmoid(x1 @ own["weight_r2"].T) * h
    x3 = 2 * sigmoid(h2 @ own["weight_q3"].T) * x1
    h4 = 2 * sigmoid(x3 @ own["weight_r4"].T) * h2
    assert_same(cell(*map(torch.from_numpy, (x, h, c))), plain_step(cell, x3, h4, c))


def test_a_low_rank_is_the_product_of_two_factors():
    cell = MogrifierLSTM(3, 4, rounds=3, rank=2, dtype=torch.float64)
    own = arrays(cell)
    q1, r2, q3 = (own[f"weight_{name}_left"] @ own[f"weight_{name}_right"] for name in ("q1", "r2", "q3"))
    assert (q1.shape, r2.shape, q3.shape) == ((3, 4), (4, 3), (3, 4))
    assert np.linalg.matrix_rank(r2) == 2
    x, h, c = columns(2, 3), columns(2, 4), columns(2, 4)
    x1 = 2 * sigmoid(h @ q1.T) * x
    h2 = 2 * sigmoid(x1 @ r2.T) * h
    x3 = 2 * sigmoid(h2 @ q3.T) * x1
    assert_same(cell(*map(torch.from_numpy, (x, h, c))), plain_step(cell, x3, h2, c))


@pytest.mark.parametrize("options", [{}, {"coupled_gates": True}, {"proj_size": 2}])
def test_without_rounds_or_with_zero_matrices_it_is_the_plain_lstm(options):
    plain = LSTM(3, 4, **options, dtype=torch.float64)
    x, h, c = (torch.from_numpy(columns(2, size)) for size in (3, options.get("proj_size", 4), 4))
    none = MogrifierLSTM(3, 4, rounds=0, **options, dtype=torch.float64)
    none.load_state_dict(plain.state_dict())
    assert_same(none(x, h, c), plain(x, h, c))
    still = MogrifierLSTM(3, 4, rounds=5, **options, dtype=torch.float64)
    still.load_state_dict({**{n: v * 0 for n, v in still.state_dict().items()}, **plain.state_dict()})
    assert_same(still(x, h, c), plain(x, h, c))


@pytest.mark.parametrize("options", [{"rounds": -1}, {"rounds": 2.0}, {"rounds": True}, {"rank": 0}, {"rank": 1.5}])
def test_rounds_and_ranks_that_cannot_be_are_refused(options):
    with pytest.raises(InputError, match=f"^{next(iter(options))} must be a whole number"):
        MogrifierLSTM(3, 4, **options)
