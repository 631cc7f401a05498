"""The adaptive GRU against its equations in numpy, and in limits where it is a plain GRU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise
from torch import nn

from grunit.cells import AdaptiveGRU
from grunit.errors import InputError


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.parametrize("bias", [True, False])
def test_slope_and_offset_of_each_gate_come_from_the_input(bias):
    cell = AdaptiveGRU(3, 4, network_size=2, bias=bias, dtype=DOUBLE)
    for value in cell.parameters():
        nn.init.normal_(value)
    x, h = noise(2, 3), noise(2, 4)
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    k = np.tanh(x.numpy() @ p["weight_network"].T + p.get("bias_network", 0))
    slope, offset = 1 + k @ p["weight_slope"].T, k @ p["weight_offset"].T
    from_x = x.numpy() @ p["weight_ih"].T + p.get("bias_ih", 0)
    from_h = h.numpy() @ p["weight_hh"].T + p.get("bias_hh", 0)
    gates = sigmoid(slope * (from_x + from_h)[:, :8] + offset)
    r, z = np.split(gates, 2, axis=1)
    n = np.tanh(from_x[:, 8:] + r * from_h[:, 8:])
    assert_same(cell(x, h), [torch.from_numpy((1 - z) * n + z * h.numpy())])


def plain(cell):
    """torch's GRU with the weights that both have."""
    gru = nn.GRUCell(3, 4, dtype=DOUBLE)
    gru.load_state_dict({name: cell.state_dict()[name] for name in gru.state_dict()})
    return gru


def test_with_a_silent_network_it_is_the_gru_of_torch():
    cell = AdaptiveGRU(3, 4, dtype=DOUBLE)
    nn.init.zeros_(cell.weight_slope)
    nn.init.zeros_(cell.weight_offset)
    x, h = noise(2, 3), noise(2, 4)
    assert_same(cell(x, h), [plain(cell)(x, h)])


def test_with_a_saturated_network_it_is_the_gru_of_torch_with_scaled_gates():
    cell = AdaptiveGRU(3, 4, dtype=DOUBLE)
    nn.init.zeros_(cell.weight_network)
    nn.init.constant_(cell.bias_network, 1e9)  # k is 1
    nn.init.constant_(cell.weight_slope, 2.0)
    nn.init.constant_(cell.weight_offset, 0.5)
    gru = plain(cell)
    with torch.no_grad():
        for value in gru.parameters():
            value[:8] *= 3.0
        gru.bias_ih[:8] += 0.5
    x, h = noise(2, 3), noise(2, 4)
    assert_same(cell(x, h), [gru(x, h)])


@pytest.mark.parametrize(("hidden_size", "units"), [(1, 1), (4, 1), (8, 2), (30, 7)])
def test_by_default_the_network_has_a_quarter_of_the_units(hidden_size, units):
    assert AdaptiveGRU(3, hidden_size).weight_network.shape == (units, 3)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "small"])
def test_a_network_of_no_size_is_refused(size):
    with pytest.raises(InputError, match="network_size must be a whole number of at least 1"):
        AdaptiveGRU(3, 4, network_size=size)


def test_resetting_before_the_product_is_refused():
    with pytest.raises(InputError, match="leave reset_after out"):
        AdaptiveGRU(3, 4, reset_after=False)
