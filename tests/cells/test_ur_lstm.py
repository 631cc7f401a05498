"""The UR-LSTM against its equations in numpy, and how its gates start."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise

from grunit import trace
from grunit.cells import URLSTM
from grunit.errors import InputError
from grunit.nn import Recurrent


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gate_biases(cell):
    """What the forget and the refine gate add to their products, each ``(H,)``."""
    return (cell.bias_ih + cell.bias_hh).detach().chunk(4)[:2]


def test_the_refine_gate_moves_the_forget_gate_between_its_bounds():
    cell = URLSTM(3, 4, dtype=DOUBLE)
    x, h, c = noise(2, 3), noise(2, 4), noise(2, 4)
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    total = x.numpy() @ p["weight_ih"].T + p["bias_ih"] + h.numpy() @ p["weight_hh"].T + p["bias_hh"]
    f, r, g, o = np.split(total, 4, axis=1)
    f, r, o = sigmoid(f), sigmoid(r), sigmoid(o)
    effective = 2 * r * f + (1 - 2 * r) * f**2  # the paper's short form
    new_c = effective * c.numpy() + (1 - effective) * np.tanh(g)
    assert_same(cell(x, h, c), [torch.from_numpy(o * np.tanh(new_c)), torch.from_numpy(new_c)])


@pytest.mark.parametrize(("refine", "bound"), [(1e9, lambda f: 1 - (1 - f) ** 2), (-1e9, lambda f: f**2)])
def test_a_saturated_refine_gate_is_at_a_bound(refine, bound):
    rnn = Recurrent("ur_lstm", 3, 4).double()
    with torch.no_grad():
        rnn.cells[0].bias_ih[4:8] = refine
    gates = trace(rnn, noise(5, 2, 3))
    torch.testing.assert_close(gates["effective_gate"], bound(gates["forget_gate"]), rtol=1e-12, atol=1e-12)


def test_fresh_forget_gates_are_spread_uniformly():
    cell = URLSTM(2, 4000, dtype=DOUBLE)
    forget, refine = gate_biases(cell)
    shares = forget.sigmoid().sort().values
    even = (torch.arange(4000, dtype=DOUBLE) + 0.5) / 4000
    # Kolmogorov and Smirnov: for 4000 uniform draws the largest gap exceeds 0.0308 once in a thousand.
    assert (shares - even).abs().max() < 0.0308
    assert shares[0] >= 1 / 4000 - 1e-12
    assert shares[-1] <= 1 - 1 / 4000 + 1e-12
    assert_same([refine], [-forget])


@pytest.mark.parametrize("initializer", ["uniform", "orthogonal", "xavier"])
def test_every_initializer_leaves_the_gates_spread(initializer):
    forget, refine = gate_biases(URLSTM(3, 64, initializer=initializer, dtype=DOUBLE))
    assert forget.sigmoid().std() > 0.2  # 1 / sqrt(12) = 0.29; the draws of torch.nn would give 0.03
    assert_same([refine], [-forget])


def test_a_forget_bias_stands_in_place_of_the_spread():
    forget, refine = gate_biases(URLSTM(3, 4, forget_bias=1.5))
    assert forget.tolist() == [1.5] * 4
    assert refine.tolist() == [-1.5] * 4


def test_chrono_stands_in_place_of_the_spread():
    forget, refine = gate_biases(URLSTM(3, 50, initializer="chrono", max_time=20, dtype=DOUBLE))
    assert (forget >= 0).all()
    assert (forget.exp() <= 19 + 1e-9).all()
    assert_same([refine], [-forget])


@pytest.mark.parametrize("hidden_size", [1, 2])
def test_few_units_start_in_the_middle(hidden_size):
    forget, _ = gate_biases(URLSTM(3, hidden_size))
    assert forget.sigmoid().tolist() == [0.5] * hidden_size


def test_without_biases_it_is_refused():
    with pytest.raises(InputError, match="cannot be built with bias=False"):
        URLSTM(3, 4, bias=False)
