"""A step of the sLSTM against the paper's equations, with and without their stabiliser, and its start."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.arrays import arrays, assert_close, blocks, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

import grunit
from grunit.cells import SLSTM
from grunit.errors import InputError


def sums(cell, x, h):
    """The four gates before their functions; each head's units see that head alone."""
    p = arrays(cell)
    size = cell.hidden_size // cell.heads
    found = []
    for W, R, b, b2 in zip(*(blocks(p[n], 4) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")), strict=True):
        full = np.zeros((cell.hidden_size, cell.hidden_size))
        for k in range(cell.heads):
            full[k * size : (k + 1) * size, k * size : (k + 1) * size] = R[k * size : (k + 1) * size]
        found.append(x @ W.T + b + h @ full.T + b2)
    return found


def naive_walk(cell, xs, log_forget):
    """Equations 8 to 14, without a stabiliser."""
    h = c = n = np.zeros((xs.shape[1], cell.hidden_size))
    hs = []
    for x in xs:
        i, f, z, o = sums(cell, x, h)
        i, f = np.exp(i), np.exp(log_forget(f))
        c, n = f * c + i * np.tanh(z), f * n + i
        h = sigmoid(o) * c / n
        hs.append(h)
    return np.stack(hs)


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("kind", ["sigmoid", "exp"])
def test_the_stabiliser_cancels(heads, kind):
    rnn = grunit.Recurrent("slstm", 3, 4, heads=heads, forget_gate=kind)
    cell = spread(rnn.cells[0])
    xs = columns(6, 2, 3)
    expected = naive_walk(cell, xs, (lambda f: np.log(sigmoid(f))) if kind == "sigmoid" else lambda f: f)
    with torch.no_grad():
        assert_close([rnn(torch.from_numpy(xs))[0].numpy()], [expected])


@pytest.mark.parametrize("heads", [1, 2])
def test_a_step_is_that_of_the_paper(heads):
    cell = spread(SLSTM(3, 4, heads=heads))
    x, h, c, m = columns(2, 3), columns(2, 4), columns(2, 4), columns(2, 4)
    n = 1 + abs(columns(2, 4))
    i, f, z, o = sums(cell, x, h)
    log_f = np.log(sigmoid(f))
    new_m = np.maximum(log_f + m, i)
    i, f = np.exp(i - new_m), np.exp(log_f + m - new_m)
    new_c, new_n = f * c + i * np.tanh(z), f * n + i
    assert_close(step_of(cell, x, h, c, n, m), [sigmoid(o) * new_c / new_n, new_c, new_n, new_m])


@pytest.mark.parametrize("exponent", [-1e4, -200.0, 0.0, 200.0, 1e4])
@pytest.mark.parametrize("kind", ["sigmoid", "exp"])
def test_zeros_are_a_safe_start_for_any_exponent(exponent, kind):
    rnn = grunit.Recurrent("slstm", 3, 4, forget_gate=kind)  # float32, where exp(200) overflows
    cell = rnn.cells[0]
    with torch.no_grad():
        cell.bias_ih[:4] = exponent
        cell.bias_ih[4:8] = torch.tensor([-300.0, 300.0, 0.0, 50.0])
    x = torch.randn(5, 2, 3, requires_grad=True)
    output, states = rnn(x)
    output.sum().backward()
    assert all(bool(value.isfinite().all()) for value in (output, *states, x.grad))
    assert all(bool(p.grad.isfinite().all()) for p in rnn.parameters())
    assert bool((output.abs() <= 1).all())


def test_the_first_step_is_the_gated_candidate():
    cell = spread(SLSTM(3, 4))
    x, zero = columns(2, 3), np.zeros((2, 4))
    _, _, z, o = sums(cell, x, zero)
    assert_close(step_of(cell, x, zero, zero, zero, zero)[:1], [sigmoid(o) * np.tanh(z)])


@pytest.mark.parametrize("options", [{}, {"heads": 2}, {"forget_gate": "exp"}, {"heads": 2, "bias": False}])
def test_compiled_it_equals_the_loop(options):
    assert_equals_the_loop(SLSTM(3, 4, **options), lengths=[4, 2, 0])


def test_units_see_only_their_own_head():
    cell = spread(SLSTM(3, 4, heads=2))
    states = [torch.rand(1, 4, dtype=torch.float64) + 1 for _ in range(3)]
    jacobian = torch.autograd.functional.jacobian(
        lambda h: cell(torch.ones(1, 3, dtype=torch.float64), h, *states)[0], torch.ones(1, 4, dtype=torch.float64)
    )[0, :, 0]
    assert bool((jacobian[:2, :2] != 0).all() and (jacobian[2:, 2:] != 0).all())
    assert bool((jacobian[:2, 2:] == 0).all() and (jacobian[2:, :2] == 0).all())


@pytest.mark.parametrize("options", [{"heads": 3}, {"heads": 0}, {"heads": True}, {"forget_gate": "tanh"}])
def test_bad_options_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        SLSTM(3, 4, **options)
