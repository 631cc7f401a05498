"""A step of the LSTM against torch's, and of its options against the equations written out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cells.steps import DOUBLE, assert_same, beside_torch, noise, sums
from torch import nn

from grunit.cells import LSTM

sizes = st.integers(1, 5)


def arguments(units: int = 4):
    return noise(2, 3), noise(2, units), noise(2, 4)


@given(features=sizes, units=sizes, rows=sizes, bias=st.booleans())
@settings(max_examples=20)
def test_a_step_equals_that_of_torch(features, units, rows, bias):
    ours, theirs = beside_torch(LSTM, nn.LSTMCell, features, units, bias)
    x, h, c = noise(rows, features), noise(rows, units), noise(rows, units)
    assert_same(ours(x, h, c), theirs(x, (h, c)))


def test_the_projection_equals_that_of_torch():
    ours = LSTM(3, 5, proj_size=2, dtype=DOUBLE)
    theirs = nn.LSTM(3, 5, proj_size=2, dtype=DOUBLE)
    theirs.load_state_dict({f"{name}_l0": value for name, value in ours.state_dict().items()})
    x, h, c = noise(4, 3), noise(4, 2), noise(4, 5)
    _, (new_h, new_c) = theirs(x[None], (h[None], c[None]))
    assert_same(ours(x, h, c), (new_h[0], new_c[0]))
    assert ours.state_sizes() == {"h": 2}


def test_coupled_gates_forget_what_the_input_gate_replaces():
    cell = LSTM(3, 4, coupled_gates=True, dtype=DOUBLE)
    x, h, c = arguments()
    i, g, o = sums(cell, x, h)
    new_c = (1 - i.sigmoid()) * c + i.sigmoid() * g.tanh()
    assert_same(cell(x, h, c), (o.sigmoid() * new_c.tanh(), new_c))
    assert cell.weight_ih.shape == (12, 3)


@pytest.mark.parametrize(
    ("output_activation", "function"), [("relu", torch.relu), ("identity", lambda v: v), (torch.sin, torch.sin)]
)
@pytest.mark.parametrize("coupled", [False, True])
def test_the_output_activation_acts_on_the_cell_state_alone(output_activation, function, coupled):
    cell = LSTM(3, 4, coupled_gates=coupled, output_activation=output_activation, activation="softsign", dtype=DOUBLE)
    x, h, c = arguments()
    i, *own, g, o = sums(cell, x, h)
    f = 1 - i.sigmoid() if coupled else own[0].sigmoid()
    new_c = f * c + i.sigmoid() * g / (1 + g.abs())
    assert_same(cell(x, h, c), (o.sigmoid() * function(new_c), new_c))


def test_without_one_the_output_activation_is_that_of_the_candidate():
    cell = LSTM(3, 4, activation="relu", dtype=DOUBLE)
    x, h, c = arguments()
    i, f, g, o = sums(cell, x, h)
    new_c = f.sigmoid() * c + i.sigmoid() * g.relu()
    assert_same(cell(x, h, c), (o.sigmoid() * new_c.relu(), new_c))


def test_projection_coupled_gates_and_output_activation_together():
    cell = LSTM(3, 4, proj_size=2, coupled_gates=True, output_activation="relu", dtype=DOUBLE)
    x, h, c = arguments(units=2)
    i, g, o = sums(cell, x, h)
    new_c = (1 - i.sigmoid()) * c + i.sigmoid() * g.tanh()
    assert_same(cell(x, h, c), ((o.sigmoid() * new_c.relu()) @ cell.weight_hr.T, new_c))


def test_the_gate_activation_acts_on_gates_and_not_on_the_candidate():
    cell = LSTM(3, 4, gate_activation=torch.ones_like, dtype=DOUBLE)
    x, h, c = arguments()
    _, _, g, _ = sums(cell, x, h)
    assert_same(cell(x, h, c), ((c + g.tanh()).tanh(), c + g.tanh()))
