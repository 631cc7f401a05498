"""Steps of MUT1 to MUT3 against the paper's equations, and against a GRU where one of them is one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.arrays import arrays, assert_close, blocks, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

from grunit.cells import GRU, MUT1, MUT2, MUT3


@pytest.mark.parametrize("kind", [MUT1, MUT2, MUT3])
@pytest.mark.parametrize("bias", [True, False])
def test_a_step_is_that_of_the_paper(kind, bias):
    cell = spread(kind(3, 4, bias=bias))
    p = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    inputs = [x @ W.T for W in blocks(p["weight_ih"], 3)]
    if bias:
        inputs = [value + b for value, b in zip(inputs, blocks(p["bias_ih"], 3), strict=True)]
    xr, xn, xz = inputs
    count = len(p["weight_hh"]) // 4
    assert count == (2 if kind is MUT1 else 3)
    U, b = blocks(p["weight_hh"], count), blocks(p["bias_hh"] if bias else np.zeros(4 * count), count)
    r = sigmoid(xr + h @ U[0].T + b[0])
    z = {
        MUT1: lambda: sigmoid(xz),
        MUT2: lambda: sigmoid(xz + h @ U[2].T + b[2]),
        MUT3: lambda: sigmoid(xz + np.tanh(h) @ U[2].T + b[2]),
    }[kind]()
    n = np.tanh((np.tanh(xn) if kind is MUT1 else xn) + (r * h) @ U[1].T + b[1])
    assert_close(step_of(cell, x, h), [n * z + h * (1 - z)])


def test_mut2_is_the_gru_of_2014_with_its_update_gate_turned_round():
    cell, gru = spread(MUT2(3, 4)), GRU(3, 4, reset_after=False).double()
    with torch.no_grad():
        for name, value in cell.named_parameters():  # ours stack r, n, z, the GRU's r, z, n
            r, n, z = value.chunk(3)
            gru.get_parameter(name).copy_(torch.cat([r, -z, n]))
    x, h = columns(2, 3), columns(2, 4)
    assert_close(step_of(cell, x, h), step_of(gru, x, h))


@pytest.mark.parametrize("kind", [MUT1, MUT2, MUT3])
@pytest.mark.parametrize("options", [{}, {"bias": False}])
def test_compiled_it_equals_the_loop(kind, options):
    assert_equals_the_loop(kind(3, 4, **options), lengths=[4, 2, 0])
