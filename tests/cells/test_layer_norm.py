"""Steps of the layer-normalised cells against their equations in numpy, and in limits where they become other cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise
from torch import nn

from grunit.cells import GRU, LayerNormGRU, LayerNormLSTM
from grunit.errors import InputError

EPSILON = 1e-5


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def normalized(a, gain, bias, epsilon=EPSILON):
    mean = a.mean(1, keepdims=True)
    variance = ((a - mean) ** 2).mean(1, keepdims=True)
    return gain * (a - mean) / np.sqrt(variance + epsilon) + bias


def with_noise(cell):
    """The cell with every parameter drawn anew, gains too, and its parameters in numpy."""
    for value in cell.parameters():
        nn.init.normal_(value)
    return {name: value.detach().numpy() for name, value in cell.named_parameters()}


@pytest.mark.parametrize("epsilon", [EPSILON, 0.5])
def test_all_blocks_of_the_lstm_share_one_mean_and_the_cell_state_has_its_own(epsilon):
    cell = LayerNormLSTM(3, 4, epsilon=epsilon, dtype=DOUBLE)
    p = with_noise(cell)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    total = normalized(x.numpy() @ p["weight_ih"].T, p["gain_ih"], p["bias_ih"], epsilon)
    total = total + normalized(h.numpy() @ p["weight_hh"].T, p["gain_hh"], p["bias_hh"], epsilon)
    i, f, g, o = np.split(total, 4, axis=1)
    new_c = sigmoid(f) * c.numpy() + sigmoid(i) * np.tanh(g)
    new_h = sigmoid(o) * np.tanh(normalized(new_c, p["gain_c"], p["bias_c"], epsilon))
    assert_same(cell(x, h, c), [torch.from_numpy(new_h), torch.from_numpy(new_c)])


def test_the_gates_of_the_gru_share_one_mean_and_the_candidate_has_its_own():
    cell = LayerNormGRU(3, 4, dtype=DOUBLE)
    p = with_noise(cell)
    x, h = noise(2, 3), noise(2, 4)
    products = {"ih": x.numpy() @ p["weight_ih"].T, "hh": h.numpy() @ p["weight_hh"].T}
    gates = sum(normalized(a[:, :8], p[f"gain_{k}"][:8], p[f"bias_{k}"][:8]) for k, a in products.items())
    r, z = np.split(sigmoid(gates), 2, axis=1)
    from_x, from_h = (normalized(a[:, 8:], p[f"gain_{k}"][8:], p[f"bias_{k}"][8:]) for k, a in products.items())
    n = np.tanh(from_x + r * from_h)
    assert_same(cell(x, h), [torch.from_numpy((1 - z) * n + z * h.numpy())])


def test_the_printed_equation_is_the_same_cell_with_a_sign_turned():
    cell = LayerNormGRU(3, 4, dtype=DOUBLE)
    with_noise(cell)
    x, h = noise(2, 3), noise(2, 4)
    with torch.no_grad():
        xr, xz, xn = cell.from_input(x)
        hr, hz, hn = cell.from_state(h)
        z = (xz + hz).sigmoid()
        n = (xn + (xr + hr).sigmoid() * hn).tanh()
        printed = (1 - z) * h + z * n
        for name in ("gain_ih", "gain_hh", "bias_ih", "bias_hh"):
            cell.get_parameter(name)[4:8].neg_()
    assert_same(cell(x, h), [printed])


@pytest.mark.parametrize("kind", [LayerNormLSTM, LayerNormGRU])
def test_scale_and_shift_of_a_product_do_not_matter(kind):
    cell = kind(3, 4, dtype=DOUBLE, epsilon=1e-300)
    arguments = [noise(2, 3), *(noise(2, 4) for _ in kind.state)]
    before = [value.clone() for value in cell(*arguments)]
    with torch.no_grad():
        cell.weight_ih.mul_(1000)
        cell.weight_hh.div_(1000)
    assert_same(cell(*arguments), before)


def test_with_statistics_folded_into_gains_the_gru_is_the_plain_one():
    cell, plain = LayerNormGRU(3, 4, dtype=DOUBLE, epsilon=1e-300), GRU(3, 4, dtype=DOUBLE)
    x, h = noise(1, 3), noise(1, 4)
    cell.load_state_dict({**cell.state_dict(), **plain.state_dict()})
    with torch.no_grad():
        for product, gain, bias in (
            (x @ plain.weight_ih.T, "gain_ih", "bias_ih"),
            (h @ plain.weight_hh.T, "gain_hh", "bias_hh"),
        ):
            for rows in (slice(0, 8), slice(8, 12)):
                part = product[0, rows]
                cell.get_parameter(gain)[rows] = part.std(correction=0)
                cell.get_parameter(bias)[rows] += part.mean()
    assert_same(cell(x, h), plain(x, h))


@pytest.mark.parametrize("kind", [LayerNormLSTM, LayerNormGRU])
@pytest.mark.parametrize("initializer", ["uniform", "orthogonal", "xavier", "chrono"])
def test_gains_start_at_one_whatever_the_initializer(kind, initializer):
    cell = kind(3, 4, initializer=initializer)
    gains = {name: value for name, value in cell.named_parameters() if name.startswith("gain")}
    assert len(gains) == 1 + len(kind.state)
    assert all((value == 1).all() for value in gains.values())


def test_the_bias_of_the_cell_state_starts_at_zero():
    assert (LayerNormLSTM(3, 4).bias_c == 0).all()


@pytest.mark.parametrize("epsilon", [0, -1e-5, float("nan"), "small", True])
def test_an_epsilon_that_cannot_guard_is_refused(epsilon):
    with pytest.raises(InputError, match="give a number above 0"):
        LayerNormLSTM(3, 4, epsilon=epsilon)
