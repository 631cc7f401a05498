"""A sequence of the quasi-recurrent network against a convolution over time and the paper's poolings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.equations import sigmoid

import grunit
from grunit.cells import QRNN
from grunit.errors import InputError


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("pooling", ["f", "fo", "ifo"])
def test_a_sequence_is_a_causal_convolution_and_a_pooling(window, pooling):
    rnn = grunit.Recurrent(QRNN, 3, 4, window=window, pooling=pooling).double()
    cell, blocks = rnn.cells[0], len(pooling) + 1
    x = torch.randn(9, 2, 3, dtype=torch.float64)
    taps = [cell.weight_ih, *(cell.weight_before.split(blocks * 4) if window > 1 else ())]
    kernel = torch.stack(taps[::-1], -1)  # the last place of a causal convolution is this step
    padded = torch.nn.functional.pad(x.permute(1, 2, 0), (window - 1, 0))
    sums = torch.nn.functional.conv1d(padded, kernel, cell.bias_ih).permute(2, 0, 1).detach().numpy()
    n, f, *more = np.split(sums, blocks, -1)
    n, f = np.tanh(n), sigmoid(f)
    o = sigmoid(more[0]) if more else np.ones_like(f)
    i = sigmoid(more[1]) if len(more) > 1 else 1 - f
    c, expected = np.zeros((2, 4)), []
    for t in range(9):
        c = f[t] * c + i[t] * n[t]
        expected.append(o[t] * c)
    output, state = rnn(x)
    np.testing.assert_allclose(output.detach().numpy(), np.stack(expected), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(state[1][0].detach().numpy(), c, rtol=1e-12, atol=1e-12)


def test_a_wider_window_has_a_state_a_gate_and_step_to_come():
    assert QRNN(3, 4).state == QRNN.state == ("h", "c")
    names = ("candidate", "forget_gate", "output_gate")
    assert QRNN(3, 4, window=3).state == ("h", "c", *(f"{n}_in_1" for n in names), *(f"{n}_in_2" for n in names))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pooling": "ifoo"}, "did you mean 'ifo'"),
        ({"pooling": "max"}, "use one of f, fo, ifo"),
        ({"window": 0}, "window must be a whole number of at least 1"),
        ({"window": 2.0}, "window must be a whole number of at least 1"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        QRNN(3, 4, **options)
