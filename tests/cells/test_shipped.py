"""Single steps of the shipped cells against torch.nn's cells and against their equations written out by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from grunit.cells import GRU, LSTM, RNN, PeepholeGRU, PeepholeLSTM

DOUBLE = torch.float64
sizes = st.integers(1, 5)


def same(*pairs):
    for got, expected in pairs:
        torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


def noise(*shape):
    return torch.randn(*shape, dtype=DOUBLE)


def halves(cell, x, h):
    """``W x + b`` and ``U h + b'``, each cut into gates."""
    count = len(cell.stacked)
    return (x @ cell.weight_ih.T + cell.bias_ih).chunk(count, 1), (h @ cell.weight_hh.T + cell.bias_hh).chunk(count, 1)


def named_alike(kind, torch_kind, features, units, bias):
    """A cell of ours and one of torch.nn with the same parameters, by name."""
    ours = kind(features, units, bias=bias, dtype=DOUBLE)
    theirs = torch_kind(features, units, bias=bias, dtype=DOUBLE)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@given(features=sizes, units=sizes, rows=sizes, bias=st.booleans())
@settings(max_examples=20)
def test_lstm_gru_and_rnn_steps_equal_those_of_torch(features, units, rows, bias):
    x, h, c = noise(rows, features), noise(rows, units), noise(rows, units)
    ours, theirs = named_alike(LSTM, nn.LSTMCell, features, units, bias)
    same(*zip(ours(x, h, c), theirs(x, (h, c)), strict=True))
    ours, theirs = named_alike(GRU, nn.GRUCell, features, units, bias)
    same((ours(x, h)[0], theirs(x, h)))
    ours, theirs = named_alike(RNN, nn.RNNCell, features, units, bias)
    same((ours(x, h)[0], theirs(x, h)))


def test_the_projection_equals_that_of_torch():
    ours = LSTM(3, 5, proj_size=2, dtype=DOUBLE)
    theirs = nn.LSTM(3, 5, proj_size=2, dtype=DOUBLE)
    theirs.load_state_dict({f"{name}_l0": value for name, value in ours.state_dict().items()})
    x, h, c = noise(4, 3), noise(4, 2), noise(4, 5)
    _, (new_h, new_c) = theirs(x[None], (h[None], c[None]))
    same(*zip(ours(x, h, c), (new_h[0], new_c[0]), strict=True))
    assert ours.state_sizes() == {"h": 2}


def test_coupled_gates_are_an_lstm_whose_forget_gate_is_one_minus_the_input_gate():
    cell = LSTM(3, 4, coupled_gates=True, dtype=DOUBLE)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    i, g, o = (a + b for a, b in zip(*halves(cell, x, h), strict=True))
    new_c = (1 - i.sigmoid()) * c + i.sigmoid() * g.tanh()
    same(*zip(cell(x, h, c), (o.sigmoid() * new_c.tanh(), new_c), strict=True))
    assert cell.weight_ih.shape == (12, 3)


def test_gru_of_the_2014_paper():
    cell = GRU(3, 4, reset_after=False, dtype=DOUBLE)
    x, h = noise(2, 3), noise(2, 4)
    (xr, xz, xn), (hr, hz, _) = halves(cell, x, h)
    r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
    n = (xn + (r * h) @ cell.weight_hh[8:].T + cell.bias_hh[8:]).tanh()
    same((cell(x, h)[0], (1 - z) * n + z * h))


def test_peephole_lstm_sees_the_old_cell_state_in_two_gates_and_the_new_one_in_the_output_gate():
    cell = PeepholeLSTM(3, 4, dtype=DOUBLE)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    i, f, g, o = (a + b for a, b in zip(*halves(cell, x, h), strict=True))
    new_c = (f + cell.weight_cf * c).sigmoid() * c + (i + cell.weight_ci * c).sigmoid() * g.tanh()
    same(*zip(cell(x, h, c), ((o + cell.weight_co * new_c).sigmoid() * new_c.tanh(), new_c), strict=True))


def test_peephole_gru_sees_the_candidate_in_the_update_gate():
    cell = PeepholeGRU(3, 4, dtype=DOUBLE)
    x, h = noise(2, 3), noise(2, 4)
    (xr, xz, xn), (hr, hz, hn) = halves(cell, x, h)
    n = (xn + (xr + hr).sigmoid() * hn).tanh()
    z = (xz + hz + cell.weight_cz * n).sigmoid()
    same((cell(x, h)[0], (1 - z) * n + z * h))


@pytest.mark.parametrize(("with_peepholes", "plain"), [(PeepholeLSTM, LSTM), (PeepholeGRU, GRU)])
def test_without_their_peepholes_they_are_the_plain_cells(with_peepholes, plain):
    cell = with_peepholes(3, 4, dtype=DOUBLE)
    with torch.no_grad():
        for name in cell.more_parameters():
            cell.get_parameter(name).zero_()
    other = plain(3, 4, dtype=DOUBLE)
    other.load_state_dict({name: value for name, value in cell.state_dict().items() if "weight_c" not in name})
    states = [noise(2, 4) for _ in cell.state]
    x = noise(2, 3)
    same(*zip(cell(x, *states), other(x, *states), strict=True))


def test_activations_are_options_by_name_and_as_callables():
    x, h = noise(2, 3), noise(2, 4)
    named = RNN(3, 4, activation="softsign", dtype=DOUBLE)
    pre = x @ named.weight_ih.T + named.bias_ih + h @ named.weight_hh.T + named.bias_hh
    same((named(x, h)[0], pre / (1 + pre.abs())))
    own = RNN(3, 4, activation=lambda value: value**3, dtype=DOUBLE)
    own.load_state_dict(named.state_dict())
    same((own(x, h)[0], pre**3))


def test_the_gate_activation_acts_on_gates_and_not_on_the_candidate():
    cell = LSTM(3, 4, gate_activation=torch.ones_like, dtype=DOUBLE)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    _, _, g, _ = (a + b for a, b in zip(*halves(cell, x, h), strict=True))
    same(*zip(cell(x, h, c), ((c + g.tanh()).tanh(), c + g.tanh()), strict=True))
