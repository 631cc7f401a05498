"""A step of the coupled LSTM against its equations in numpy, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise

from grunit.cells import LSTM, CoupledLSTM
from grunit.errors import InputError


def test_what_is_admitted_is_forgotten():
    cell = CoupledLSTM(3, 4, dtype=DOUBLE)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    weights = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    total = x.numpy() @ weights["weight_ih"].T + weights["bias_ih"] + h.numpy() @ weights["weight_hh"].T
    i, g, o = np.split(total + weights["bias_hh"], 3, axis=1)
    i, o = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-o))
    new_c = (1 - i) * c.numpy() + i * np.tanh(g)
    assert_same(cell(x, h, c), [torch.from_numpy(o * np.tanh(new_c)), torch.from_numpy(new_c)])


def test_it_is_an_lstm_whose_forget_gate_mirrors_its_input_gate():
    cell, whole = CoupledLSTM(3, 4, dtype=DOUBLE), LSTM(3, 4, dtype=DOUBLE)
    for name, value in cell.state_dict().items():
        i, g, o = value.chunk(3)
        whole.get_parameter(name).data = torch.cat([i, -i, g, o])  # sigmoid(-a) is 1 - sigmoid(a)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    assert_same(cell(x, h, c), whole(x, h, c))


def test_it_takes_the_other_options_of_the_lstm():
    cell = CoupledLSTM(3, 4, proj_size=2, output_activation="relu", dtype=DOUBLE)
    twin = LSTM(3, 4, coupled_gates=True, proj_size=2, output_activation="relu", dtype=DOUBLE)
    twin.load_state_dict(cell.state_dict())
    x, h, c = noise(2, 3), noise(2, 2), noise(2, 4)
    assert_same(cell(x, h, c), twin(x, h, c))


@pytest.mark.parametrize("value", [True, False])
def test_uncoupling_is_refused(value):
    with pytest.raises(InputError, match="leave coupled_gates out"):
        CoupledLSTM(3, 4, coupled_gates=value)
