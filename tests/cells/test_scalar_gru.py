"""The scalar GRU against its equations in numpy and in closed form, and its options."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise
from torch import nn

from grunit.cells import ScalarGRU
from grunit.errors import InputError
from grunit.nn import Recurrent


@pytest.mark.parametrize("bias", [True, False])
def test_one_number_admits_and_one_keeps(bias):
    cell = ScalarGRU(3, 4, content_size=5, bias=bias, activation="softsign", dtype=DOUBLE)
    for value in cell.parameters():
        nn.init.normal_(value)
    x, h = noise(2, 3), noise(2, 4)
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    inner = x.numpy() @ p["content_in.weight"].T + p.get("content_in.bias", 0)
    content = (inner / (1 + np.abs(inner))) @ p["content_out.weight"].T + p.get("content_out.bias", 0)
    total = x.numpy() @ p["gates_from_input.weight"].T + p.get("gates_from_input.bias", 0)
    gates = 1 / (1 + np.exp(-(total + h.numpy() @ p["gates_from_state.weight"].T)))
    admit, keep = gates[:, :1], gates[:, 1:]
    assert_same(cell(x, h), [torch.from_numpy(keep * h.numpy() + admit * content)])
    assert len(p) == (7 if bias else 4)


def test_with_gates_that_see_nothing_the_state_is_a_discounted_sum():
    rnn = Recurrent("scalar_gru", 3, 4, forget_bias=np.log(3.0)).double()  # the gate that keeps is 3/4
    (cell,) = rnn.cells
    with torch.no_grad():
        cell.gates_from_input.weight.zero_()
        cell.gates_from_input.bias[0] = 0
        cell.gates_from_input.bias[1] = np.log(3.0)
        cell.gates_from_state.weight.zero_()
    x = noise(6, 2, 3)
    _, (h,) = rnn(x)
    content = cell.content_out(cell.content_in(x).tanh())
    weights = 0.5 * 0.75 ** torch.arange(5, -1, -1, dtype=DOUBLE)
    assert_same([h[0]], [torch.einsum("t,tbh->bh", weights, content)])


def test_the_forget_bias_is_that_of_the_gate_that_keeps_and_is_drawn_anew():
    cell = ScalarGRU(3, 4, forget_bias=1.5)
    nn.init.zeros_(cell.gates_from_input.bias)
    cell.reset_parameters()
    assert cell.gates_from_input.bias[1] == 1.5
    assert cell.gates_from_input.bias[0] != 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bias": False, "forget_bias": 1.0}, "takes no forget_bias"),
        ({"content_size": 0}, "content_size must be a whole number of at least 1"),
        ({"content_size": 2.5}, "content_size must be a whole number of at least 1"),
        ({"activation": "tan"}, "did you mean 'tanh'"),
        ({"initializer": "orthogonal"}, "does not know the option initializer"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        ScalarGRU(3, 4, **options)
