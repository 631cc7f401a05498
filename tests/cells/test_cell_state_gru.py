"""The GRU with a cell state against its equations in numpy and in closed form."""

from __future__ import annotations

import numpy as np
import torch
from tests.cells.steps import DOUBLE, assert_same, noise

from grunit.cells import CellStateGRU
from grunit.nn import Recurrent


def test_the_memory_is_a_gated_mean_of_linear_images():
    cell = CellStateGRU(3, 4, dtype=DOUBLE)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    total = x.numpy() @ p["weight_ih"].T + p["bias_ih"] + h.numpy() @ p["weight_hh"].T + p["bias_hh"]
    r, u = np.split(1 / (1 + np.exp(-total)), 2, axis=1)
    new_c = r * c.numpy() + (1 - r) * (x.numpy() @ p["weight_candidate"].T)
    assert_same(cell(x, h, c), [torch.from_numpy(u * np.tanh(new_c)), torch.from_numpy(new_c)])
    assert cell.weight_hh.shape == (8, 4)


def test_with_gates_that_see_nothing_the_memory_is_an_exponential_average():
    rnn = Recurrent("cell_state_gru", 3, 4).double()
    (cell,) = rnn.cells
    with torch.no_grad():
        for value in (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh):
            value.zero_()
        cell.bias_ih[:4] = np.log(3)  # the gate that keeps is 3/4
    x = noise(6, 2, 3)
    _, (_, c) = rnn(x)
    weights = 0.25 * 0.75 ** torch.arange(5, -1, -1, dtype=DOUBLE)
    assert_same([c[0]], [torch.einsum("t,tbf,hf->bh", weights, x, cell.weight_candidate)])
