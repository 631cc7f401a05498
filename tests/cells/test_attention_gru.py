"""AGRU and AUGRU: their equations in numpy, and the scores at which they are plain GRUs or hold still."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise
from torch import nn

import grunit
from grunit.cells import AGRU, AUGRU
from grunit.errors import InputError


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def halves(cell, x, h):
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    count = len(cell.stacked)
    from_x = np.split(x.numpy() @ p["weight_ih"].T + p["bias_ih"], count, axis=1)
    return from_x, np.split(h.numpy() @ p["weight_hh"].T + p["bias_hh"], count, axis=1)


def test_the_score_stands_in_place_of_the_update_gate():
    cell = AGRU(3, 4, dtype=DOUBLE)
    x, h, a = noise(2, 3), noise(2, 4), torch.rand(2, 1, dtype=DOUBLE)
    (xr, xn), (hr, hn) = halves(cell, x, h)
    n = np.tanh(xn + sigmoid(xr + hr) * hn)
    expected = (1 - a.numpy()) * h.numpy() + a.numpy() * n
    assert_same(cell(x, a, h), [torch.from_numpy(expected)])


def test_the_score_scales_the_share_of_the_new_content_as_in_the_paper():
    cell = AUGRU(3, 4, dtype=DOUBLE)
    x, h, a = noise(2, 3), noise(2, 4), torch.rand(2, 1, dtype=DOUBLE)
    (xr, xz, xn), (hr, hz, hn) = halves(cell, x, h)
    update = sigmoid(-(xz + hz))  # the paper's gate admits, torch's z keeps
    n = np.tanh(xn + sigmoid(xr + hr) * hn)
    attended = a.numpy() * update
    assert_same(cell(x, a, h), [torch.from_numpy((1 - attended) * h.numpy() + attended * n)])


def test_the_other_form_scales_the_share_of_the_old_state():
    cell = AUGRU(3, 4, scaled_share="old", dtype=DOUBLE)
    x, h, a = noise(2, 3), noise(2, 4), torch.rand(2, 1, dtype=DOUBLE)
    (xr, xz, xn), (hr, hz, hn) = halves(cell, x, h)
    keep = (1 - a.numpy()) * sigmoid(xz + hz)
    n = np.tanh(xn + sigmoid(xr + hr) * hn)
    assert_same(cell(x, a, h), [torch.from_numpy(keep * h.numpy() + (1 - keep) * n)])


@pytest.mark.parametrize(("scaled_share", "score"), [("new", 1.0), ("old", 0.0)])
def test_one_end_of_the_score_makes_a_plain_gru_of_torch(scaled_share, score):
    rnn = grunit.Recurrent("augru", 3, 4, scaled_share=scaled_share).double()
    theirs = nn.GRU(3, 4, dtype=DOUBLE)
    theirs.load_state_dict({f"{name}_l0": value for name, value in rnn.cells[0].state_dict().items()})
    x, h = noise(5, 2, 3), noise(1, 2, 4)
    output, (final,) = rnn(x, (h,), attention=torch.full((5, 2), score, dtype=DOUBLE))
    assert_same((output, final), theirs(x, h))


@pytest.mark.parametrize("cell", ["agru", "augru"])
def test_a_score_of_zero_leaves_the_state_as_it_is(cell):
    rnn = grunit.Recurrent(cell, 3, 4).double()
    h = noise(1, 2, 4)
    output, (final,) = rnn(noise(5, 2, 3), (h,), attention=torch.zeros(5, 2, dtype=DOUBLE))
    assert (final == h).all()
    assert (output == h).all()


def test_a_score_of_one_leaves_nothing_of_the_old_state():
    x, a, h = noise(2, 3), torch.ones(2, 1, dtype=DOUBLE), noise(2, 4)
    for cell in (AGRU(3, 4, dtype=DOUBLE), AUGRU(3, 4, scaled_share="old", dtype=DOUBLE)):
        (xr, *_, xn), (hr, *_, hn) = halves(cell, x, h)
        assert_same(cell(x, a, h), [torch.from_numpy(np.tanh(xn + sigmoid(xr + hr) * hn))])


@pytest.mark.parametrize("cell", ["agru", "augru"])
def test_a_missing_score_is_asked_for(cell):
    with pytest.raises(InputError, match="also needs the input attention"):
        grunit.Recurrent(cell, 3, 4)(torch.zeros(5, 2, 3))


def test_another_share_is_refused():
    with pytest.raises(InputError, match="use 'new'"):
        AUGRU(3, 4, scaled_share="update")
