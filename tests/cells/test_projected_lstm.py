"""The projected LSTM against torch.nn.LSTM with proj_size, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise
from torch import nn

import grunit
from grunit.cells import ProjectedLSTM
from grunit.errors import InputError


@pytest.mark.parametrize("bias", [True, False])
def test_a_sequence_equals_that_of_torch(bias):
    ours = grunit.Recurrent("projected_lstm", 3, 5, num_layers=2, proj_size=3, bias=bias).double()
    theirs = nn.LSTM(3, 5, num_layers=2, proj_size=3, bias=bias, dtype=DOUBLE)
    for layer, cell in enumerate(ours.cells):
        for name, value in cell.state_dict().items():
            theirs.get_parameter(f"{name}_l{layer}").data = value
    x, state = noise(6, 2, 3), (noise(2, 2, 3), noise(2, 2, 5))
    output, final = ours(x, state)
    expected, expected_final = theirs(x, state)
    assert_same((output, *final), (expected, *expected_final))


@pytest.mark.parametrize(("hidden_size", "units"), [(1, 1), (2, 1), (5, 2), (8, 4)])
def test_by_default_the_output_is_half_the_memory(hidden_size, units):
    h, c = ProjectedLSTM(3, hidden_size).step(torch.zeros(2, 3), torch.zeros(2, units), torch.zeros(2, hidden_size))
    assert h.shape == (2, units)
    assert c.shape == (2, hidden_size)


@pytest.mark.parametrize("proj_size", [0, -1, 1.5, True, "half"])
def test_a_size_that_is_none_is_refused(proj_size):
    with pytest.raises(InputError, match="proj_size must be a whole number of at least 1"):
        ProjectedLSTM(3, 5, proj_size=proj_size)
