"""A step of STAR against its equations written out."""

from __future__ import annotations

import numpy as np
import pytest
from tests.cells.arrays import arrays, assert_close, blocks, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

from grunit.cells import STAR
from grunit.errors import InputError


@pytest.mark.parametrize("bias", [True, False])
def test_a_step_is_that_of_the_paper(bias):
    cell = spread(STAR(3, 4, bias=bias))
    p = arrays(cell)
    x, h = columns(2, 3), columns(2, 4)
    Wk, Wz = blocks(p["weight_ih"], 2)
    bk, bz = blocks(p["bias_ih"] if bias else np.zeros(8), 2)
    k = sigmoid(x @ Wk.T + bk + h @ p["weight_hh"].T + (p["bias_hh"] if bias else 0))
    assert_close(step_of(cell, x, h), [np.tanh((1 - k) * h + k * np.tanh(x @ Wz.T + bz))])


@pytest.mark.parametrize("initializer", ["uniform", "orthogonal", "xavier"])
def test_compiled_it_equals_the_loop(initializer):
    assert_equals_the_loop(STAR(3, 4, initializer=initializer), lengths=[4, 2, 0])


def test_it_has_no_forget_gate_to_bias():
    with pytest.raises(InputError, match="no gate that keeps"):
        STAR(3, 4, forget_bias=1.0)
